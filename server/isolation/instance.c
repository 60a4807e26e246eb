#include "instance.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor.h"
#include "subreaper.h"
#include "weaken.h"

#define MANY_CHILDREN 1024

void instance_read_reports(struct instance *instance) {
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct launch_report report;
    struct iovec part = {&report, sizeof report};
    for (;;) {
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(instance->report_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size != (ssize_t)sizeof report) {
            return;
        }
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (report.kind == LAUNCH_HELLO && header && header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            instance->greeted = true;
            instance->inner = sender.pid;
        } else if (report.kind != LAUNCH_HELLO) {
            instance->end = report;
        }
    }
}

void instance_kill(struct instance *instance) {
    instance->killed = true;
    if (instance->outer != 0) {
        kill(instance->outer, SIGKILL);
    } else if (instance->inner != 0) {
        kill(instance->inner, SIGKILL);
    }
}

void instance_terminate(struct instance *instance) {
    instance_read_reports(instance);
    if (instance->end.kind != 0 || instance->killed) {
        return; /* it ends, or has ended: its pid may be reused */
    }
    if (instance->inner != 0) {
        kill(instance->inner, SIGTERM);
    } else {
        instance_kill(instance);
    }
}

static bool is_known(const struct instance *others, pid_t pid, const struct instance *except) {
    for (; others; others = others->next) {
        if (others != except && (others->outer == pid || others->inner == pid)) {
            return true;
        }
    }
    return false;
}

/* If a sandbox died before its first process reported, that process may be an unknown child of the spawner. */
static pid_t find_orphan(const struct instance *others) {
    static pid_t pids[MANY_CHILDREN];
    size_t count = subreaper_children(pids, MANY_CHILDREN);
    for (size_t i = 0; i < count; i++) {
        if (!is_known(others, pids[i], NULL)) {
            return pids[i];
        }
    }
    return 0;
}

/* bwrap has ended. Usually it has reaped the sandbox's first process before; if not, it is now a child of the
 * spawner. */
static void outer_ended(struct instance *instance, const struct instance *others) {
    if (!WEAKENED("last-report")) {
        instance_read_reports(instance);
    }
    if (instance->inner == 0 && !instance->greeted) {
        instance->inner = find_orphan(others);
    }
    /* If bwrap did reap it, its pid may already be another child's. */
    if (instance->inner != 0 && !is_known(others, instance->inner, instance)) {
        if (waitpid(instance->inner, NULL, WNOHANG) == 0) {
            kill(instance->inner, SIGKILL);
            return;
        }
    }
    instance->inner = 0;
    instance->ended = true;
}

void instance_reaped(struct instance *instance, pid_t pid, int status, const struct instance *others) {
    if (pid == instance->outer) {
        instance->outer = 0;
        instance->outer_status = status;
        outer_ended(instance, others);
    } else {
        instance->inner = 0;
        instance->ended = instance->outer == 0;
        instance_read_reports(instance);
    }
}

/* The last line that bwrap wrote. */
static void read_complaint(struct instance *instance, char *text, size_t cap) {
    ssize_t size = read(instance->complaint_fd, text, cap - 1);
    text[size > 0 ? size : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static void end(struct run_result *result, enum end_kind kind, int exit_code, const char *message) {
    result->kind = kind;
    result->exit_code = exit_code;
    snprintf(result->message, sizeof result->message, "%s", message);
}

static void end_without_report(struct instance *instance, struct run_result *result) {
    char complaint[300], text[400];
    if (instance->killed) {
        end(result, END_SIGNALED, 128 + SIGKILL, "killed");
    } else if (instance->greeted) {
        end(result, END_SIGNALED, 128 + SIGKILL, "the sandbox was killed from outside");
    } else {
        read_complaint(instance, complaint, sizeof complaint);
        snprintf(text, sizeof text, INSTANCE_NOT_BUILT "%s",
                 complaint[0] != '\0' ? complaint : "bubblewrap was killed");
        end(result, END_SANDBOX_FAILED, 125, text);
    }
}

void instance_result(struct instance *instance, struct run_result *result) {
    char text[sizeof result->message];
    const struct launch_report *report = &instance->end;
    memset(result, 0, sizeof *result);
    if (instance->excess == WATCHDOG_TOO_MUCH_MEMORY) {
        snprintf(text, sizeof text, "killed: the sandbox used more than its %llu MB of memory",
                 (unsigned long long)(instance->limits.memory_bytes >> 20));
        end(result, END_OUT_OF_MEMORY, 128 + SIGKILL, text);
    } else if (instance->excess == WATCHDOG_TOO_MANY_PROCESSES) {
        snprintf(text, sizeof text, "killed: the sandbox had more than its %llu processes",
                 (unsigned long long)instance->limits.max_processes);
        end(result, END_SIGNALED, 128 + SIGKILL, text);
    } else if (instance->excess == WATCHDOG_DISK_FULL) {
        end(result, END_SIGNALED, 128 + SIGKILL, "killed: the disk of the sandbox was nearly full");
    } else if (report->kind == LAUNCH_ENDED && WIFEXITED(report->value)) {
        end(result, END_EXITED, WEXITSTATUS(report->value), "");
    } else if (report->kind == LAUNCH_ENDED) {
        int number = WTERMSIG(report->value);
        snprintf(text, sizeof text, "killed by signal %d (%s)", number, strsignal(number));
        end(result, END_SIGNALED, 128 + number, text);
    } else if (report->kind == LAUNCH_EXEC_FAILED) {
        bool missing = report->value == ENOENT || report->value == ENOTDIR;
        end(result, report->value == E2BIG ? END_TOO_BIG : END_NOT_FOUND, missing ? 127 : 126, report->message);
    } else if (report->kind == LAUNCH_BROKEN) {
        end(result, END_SANDBOX_FAILED, 125, report->message);
    } else {
        end_without_report(instance, result);
    }
}

void instance_close(struct instance *instance, const struct resources *resources) {
    if (instance->leaf[0] != '\0') {
        cgroup_remove_leaf(&resources->cgroup, instance->leaf);
    }
    close_if_open(instance->report_fd);
    close_if_open(instance->complaint_fd);
    watchdog_end(&instance->watchdog);
    instance->report_fd = instance->complaint_fd = -1;
}
