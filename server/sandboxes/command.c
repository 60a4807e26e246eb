#include "command.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* Killing waits for the kernel only; this is a bound for the unexpected case. */
#define KILL_WAIT_MS 10000
#define KILL_LOOK_MS 20
#define RESULT_WAIT_MS 1000

static void attach(struct command *command) {
    command->next = command->sandbox->commands;
    command->sandbox->commands = command;
}

static void detach(struct command *command) {
    struct command **link = &command->sandbox->commands;
    while (*link != command) {
        link = &(*link)->next;
    }
    *link = command->next;
}

enum command_start command_start(struct command *command, struct spawner *spawner, const struct launch_plan *plan) {
    struct sandbox *sandbox = command->sandbox;
    enum command_start outcome = COMMAND_STARTED;
    if (sandbox) {
        /* Held during the start: either the remover finds the command in the list, or the command sees the flag. */
        pthread_mutex_lock(&sandbox->lock);
        if (atomic_load(&sandbox->removed) || atomic_load(&sandbox->stopped)) {
            outcome = COMMAND_NOT_RUNNING;
        }
    }
    if (outcome == COMMAND_STARTED &&
        !spawner_run(spawner, plan, &command->running, command->why, sizeof command->why)) {
        outcome = COMMAND_UNAVAILABLE;
    }
    if (outcome == COMMAND_STARTED) {
        command->started = true;
        command->open[0] = true;
        command->open[1] = command->running.error_fd >= 0;
        if (sandbox) {
            attach(command);
        }
    }
    if (sandbox) {
        pthread_mutex_unlock(&sandbox->lock);
    }
    return outcome;
}

/* Reads once from one of the pipes. False if there is nothing to read now. */
static bool read_pipe(struct command *command, int which, char *buf, size_t cap, size_t *len) {
    ssize_t n = 0;
    do {
        n = read(which == 0 ? command->running.output_fd : command->running.error_fd, buf, cap);
    } while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
        command->open[which] = false; /* all its processes have closed it; they may still run */
    }
    *len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* Reads from the readable pipes, alternating: a flood in one does not starve the other. */
static bool read_output(struct command *command, const struct pollfd *pipes, char *buf, size_t cap, size_t *len,
                        enum command_event *event) {
    for (int i = 0; i < 2; i++) {
        int which = (int)(command->turn++ % 2);
        if (command->open[which] && pipes[which].revents != 0 && read_pipe(command, which, buf, cap, len)) {
            *event = which == 0 ? COMMAND_OUTPUT : COMMAND_ERRORS;
            return true;
        }
    }
    return false;
}

enum command_event command_next(struct command *command, int timeout_ms, char *buf, size_t cap, size_t *len) {
    for (;;) {
        *len = 0;
        struct pollfd polls[] = {{.fd = command->stop_fd, .events = POLLIN},
                                 {.fd = command->client_fd, .events = POLLRDHUP},
                                 {.fd = command->open[0] ? command->running.output_fd : -1, .events = POLLIN},
                                 {.fd = command->open[1] ? command->running.error_fd : -1, .events = POLLIN},
                                 {.fd = command->running.control_fd, .events = POLLIN}};
        /* Once it has ended, its control descriptor has no more to report, and the pipes are read without waiting. */
        bool ended = atomic_load(&command->ended);
        int n = poll(polls, ended ? 4 : 5, ended ? 0 : timeout_ms);
        if (n < 0 && errno != EINTR) {
            return COMMAND_STOPPING;
        }
        if (n < 0) {
            continue;
        }
        if (polls[0].revents != 0) {
            return COMMAND_STOPPING;
        }
        if (polls[1].revents != 0) {
            return COMMAND_CLIENT_GONE;
        }
        if (command->sandbox && atomic_load(&command->sandbox->removed)) {
            return COMMAND_REMOVED;
        }
        if (atomic_load(&command->cut)) {
            return COMMAND_STOPPED;
        }
        enum command_event event = COMMAND_OUTPUT;
        if (read_output(command, &polls[2], buf, cap, len, &event)) {
            return event;
        }
        if (ended) {
            return COMMAND_ENDED;
        }
        if (polls[4].revents != 0) {
            bool got = running_result(&command->running, &command->result, RESULT_WAIT_MS);
            atomic_store(&command->ended, got);
        } else if (n == 0) {
            return COMMAND_SILENT;
        }
    }
}

void command_close(struct command *command) {
    if (!command->started) {
        return;
    }
    if (command->sandbox) {
        if (!atomic_load(&command->ended)) {
            /* Once this command is off the list, no caller waits for it: so its processes must have ended before. */
            running_kill(&command->running);
            running_result(&command->running, &command->result, KILL_WAIT_MS);
        }
        pthread_mutex_lock(&command->sandbox->lock);
        detach(command);
        pthread_mutex_unlock(&command->sandbox->lock);
    }
    running_close(&command->running);
    command->started = false;
}

bool command_any(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->lock);
    bool any = sandbox->commands;
    pthread_mutex_unlock(&sandbox->lock);
    return any;
}

void command_end_all(struct sandbox *sandbox) {
    pthread_mutex_lock(&sandbox->lock);
    for (struct command *c = sandbox->commands; c; c = c->next) {
        atomic_store(&c->cut, true);
        running_kill(&c->running);
    }
    int64_t deadline = clock_monotonic_ms() + KILL_WAIT_MS;
    for (struct command *c = sandbox->commands; c; c = c->next) {
        /* Its own thread may be reading the result right now: so both indications of the end are checked. */
        struct pollfd end = {.fd = c->running.control_fd, .events = POLLIN};
        while (!atomic_load(&c->ended) && poll(&end, 1, KILL_LOOK_MS) <= 0 && clock_monotonic_ms() < deadline) {
        }
    }
    pthread_mutex_unlock(&sandbox->lock);
}
