#include "spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"
#include "kernel.h"
#include "launch_block.h"
#include "spawner_wire.h"
#include "supervisor.h"
#include "weaken.h"

#define READY_TIMEOUT_MS 10000
#define SEND_TIMEOUT_MS 10000
#define STOP_TIMEOUT_MS 30000
#define RETRY_PAUSE_MS 10

struct spawner {
    int socket_fd;     /* to the spawner */
    int lifeline_fd;   /* write end of the supervisor's pipe */
    int supervisor_fd; /* pidfd */
    pid_t supervisor;
    struct cgroup cgroup;
};

static void explain(char *why, size_t why_cap, const char *what) {
    snprintf(why, why_cap, "%s: %s", what, strerror(errno));
}

/* Waits until fd is readable or closed. False: timeout. */
static bool wait_readable(int fd, int timeout_ms) {
    struct pollfd event = {.fd = fd, .events = POLLIN};
    int count;
    do {
        count = poll(&event, 1, timeout_ms);
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

static bool wait_until_ready(struct spawner *spawner, char *why, size_t why_cap) {
    struct spawn_ready ready;
    if (!wait_readable(spawner->socket_fd, READY_TIMEOUT_MS) ||
        recv(spawner->socket_fd, &ready, sizeof ready, 0) != (ssize_t)sizeof ready) {
        snprintf(why, why_cap, "the process that runs commands did not start");
        return false;
    }
    snprintf(why, why_cap, "%s", ready.why);
    return ready.ready;
}

static bool fork_keeper(struct spawner *spawner, const struct bwrap_program *bwrap) {
    const struct timeval send_timeout = {SEND_TIMEOUT_MS / 1000, 0};
    int sockets[2] = {-1, -1}, lifeline[2] = {-1, -1};
    bool forked = false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0 && pipe2(lifeline, O_CLOEXEC) == 0) {
        spawner->socket_fd = sockets[0];
        spawner->lifeline_fd = lifeline[1];
        setsockopt(sockets[0], SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof send_timeout);
        spawner->supervisor = fork();
        if (spawner->supervisor == 0) {
            struct spawner_process process = {.server_fd = sockets[1], .bwrap = *bwrap, .cgroup = spawner->cgroup};
            supervisor_run(&process, lifeline[0]);
        }
        forked = spawner->supervisor >= 0;
        spawner->supervisor_fd = forked ? kernel_pidfd_open(spawner->supervisor) : -1;
    }
    int error = errno;
    close_if_open(sockets[1]);
    close_if_open(lifeline[0]);
    errno = error;
    return forked && spawner->supervisor_fd >= 0;
}

struct spawner *spawner_start(const struct spawner_options *options, char *why, size_t why_cap) {
    struct spawner *spawner = malloc(sizeof *spawner);
    if (!spawner) {
        explain(why, why_cap, "spawner");
        return NULL;
    }
    *spawner = (struct spawner){.socket_fd = -1, .lifeline_fd = -1, .supervisor_fd = -1};
    cgroup_open(&spawner->cgroup, options->cgroup_root);
#ifdef AK_TEST_WEAKEN
    if (WEAKENED("any-host") && spawner->cgroup.root_fd < 0) {
        errno = ENOENT;
        explain(why, why_cap, "cgroup");
        spawner_stop(spawner);
        return NULL;
    }
#endif
    if (!fork_keeper(spawner, &options->bwrap)) {
        explain(why, why_cap, "cannot start the process that runs commands");
        spawner_stop(spawner);
        return NULL;
    }
    if (!wait_until_ready(spawner, why, why_cap)) {
        spawner_stop(spawner);
        return NULL;
    }
    return spawner;
}

void spawner_stop(struct spawner *spawner) {
    if (!spawner) {
        return;
    }
    close_if_open(spawner->socket_fd);
    close_if_open(spawner->lifeline_fd);
    if (spawner->supervisor_fd >= 0) {
        wait_readable(spawner->supervisor_fd, STOP_TIMEOUT_MS);
        waitpid(spawner->supervisor, NULL, WNOHANG);
        close(spawner->supervisor_fd);
    }
    cgroup_close(&spawner->cgroup);
    free(spawner);
}

bool spawner_alive(const struct spawner *spawner) {
    struct pollfd event = {.fd = spawner->socket_fd};
    return poll(&event, 1, 0) != 1;
}

const char *spawner_memory_mode(const struct spawner *spawner) {
    return spawner->cgroup.root_fd >= 0 ? "cgroup" : "watchdog";
}

const char *spawner_cpu_mode(const struct spawner *spawner) {
    return spawner->cgroup.root_fd >= 0 && spawner->cgroup.has_cpu ? "cgroup" : "affinity";
}

/* ETOOMANYREFS (too many descriptors in flight) is the only transient failure: those of the server are soon
 * received. */
static bool send_with_descriptors(int socket_fd, const void *data, size_t size, const int *fds, size_t count) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * LAUNCH_SENT_MAX)];
        struct cmsghdr align;
    } control;
    const struct timespec pause = {0, RETRY_PAUSE_MS * 1000000L};
    union {
        const void *given;
        void *taken;
    } pointer = {data};
    struct iovec part = {pointer.taken, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    memset(&control, 0, sizeof control);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    for (int waited = 0; waited < SEND_TIMEOUT_MS; waited += RETRY_PAUSE_MS) {
        if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) >= 0) {
            return true;
        }
        if (errno != ETOOMANYREFS && errno != EINTR) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool check_order(const struct launch_order *order, char *why, size_t why_cap) {
    const char *problem = NULL;
    if (!order->argv || !order->argv[0] || order->argv[0][0] == '\0') {
        problem = "no program is named";
    } else if (order->workdir && order->workdir[0] != '/') {
        problem = "the working directory is not an absolute path";
    } else if (order->separate_errors && order->tree_fd < 0) {
        problem = "stderr can be told apart in kept sandboxes only";
    }
    if (problem) {
        snprintf(why, why_cap, "%s", problem);
    }
    return !problem;
}

