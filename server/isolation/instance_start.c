/*
 * instance_start.c: starts bwrap for a plan.
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

#include "bwrap_args.h"
#include "descriptor.h"
#include "instance.h"
#include "kernel.h"
#include "launch_block.h"
#include "seccomp.h"
#include "weaken.h"

/* Descriptors are moved above all target numbers first, then to their targets. */
#define PARKING_FD 64

/* A plan, resolved for this host. */
struct start {
    const struct resources *resources;
    int fds[BWRAP_FD_END]; /* by their number in bwrap; -1: none */
    unsigned flags;        /* the launcher's */
    int cgroup_fd;         /* cgroup.procs to enter; -1: none */
    double bound_cpus;     /* to be enforced by CPU affinity; 0: not so */
    unsigned turn;
};

/* A separate open file description for the same data: reading it does not affect other sandboxes. */
static int reopen(int fd) {
    char path[32];
    if (fd < 0) {
        return -1;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* A fraction of a CPU needs a cgroup. Without one, the command is bound to whole CPUs, at a lower priority. */
static void bound_cpus(double cpus, unsigned turn) {
    cpu_set_t allowed, chosen;
    unsigned wanted = (unsigned)cpus + ((double)(unsigned)cpus < cpus);
    CPU_ZERO(&chosen);
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0 || (unsigned)CPU_COUNT(&allowed) <= wanted) {
        return;
    }
    for (unsigned cpu = turn % CPU_SETSIZE; (unsigned)CPU_COUNT(&chosen) < wanted; cpu = (cpu + 1) % CPU_SETSIZE) {
        if (CPU_ISSET(cpu, &allowed)) {
            CPU_SET(cpu, &chosen);
        }
    }
    sched_setaffinity(0, sizeof chosen, &chosen);
    if ((double)wanted > cpus) {
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 10); /* at most 19 */
    }
}

/* Places the descriptors that the forked child passes to bwrap: fds[number] is moved to number; -1: none. */
static bool place_descriptors(int *fds) {
    for (int place = 0; place < BWRAP_FD_END; place++) {
        if (fds[place] >= 0) {
            fds[place] = fcntl(fds[place], F_DUPFD_CLOEXEC, PARKING_FD);
            if (fds[place] < 0) {
                return false;
            }
        }
    }
    for (int place = 0; place < BWRAP_FD_END; place++) {
        if (fds[place] < 0) {
            close(place);
        } else if (dup3(fds[place], place, place == BWRAP_FD_PROGRAM ? O_CLOEXEC : 0) < 0) {
            return false;
        }
    }
    /* All own descriptors are O_CLOEXEC; this closes those that a library may have opened without it. */
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

static void enter_cgroup(const struct start *start) {
    if (start->cgroup_fd >= 0 && write(start->cgroup_fd, "0", 1) != 1) {
        dprintf(start->fds[STDERR_FILENO], "cannot enter the cgroup: %s\n", strerror(errno));
        _exit(1);
    }
}

/* Runs in the forked child. */
static void run_bwrap(struct start *start, const struct bwrap_args *arguments) {
    static char *const no_env[] = {NULL};
    const struct resources *resources = start->resources;
    struct bwrap_program bwrap = resources->bwrap;
    char file[BWRAP_FILE_CAP];
    int *fds = start->fds;
    /* From here on this process dies with the spawner; at once if it has ended already (X5). bwrap sets this itself,
     * but only later. */
    if (!WEAKENED("die-with-parent")) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != resources->spawner_pid) {
            _exit(1);
        }
    }
    if (!WEAKENED("reset-signals")) {
        reset_signals();
    }
    enter_cgroup(start);
    if (start->bound_cpus > 0) {
        bound_cpus(start->bound_cpus, start->turn);
    }
    fds[BWRAP_FD_SECCOMP] = reopen(fds[BWRAP_FD_SECCOMP]);
    for (int i = 0; i < ETC_FILES; i++) {
        if (fds[BWRAP_FD_ETC + i] == resources->etc_fds[i]) {
            fds[BWRAP_FD_ETC + i] = reopen(resources->etc_fds[i]);
        }
    }
    if (!place_descriptors(fds)) {
        _exit(1);
    }
    bwrap.fd = bwrap.fd < 0 ? -1 : BWRAP_FD_PROGRAM;
    execve(bwrap_program_file(&bwrap, file), arguments->argv, no_env);
