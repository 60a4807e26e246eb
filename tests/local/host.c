/*
 * host.c: a process that uses base_url local:, controlled by its test: one command per line, one line of reply.
 *
 *     new I [URL [PROGRAM]]   client I                 free I
 *     nopool I         keeps no idle connections
 *     run I WORD...    runs a command: "ok OUTPUT" or "error CODE SENT MESSAGE"
 *     create I NAME    makes a sandbox                 list I   names of the sandboxes
 *     step I           one step of a new call: its status, and its duration in ms
 *     begin I          starts a stream and leaves it   end      its end
 *     many I N         N calls in flight at once: how many succeeded
 *     thread I         a thread that makes a call and ends
 *     cycle I N        N times: new, a call, free
 *     worker           forks a child that does nothing: its pid
 *     child I FILE     forks a child that appends results to FILE: of a call with client I, of one with a client
 *                      of its own, and, when this process has ended, of both again
 *     hostile          blocks and ignores signals, opens descriptors that exec keeps
 *     chld             counts SIGCHLD from now on
 *     chlds            how many arrived, and the result of wait
 *     fds              how many descriptors are open
 *     closeall         closes all descriptors above 2
 *     exec, abort, exit
 *
 * With arguments it acts as the server, for one request, which it writes to the file AK_FAKE_FILE, after its own state:
 * session, and blocked and ignored signals.
 */
#include <agentkernel.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 8
#define WORDS 16
#define MAX_CALLS 256
#define PATIENCE_SECONDS 120

static ak_client *clients[CLIENTS];
static ak_call *stream;
static ak_error *err;
static volatile sig_atomic_t chlds;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    char line[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *c = line; *c; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
    printf("%s\n", line);
    fflush(stdout);
}

static const char *failure(char *line, size_t cap) {
    const char *message = "";
    size_t len = 0;
    int64_t sent = -1;
    ak_error_view(err, AK_ERROR_MESSAGE, &message, &len);
    ak_error_int(err, AK_ERROR_SENT, &sent);
    snprintf(line, cap, "error %s %d %.*s", ak_status_name(ak_error_code(err)), (int)sent, (int)len, message);
    return line;
}

static ak_call *new_call(ak_client *client, int32_t operation, char **words) {
    ak_call *call = NULL;
    ak_call_new(client, operation, &call, err);
    for (; words && *words; words++) {
        ak_call_add_text(call, AK_KEY_COMMAND, *words, strlen(*words), err);
    }
    return call;
}

/* Steps the call until it ends; its output, or the field key, is collected in line. */
static ak_status finish(ak_call *call, int32_t key, char *line, size_t cap) {
    ak_status status;
    size_t used = (size_t)snprintf(line, cap, "ok ");
    while ((status = ak_call_wait(call, 20000, err)) == AK_ITEM || status == AK_AGAIN) {
        const char *data = "";
        size_t len = 0;
        if (status == AK_ITEM && ak_call_view(call, key, &data, &len, NULL) == AK_OK && used + len + 2 < cap) {
            used += (size_t)snprintf(line + used, cap - used, "%.*s ", (int)len, data);
        }
    }
    if (status != AK_DONE) {
        failure(line, cap);
    }
    ak_call_free(call);
    return status;
}

static void run(ak_client *client, char **words, char *line, size_t cap) {
    finish(new_call(client, AK_OP_RUN, words), AK_KEY_OUTPUT, line, cap);
}