/* The number of descriptors of an order. */
static size_t count_sent(const struct launch_order *order) {
    return order->separate_errors ? LAUNCH_SENT_MAX : order->tree_fd >= 0 ? LAUNCH_SENT_ERRORS : LAUNCH_SENT_TREE;
}

/* A pipe whose read end never blocks. */
static bool open_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

bool spawner_run(struct spawner *spawner, const struct launch_plan *plan, struct running *out, char *why,
                 size_t why_cap) {
    const struct launch_order *order = &plan->order;
    int output[2] = {-1, -1}, errors[2] = {-1, -1}, control[2] = {-1, -1};
    char message[LAUNCH_MESSAGE_MAX];
    *out = (struct running){-1, -1, -1};
    if (!check_order(order, why, why_cap)) {
        return false;
    }
    size_t size = launch_shape_write(&plan->shape, message);
    if (size == 0) {
        snprintf(why, why_cap, "the path of the image's root is too long");
        return false;
    }
    int block_fd = launch_block_create(order);
    bool sent = false;
    if (block_fd >= 0 && open_pipe(output) && (!order->separate_errors || open_pipe(errors)) &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0) {
        const int fds[LAUNCH_SENT_MAX] = {output[1], control[1], block_fd, order->tree_fd, errors[1]};
        sent = send_with_descriptors(spawner->socket_fd, message, size, fds, count_sent(order));
    }
    if (sent) {
        *out = (struct running){output[0], errors[0], control[0]};
    } else {
        explain(why, why_cap, "cannot start the command");
        close_if_open(output[0]);
        close_if_open(errors[0]);
        close_if_open(control[0]);
    }
    close_if_open(block_fd);
    close_if_open(output[1]);
    close_if_open(errors[1]);
    close_if_open(control[1]);
    return sent;
}

bool running_result(struct running *running, struct run_result *result, int timeout_ms) {
    if (!wait_readable(running->control_fd, timeout_ms)) {
        return false;
    }
    ssize_t size = recv(running->control_fd, result, sizeof *result, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (size != (ssize_t)sizeof *result) {
        *result = (struct run_result){.kind = END_SANDBOX_FAILED, .exit_code = 125};
        snprintf(result->message, sizeof result->message, "the process that runs commands was killed");
    }
    return true;
}

/* No effect on a command that has ended already. */
static void send_control(const struct running *running, char what) {
    if (send(running->control_fd, &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        errno = 0;
    }
}

void running_kill(struct running *running) {
    send_control(running, SPAWN_KILL);
}

void running_terminate(struct running *running) {
    send_control(running, SPAWN_TERMINATE);
}

void running_close(struct running *running) {
    close_if_open(running->output_fd);
    close_if_open(running->error_fd);
    close_if_open(running->control_fd);
    *running = (struct running){-1, -1, -1};
}
