#include "local_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"

static void remove_state(const char *path) {
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", path, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

void local_server_start(local_server *server) {
    int ready[2];
    char state_option[300];
    snprintf(server->state, sizeof server->state, "%s/ak-integration-XXXXXX", scratch_base());
    assert_non_null(mkdtemp(server->state));
    snprintf(state_option, sizeof state_option, "%s/state", server->state);
    assert_int_equal(pipe(ready), 0);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ready[1], 1);
        close(ready[0]);
        unsetenv("AGENTKERNEL_API_KEY");
        execl(getenv("AKL_SERVER"), "agentkernel-local", "--listen", "127.0.0.1:0", "--state", state_option,
              (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    FILE *out = fdopen(ready[0], "r");
    assert_non_null(out);
    assert_int_equal(fscanf(out, "listening on %127s", server->url), 1); /* ends when the server does */
    fclose(out);
}

void local_server_stop(local_server *server) {
    int status = 0;
    kill(server->pid, SIGTERM);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    remove_state(server->state);
}

ak_client *local_client(const local_server *server) {
    ak_client *client = NULL;
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_BASE_URL, server->url, strlen(server->url), NULL), AK_OK);
    /* Hundreds of commands at once take long on a small machine. */
    assert_int_equal(ak_client_set_int(client, AK_CLIENT_TIMEOUT_MS, 120000, NULL), AK_OK);
    return client;
}

long memory_kib(pid_t pid, const char *line) {
    char path[64], text[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(text, sizeof text, file)) {
        if (strncmp(text, line, strlen(line)) == 0) {
            kib = strtol(text + strlen(line), NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return kib;
}
