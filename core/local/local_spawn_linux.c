/*
 * local_spawn_linux.c: starts the server from a host process without side effects on the host.
 *
 * Not fork, because that copies the page tables of a process that may be large, and runs the host's pthread_atfork
 * handlers; not posix_spawn, because the server must not be a child of the host. So clone is called twice, with shared
 * memory and the caller suspended until the second child executes its program (as vfork does). The first child has exit
 * signal 0: no SIGCHLD reaches the host, the host's wait calls do not see it, and it can be waited for even when the
 * host ignores SIGCHLD.
 *
 * The children make only system calls, and bypass the C library's functions (except fcntl, whose lock has another form
 * in the kernel): what these, or a sanitizer's interceptors, record about the child would be recorded in the parent's
 * memory.
 */
#include "local_private.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "local_protocol.h"

#define STACK_BYTES ((size_t)64 * 1024)
/* Descriptors are duplicated above all target numbers before they are moved to them. */
#define PARKING_FD (AK_SPAWN_FDS + 1)

#define NO_SANITIZER __attribute__((no_sanitize("address", "thread", "undefined")))

/* ThreadSanitizer treats every clone as a fork and records that in memory that must then not be shared. The host may be
 * built with it, so this is checked at run time. */
extern void __tsan_init(void) __attribute__((weak));

static int shared_memory(void) {
    return __tsan_init ? 0 : CLONE_VM;
}

typedef struct {
    const ak_local_order *order;
    char *const *argv;
    char *second_stack; /* its top */
    int flags;          /* of clone */
    int report_fd;      /* receives the errno of a failure; end of file means that the program runs */
} spawning;

/* The host's handlers must not run in the child, and signals that the host ignores must not be ignored by the server.
 * Uses the system call, because sanitizers and libraries track calls of sigaction. */
NO_SANITIZER static void reset_signals(void) {
    unsigned long deflt[16] = {0}; /* the kernel's struct: SIG_DFL, no flags, an empty mask, on every machine */
    for (int number = 1; number < NSIG; number++) {
        syscall(SYS_rt_sigaction, number, deflt, NULL, (size_t)(NSIG - 1) / 8);
    }
}

/* Moves the descriptors to their numbers, the report descriptor after them, and closes all others. */
NO_SANITIZER static bool place_descriptors(spawning *spawn) {
    int parked[AK_SPAWN_FDS + 1];
    for (int i = 0; i <= AK_SPAWN_FDS; i++) {
        int fd = i < AK_SPAWN_FDS ? spawn->order->fds[i] : spawn->report_fd;
        parked[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PARKING_FD);
        if (fd >= 0 && parked[i] < 0) {
            errno = errno == EINVAL ? EMFILE : errno; /* EINVAL: the limit is below PARKING_FD */
            return false;
        }
    }
    for (int i = 0; i < AK_SPAWN_FDS; i++) {
        if (parked[i] < 0) {
            syscall(SYS_close, i);
        } else if (syscall(SYS_dup3, parked[i], i, 0) < 0) {
            return false;
        }
    }
    if (syscall(SYS_dup3, parked[AK_SPAWN_FDS], AK_SPAWN_FDS, O_CLOEXEC) < 0) {
        return false;
    }
    spawn->report_fd = AK_SPAWN_FDS;
    return syscall(SYS_close_range, AK_SPAWN_FDS + 1U, ~0U, 0U) == 0;
}

NO_SANITIZER static int run_server(void *data) {
    spawning *spawn = data;
    reset_signals();
    syscall(SYS_setsid);
    /* The lock is set last: closing any other descriptor of the file would release it. It is preserved over exec. */
    struct flock alive = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = AK_LOCAL_LIFE_SERVER, .l_len = 1};
    if (place_descriptors(spawn) && fcntl(AK_SPAWN_LIFE, F_SETLK, &alive) == 0) {
        unsigned long none[16] = {0};
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, (size_t)(NSIG - 1) / 8);
        syscall(SYS_execve, spawn->order->program, spawn->argv, spawn->order->environment);
    }
    int error = errno;
    /* All locks are released before the report can be read. */
    if (spawn->report_fd > 0) {
        syscall(SYS_close_range, 0U, (unsigned)spawn->report_fd - 1U, 0U);
    }
    syscall(SYS_close_range, (unsigned)spawn->report_fd + 1U, ~0U, 0U);
    syscall(SYS_write, spawn->report_fd, &error, sizeof error);
    syscall(SYS_exit_group, 127);
    return 127;
}

NO_SANITIZER static int run_intermediate(void *data) {
    spawning *spawn = data;
    if (clone(run_server, spawn->second_stack, spawn->flags | SIGCHLD, spawn) < 0) {
        int error = errno;
        syscall(SYS_write, spawn->report_fd, &error, sizeof error);
    }
    syscall(SYS_exit_group, 0);
    return 0;
}

/* 0 when the program runs, else the errno of what failed. */
static int run(spawning *spawn, char *stacks) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t intermediate = clone(run_intermediate, stacks + STACK_BYTES, spawn->flags, spawn);
    int error = intermediate < 0 ? errno : 0;
    while (intermediate > 0 && waitpid(intermediate, NULL, __WCLONE) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Reads the report after all writers have closed it. */
static int read_report(int fd) {
    int error = 0;
    ssize_t n;
    do {
        n = read(fd, &error, sizeof error);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof error ? error : 0;
}

ak_status ak_local_spawn(const ak_local_order *order, ak_error *err) {
    static const char *const options[] = {"--" AK_LOCAL_OPTION_LIFE,   "3", "--" AK_LOCAL_OPTION_LISTEN, "4",
                                          "--" AK_LOCAL_OPTION_FOLDER, "5", "--" AK_LOCAL_OPTION_OWNER,  "6"};
    _Static_assert(AK_SPAWN_LIFE == 3 && AK_SPAWN_LISTEN == 4 && AK_SPAWN_FOLDER == 5 && AK_SPAWN_OWNER == 6,
                   "the options above");
    enum { OPTIONS = sizeof options / sizeof options[0] };
    char *argv[OPTIONS + 2] = {(char *)(uintptr_t)order->program};
    size_t count = order->fds[AK_SPAWN_OWNER] < 0 ? OPTIONS - 2 : OPTIONS;
    for (size_t i = 0; i < count; i++) {
        argv[i + 1] = (char *)(uintptr_t)options[i]; /* exec only reads them */
    }
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        return ak_local_failure(err, "cannot make a pipe", errno);
    }
    int error = ENOMEM;
    void *stacks = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stacks != MAP_FAILED) {
        spawning spawn = {order, argv, (char *)stacks + 2 * STACK_BYTES, shared_memory() | CLONE_VFORK, report[1]};
        error = run(&spawn, stacks);
    }
    close(report[1]);
    error = error ? error : read_report(report[0]);
    close(report[0]);
    if (stacks != MAP_FAILED) {
        munmap(stacks, 2 * STACK_BYTES);
    }
    return error ? ak_local_failure(err, order->program, error) : AK_OK;
}
#endif
