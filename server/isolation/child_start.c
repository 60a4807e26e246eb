/*
 * child_start.c: from an order to a running bwrap.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bwrap.h"
#include "child.h"
#include "descriptor.h"
#include "kernel.h"
#include "seccomp.h"
#include "weaken.h"

/* While descriptors are sorted into their places they are kept above all places. */
#define PARKING_FD 64

/* An open file of our own for the same data: reading it to the end disturbs no other sandbox. */
static int reopen(int fd) {
    char path[32];
    if (fd == -1) {
        return -1;
    }
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
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 10); /* of 19 at most */
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
    kernel_close_range(BWRAP_FD_END);
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
    if (!WEAKENED("reset-signals")) {
        reset_signals();
    }
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
    for (int i = 0; i < ETC_FILES; i++) {
        if (fds[BWRAP_FD_ETC + i] == kit->etc_fds[i]) {
            fds[BWRAP_FD_ETC + i] = reopen(kit->etc_fds[i]);
        }
    }
    if (!place_descriptors(fds)) {
        _exit(1);
    }
    execve(kit->bwrap_path, arguments->argv, no_env);
#ifdef AK_TEST_WEAKEN
    if (WEAKENED("fail-closed")) {
        char *const bare[] = {arguments->argv[arguments->count - 1], NULL};
        execve(bare[0], bare, no_env);
    }
#endif
    dprintf(STDERR_FILENO, "%s: %s\n", kit->bwrap_path, strerror(errno));
    _exit(1);
}

/* Makes the channels from the sandbox; the ends that it gets go to fds. */
static bool open_channels(struct child *child, int *fds) {
    const int yes = 1;
    int report[2], complaint[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, report) == -1) {
        return false;
    }
    child->report_fd = report[0];
    fds[LAUNCH_FD_REPORT] = report[1];
    if (setsockopt(report[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == -1 ||
        pipe2(complaint, O_CLOEXEC | O_NONBLOCK) == -1) {
        return false;
    }
    child->complaint_fd = complaint[0];
    fds[STDOUT_FILENO] = fds[STDERR_FILENO] = complaint[1];
    return true;
}

/* The files for the sandbox's /etc; one that the host has not got is left out. */
static void open_etc(const struct kit *kit, struct bwrap_plan *plan, int *fds) {
    for (size_t i = 0; i < ETC_FILES; i++) {
        bool wanted = etc_files[i].network_only ? plan->network : plan->image_root == NULL;
        if (wanted) {
            fds[BWRAP_FD_ETC + i] =
                kit->etc_fds[i] != -1 ? kit->etc_fds[i] : open(etc_files[i].path, O_RDONLY | O_CLOEXEC);
        }
        plan->has_etc[i] = fds[BWRAP_FD_ETC + i] != -1;
    }
}

/* Closes what was opened for this one child. */
static void close_ends(const struct kit *kit, const int *fds) {
    close_if_open(fds[LAUNCH_FD_REPORT]);
    close_if_open(fds[STDOUT_FILENO]);
    for (size_t i = 0; i < ETC_FILES; i++) {
        if (fds[BWRAP_FD_ETC + i] != kit->etc_fds[i]) {
            close_if_open(fds[BWRAP_FD_ETC + i]);
        }
    }
}

static uint32_t launch_flags(bool scope_unix) {
    uint32_t flags = scope_unix && !WEAKENED("scope-unix") ? LAUNCH_SCOPE_UNIX : 0;
#ifdef AK_TEST_WEAKEN
    flags |= WEAKENED("close_range") ? LAUNCH_KEEP_DESCRIPTORS : 0;
    flags |= WEAKENED("new-session") ? LAUNCH_KEEP_SESSION : 0;
    flags |= WEAKENED("rlimits") ? LAUNCH_KEEP_LIMITS : 0;
    flags |= WEAKENED("dumpable") ? LAUNCH_KEEP_DUMPABLE : 0;
#endif
    return flags;
}

static bool fork_bwrap(struct child *child, const struct kit *kit, const struct child_order *order, int *fds,
                       const struct bwrap_arguments *arguments) {
    static unsigned turn;
    turn++;
    child->outer = fork();
    if (child->outer == 0) {
        child_main(kit, order, fds, arguments, turn);
    }
    if (child->outer == -1) {
        child->outer = 0;
        return false;
    }
    return true;
}

bool child_start(struct child *child, const struct kit *kit, const struct child_order *order, char *why,
                 size_t why_cap) {
    static struct bwrap_arguments arguments;
    int fds[BWRAP_FD_END];
    uint64_t memory = order->limits.memory_bytes, processes = order->limits.max_processes;
    struct bwrap_plan plan = {.bwrap_path = kit->bwrap_path,
                              .image_root = order->image_root,
                              .network = order->profile != PROFILE_RESTRICTIVE,
                              .kept_tree = order->tree_fd != -1,
                              .whole_tree = order->tree_fd != -1 && order->whole_tree,
                              .tree_fd = order->tree_fd,
                              .memory_bytes = memory};
    /* With the host's network its abstract unix sockets are in reach. Where Landlock cannot keep a command from them,
     * it gets no unix sockets at all, but for pairs. */
    bool shut_out = plan.network && !kit->scopes;
    /* Older kernels would count all processes of this user; there, the watchdog counts. */
    bool counts = kit->counts_tasks && !WEAKENED("nproc");
    for (size_t i = 0; i < BWRAP_FD_END; i++) {
        fds[i] = -1;
    }
    child->report_fd = child->complaint_fd = -1;
    child->limits = order->limits;
    watchdog_start(&child->watchdog, order->cgroup_fd == -1 ? memory : 0, counts ? 0 : processes, order->tree_fd);
    fds[STDIN_FILENO] = kit->null_fd;
    fds[LAUNCH_FD_BLOCK] = order->block_fd;
    fds[LAUNCH_FD_OUTPUT] = order->output_fd;
    fds[LAUNCH_FD_ERRORS] = order->error_fd != -1 ? order->error_fd : order->output_fd;
    fds[LAUNCH_FD_SELF] = kit->launcher_fd;
    fds[BWRAP_FD_SECCOMP] = kit->filter_fds[shut_out ? SECCOMP_UNIX_PAIRS : SECCOMP_UNIX_ANY];
    fds[BWRAP_FD_TREE] = order->tree_fd;
    open_etc(kit, &plan, fds);
    bool started = bwrap_build(&plan, &arguments) && open_channels(child, fds) &&
                   launch_block_complete(order->block_fd, launch_flags(plan.network && kit->scopes), order->data_bytes,
                                         counts ? processes : 0) &&
                   fork_bwrap(child, kit, order, fds, &arguments);
    if (!started) {
        snprintf(why, why_cap, "cannot start a sandbox%s%.300s: %s", order->image_root != NULL ? " in " : "",
                 order->image_root != NULL ? order->image_root : "", strerror(errno));
        child_close(child);
    }
    close_ends(kit, fds);
    return started;
}
