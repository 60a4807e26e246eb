#include "detached.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "clock.h"
#include "handlers.h"
#include "thread.h"

/* How many run at once, and how many a sandbox remembers. */
#define RUNNING_MAX 256
#define KEPT_MAX 64
#define STACK_BYTES (((size_t)128 << 10) + COMMAND_READ_MAX)
/* How long a command has between SIGTERM and SIGKILL. */
#ifndef DETACHED_GRACE_MS
#define DETACHED_GRACE_MS 2000
#endif
#define END_WAIT_MS 12000
/* Each command has a pid namespace of its own; the first process in it is the launcher. */
#define PID_INSIDE 2

enum phase {
    PHASE_STARTING, /* has its place and its id, but there is nothing yet that could be looked at or killed */
    PHASE_RUNNING,
    PHASE_ENDING, /* how it ended is known; its descriptors are being closed */
    PHASE_ENDED   /* its thread does not touch it any more */
};

struct log {
    int fd;
    size_t len;     /* what the file holds */
    uint64_t total; /* with what was not kept */
};

/* All but the fixed fields under the sandbox's detached_lock. */
struct detached {
    struct detached *next;
    char id[9];
    char started_at[STATE_TIME_CAP];
    struct writer command_json;
    struct sandbox *sandbox; /* the thread has a reference */
    struct server *server;
    struct log logs[2];
    enum phase phase;
    bool killed; /* on request, or with its sandbox */
    struct run_result result;
    struct command command; /* the thread's; to be killed by others in PHASE_RUNNING only */
};

/* --- What is kept --- */

static void free_one(struct detached *detached) {
    for (size_t i = 0; i < 2; i++) {
        if (detached->logs[i].fd >= 0) {
            (void)close(detached->logs[i].fd);
        }
    }
    writer_free(&detached->command_json);
    free(detached);
}

void detached_free(struct detached *first) {
    while (first != NULL) {
        struct detached *next = first->next;
        free_one(first);
        first = next;
    }
}

/* A file that has no name, so that nothing of it can be left over. */
static int open_log(const struct state *state) {
    int fd = openat(state->work_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) {
        return fd;
    }
    char name[STATE_UUID_CAP];
    clock_uuid(name);
    fd = openat(state->work_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)unlinkat(state->work_fd, name, 0);
    }
    return fd;
}

static void write_command(struct writer *writer, char *const *argv) {
    writer_open(writer, '[');
    for (; *argv != NULL; argv++) {
        writer_element(writer);
        writer_string(writer, *argv, strlen(*argv));
    }
    writer_close(writer, ']');
    writer_raw(writer, "", 1); /* to be a string */
}

/* NULL with errno. */
static struct detached *new_one(struct server *server, const struct exec_request *exec, struct sandbox *sandbox) {
    struct detached *detached = calloc(1, sizeof *detached);
    if (detached == NULL) {
        return NULL;
    }
    detached->server = server;
    detached->sandbox = sandbox;
    clock_now(detached->started_at, sizeof detached->started_at);
    write_command(&detached->command_json, exec->command);
    detached->logs[0].fd = detached->logs[1].fd = -1;
    for (size_t i = 0; i < 2; i++) {
        detached->logs[i].fd = open_log(sandbox->state);
    }
    int error = writer_ok(&detached->command_json) ? errno : ENOMEM;
    if (detached->logs[0].fd < 0 || detached->logs[1].fd < 0 || !writer_ok(&detached->command_json)) {
        free_one(detached);
        errno = error;
        return NULL;
    }
    return detached;
}

static struct detached *find_any(struct sandbox *sandbox, const char *id) {
    struct detached *detached = sandbox->detached;
    while (detached != NULL && strcmp(detached->id, id) != 0) {
        detached = detached->next;
    }
    return detached;
}

/* One that has been started. */
static struct detached *find(struct sandbox *sandbox, const char *id) {
    struct detached *detached = find_any(sandbox, id);
    return detached != NULL && detached->phase != PHASE_STARTING ? detached : NULL;
}

