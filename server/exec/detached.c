#include "detached.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "descriptor.h"
#include "output_file.h"
#include "state.h"
#include "thread.h"

#define STACK_BYTES (((size_t)128 << 10) + COMMAND_READ_MAX)
/* How long a command has between SIGTERM and SIGKILL. */
#ifndef DETACHED_GRACE_MS
#define DETACHED_GRACE_MS 2000
#endif
#define END_WAIT_MS 12000

enum phase {
    PHASE_STARTING, /* listed with its id, but not started: it can be neither queried nor killed */
    PHASE_RUNNING,
    PHASE_ENDING, /* its result is known; its descriptors are being closed */
    PHASE_ENDED   /* its thread no longer uses it */
};

/* All except the constant fields are guarded by the list's lock. */
struct detached {
    struct detached *next;
    char id[9];
    char started_at[CLOCK_TIME_CAP];
    char **argv;
    struct detached_list *list;
    struct sandbox *sandbox; /* the thread has a reference */
    struct detached_threads *threads;
    struct output_file logs[2]; /* stdout and stderr */
    enum phase phase;
    bool killed; /* on request, or with its sandbox */
    struct run_result result;
    struct command command; /* the thread's; others may kill it in PHASE_RUNNING only */
};

/* Those of one sandbox, the oldest first. */
struct detached_list {
    struct attachment attachment; /* to the sandbox */
    pthread_mutex_t lock;
    pthread_cond_t ended; /* on the monotonic clock */
    struct detached *first;
};

/* --- The list --- */

static void free_one(struct detached *detached) {
    for (size_t i = 0; i < 2; i++) {
        close_if_open(detached->logs[i].fd);
    }
    free(detached->argv);
    free(detached);
}

static void free_list(struct attachment *attachment) {
    struct detached_list *list = (struct detached_list *)attachment;
    while (list->first) {
        struct detached *next = list->first->next;
        free_one(list->first);
        list->first = next;
    }
    pthread_mutex_destroy(&list->lock);
    pthread_cond_destroy(&list->ended);
    free(list);
}

/* NULL if out of memory. */
static struct detached_list *new_list(void) {
    struct detached_list *list = calloc(1, sizeof *list);
    pthread_condattr_t monotonic;
    if (!list) {
        return NULL;
    }
    list->attachment.free = free_list;
    /* These cannot fail on Linux. */
    pthread_mutex_init(&list->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&list->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return list;
}

/* NULL if the sandbox never had a command. */
static struct detached_list *list_of(struct sandbox *sandbox) {
    return (struct detached_list *)atomic_load(&sandbox->attachment);
}

/* The same, but creates it; NULL if out of memory. */
static struct detached_list *make_list(struct sandbox *sandbox) {
    struct detached_list *list = list_of(sandbox);
    struct detached_list *fresh = list ? NULL : new_list();
    struct attachment *none = NULL;
    if (!fresh || atomic_compare_exchange_strong(&sandbox->attachment, &none, &fresh->attachment)) {
        return list ? list : fresh;
    }
    free_list(&fresh->attachment); /* another thread has created it */
    return list_of(sandbox);
}

/* Copies a vector of strings into one block. NULL if out of memory. */
static char **copy_argv(const char *const *argv) {
    size_t count = 0;
    size_t bytes = 0;
    for (; argv[count]; count++) {
        bytes += strlen(argv[count]) + 1;
    }
    char **copy = malloc((count + 1) * sizeof *copy + bytes);
    char *text = copy ? (char *)(copy + count + 1) : NULL;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = text;
        text = stpcpy(text, argv[i]) + 1;
    }
    if (copy) {
        copy[count] = NULL;
    }
    return copy;
}

/* NULL with errno. */
static struct detached *new_one(struct detached_threads *threads, const struct executor *executor,
                                const struct kept_command *command, struct sandbox *sandbox) {
    struct detached *detached = calloc(1, sizeof *detached);
    if (!detached) {
        return NULL;
    }
    detached->threads = threads;
    detached->sandbox = sandbox;
    detached->command = (struct command){.sandbox = sandbox, .client_fd = -1, .stop_fd = executor->stop_fd};
    detached->logs[0].fd = detached->logs[1].fd = -1;
    clock_now(detached->started_at, sizeof detached->started_at);
    errno = ENOMEM;
    bool ok = (detached->list = make_list(sandbox)) && (detached->argv = copy_argv(command->argv));
    for (size_t i = 0; ok && i < 2; i++) {
        ok = output_file_open(&detached->logs[i], sandbox->state->dir.work_fd);
    }
    if (!ok) {
        int error = errno;
        free_one(detached);
        errno = error;
        return NULL;
    }
    return detached;
}

static struct detached *find_any(const struct detached_list *list, const char *id) {
    struct detached *detached = list->first;
    while (detached && strcmp(detached->id, id) != 0) {
        detached = detached->next;
    }
    return detached;
}

