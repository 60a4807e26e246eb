/*
 * launcher.c: the first process in every sandbox.
 *
 * A static program that bubblewrap executes as pid 1 of the new pid namespace, in place of bubblewrap's own reaper, so
 * it takes no additional process. It starts the command with its limits, reaps orphans, and reports how the command
 * ended: an exit code and a signal stay distinct, as do "no such program" and "the sandbox could not be built". When it
 * ends, the kernel kills everything that is left in the namespace.
 *
 * It is not dumpable, so the command, which runs under the same user, can neither trace it nor open its descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "launch.h"

/* The size limit of one file; what a whole sandbox may store is limited elsewhere. */
#define MAX_FILE_BYTES (UINT64_C(2) << 30)
#define MAX_OPEN_FILES 1024
#define CHILD_STACK_BYTES (64 * 1024)
/* Memory that is only reserved counts for RLIMIT_DATA; the sum of what is used is limited by the watchdog. */
#define RESERVATION_FACTOR 2

#ifdef AK_TEST_WEAKEN
/* This string distinguishes the launcher of test builds from the shipped one. */
static const char weakened_marker[] __attribute__((used)) = "AK_TEST_WEAKEN";
#define WEAK_IN_LAUNCHER(launch, flag) (((launch)->flags & (flag)) != 0)
#else
#define WEAK_IN_LAUNCHER(launch, flag) false
#endif

struct launch {
    unsigned long flags;
    const struct launch_head *head;
    const char *workdir;
    char **argv;
    char **env;
    /* Written by the child, which shares this memory until it has executed the command. */
    struct launch_report failure;
};

static void report_send(const struct launch_report *report) {
    while (send(LAUNCH_FD_REPORT, report, sizeof *report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static void report_fill(struct launch_report *report, uint32_t kind, int value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void report_fill(struct launch_report *report, uint32_t kind, int value, const char *format, ...) {
    va_list arguments;
    report->kind = kind;
    report->value = value;
    va_start(arguments, format);
    vsnprintf(report->message, sizeof report->message, format, arguments);
    va_end(arguments);
}

static void give_up(int error, const char *what) {
    struct launch_report report = {0};
    report_fill(&report, LAUNCH_BROKEN, error, "%s: %s", what, strerror(error));
    report_send(&report);
    _exit(1);
}

/* Splits the block's strings into argv and env, without copying them. */
static void read_block(struct launch *launch) {
    struct stat status;
    if (fstat(LAUNCH_FD_BLOCK, &status) < 0 || (size_t)status.st_size <= sizeof(struct launch_head)) {
        give_up(EINVAL, "launch block");
    }
    size_t size = (size_t)status.st_size;
    char *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, LAUNCH_FD_BLOCK, 0);
    if (block == MAP_FAILED) {
        give_up(errno, "launch block");
    }
    launch->head = (const struct launch_head *)(const void *)block;
    size_t strings = (size_t)launch->head->argc + launch->head->envc;
    if (launch->head->magic != LAUNCH_MAGIC || launch->head->argc == 0 || block[size - 1] != '\0') {
        give_up(EINVAL, "launch block");
    }
    char **pointers =
        mmap(NULL, (strings + 2) * sizeof *pointers, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pointers == MAP_FAILED) {
        give_up(errno, "argument list");
    }
    launch->argv = pointers;
    launch->env = pointers + launch->head->argc + 1;
    char *next = block + sizeof *launch->head;
    launch->workdir = next;
    for (size_t i = 0; i < strings; i++) {
        next += strlen(next) + 1;
        if (next >= block + size) {
            give_up(EINVAL, "launch block");
        }
        *(i < launch->head->argc ? &launch->argv[i] : &launch->env[i - launch->head->argc]) = next;
    }
}

/* Makes this sandbox the OOM killer's first choice if the host runs out of memory. Failure is harmless. */
static void prefer_for_oom_killer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "500", 3) < 0) {
            errno = 0;
        }
        close(fd);
    }
}

