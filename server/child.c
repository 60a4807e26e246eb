#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bwrap.h"
#include "family.h"
#include "seccomp.h"
#include "weaken.h"

/* Scratch space of a sandbox without a memory limit, per tmpfs. */
#define DEFAULT_SCRATCH_BYTES (UINT64_C(1) << 30)
/* While descriptors are sorted into their places they are kept above all places. */
#define PARKING_FD 64
#define MANY_CHILDREN 1024

static void close_if_open(int fd) {
    if (fd != -1) {
        close(fd);
    }
}

/* An open file of our own for the same data: reading it to the end disturbs no other sandbox. */
static int reopen(int fd) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* A fraction of a CPU cannot be had without a cgroup: this bounds it to whole ones, and puts it behind everything else.
 */
static void bound_cpus(double cpus, unsigned turn) {
    cpu_set_t allowed, chosen;
    unsigned wanted = (unsigned)cpus + ((double)(unsigned)cpus < cpus);
    CPU_ZERO(&chosen);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1 || (unsigned)CPU_COUNT(&allowed) <= wanted) {
        return;
    }
    for (unsigned cpu = turn % CPU_SETSIZE; (unsigned)CPU_COUNT(&chosen) < wanted; cpu = (cpu + 1) % CPU_SETSIZE) {
        if (CPU_ISSET(cpu, &allowed)) {
            CPU_SET(cpu, &chosen);
        }
    }
    sched_setaffinity(0, sizeof chosen, &chosen);
    if ((double)wanted > cpus) {
        setpriority(PRIO_PROCESS, 0, 10);
    }
}

/* What the forked child hands to bwrap: fds[place] is the descriptor to put there, -1 none. */
static bool place_descriptors(int *fds) {
    for (int place = 0; place < BWRAP_FD_END; place++) {
        if (fds[place] != -1) {
            fds[place] = fcntl(fds[place], F_DUPFD_CLOEXEC, PARKING_FD);
            if (fds[place] == -1) {
                return false;
            }
        }
    }
    for (int place = 0; place < BWRAP_FD_END; place++) {
        if (fds[place] == -1) {
            close(place);
        } else if (dup2(fds[place], place) == -1) {
            return false;
        }
    }
    /* Everything we have is O_CLOEXEC; this is for what a library may have opened without. */
    syscall(SYS_close_range, (unsigned)BWRAP_FD_END, ~0u, 0u);
    return true;
}

static void reset_signals(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_main(const struct kit *kit, const struct child_order *order, int *fds,
                       const struct bwrap_arguments *arguments, unsigned turn) {
    static char *const no_env[] = {NULL};
    /* From here on we die with the spawner; if it is gone already, at once (X5). bwrap asks for the same, but only
     * later. */
    if (!WEAKENED("die-with-parent")) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != kit->spawner_pid) {
            _exit(1);
        }
    }
    reset_signals();
    if (order->cgroup_fd != -1) {
        if (write(order->cgroup_fd, "0", 1) != 1) {
            dprintf(fds[2], "cannot enter the cgroup: %s\n", strerror(errno));
            _exit(1);
        }
    }
    if (order->bound_cpus > 0) {
        bound_cpus(order->bound_cpus, turn);
    }
    fds[BWRAP_FD_SECCOMP] = reopen(fds[BWRAP_FD_SECCOMP]);
    for (int i = 0; i < KIT_ETC_FILES; i++) {
        fds[BWRAP_FD_PASSWD + i] = reopen(kit->etc_fds[i]);
    }
    if (!place_descriptors(fds)) {
        _exit(1);
    }
    execve(kit->bwrap_path, arguments->argv, no_env);
    dprintf(STDERR_FILENO, "%s: %s\n", kit->bwrap_path, strerror(errno));
    _exit(1);
}

static bool open_channels(struct child *child, int report[2], int complaint[2]) {
    const int yes = 1;
    report[0] = report[1] = complaint[0] = complaint[1] = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, report) == -1 ||
        setsockopt(report[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == -1 ||
        pipe2(complaint, O_CLOEXEC | O_NONBLOCK) == -1) {
        return false;
    }
    child->report_fd = report[0];
    child->complaint_fd = complaint[0];
    return true;
}

