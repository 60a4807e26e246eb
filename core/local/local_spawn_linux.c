/*
 * local_spawn_linux.c: starts the server from inside a process that knows nothing of it.
 *
 * Not fork, because that copies the page tables of a process that may be large, and runs everybody's pthread_atfork
 * handlers; not posix_spawn, because the server must be nobody's child. So clone twice, with the memory shared and the
 * caller waiting until the second one runs its program (what vfork does). The first child ends without a signal
 * (exit signal 0): no SIGCHLD reaches the host, no wait of the host's sees it, and it can be waited for even when the
 * host ignores SIGCHLD.
 *
 * In the children only system calls are made, and (but for fcntl, whose lock has another form in the kernel) past the C
 * library's functions: what those, or a sanitizer in their place, note about the child would be noted in the parent's
 * memory.
 */
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

#include "local_private.h"
#include "local_protocol.h"

#define STACK_BYTES ((size_t)64 * 1024)
/* While descriptors are sorted into their places they are kept above all places. */
#define PARKING_FD (AK_SPAWN_FDS + 1)

#define NO_SANITIZER __attribute__((no_sanitize("address", "thread", "undefined")))

/* ThreadSanitizer takes every clone for a fork and notes so in memory that must then not be shared. It is the host that
 * brings it, so this is asked at run time. */
extern void __tsan_init(void) __attribute__((weak));

static int shared_memory(void) {
    return __tsan_init ? 0 : CLONE_VM;
}

typedef struct {
    const ak_local_order *order;
    char *const *argv;
    char *second_stack; /* its top */
    int flags;          /* of clone */
    int report_fd;      /* gets the errno of what failed; its end without one means that the program runs */
} spawning;

/* No handler of the host's may run in the child, and nothing that the host ignores is to be ignored by the server. The
 * system call itself, because libraries keep books about sigaction. */
NO_SANITIZER static void reset_signals(void) {
    unsigned long deflt[16] = {0}; /* the kernel's struct: SIG_DFL, no flags, an empty mask, on every machine */
    for (int number = 1; number < NSIG; number++) {
        syscall(SYS_rt_sigaction, number, deflt, NULL, (size_t)(NSIG - 1) / 8);
    }
}

/* Puts the descriptors into their places, the report behind them, and closes all others. */
NO_SANITIZER static bool place_descriptors(spawning *spawn) {
    int parked[AK_SPAWN_FDS + 1];
    for (int i = 0; i <= AK_SPAWN_FDS; i++) {
        int fd = i < AK_SPAWN_FDS ? spawn->order->fds[i] : spawn->report_fd;
        parked[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PARKING_FD);
        if (fd >= 0 && parked[i] < 0) {
            errno = errno == EINVAL ? EMFILE : errno; /* what it says where the limit lies below the parking place */
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
    /* The lock comes last: closing any other descriptor of the file would give it back. It lasts over exec. */
    struct flock alive = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = AK_LOCAL_LIFE_SERVER, .l_len = 1};
    if (place_descriptors(spawn) && fcntl(AK_SPAWN_LIFE, F_SETLK, &alive) == 0) {
        unsigned long none[16] = {0};
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, (size_t)(NSIG - 1) / 8);
        syscall(SYS_execve, spawn->order->program, spawn->argv, spawn->order->environment);
    }
    int error = errno;
    /* Whoever reads the report finds all locks given back. */
    if (spawn->report_fd > 0) {
        syscall(SYS_close_range, 0U, (unsigned)spawn->report_fd - 1U, 0U);
    }
    syscall(SYS_close_range, (unsigned)spawn->report_fd + 1U, ~0U, 0U);
    syscall(SYS_write, spawn->report_fd, &error, sizeof error);
    syscall(SYS_exit_group, 127);
    return 127;
}

NO_SANITIZER static int run_between(void *data) {
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
    pid_t between = clone(run_between, stacks + STACK_BYTES, spawn->flags, spawn);
    int error = between < 0 ? errno : 0;
    while (between > 0 && waitpid(between, NULL, __WCLONE) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* The report after the last writer has gone. */
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