/* Puts a command at the end of the list, for which the one that ended first may have to go. False: all of them run. */
static bool enlist(struct detached *detached) {
    struct sandbox *sandbox = detached->sandbox;
    struct detached *forgotten = NULL;
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    do {
        clock_random_hex(detached->id);
    } while (find_any(sandbox, detached->id) != NULL);
    size_t count = 0;
    struct detached **end = &sandbox->detached;
    struct detached **ended = NULL;
    for (; *end != NULL; end = &(*end)->next) {
        count++;
        if (ended == NULL && (*end)->phase == PHASE_ENDED) {
            ended = end;
        }
    }
    bool room = count < KEPT_MAX || ended != NULL;
    if (room) {
        *end = detached;
    }
    if (count >= KEPT_MAX && ended != NULL) {
        forgotten = *ended;
        *ended = forgotten->next;
        forgotten->next = NULL;
    }
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    detached_free(forgotten);
    return room;
}

/* Takes back one that never ran. */
static void delist(struct detached *detached) {
    struct sandbox *sandbox = detached->sandbox;
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    struct detached **link = &sandbox->detached;
    while (*link != detached) {
        link = &(*link)->next;
    }
    *link = detached->next;
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    free_one(detached);
}

/* --- The thread of a command --- */

static void keep(struct detached *detached, bool errors, const char *bytes, size_t len) {
    struct log *log = &detached->logs[errors ? 1 : 0];
    size_t limit = capture_limit();
    size_t room = log->len < limit ? limit - log->len : 0;
    size_t wanted = len < room ? len : room;
    size_t done = 0;
    ssize_t n = 1;
    /* On a full disk the rest is lost, as it is past the bound; that shows in the total. */
    while (done < wanted && n > 0) {
        n = pwrite(log->fd, bytes + done, wanted - done, (off_t)(log->len + done));
        done += n > 0 ? (size_t)n : 0;
    }
    (void)pthread_mutex_lock(&detached->sandbox->detached_lock);
    log->len += done;
    log->total += len;
    (void)pthread_mutex_unlock(&detached->sandbox->detached_lock);
}

/* Keeps the output until the end, of whatever kind. */
static void follow(struct detached *detached, char *buf) {
    struct command *command = &detached->command;
    for (;;) {
        size_t len = 0;
        enum command_event event = command_next(command, -1, buf, COMMAND_READ_MAX, &len);
        if (event == COMMAND_OUTPUT || event == COMMAND_ERRORS) {
            keep(detached, event == COMMAND_ERRORS, buf, len);
            continue;
        }
        bool known = event == COMMAND_ENDED;
        if (known && command->result.message[0] != '\0' && command->result.kind != END_SIGNALED) {
            keep(detached, true, command->result.message, strlen(command->result.message));
        }
        (void)pthread_mutex_lock(&detached->sandbox->detached_lock);
        detached->phase = PHASE_ENDING;
        detached->killed = detached->killed || !known;
        detached->result = command->result;
        (void)pthread_mutex_unlock(&detached->sandbox->detached_lock);
        return;
    }
}

static void count_running(struct server *server, int change) {
    (void)pthread_mutex_lock(&server->detached_lock);
    server->detached_running += (size_t)change;
    (void)pthread_cond_broadcast(&server->detached_done);
    (void)pthread_mutex_unlock(&server->detached_lock);
}

static void *run(void *data) {
    struct detached *detached = data;
    struct sandbox *sandbox = detached->sandbox;
    struct server *server = detached->server;
    char buf[COMMAND_READ_MAX];
    follow(detached, buf);
    command_close(&detached->command);
    if (!atomic_load(&sandbox->removed)) {
        state_touch(sandbox);
    }
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    detached->phase = PHASE_ENDED;
    (void)pthread_cond_broadcast(&sandbox->detached_ended);
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    state_release(sandbox);
    count_running(server, -1);
    return NULL;
}

