/*
 * spawner_process.c: the spawner's own loop: takes requests, starts sandboxes, tells their ends.
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

#include "child.h"
#include "descriptor.h"
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
    struct child *children;
    bool stopping;
};

struct received {
    char message[LAUNCH_MESSAGE_MAX];
    size_t size;
    int fds[LAUNCH_SENT_MAX]; /* -1: not there */
};

static void answer(int control_fd, const struct run_result *result) {
    /* If nobody is there to hear it, nobody wants to know. */
    if (send(control_fd, result, sizeof *result, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        errno = 0;
    }
}

static void answer_failure(int control_fd, const char *why) {
    struct run_result result = {.kind = END_SANDBOX_FAILED, .exit_code = 125};
    snprintf(result.message, sizeof result.message, "%s", why);
    answer(control_fd, &result);
}

/* False: the server is gone. */
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

static void start_child(struct loop *loop, const struct launch_shape *shape, struct received *received) {
    struct epoll_event event = {.events = EPOLLIN};
    char why[512];
    struct child *child = calloc(1, sizeof *child);
    if (!child) {
        answer_failure(received->fds[LAUNCH_SENT_CONTROL], "out of memory");
        return;
    }
    if (!child_start(child, &loop->resources, shape, received->fds, why, sizeof why)) {
        answer_failure(received->fds[LAUNCH_SENT_CONTROL], why);
        free(child);
        return;
    }
    child->control_fd = received->fds[LAUNCH_SENT_CONTROL];
    received->fds[LAUNCH_SENT_CONTROL] = -1;
    child->next = loop->children;
    loop->children = child;
    event.data.ptr = child;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, child->control_fd, &event) < 0) {
        child_kill(child); /* could not be killed later */
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
        start_child(loop, &shape, &received);
    } else if (received.fds[LAUNCH_SENT_CONTROL] >= 0) {
        answer_failure(received.fds[LAUNCH_SENT_CONTROL], "the spawner is out of descriptors");
    }
    for (size_t i = 0; i < LAUNCH_SENT_MAX; i++) {
        close_if_open(received.fds[i]);
    }
}

/* A byte, or the other end was closed: all ask for the end. */
static void handle_command(struct loop *loop, struct child *child) {
    char byte = SPAWN_KILL;
    ssize_t size = recv(child->control_fd, &byte, 1, MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, child->control_fd, NULL);
    }
    if (size == 1 && byte == SPAWN_TERMINATE) {
        child_terminate(child);
    } else if (size >= 0 || (errno != EAGAIN && errno != EINTR)) {
        child_kill(child);
    }
}

static void reap_children(struct loop *loop) {
    struct signalfd_siginfo news;
    int status;
    pid_t pid;
    while (read(loop->signal_fd, &news, sizeof news) == (ssize_t)sizeof news) {
        loop->stopping = loop->stopping || news.ssi_signo != SIGCHLD;
    }
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (struct child *child = loop->children; child; child = child->next) {
            if (child->outer == pid || child->inner == pid) {
                child_reaped(child, pid, status, loop->children);
                break;
            }
        }
    }
}

/* Tells the ends of the ended. Apart from the reaping, because a batch of events may still name them. */
static void finish_children(struct loop *loop) {
    struct child **link = &loop->children;
    while (*link) {
        struct child *child = *link;
        if (!child->ended) {
            link = &child->next;
            continue;
        }
        struct run_result result;
        if (child->leaf[0] != '\0' && child->end.kind == 0 &&
            cgroup_ran_out_of_memory(&loop->resources.cgroup, child->leaf)) {
            child->excess = WATCHDOG_TOO_MUCH_MEMORY;
        }
        child_result(child, &result);
        answer(child->control_fd, &result);
        *link = child->next;
        /* Closing alone would not take it out: a child forked at this moment holds a copy until it execs, and events of
         * that copy would name freed memory. */
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, child->control_fd, NULL);
        close(child->control_fd);
        child_close(child, &loop->resources);
        free(child);
    }
}

/* Looks at the sandboxes whose turn it is. Returns how long nothing else is due, as epoll_wait takes it. */
static int watch_children(struct loop *loop) {
    int64_t next = INT64_MAX;
    for (struct child *child = loop->children; child; child = child->next) {
        if (child->watchdog.due_ms <= watchdog_now_ms()) {
            child_read_reports(child);
            enum watchdog_finding finding = watchdog_look(&child->watchdog, child->inner);
            if (finding != WATCHDOG_FINE && child->end.kind == 0 && !child->killed) {
                child->excess = finding;
                child_kill(child);
            }
        }
        next = child->watchdog.due_ms < next ? child->watchdog.due_ms : next;
    }
    int64_t wait = next - watchdog_now_ms();
    return next == INT64_MAX ? -1 : wait > 0 ? (int)wait : 0;
}

static void run_loop(struct loop *loop) {
    struct epoll_event events[EVENTS_AT_ONCE];
    while (!loop->stopping) {
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, watch_children(loop));
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &loop->server_fd) {
                handle_request(loop);
            } else if (events[i].data.ptr == &loop->signal_fd) {
                reap_children(loop);
            } else {
                handle_command(loop, events[i].data.ptr);
            }
        }
        finish_children(loop);
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
    return resources_open(&loop->resources, process->bwrap_path, &process->cgroup, why, why_cap);
}

void spawner_process_run(const struct spawner_process *process) {
    struct loop loop = {0};
    struct spawn_ready ready = {0};
    ready.ready = open_loop(&loop, process, ready.why, sizeof ready.why);
    if (send(process->server_fd, &ready, sizeof ready, MSG_NOSIGNAL) == (ssize_t)sizeof ready && ready.ready) {
        run_loop(&loop);
    }
    for (struct child *child = loop.children; child && !WEAKENED("end-children"); child = child->next) {
        child_kill(child);
    }
    subreaper_end_children(END_TIMEOUT_MS);
    _exit(0);
}
