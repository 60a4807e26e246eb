/*
 * spawner_process.c: the main loop of the spawner: receives requests, starts instances, reports results.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor.h"
#include "instance.h"
#include "spawner_wire.h"
#include "subreaper.h"
#include "weaken.h"

#define EVENTS_AT_ONCE 32
#define END_TIMEOUT_MS 10000

struct loop {
    struct resources resources;
    int server_fd;
    int signal_fd;
    int epoll_fd;
    struct instance *instances;
    bool stopping;
};

struct received {
    char message[LAUNCH_MESSAGE_MAX];
    size_t size;
    int fds[LAUNCH_SENT_MAX]; /* -1: missing */
};

static void answer(int control_fd, const struct run_result *result) {
    /* The receiver may have exited. */
    if (send(control_fd, result, sizeof *result, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        errno = 0;
    }
}

static void answer_failure(int control_fd, const char *why) {
    struct run_result result = {.kind = END_SANDBOX_FAILED, .exit_code = 125};
    snprintf(result.message, sizeof result.message, "%s", why);
    answer(control_fd, &result);
}

/* False: the server has ended. */
static bool receive(int server_fd, struct received *received) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * LAUNCH_SENT_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec part = {received->message, sizeof received->message};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    received->size = 0;
    for (size_t i = 0; i < LAUNCH_SENT_MAX; i++) {
        received->fds[i] = -1;
    }
    ssize_t size = recvmsg(server_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (size > 0 && header && header->cmsg_type == SCM_RIGHTS) {
        memcpy(received->fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    }
    received->size = (size_t)size;
    return size > 0;
}

static void start_instance(struct loop *loop, const struct launch_shape *shape, struct received *received) {
    struct epoll_event event = {.events = EPOLLIN};
    char why[512];
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance) {
        answer_failure(received->fds[LAUNCH_SENT_CONTROL], "out of memory");
        return;
    }
    if (!instance_start(instance, &loop->resources, shape, received->fds, why, sizeof why)) {
        answer_failure(received->fds[LAUNCH_SENT_CONTROL], why);
        free(instance);
        return;
    }
    instance->control_fd = received->fds[LAUNCH_SENT_CONTROL];
    received->fds[LAUNCH_SENT_CONTROL] = -1;
    instance->next = loop->instances;
    loop->instances = instance;
    event.data.ptr = instance;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, instance->control_fd, &event) < 0) {
        instance_kill(instance); /* it could not be killed later */
    }
}

static void handle_request(struct loop *loop) {
    static struct received received;
    struct launch_shape shape;
    if (!receive(loop->server_fd, &received)) {
        loop->stopping = true;
        return;
    }
    if (received.fds[LAUNCH_SENT_BLOCK] >= 0 && launch_shape_read(&shape, received.message, received.size)) {
        start_instance(loop, &shape, &received);
    } else if (received.fds[LAUNCH_SENT_CONTROL] >= 0) {
        answer_failure(received.fds[LAUNCH_SENT_CONTROL], "the spawner is out of descriptors");
    }
    for (size_t i = 0; i < LAUNCH_SENT_MAX; i++) {
        close_if_open(received.fds[i]);
    }
}

/* A byte or the end of the connection: both request the end of the command. */
static void handle_command(struct loop *loop, struct instance *instance) {
    char byte = SPAWN_KILL;
    ssize_t size = recv(instance->control_fd, &byte, 1, MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, instance->control_fd, NULL);
    }
    if (size == 1 && byte == SPAWN_TERMINATE) {
        instance_terminate(instance);
    } else if (size >= 0 || (errno != EAGAIN && errno != EINTR)) {
        instance_kill(instance);
    }
}

static void reap_instances(struct loop *loop) {
    struct signalfd_siginfo news;
    int status;
    pid_t pid;
    while (read(loop->signal_fd, &news, sizeof news) == (ssize_t)sizeof news) {
        loop->stopping = loop->stopping || news.ssi_signo != SIGCHLD;
    }
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (struct instance *instance = loop->instances; instance; instance = instance->next) {
            if (instance->outer == pid || instance->inner == pid) {
                instance_reaped(instance, pid, status, loop->instances);
                break;
            }
        }
    }
}

/* Reports the results of ended instances. Separate from reaping, because a batch of events may still refer to them. */
static void finish_instances(struct loop *loop) {
    struct instance **link = &loop->instances;
    while (*link) {
        struct instance *instance = *link;
        if (!instance->ended) {
            link = &instance->next;
            continue;
        }
        struct run_result result;
        if (instance->leaf[0] != '\0' && instance->end.kind == 0 &&
            cgroup_ran_out_of_memory(&loop->resources.cgroup, instance->leaf)) {
            instance->excess = WATCHDOG_TOO_MUCH_MEMORY;
        }
        instance_result(instance, &result);
        answer(instance->control_fd, &result);
        *link = instance->next;
        /* Closing alone would not remove it: a child forked at this moment holds a copy until it execs, and events of
         * that copy would refer to freed memory. */
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, instance->control_fd, NULL);
        close(instance->control_fd);
        instance_close(instance, &loop->resources);
        free(instance);
    }
}

/* Checks the sandboxes that are due. Returns the time until the next check, as epoll_wait takes it. */
static int watch_instances(struct loop *loop) {
    int64_t next = INT64_MAX;
    for (struct instance *instance = loop->instances; instance; instance = instance->next) {
        if (instance->watchdog.due_ms <= watchdog_now_ms()) {
            instance_read_reports(instance);
            enum watchdog_finding finding = watchdog_look(&instance->watchdog, instance->inner);
            if (finding != WATCHDOG_FINE && instance->end.kind == 0 && !instance->killed) {
                instance->excess = finding;
                instance_kill(instance);
            }
        }
        next = instance->watchdog.due_ms < next ? instance->watchdog.due_ms : next;
    }
    int64_t wait = next - watchdog_now_ms();
    return next == INT64_MAX ? -1 : wait > 0 ? (int)wait : 0;
}

static void run_loop(struct loop *loop) {
    struct epoll_event events[EVENTS_AT_ONCE];
    while (!loop->stopping) {
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, watch_instances(loop));
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &loop->server_fd) {
                handle_request(loop);
            } else if (events[i].data.ptr == &loop->signal_fd) {
                reap_instances(loop);
            } else {
                handle_command(loop, events[i].data.ptr);
            }
        }
        finish_instances(loop);
    }
}

static bool watch(struct loop *loop, int *fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, *fd, &event) == 0;
}

static bool open_loop(struct loop *loop, const struct spawner_process *process, char *why, size_t why_cap) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    loop->server_fd = process->server_fd;
    loop->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->signal_fd < 0 || loop->epoll_fd < 0 || !watch(loop, &loop->server_fd) || !watch(loop, &loop->signal_fd)) {
        snprintf(why, why_cap, "cannot wait for events: %s", strerror(errno));
        return false;
    }
    return resources_open(&loop->resources, &process->bwrap, &process->cgroup, why, why_cap);
}

void spawner_process_run(const struct spawner_process *process) {
    struct loop loop = {0};
    struct spawn_ready ready = {0};
    ready.ready = open_loop(&loop, process, ready.why, sizeof ready.why);
    if (send(process->server_fd, &ready, sizeof ready, MSG_NOSIGNAL) == (ssize_t)sizeof ready && ready.ready) {
        run_loop(&loop);
    }
    for (struct instance *instance = loop.instances; instance && !WEAKENED("end-children"); instance = instance->next) {
        instance_kill(instance);
    }
    subreaper_end_children(END_TIMEOUT_MS);
    _exit(0);
}