/* --- Start --- */

/* Counts a command that is about to run. False: there are too many. */
static bool take_turn(struct server *server, struct reply *reply) {
    (void)pthread_mutex_lock(&server->detached_lock);
    bool ok = server->detached_running < RUNNING_MAX;
    server->detached_running += ok;
    (void)pthread_mutex_unlock(&server->detached_lock);
    if (!ok) {
        reply_errorf(reply, 429, "Resource quota denied: %d detached commands are running", RUNNING_MAX);
    }
    return ok;
}

static void write_one(struct writer *writer, const struct detached *detached) {
    bool running = detached->phase <= PHASE_RUNNING;
    const struct run_result *result = &detached->result;
    int exit_code = detached->killed ? 128 + 9 : result->exit_code;
    writer_open(writer, '{');
    writer_member_text(writer, "id", detached->id);
    writer_member_text(writer, "sandbox", detached->sandbox->name);
    writer_name(writer, "command");
    writer_text(writer, detached->command_json.text);
    writer_member_uint(writer, "pid", PID_INSIDE);
    writer_member_text(writer, "status", running ? "running" : exit_code == 0 ? "completed" : "failed");
    if (running) {
        writer_name(writer, "exit_code");
        writer_text(writer, "null");
    } else {
        writer_member_int(writer, "exit_code", exit_code);
    }
    writer_member_text(writer, "started_at", detached->started_at);
    if (!running && result->kind == END_OUT_OF_MEMORY) {
        writer_member_bool(writer, "oom", true);
    }
    writer_close(writer, '}');
}

/* Starts the command of one that is in the list. False when the reply says why not. */
static bool launch(struct detached *detached, const struct exec_request *exec, struct reply *reply) {
    struct server *server = detached->server;
    struct sandbox *sandbox = detached->sandbox;
    struct command_spec spec;
    char why[256] = "";
    if (!exec_request_spec(server, exec, sandbox, &spec, reply)) {
        return false;
    }
    spec.separate_errors = true;
    state_touch(sandbox);
    enum command_start start =
        command_start(&detached->command, server->spawner, &spec, sandbox, -1, server->stop_fd, why, sizeof why);
    (void)close(spec.tree_fd);
    if (start == COMMAND_NOT_RUNNING) {
        reply_errorf(reply, 500, SANDBOX_NOT_RUNNING, sandbox->name, sandbox->name);
    } else if (start == COMMAND_UNAVAILABLE) {
        reply_errorf(reply, 500, "Failed to start detached command: %s", why);
    } else {
        audit_command(&sandbox->state->audit, sandbox, spec.argv, NULL); /* how it ends is another matter */
    }
    return start == COMMAND_STARTED;
}

void detached_start(struct server *server, const struct exec_request *exec, struct sandbox *sandbox,
                    struct reply *reply) {
    if (!take_turn(server, reply)) {
        return;
    }
    struct detached *detached = new_one(server, exec, sandbox);
    if (detached == NULL) {
        reply_errorf(reply, 500, "Failed to start detached command: %s", strerror(errno));
    } else if (!enlist(detached)) {
        reply_errorf(reply, 429, "Resource quota denied: %d detached commands of this sandbox are running", KEPT_MAX);
        free_one(detached);
        detached = NULL;
    }
    if (detached == NULL || !launch(detached, exec, reply)) {
        if (detached != NULL) {
            delist(detached);
        }
        count_running(server, -1);
        return;
    }
    /* As it is now: the thread may end, and the command be forgotten, before we look again. */
    reply_open(reply, 200);
    write_one(&reply->body, detached);
    reply_close(reply);
    state_hold(sandbox);
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    detached->phase = PHASE_RUNNING;
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    if (!thread_start(NULL, STACK_BYTES, run, detached)) {
        reply_errorf(reply, 500, "Failed to start detached command: %s", strerror(errno));
        command_close(&detached->command);
        delist(detached);
        state_release(sandbox);
        count_running(server, -1);
    }
}

