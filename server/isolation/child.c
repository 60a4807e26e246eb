#include "child.h"

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

void child_read_reports(struct child *child) {
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct launch_report report;
    struct iovec part = {&report, sizeof report};
    for (;;) {
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(child->report_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size != (ssize_t)sizeof report) {
            return;
        }
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (report.kind == LAUNCH_HELLO && header && header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            child->greeted = true;
            child->inner = sender.pid;
        } else if (report.kind != LAUNCH_HELLO) {
            child->end = report;
        }
    }
}

void child_kill(struct child *child) {
    child->killed = true;
    if (child->outer != 0) {
        kill(child->outer, SIGKILL);
    } else if (child->inner != 0) {
        kill(child->inner, SIGKILL);
    }
}

void child_terminate(struct child *child) {
    child_read_reports(child);
    if (child->end.kind != 0 || child->killed) {
        return; /* it ends, or has ended: its number may soon be another's */
    }
    if (child->inner != 0) {
        kill(child->inner, SIGTERM);
    } else {
        child_kill(child);
    }
}

static bool is_known(const struct child *others, pid_t pid, const struct child *except) {
    for (; others; others = others->next) {
        if (others != except && (others->outer == pid || others->inner == pid)) {
            return true;
        }
    }
    return false;
}

/* A sandbox that died before its first process said hello leaves one that nobody has told us of. */
static pid_t find_orphan(const struct child *others) {
    static pid_t pids[MANY_CHILDREN];
    size_t count = subreaper_children(pids, MANY_CHILDREN);
    for (size_t i = 0; i < count; i++) {
        if (!is_known(others, pids[i], NULL)) {
            return pids[i];
        }
    }
    return 0;
}

/* bwrap has ended. Usually it has reaped the sandbox's first process before; if not, that is our child now. */
static void outer_ended(struct child *child, const struct child *others) {
    if (!WEAKENED("last-report")) {
        child_read_reports(child);
    }
    if (child->inner == 0 && !child->greeted) {
        child->inner = find_orphan(others);
    }
    /* If bwrap did reap it, its number may already be another child's. */
    if (child->inner != 0 && !is_known(others, child->inner, child)) {
        if (waitpid(child->inner, NULL, WNOHANG) == 0) {
            kill(child->inner, SIGKILL);
            return;
        }
    }
    child->inner = 0;
    child->ended = true;
}

void child_reaped(struct child *child, pid_t pid, int status, const struct child *others) {
    if (pid == child->outer) {
        child->outer = 0;
        child->outer_status = status;
        outer_ended(child, others);
    } else {
        child->inner = 0;
        child->ended = child->outer == 0;
        child_read_reports(child);
    }
}

/* The last line that bwrap wrote. */
static void read_complaint(struct child *child, char *text, size_t cap) {
    ssize_t size = read(child->complaint_fd, text, cap - 1);
    text[size > 0 ? size : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static void end(struct run_result *result, enum end_kind kind, int exit_code, const char *message) {
    result->kind = kind;
    result->exit_code = exit_code;
    snprintf(result->message, sizeof result->message, "%s", message);
}

static void end_without_report(struct child *child, struct run_result *result) {
    char complaint[300], text[400];
    if (child->killed) {
        end(result, END_SIGNALED, 128 + SIGKILL, "killed");
    } else if (child->greeted) {
        end(result, END_SIGNALED, 128 + SIGKILL, "the sandbox was killed from outside");
    } else {
        read_complaint(child, complaint, sizeof complaint);
        snprintf(text, sizeof text, CHILD_NOT_BUILT "%s", complaint[0] != '\0' ? complaint : "bubblewrap was killed");
        end(result, END_SANDBOX_FAILED, 125, text);
    }
}

void child_result(struct child *child, struct run_result *result) {
    char text[sizeof result->message];
    const struct launch_report *report = &child->end;
    memset(result, 0, sizeof *result);
    if (child->excess == WATCHDOG_TOO_MUCH_MEMORY) {
        snprintf(text, sizeof text, "killed: the sandbox used more than its %llu MB of memory",
                 (unsigned long long)(child->limits.memory_bytes >> 20));
        end(result, END_OUT_OF_MEMORY, 128 + SIGKILL, text);
    } else if (child->excess == WATCHDOG_TOO_MANY_PROCESSES) {
        snprintf(text, sizeof text, "killed: the sandbox had more than its %llu processes",
                 (unsigned long long)child->limits.max_processes);
        end(result, END_SIGNALED, 128 + SIGKILL, text);
    } else if (child->excess == WATCHDOG_DISK_FULL) {
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
        end_without_report(child, result);
    }
}

void child_close(struct child *child, const struct resources *resources) {
    if (child->leaf[0] != '\0') {
        cgroup_remove_leaf(&resources->cgroup, child->leaf);
    }
    close_if_open(child->report_fd);
    close_if_open(child->complaint_fd);
    watchdog_end(&child->watchdog);
    child->report_fd = child->complaint_fd = -1;
}