/* Finds a command that has been started. */
static struct detached *find(const struct detached_list *list, const char *id) {
    struct detached *detached = find_any(list, id);
    return detached && detached->phase != PHASE_STARTING ? detached : NULL;
}

/* Appends a command to the list; if it is full, the one that ended first is dropped. False: all of them are running. */
static bool enlist(struct detached *detached) {
    struct detached_list *list = detached->list;
    struct detached *forgotten = NULL;
    pthread_mutex_lock(&list->lock);
    do {
        clock_random_hex(detached->id);
    } while (find_any(list, detached->id));
    size_t count = 0;
    struct detached **end = &list->first;
    struct detached **ended = NULL;
    for (; *end; end = &(*end)->next) {
        count++;
        if (!ended && (*end)->phase == PHASE_ENDED) {
            ended = end;
        }
    }
    bool room = count < DETACHED_KEPT_MAX || ended;
    if (room) {
        *end = detached;
    }
    if (count >= DETACHED_KEPT_MAX && ended) {
        forgotten = *ended;
        *ended = forgotten->next;
    }
    pthread_mutex_unlock(&list->lock);
    if (forgotten) {
        free_one(forgotten);
    }
    return room;
}

/* Removes a command that never ran. */
static void delist(struct detached *detached) {
    struct detached_list *list = detached->list;
    pthread_mutex_lock(&list->lock);
    struct detached **link = &list->first;
    while (*link != detached) {
        link = &(*link)->next;
    }
    *link = detached->next;
    pthread_mutex_unlock(&list->lock);
    free_one(detached);
}

/* --- The thread of a command --- */

static void keep(struct detached *detached, bool errors, const char *bytes, size_t len) {
    struct output_file *log = &detached->logs[errors ? 1 : 0];
    size_t kept = output_file_write(log, bytes, len);
    pthread_mutex_lock(&detached->list->lock);
    log->len += kept;
    log->total += len;
    pthread_mutex_unlock(&detached->list->lock);
}

/* Stores the output until the command ends, for whatever reason. */
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
        pthread_mutex_lock(&detached->list->lock);
        detached->phase = PHASE_ENDING;
        detached->killed = detached->killed || !known;
        detached->result = command->result;
        pthread_mutex_unlock(&detached->list->lock);
        return;
    }
}

/* Decrements the count of running commands. */
static void count_out(struct detached_threads *threads) {
    pthread_mutex_lock(&threads->lock);
    threads->running--;
    pthread_cond_broadcast(&threads->ended);
    pthread_mutex_unlock(&threads->lock);
}

static void *run(void *data) {
    struct detached *detached = data;
    struct sandbox *sandbox = detached->sandbox;
    struct detached_list *list = detached->list;
    struct detached_threads *threads = detached->threads;
    char buf[COMMAND_READ_MAX];
    follow(detached, buf);
    command_close(&detached->command);
    if (!atomic_load(&sandbox->removed)) {
        state_touch(sandbox);
    }
    pthread_mutex_lock(&list->lock);
    detached->phase = PHASE_ENDED;
    pthread_cond_broadcast(&list->ended);
    pthread_mutex_unlock(&list->lock);
    state_release(sandbox);
    count_out(threads);
    return NULL;
}

/* --- Start --- */

/* Increments the count of running commands. False: there are too many. */
static bool count_in(struct detached_threads *threads) {
    pthread_mutex_lock(&threads->lock);
    bool ok = threads->running < DETACHED_RUNNING_MAX;
    threads->running += ok;
    pthread_mutex_unlock(&threads->lock);
    return ok;
}

static void show(const struct detached *detached, detached_visitor *visit, void *context) {
    const struct run_result *result = &detached->result;
    bool running = detached->phase <= PHASE_RUNNING;
    struct detached_info info = {.id = detached->id,
                                 .argv = (const char *const *)detached->argv,
                                 .started_at = detached->started_at,
                                 .running = running,
                                 .exit_code = detached->killed ? 128 + 9 : result->exit_code,
                                 .out_of_memory = !running && result->kind == END_OUT_OF_MEMORY};
    visit(&info, context);
}

/* Starts a command that is in the list. */
static enum detached_start launch(struct detached *detached, const struct executor *executor,
                                  const struct kept_command *command, char why[256]) {
    struct sandbox *sandbox = detached->sandbox;
    struct launch_plan plan;
    if (!kept_command_plan(command, executor, sandbox, &plan)) {
        int error = errno;
        snprintf(why, 256, "%s", strerror(error));
        return error == ESHUTDOWN ? DETACHED_NOT_RUNNING : DETACHED_UNUSABLE;
    }
    plan.order.separate_errors = true;
    state_touch(sandbox);
    enum command_start start = command_start(&detached->command, executor->spawner, &plan);
    close(plan.order.tree_fd);
    if (start == COMMAND_UNAVAILABLE) {
        memcpy(why, detached->command.why, 256);
        return DETACHED_FAILED;
    }
    if (start == COMMAND_NOT_RUNNING) {
        return DETACHED_NOT_RUNNING;
    }
    audit_command(&sandbox->state->audit, sandbox, plan.order.argv, NULL); /* its exit code is not logged */
    return DETACHED_STARTED;
}

