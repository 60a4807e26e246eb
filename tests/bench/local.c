/*
 * local.c: running `true` through agentkernel-local, and under bubblewrap alone with the arguments that the server
 * gives it. Only the program differs: the server's launcher starts the command, here bwrap runs `true` itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <agentkernel.h>

#include "bench.h"
#include "bwrap_args.h"
#include "privileges.h"
#include "probe.h"
#include "resources.h"
#include "scratch.h"
#include "seccomp.h"

#define SANDBOX_NAME "bench-exec"
/* Above every place that bwrap's descriptors have. */
#define PARKING_FD 64

/* ---- bubblewrap alone ---------------------------------------------------------------------------------------------
 */

typedef struct {
    struct probe_result probe;
    struct resources resources;
    struct bwrap_args arguments;
    int fds[BWRAP_FD_END]; /* what bwrap is given, by its place there; -1: nothing */
    char tree[200];
    int tree_fd; /* -1: a fresh home */
} bare_setup;

/* By how each is opened again for a start, so that it is read from its beginning. */
static void choose_descriptors(bare_setup *bare) {
    const struct resources *resources = &bare->resources;
    for (int i = 0; i < BWRAP_FD_END; i++) {
        bare->fds[i] = -1;
    }
    bare->fds[BWRAP_FD_SECCOMP] = resources->filter_fds[resources->scopes ? SECCOMP_UNIX_ANY : SECCOMP_UNIX_PAIRS];
    bare->fds[BWRAP_FD_TREE] = bare->tree_fd;
    for (int i = 0; i < ETC_FILES; i++) {
        int fd = resources->etc_fds[i];
        bare->fds[BWRAP_FD_ETC + i] = fd >= 0 ? fd : open(etc_files[i].path, O_RDONLY | O_CLOEXEC);
    }
}

/* As the server: not root, and everything that one sandbox has in common with the next made once. */
static bool bare_open(bare_setup *bare, bool kept_tree) {
    static const struct cgroup no_cgroup = {.root_fd = -1};
    static const struct launch_shape shape = {.profile = PROFILE_PERMISSIVE};
    struct identity identity;
    char why[512] = "";
    privileges_reset_signals();
    if (!privileges_choose("/nonexistent", &identity, why, sizeof why) ||
        !privileges_drop(&identity, NULL, why, sizeof why) || !probe_bubblewrap(NULL, NULL, &bare->probe) ||
        !resources_open(&bare->resources, &(struct bwrap_program){bare->probe.path, -1}, &no_cgroup, why, sizeof why)) {
        fprintf(stderr, "ak-bench: %s\n", why[0] ? why : bare->probe.message);
        return false;
    }
    bare->tree_fd = -1;
    if (kept_tree) {
        snprintf(bare->tree, sizeof bare->tree, "%s/ak-bench-XXXXXX", scratch_base());
        bare->tree_fd = mkdtemp(bare->tree) ? open(bare->tree, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
        if (bare->tree_fd < 0) {
            perror("ak-bench: mkdtemp");
            return false;
        }
    }
    choose_descriptors(bare);
    if (!bwrap_args_build(&bare->arguments, bare->probe.path, &shape, bare->fds, (uint64_t)512 << 20, 0)) {
        perror("ak-bench: bwrap_args_build");
        return false;
    }
    bare->arguments.argv[bare->arguments.count - 2] = "/usr/bin/true"; /* for the launcher and its flags */
    bare->arguments.argv[bare->arguments.count - 1] = NULL;
    return true;
}

static void bare_close(const bare_setup *bare) {
    if (bare->tree_fd >= 0) {
        rmdir(bare->tree);
    }
}

static bool place(int fd, int to) {
    return fd >= 0 && dup2(fd, to) == to;
}

/* The forked child: bwrap's descriptors in their places. */
static void bare_exec(const bare_setup *bare) {
    static char *const no_env[] = {NULL};
    char path[64];
    bool ok = place(bare->resources.null_fd, STDIN_FILENO) && place(bare->resources.null_fd, STDOUT_FILENO);
    for (int to = BWRAP_FD_SECCOMP; to < BWRAP_FD_END && ok; to++) {
        if (bare->fds[to] >= 0) {
            snprintf(path, sizeof path, "/proc/self/fd/%d", bare->fds[to]);
            int flags = to == BWRAP_FD_TREE ? O_PATH | O_DIRECTORY : O_RDONLY;
            ok = place(open(path, flags | O_CLOEXEC), PARKING_FD + to);
        }
    }
    for (int to = BWRAP_FD_SECCOMP; to < BWRAP_FD_END && ok; to++) {
        if (bare->fds[to] >= 0) {
            ok = place(PARKING_FD + to, to);
            close(PARKING_FD + to);
        }
    }
    if (ok) {
        execve(bare->resources.bwrap.path, bare->arguments.argv, no_env);
    }
    _exit(126);
}

static bool bare_run(const bare_setup *bare) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        bare_exec(bare);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool bare_repeat(bench_meter *meter, bool kept_tree) {
    static bare_setup bare;
    bool ok = bare_open(&bare, kept_tree) && bare_run(&bare) && bare_run(&bare);
    meter_start(meter);
    for (int i = 0; i < meter->units && ok; i++) {
        ok = bare_run(&bare);
    }
    meter_stop(meter);
    bare_close(&bare);
    return ok;
}

bool bare_bwrap_run(bench_meter *meter) {
    return bare_repeat(meter, false);
}

bool bare_bwrap_exec(bench_meter *meter) {
    return bare_repeat(meter, true);
}

/* ---- agentkernel-local --------------------------------------------------------------------------------------------
 */

/* One call to its end. word is the command, if it takes one. */
static ak_status do_call(ak_client *client, int32_t operation, const char *name, const char *word, ak_error *err) {
    ak_call *call = NULL;
    ak_status status;
    ak_call_new(client, operation, &call, err);
    if (name) {
        ak_call_set_text(call, AK_KEY_NAME, name, strlen(name), err);
    }
    if (word) {
        ak_call_add_text(call, AK_KEY_COMMAND, word, strlen(word), err);
    }
    do {
        status = ak_call_wait(call, -1, err);
    } while (status == AK_AGAIN || status == AK_ITEM);
    ak_call_free(call);
    return status;
}

static bool local_repeat(bench_meter *meter, int32_t operation, const char *name) {
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    ak_client_new(&client, err);
    ak_client_set_text(client, AK_CLIENT_BASE_URL, meter->url, strlen(meter->url), err);
    ak_status status = name ? do_call(client, AK_OP_CREATE_SANDBOX, name, NULL, err) : AK_DONE;
    for (int i = 0; i < 2 && status == AK_DONE; i++) {
        status = do_call(client, operation, name, "true", err);
    }
    meter_start(meter);
    for (int i = 0; i < meter->units && status == AK_DONE; i++) {
        status = do_call(client, operation, name, "true", err);
    }
    meter_stop(meter);
    if (status != AK_DONE) {
        fprintf(stderr, "ak-bench: %s\n", ak_status_name(status));
    }
    if (name) {
        do_call(client, AK_OP_REMOVE_SANDBOX, name, NULL, NULL);
    }
    ak_client_free(client);
    ak_error_free(err);
    return status == AK_DONE;
}

bool local_run(bench_meter *meter) {
    return local_repeat(meter, AK_OP_RUN, NULL);
}

bool local_exec(bench_meter *meter) {
    return local_repeat(meter, AK_OP_EXEC_IN_SANDBOX, SANDBOX_NAME);
}