static ak_client *new_client(const char *url, const char *program) {
    ak_client *client = NULL;
    if (ak_client_new(&client, err) == AK_OK &&
        (ak_client_set_text(client, AK_CLIENT_BASE_URL, url, strlen(url), err) != AK_OK ||
         ak_client_set_int(client, AK_CLIENT_TIMEOUT_MS, PATIENCE_SECONDS * 1000, err) != AK_OK ||
         (program && ak_client_set_text(client, AK_CLIENT_LOCAL_PROGRAM, program, strlen(program), err) != AK_OK))) {
        ak_client_free(client);
        client = NULL;
    }
    return client;
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void one_step(ak_client *client) {
    ak_call *call = new_call(client, AK_OP_HEALTH, NULL);
    long before = now_ms();
    ak_status status = ak_call_step(call, err);
    say("%d %ld", (int)status, now_ms() - before);
    ak_call_free(call);
}

static void many(ak_client *client, int count) {
    static ak_call *calls[MAX_CALLS];
    char line[1024];
    int good = 0;
    for (int i = 0; i < count && i < MAX_CALLS; i++) {
        calls[i] = new_call(client, AK_OP_HEALTH, NULL);
        ak_call_step(calls[i], err);
    }
    for (int i = 0; i < count && i < MAX_CALLS; i++) {
        good += finish(calls[i], AK_KEY_STATUS, line, sizeof line) == AK_DONE;
    }
    say("%d", good);
}

static void *call_in_thread(void *client) {
    char line[1024];
    finish(new_call(client, AK_OP_HEALTH, NULL), AK_KEY_STATUS, line, sizeof line);
    return NULL;
}

static void cycle(int count) {
    char line[1024] = "ok ";
    for (int i = 0; i < count && strncmp(line, "ok ", 3) == 0; i++) {
        ak_client *client = new_client("local:", NULL);
        finish(new_call(client, AK_OP_HEALTH, NULL), AK_KEY_STATUS, line, sizeof line);
        ak_client_free(client);
    }
    say("%s", line);
}

static void append(const char *path, const char *line) {
    FILE *file = fopen(path, "a");
    if (file) {
        fprintf(file, "%s\n", line);
        fclose(file);
    }
}

static void be_child(ak_client *inherited, const char *path) {
    static char program[] = "printf", word[] = "child";
    char *words[] = {program, word, NULL}, line[4096];
    pid_t parent = getppid();
    alarm(PATIENCE_SECONDS);
    finish(new_call(inherited, AK_OP_LIST_SANDBOXES, NULL), AK_KEY_NAME, line, sizeof line);
    append(path, line);
    ak_client *own = new_client("local:", NULL);
    finish(new_call(own, AK_OP_LIST_SANDBOXES, NULL), AK_KEY_NAME, line, sizeof line);
    append(path, line);
    ak_client_free(own);
    while (getppid() == parent) {
        usleep(10000);
    }
    /* Waits until the server has noticed and its folder is gone: before that it may accept a request and end. */
    for (int i = 0; i < 100 * PATIENCE_SECONDS; i++) {
        run(inherited, words, line, sizeof line);
        if (strstr(line, "AK_E_CONNECT 0 local: the server of process") != NULL) {
            break;
        }
        usleep(10000);
    }
    append(path, line);
    own = new_client("local:", NULL);
    run(own, words, line, sizeof line);
    append(path, line);
    ak_client_free(own);
    ak_client_free(inherited);
    _exit(0);
}

static void be_hostile(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    for (int fd = 20; fd < 40; fd++) {
        dup2(STDOUT_FILENO, fd);
    }
    say("ok");
}

static void count_chld(int number) {
    (void)number;
    chlds = chlds + 1;
}

static void tell_chlds(void) {
    pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);
    say("%d %s", (int)chlds, pid < 0 && errno == ECHILD ? "none" : "child");
}

static int open_descriptors(void) {
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir)) {
        count++;
    }
    closedir(dir);
    return count - 3; /* itself, "." and ".." */
}

static void fork_one(ak_client *client, const char *path) {
    pid_t pid = fork();
    if (pid == 0 && path) {
        be_child(client, path);
    }
    if (pid == 0) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        alarm(PATIENCE_SECONDS);
        pause();
        _exit(0);
    }
    say("%d", (int)pid);
}

static bool obey_process(const char *command, char **words) {
    if (strcmp(command, "worker") == 0) {
        fork_one(NULL, NULL);
    } else if (strcmp(command, "hostile") == 0) {
        be_hostile();
    } else if (strcmp(command, "chld") == 0) {
        signal(SIGCHLD, count_chld);
        say("ok");
    } else if (strcmp(command, "chlds") == 0) {
        tell_chlds();
    } else if (strcmp(command, "fds") == 0) {
        say("%d", open_descriptors());
    } else if (strcmp(command, "closeall") == 0) {
        syscall(SYS_close_range, 3U, ~0U, 0U);
        say("ok");
    } else if (strcmp(command, "exec") == 0) {
        execlp("sleep", "sleep", words[0], (char *)NULL);
    } else if (strcmp(command, "abort") == 0) {
        abort();
    } else {
        return false;
    }
    return true;
}