/* Starts the thread of a started command. False with errno: the command has been ended. */
static bool start_thread(struct detached *detached) {
    struct sandbox *sandbox = detached->sandbox;
    struct detached_list *list = detached->list;
    state_hold(sandbox);
    pthread_mutex_lock(&list->lock);
    detached->phase = PHASE_RUNNING;
    pthread_mutex_unlock(&list->lock);
    bool started = thread_start(NULL, STACK_BYTES, run, detached);
    if (!started) {
        int error = errno;
        command_close(&detached->command);
        state_release(sandbox);
        errno = error;
    }
    return started;
}

/* Starts a new command. On failure the caller removes it from the list. */
static enum detached_start start(struct detached *detached, const struct executor *executor,
                                 const struct kept_command *command, detached_visitor *visit, void *context,
                                 char why[256]) {
    enum detached_start outcome = launch(detached, executor, command, why);
    if (outcome != DETACHED_STARTED) {
        return outcome;
    }
    show(detached, visit, context);
    if (!start_thread(detached)) {
        snprintf(why, 256, "%s", strerror(errno));
        return DETACHED_FAILED;
    }
    return DETACHED_STARTED;
}

enum detached_start detached_start(struct detached_threads *threads, const struct executor *executor,
                                   const struct kept_command *command, struct sandbox *sandbox, detached_visitor *visit,
                                   void *context, char why[256]) {
    if (!count_in(threads)) {
        return DETACHED_TOO_MANY;
    }
    enum detached_start outcome = DETACHED_FAILED;
    struct detached *detached = new_one(threads, executor, command, sandbox);
    if (!detached) {
        snprintf(why, 256, "%s", strerror(errno));
    } else if (!enlist(detached)) {
        outcome = DETACHED_TOO_MANY_HERE;
        free_one(detached);
    } else {
        outcome = start(detached, executor, command, visit, context, why);
        if (outcome != DETACHED_STARTED) {
            delist(detached);
        }
    }
    if (outcome != DETACHED_STARTED) {
        count_out(threads);
    }
    return outcome;
}

/* --- Queries --- */

bool detached_visit(struct sandbox *sandbox, const char *id, detached_visitor *visit, void *context) {
    struct detached_list *list = list_of(sandbox);
    bool any = false;
    if (!list) {
        return false;
    }
    pthread_mutex_lock(&list->lock);
    for (const struct detached *detached = list->first; detached; detached = detached->next) {
        if (detached->phase != PHASE_STARTING && (!id || strcmp(detached->id, id) == 0)) {
            show(detached, visit, context);
            any = true;
        }
    }
    pthread_mutex_unlock(&list->lock);
    return any;
}

enum detached_read detached_read_log(struct sandbox *sandbox, const char *id, bool errors, struct capture *capture) {
    struct detached_list *list = list_of(sandbox);
    if (!list) {
        return DETACHED_UNKNOWN;
    }
    pthread_mutex_lock(&list->lock);
    const struct detached *detached = find(list, id);
    bool ok = detached && output_file_read(&detached->logs[errors ? 1 : 0], capture);
    int error = errno;
    pthread_mutex_unlock(&list->lock);
    errno = error;
    return !detached ? DETACHED_UNKNOWN : ok ? DETACHED_READ : DETACHED_UNREADABLE;
}

/* --- End --- */

static struct timespec deadline_in(int ms) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

/* Waits until a command has ended or has been dropped since. The caller holds the lock. */
static struct detached *await_end(struct detached_list *list, const char *id, int ms) {
    struct timespec deadline = deadline_in(ms);
    struct detached *detached = NULL;
    while ((detached = find(list, id)) && detached->phase != PHASE_ENDED &&
           pthread_cond_timedwait(&list->ended, &list->lock, &deadline) == 0) {
    }
    return detached;
}

bool detached_end(struct sandbox *sandbox, const char *id) {
    struct detached_list *list = list_of(sandbox);
    if (!list) {
        return false;
    }
    pthread_mutex_lock(&list->lock);
    struct detached *detached = find(list, id);
    bool found = detached;
    if (found && detached->phase == PHASE_RUNNING) {
        detached->killed = true;
        running_terminate(&detached->command.running);
        detached = await_end(list, id, DETACHED_GRACE_MS);
        if (detached && detached->phase == PHASE_RUNNING) {
            running_kill(&detached->command.running);
        }
    }
    if (detached && detached->phase != PHASE_STARTING) { /* it may have ended by itself or on another request */
        await_end(list, id, END_WAIT_MS);
    }
    pthread_mutex_unlock(&list->lock);
    return found;
}

void detached_wait(struct detached_threads *threads) {
    pthread_mutex_lock(&threads->lock);
    while (threads->running > 0) {
        pthread_cond_wait(&threads->ended, &threads->lock);
    }
    pthread_mutex_unlock(&threads->lock);
}