/* Landlock's scope for abstract unix sockets; the constants are from the kernel header of version 6.12. */
static void scope_unix_sockets(void) {
    struct {
        uint64_t handled_access_fs, handled_access_net, scoped;
    } attributes = {0, 0, 1};
    long ruleset = syscall(444, &attributes, sizeof attributes, 0);
    if (ruleset < 0 || syscall(446, ruleset, 0) < 0) {
        give_up(errno, "landlock");
    }
    close((int)ruleset);
}

/* Lowers a limit; never tries to raise one above the current limit. */
static void limit(int resource, uint64_t wanted) {
    struct rlimit now;
    if (getrlimit(resource, &now) == 0) {
        rlim_t value = now.rlim_max < wanted ? now.rlim_max : wanted;
        setrlimit(resource, &(struct rlimit){value, value});
    }
}

/* Descriptors in flight through unix sockets are counted for all sandboxes and the server together, and a process above
 * its own limit cannot send any: sandboxes must reach theirs before the server does. */
static void limit_files(void) {
    struct rlimit now;
    uint64_t half = getrlimit(RLIMIT_NOFILE, &now) == 0 ? now.rlim_max / 2 : MAX_OPEN_FILES;
    limit(RLIMIT_NOFILE, half < MAX_OPEN_FILES ? half : MAX_OPEN_FILES);
}

static void set_limits(const struct launch *launch) {
    const struct limits *limits = &launch->head->limits;
    if (!WEAK_IN_LAUNCHER(launch, LAUNCH_KEEP_LIMITS)) {
        limit(RLIMIT_CORE, 1); /* less than any core; unlike 0 it also applies to cores that are piped to a program */
        limit_files();
        limit(RLIMIT_MEMLOCK, 0);
        limit(RLIMIT_MSGQUEUE, 0);
        limit(RLIMIT_FSIZE, MAX_FILE_BYTES);
    }
    if ((launch->flags & LAUNCH_BOUND_DATA) != 0 && limits->memory_bytes != 0) {
        limit(RLIMIT_DATA, limits->memory_bytes * RESERVATION_FACTOR);
    }
    if ((launch->flags & LAUNCH_BOUND_PROCESSES) != 0 && limits->max_processes != 0) {
        limit(RLIMIT_NPROC, limits->max_processes + 1); /* pid 1 is counted, too */
    }
}

static void close_from(int first) {
    if (kernel_close_range(first) < 0) { /* before Linux 5.9 */
        for (int fd = first; fd < MAX_OPEN_FILES; fd++) {
            close(fd);
        }
    }
}

/* Searches PATH as execvp does, but does not run a script without an interpreter line by a shell.
 */
static int exec_by_path(const struct launch *launch) {
    static char path[PATH_MAX];
    const char *name = launch->argv[0];
    const char *folder = "";
    for (char **entry = launch->env; *entry; entry++) {
        if (strncmp(*entry, "PATH=", 5) == 0) {
            folder = *entry + 5;
            break;
        }
    }
    int error = ENOENT;
    while (*folder != '\0') {
        size_t length = strcspn(folder, ":");
        int size = snprintf(path, sizeof path, "%.*s/%s", (int)(length < PATH_MAX ? length : PATH_MAX), folder, name);
        if (length > 0 && size > 0 && (size_t)size < sizeof path) {
            execve(path, launch->argv, launch->env);
            if (errno == EACCES) {
                error = EACCES; /* a later folder may have it */
            } else if (errno != ENOENT && errno != ENOTDIR) {
                return errno;
            }
        }
        folder += length;
        folder += *folder == ':';
    }
    return error;
}

static int exec_command(const struct launch *launch) {
    if (!strchr(launch->argv[0], '/')) {
        return exec_by_path(launch);
    }
    execve(launch->argv[0], launch->argv, launch->env);
    return errno;
}

static void explain_exec(struct launch *launch, int error) {
    const char *name = launch->argv[0];
    const char *reason = strerror(error);
    if (error == ENOENT) {
        bool exists = strchr(name, '/') && access(name, F_OK) == 0;
        reason = exists ? "its interpreter was not found" : "not found";
    }
    report_fill(&launch->failure, LAUNCH_EXEC_FAILED, error, "%.256s: %s", name, reason);
}