#ifdef AK_TEST_WEAKEN
    if (WEAKENED("fail-closed")) {
        /* The launcher and its flags. */
        execve(arguments->argv[arguments->count - 2], &arguments->argv[arguments->count - 2], no_env);
    }
#endif
    dprintf(STDERR_FILENO, "%s: %s\n", bwrap.path, strerror(errno));
    _exit(1);
}

/* Creates the channels from the sandbox, and stores the sandbox's ends in fds. */
static bool open_channels(struct instance *instance, int *fds) {
    const int yes = 1;
    int report[2], complaint[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, report) < 0) {
        return false;
    }
    instance->report_fd = report[0];
    fds[LAUNCH_FD_REPORT] = report[1];
    if (setsockopt(report[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0 ||
        pipe2(complaint, O_CLOEXEC | O_NONBLOCK) < 0) {
        return false;
    }
    instance->complaint_fd = complaint[0];
    fds[STDOUT_FILENO] = fds[STDERR_FILENO] = complaint[1];
    return true;
}

/* Opens the files for the sandbox's /etc; those missing on the host are left out. */
static void open_etc(const struct resources *resources, const struct launch_shape *shape, int *fds) {
    for (size_t i = 0; i < ETC_FILES; i++) {
        if (etc_files[i].network_only ? launch_shape_has_network(shape) : !shape->image_root) {
            fds[BWRAP_FD_ETC + i] =
                resources->etc_fds[i] >= 0 ? resources->etc_fds[i] : open(etc_files[i].path, O_RDONLY | O_CLOEXEC);
        }
    }
}

static void choose_descriptors(struct start *start, const struct launch_shape *shape, const int *sent) {
    const struct resources *resources = start->resources;
    int *fds = start->fds;
    /* With the host's network its abstract unix sockets are reachable. If Landlock cannot prevent that, the command
     * gets no unix sockets except pairs. */
    bool shut_out = launch_shape_has_network(shape) && !resources->scopes;
    for (size_t i = 0; i < BWRAP_FD_END; i++) {
        fds[i] = -1;
    }
    fds[STDIN_FILENO] = resources->null_fd;
    fds[LAUNCH_FD_BLOCK] = sent[LAUNCH_SENT_BLOCK];
    fds[LAUNCH_FD_OUTPUT] = sent[LAUNCH_SENT_OUTPUT];
    fds[LAUNCH_FD_ERRORS] = sent[LAUNCH_SENT_ERRORS] >= 0 ? sent[LAUNCH_SENT_ERRORS] : sent[LAUNCH_SENT_OUTPUT];
    fds[LAUNCH_FD_SELF] = resources->launcher_fd;
    fds[BWRAP_FD_SECCOMP] = resources->filter_fds[shut_out ? SECCOMP_UNIX_PAIRS : SECCOMP_UNIX_ANY];
    fds[BWRAP_FD_TREE] = sent[LAUNCH_SENT_TREE];
    fds[BWRAP_FD_PROGRAM] = resources->bwrap.fd;
    open_etc(resources, shape, fds);
}

/* Closes what was opened for this instance only. */
static void close_ends(const struct start *start) {
    const int *fds = start->fds;
    close_if_open(start->cgroup_fd);
    close_if_open(fds[LAUNCH_FD_REPORT]);
    close_if_open(fds[STDOUT_FILENO]);
    for (size_t i = 0; i < ETC_FILES; i++) {
        if (fds[BWRAP_FD_ETC + i] != start->resources->etc_fds[i]) {
            close_if_open(fds[BWRAP_FD_ETC + i]);
        }
    }
}

static unsigned flags_of(const struct resources *resources, const struct launch_shape *shape) {
    bool scope = launch_shape_has_network(shape) && resources->scopes && !WEAKENED("scope-unix");
    unsigned flags = scope ? LAUNCH_SCOPE_UNIX : 0;
#ifdef AK_TEST_WEAKEN
    flags |= WEAKENED("close_range") ? LAUNCH_KEEP_DESCRIPTORS : 0;
    flags |= WEAKENED("new-session") ? LAUNCH_KEEP_SESSION : 0;
    flags |= WEAKENED("rlimits") ? LAUNCH_KEEP_LIMITS : 0;
    flags |= WEAKENED("dumpable") ? LAUNCH_KEEP_DUMPABLE : 0;
#endif
    return flags;
}

/* Sets up the limits: in a cgroup if there is one, otherwise by the launcher, the watchdog and CPU affinity. False with
 * errno if no cgroup could be made. */
static bool enforce_limits(struct instance *instance, struct resources *resources, int tree_fd, struct start *start) {
    const struct limits *limits = &instance->limits;
    bool in_cgroup = resources->cgroup.root_fd >= 0;
    /* Older kernels would count all processes of this user; there, the watchdog enforces the limit. */
    bool counts = resources->counts_tasks && !WEAKENED("nproc");
    start->flags |= in_cgroup || WEAKENED("data-limit") ? 0 : LAUNCH_BOUND_DATA;
    start->flags |= counts ? LAUNCH_BOUND_PROCESSES : 0;
    start->bound_cpus = in_cgroup && resources->cgroup.has_cpu ? 0 : limits->cpus;
    watchdog_start(&instance->watchdog, in_cgroup ? 0 : limits->memory_bytes, counts ? 0 : limits->max_processes,
                   tree_fd);
    if (!in_cgroup) {
        return true;
    }
    start->cgroup_fd = cgroup_make_leaf(&resources->cgroup, limits, instance->leaf);
    if (start->cgroup_fd < 0) {
        instance->leaf[0] = '\0';
    }
    return start->cgroup_fd >= 0;
}

static bool fork_bwrap(struct instance *instance, struct start *start, const struct bwrap_args *arguments) {
    static unsigned turn;
    start->turn = ++turn;
    instance->outer = fork();
    if (instance->outer == 0) {
        run_bwrap(start, arguments);
    }
    if (instance->outer < 0) {
        instance->outer = 0;
        return false;
    }
    return true;
}

bool instance_start(struct instance *instance, struct resources *resources, const struct launch_shape *shape,
                    const int sent[LAUNCH_SENT_MAX], char *why, size_t why_cap) {
    static struct bwrap_args arguments;
    struct start start = {.resources = resources, .flags = flags_of(resources, shape), .cgroup_fd = -1};
    instance->report_fd = instance->complaint_fd = instance->watchdog.root_fd = instance->watchdog.tree_fd = -1;
    choose_descriptors(&start, shape, sent);
    bool known = launch_block_limits(sent[LAUNCH_SENT_BLOCK], &instance->limits);
    bool enforced = known && enforce_limits(instance, resources, sent[LAUNCH_SENT_TREE], &start);
    bool started = enforced &&
                   bwrap_args_build(&arguments, resources->bwrap.path, shape, start.fds, instance->limits.memory_bytes,
                                    start.flags) &&
                   open_channels(instance, start.fds) && fork_bwrap(instance, &start, &arguments);
    if (known && !enforced) {
        snprintf(why, why_cap, "cannot make a cgroup: %s", strerror(errno));
    } else if (!started) {
        snprintf(why, why_cap, "cannot start a sandbox%s%.300s: %s", shape->image_root ? " in " : "",
                 shape->image_root ? shape->image_root : "", strerror(errno));
    }
    if (!started) {
        instance_close(instance, resources);
    }
    close_ends(&start);
    return started;
}