bool child_start(struct child *child, const struct kit *kit, const struct child_order *order, char *why,
                 size_t why_cap) {
    static struct bwrap_arguments arguments;
    static unsigned turn;
    bool network = order->profile != PROFILE_RESTRICTIVE;
    bool pairs_only = network && !kit->scopes;
    uint64_t memory = order->limits.memory_bytes;
    struct bwrap_plan plan = {.bwrap_path = kit->bwrap_path,
                              .image_root = order->image_root,
                              .network = network,
                              .kept_tree = order->tree_fd != -1,
                              .scratch_bytes = memory != 0 ? memory / 2 : DEFAULT_SCRATCH_BYTES};
    int report[2], complaint[2], fds[BWRAP_FD_END];
    uint32_t flags = network && kit->scopes && !WEAKENED("scope-unix") ? LAUNCH_SCOPE_UNIX : 0;
#ifdef AK_TEST_WEAKEN
    flags |= WEAKENED("close_range") ? LAUNCH_KEEP_DESCRIPTORS : 0;
    flags |= WEAKENED("new-session") ? LAUNCH_KEEP_SESSION : 0;
#endif
    child->report_fd = child->complaint_fd = -1;
    child->limits = order->limits;
    /* Older kernels would count all processes of this user; there, the watchdog counts. */
    bool counts = kit->counts_tasks && !WEAKENED("nproc");
    watchdog_start(&child->watchdog, order->cgroup_fd == -1 ? memory : 0, counts ? 0 : order->limits.max_processes);
    if (!bwrap_build(&plan, &arguments)) {
        snprintf(why, why_cap, "root file system %.300s: %s", order->image_root != NULL ? order->image_root : "/",
                 strerror(errno));
        return false;
    }
    int resolv_fd = network ? open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC) : -1;
    bool ready =
        open_channels(child, report, complaint) &&
        launch_block_complete(order->block_fd, flags, order->data_bytes, counts ? order->limits.max_processes : 0);
    if (ready) {
        fds[0] = kit->null_fd;
        fds[1] = fds[2] = complaint[1];
        fds[LAUNCH_FD_BLOCK] = order->block_fd;
        fds[LAUNCH_FD_OUTPUT] = order->output_fd;
        fds[LAUNCH_FD_REPORT] = report[1];
        fds[LAUNCH_FD_SELF] = kit->launcher_fd;
        fds[BWRAP_FD_SECCOMP] = kit->filter_fds[pairs_only ? SECCOMP_UNIX_PAIRS : SECCOMP_UNIX_ANY];
        fds[BWRAP_FD_RESOLV] = network && resolv_fd == -1 ? kit->null_fd : resolv_fd;
        fds[BWRAP_FD_TREE] = order->tree_fd;
        turn++;
        child->outer = fork();
        if (child->outer == 0) {
            child_main(kit, order, fds, &arguments, turn);
        }
        ready = child->outer != -1;
    }
    if (!ready) {
        snprintf(why, why_cap, "cannot start a sandbox: %s", strerror(errno));
        child->outer = 0;
        child_close(child);
    }
    close_if_open(resolv_fd);
    close_if_open(report[1]);
    close_if_open(complaint[1]);
    return ready;
}

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
        if (report.kind == LAUNCH_HELLO && header != NULL && header->cmsg_type == SCM_CREDENTIALS) {
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

static bool is_known(const struct child *others, pid_t pid, const struct child *except) {
    for (; others != NULL; others = others->next) {
        if (others != except && (others->outer == pid || others->inner == pid)) {
            return true;
        }
    }
    return false;
}

/* A sandbox that died before its first process said hello leaves one that nobody has told us of. */
static pid_t find_orphan(const struct child *others) {
    static pid_t pids[MANY_CHILDREN];
    size_t count = family_children(pids, MANY_CHILDREN);
    for (size_t i = 0; i < count; i++) {
        if (!is_known(others, pids[i], NULL)) {
            return pids[i];
        }
    }
    return 0;
}

/* bwrap has ended. Usually it has reaped the sandbox's first process before; if not, that is our child now. */
static void outer_ended(struct child *child, const struct child *others) {
    child_read_reports(child);
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
        snprintf(text, sizeof text, "the sandbox could not be built: %s",
                 complaint[0] != '\0' ? complaint : "bubblewrap was killed");
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

void child_close(struct child *child) {
    close_if_open(child->report_fd);
    close_if_open(child->complaint_fd);
    watchdog_end(&child->watchdog);
    child->report_fd = child->complaint_fd = -1;
}