/* The child: it shares the launcher's memory, but not its descriptors, limits or working directory. */
static int child_main(void *argument) {
    struct launch *launch = argument;
    if (!WEAK_IN_LAUNCHER(launch, LAUNCH_KEEP_SESSION)) {
        setsid();
    }
    if (dup2(LAUNCH_FD_OUTPUT, STDOUT_FILENO) < 0 || dup2(LAUNCH_FD_ERRORS, STDERR_FILENO) < 0) {
        report_fill(&launch->failure, LAUNCH_BROKEN, errno, "output: %s", strerror(errno));
        return 1;
    }
    /* Before the working directory is entered: /proc/self/fd/N would follow an open descriptor, and that of the kept
     * tree leads out of the sandbox. */
    if (!WEAK_IN_LAUNCHER(launch, LAUNCH_KEEP_DESCRIPTORS)) {
        close_from(STDERR_FILENO + 1);
    }
    if (chdir(launch->workdir) < 0) {
        report_fill(&launch->failure, LAUNCH_EXEC_FAILED, EACCES, "cannot enter %.256s: %s", launch->workdir,
                    strerror(errno));
        return 1;
    }
    set_limits(launch);
    explain_exec(launch, exec_command(launch));
    return 1;
}

/* The command, once it runs, and whether its end was requested before that. */
static volatile pid_t command_pid;
static volatile sig_atomic_t end_wanted;

/* SIGTERM is for the command, whose pid the spawner does not know. The spawner has no pid in this namespace, which
 * distinguishes it from the command itself. */
static void pass_on(int number, siginfo_t *info, void *context) {
    int error = errno;
    (void)context;
    if (info->si_code == SI_USER && info->si_pid == 0) {
        end_wanted = 1;
        if (command_pid > 0) {
            kill(command_pid, number);
        }
    }
    errno = error;
}

/* Before the first message: without a handler the kernel does not deliver the signal to the first process of a
 * namespace. */
static void listen_for_end(void) {
    struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
}

/* Waits for the command, and reaps other processes that end meanwhile. */
static int wait_for(pid_t command) {
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, 0);
        if (ended == command) {
            command_pid = 0;
            return status;
        }
        if (ended < 0 && errno != EINTR) {
            give_up(errno, "wait");
        }
    }
}

int main(int argc, char **argv) {
    static struct launch launch;
    static char stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));

    struct launch_report report = {.kind = LAUNCH_HELLO};
    listen_for_end();
    report_send(&report);
    if (argc != 2) {
        give_up(EINVAL, "flags");
    }
    launch.flags = strtoul(argv[1], NULL, 10);
    read_block(&launch);
    if (!WEAK_IN_LAUNCHER(&launch, LAUNCH_KEEP_DESCRIPTORS)) {
        close_from(LAUNCH_FD_BWRAP); /* bwrap passes on its descriptors; that of the kept tree leads to the host */
    }
    prefer_for_oom_killer();
    if (!WEAK_IN_LAUNCHER(&launch, LAUNCH_KEEP_DUMPABLE)) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    prctl(PR_SET_NAME, "launcher", 0, 0, 0);
    umask(022); /* not that of the server */
    if ((launch.flags & LAUNCH_SCOPE_UNIX) != 0) {
        scope_unix_sockets();
    }
    /* CLONE_VFORK: clone returns when the child has executed the command or has reported why it cannot. */
    pid_t command = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
    if (command < 0) {
        give_up(errno, "fork");
    }
    command_pid = command;
    if (end_wanted) {
        kill(command, SIGTERM);
    }
    close(LAUNCH_FD_BLOCK);
    close(LAUNCH_FD_OUTPUT);
    close(LAUNCH_FD_ERRORS);
    close(LAUNCH_FD_SELF);
    int status = wait_for(command);
    if (launch.failure.kind != 0) {
        report_send(&launch.failure);
    } else {
        report = (struct launch_report){.kind = LAUNCH_ENDED, .value = status};
        report_send(&report);
    }
    return 0;
}