/* --- Questions --- */

bool detached_write(struct sandbox *sandbox, const char *id, struct reply *reply) {
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    const struct detached *detached = find(sandbox, id);
    if (detached != NULL) {
        reply_open(reply, 200);
        write_one(&reply->body, detached);
        reply_close(reply);
    }
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    return detached != NULL;
}

void detached_write_all(struct sandbox *sandbox, struct reply *reply) {
    reply_open(reply, 200);
    writer_open(&reply->body, '[');
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    for (const struct detached *detached = sandbox->detached; detached != NULL; detached = detached->next) {
        if (detached->phase != PHASE_STARTING) {
            writer_element(&reply->body);
            write_one(&reply->body, detached);
        }
    }
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    writer_close(&reply->body, ']');
    reply_close(reply);
}

/* Reads a log into memory. False with errno. */
static bool read_log(const struct log *log, struct capture *capture) {
    capture->bytes = malloc(log->len + 1);
    errno = ENOMEM;
    ssize_t n = 1;
    while (capture->bytes != NULL && capture->len < log->len && n > 0) {
        n = pread(log->fd, capture->bytes + capture->len, log->len - capture->len, (off_t)capture->len);
        capture->len += n > 0 ? (size_t)n : 0;
    }
    capture->total = log->total;
    return capture->bytes != NULL && n > 0;
}

bool detached_write_log(struct sandbox *sandbox, const char *id, bool errors, struct reply *reply) {
    struct capture capture = {0};
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    const struct detached *detached = find(sandbox, id);
    bool ok = detached != NULL && read_log(&detached->logs[errors ? 1 : 0], &capture);
    int error = errno;
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    if (ok) {
        reply_open(reply, 200);
        writer_open(&reply->body, '{');
        capture_write(&reply->body, &capture, errors ? "stderr" : "stdout", errors ? "stderr_base64" : "stdout_base64");
        writer_close(&reply->body, '}');
        reply_close(reply);
    } else if (detached != NULL) {
        reply_errorf(reply, 500, "Failed to read the output: %s", strerror(error));
    }
    free(capture.bytes);
    return detached != NULL;
}

/* --- End --- */

static struct timespec deadline_in(int ms) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

/* Waits until a command has ended, or was forgotten after that; with the lock. */
static struct detached *await_end(struct sandbox *sandbox, const char *id, int ms) {
    struct timespec deadline = deadline_in(ms);
    struct detached *detached = NULL;
    while ((detached = find(sandbox, id)) != NULL && detached->phase != PHASE_ENDED &&
           pthread_cond_timedwait(&sandbox->detached_ended, &sandbox->detached_lock, &deadline) == 0) {
    }
    return detached;
}

bool detached_end(struct sandbox *sandbox, const char *id) {
    (void)pthread_mutex_lock(&sandbox->detached_lock);
    struct detached *detached = find(sandbox, id);
    bool found = detached != NULL;
    if (found && detached->phase == PHASE_RUNNING) {
        detached->killed = true;
        running_terminate(&detached->command.running);
        detached = await_end(sandbox, id, DETACHED_GRACE_MS);
        if (detached != NULL && detached->phase == PHASE_RUNNING) {
            running_kill(&detached->command.running);
        }
    }
    if (detached != NULL &&
        detached->phase != PHASE_STARTING) { /* by itself, or at another's request, perhaps just now */
        (void)await_end(sandbox, id, END_WAIT_MS);
    }
    (void)pthread_mutex_unlock(&sandbox->detached_lock);
    return found;
}

void detached_wait(struct server *server) {
    (void)pthread_mutex_lock(&server->detached_lock);
    while (server->detached_running > 0) {
        (void)pthread_cond_wait(&server->detached_done, &server->detached_lock);
    }
    (void)pthread_mutex_unlock(&server->detached_lock);
}