static void obey_client(const char *command, ak_client **client, char **words) {
    char line[4096] = "ok";
    if (strcmp(command, "new") == 0) {
        *client = new_client(words[0] ? words[0] : "local:", words[0] ? words[1] : NULL);
        say("%s", *client ? "ok" : failure(line, sizeof line));
    } else if (strcmp(command, "free") == 0) {
        ak_client_free(*client);
        *client = NULL;
        say("ok");
    } else if (strcmp(command, "nopool") == 0) {
        say("%d", (int)ak_client_set_int(*client, AK_CLIENT_MAX_IDLE, 0, err));
    } else if (strcmp(command, "run") == 0) {
        run(*client, words, line, sizeof line);
        say("%s", line);
    } else if (strcmp(command, "create") == 0) {
        ak_call *call = new_call(*client, AK_OP_CREATE_SANDBOX, NULL);
        ak_call_set_text(call, AK_KEY_NAME, words[0], strlen(words[0]), err);
        finish(call, AK_KEY_NAME, line, sizeof line);
        say("%s", line);
    } else if (strcmp(command, "list") == 0) {
        finish(new_call(*client, AK_OP_LIST_SANDBOXES, NULL), AK_KEY_NAME, line, sizeof line);
        say("%s", line);
    } else if (strcmp(command, "step") == 0) {
        one_step(*client);
    } else if (strcmp(command, "begin") == 0) {
        stream = new_call(*client, AK_OP_RUN_STREAM, words);
        say("%d", (int)ak_call_wait(stream, 20000, err));
    } else if (strcmp(command, "end") == 0) {
        finish(stream, AK_KEY_TYPE, line, sizeof line);
        say("%s", line);
    } else if (strcmp(command, "many") == 0) {
        many(*client, atoi(words[0]));
    } else if (strcmp(command, "cycle") == 0) {
        cycle(atoi(words[0]));
    } else if (strcmp(command, "child") == 0) {
        fork_one(*client, words[0]);
    } else if (strcmp(command, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, call_in_thread, *client);
        pthread_join(thread, NULL);
        say("ok");
    } else {
        say("what is %s?", command);
    }
}

/* The signal state at start; a shell in between would have reset it. */
static void tell_signals(const char *path) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0) {
            line[strcspn(line, "\n")] = '\0';
            append(path, line);
        }
    }
    append(path, getsid(0) == getpid() ? "session: own" : "session: not its own");
}

static int be_server(int listen_fd) {
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{\"success\":true,\"data\":\"ok\"}";
    char request[4096];
    tell_signals(getenv("AK_FAKE_FILE"));
    fcntl(listen_fd, F_SETFL, 0);
    int client = accept(listen_fd, NULL, NULL);
    ssize_t len = recv(client, request, sizeof request - 1, 0);
    request[len > 0 ? len : 0] = '\0';
    append(getenv("AK_FAKE_FILE"), request);
    return send(client, reply, strlen(reply), MSG_NOSIGNAL) > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    char input[4096];
    if (argc > 4 && strcmp(argv[3], "--listen-fd") == 0) {
        return be_server(atoi(argv[4]));
    }
    err = ak_error_new();
    while (fgets(input, sizeof input, stdin)) {
        char *words[WORDS + 1] = {NULL}, *rest = NULL;
        size_t count = 0;
        for (char *word = strtok_r(input, " \n", &rest); word && count < WORDS; word = strtok_r(NULL, " \n", &rest)) {
            words[count++] = word;
        }
        if (count == 0 || strcmp(words[0], "exit") == 0) {
            break;
        }
        int index = words[1] ? atoi(words[1]) : 0;
        if (!obey_process(words[0], words + 1)) {
            obey_client(words[0], &clients[index >= 0 && index < CLIENTS ? index : 0], words + (count > 1 ? 2 : 1));
        }
    }
    ak_error_free(err);
    return 0; /* without freeing its clients, as programs do */
}
