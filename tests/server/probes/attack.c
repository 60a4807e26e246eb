/*
 * attack.c: more attempts of a hostile command: other processes, devices, floods. Like probe.c it runs inside
 * the sandbox and prints one line per attempt. Every flood is bounded by its argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"

static void tell(const char *what, long returned) {
    printf("%s: %s\n", what, returned == -1 ? error_name(errno) : "OK");
    fflush(stdout);
}

/* The first process of the sandbox, which holds the channel to the spawner. */
static void try_first_process(void) {
    char byte[64] = {0};
    struct iovec here = {byte, sizeof byte}, there = {(void *)(uintptr_t)0x400000, sizeof byte};
    int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
    kill(1, SIGKILL);
    kill(1, SIGSTOP);
    kill(1, SIGTERM);
    usleep(20000);
    tell("still there", kill(1, 0));
    tell("ptrace", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
    tell("process_vm_readv", process_vm_readv(1, &here, 1, &there, 1, 0));
    tell("process_vm_writev", process_vm_writev(1, &here, 1, &there, 1, 0));
    tell("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, 5, 0));
    tell("oom_score_adj", open("/proc/1/oom_score_adj", O_WRONLY));
    tell("/proc/1/mem", open("/proc/1/mem", O_RDWR));
}

static void try_devices(void) {
    static const char *const paths[] = {"/dev/mem", "/dev/kmsg", "/dev/sda",     "/dev/vda",     "/dev/loop-control",
                                        "/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/console", "/dev/vsock"};
    tell("mknod_char", mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)));
    tell("mknod_block", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        tell(paths[i], open(paths[i], O_RDONLY));
    }
}

static void try_administration(void) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + 128];
    } file = {.handle = {.handle_bytes = 128}};
    int mount_id, root = open("/", O_RDONLY | O_DIRECTORY);
    long found = name_to_handle_at(AT_FDCWD, "/usr", &file.handle, &mount_id, 0);
    tell("open_by_handle_at", found == -1 ? -1 : open_by_handle_at(root, &file.handle, O_RDONLY));
    tell("setuid", setuid(0));
    tell("setgid", setgid(0));
    tell("sethostname", sethostname("host", 4));
    tell("kexec_file_load", syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0));
    tell("init_module", syscall(SYS_init_module, NULL, 0, ""));
    tell("finit_module", syscall(SYS_finit_module, -1, "", 0));
    tell("delete_module", syscall(SYS_delete_module, "none", 0));
    tell("swapon", syscall(SYS_swapon, "/tmp/x", 0));
    tell("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
    tell("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
    tell("acct", syscall(SYS_acct, NULL));
    tell("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
    tell("raw_socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

/* A program in memory has the same permissions as one in a file. */
static void exec_from_memory(void) {
    static char copy[4 << 20];
    char name[] = "attack", what[] = "none";
    char *const argv[] = {name, what, NULL};
    int self = open("/proc/self/exe", O_RDONLY), memory = memfd_create("program", 0);
    ssize_t size = read(self, copy, sizeof copy);
    if (size > 0 && write(memory, copy, (size_t)size) == size) {
        fexecve(memory, argv, environ);
    }
    tell("fexecve", -1);
}

/* "file MB": in a memfd that is not mapped; "mapped MB": in one that is mapped, too; "private MB": in 16 children. */
static void hold(const char *how, const char *megabytes) {
    size_t size = strtoul(megabytes, NULL, 10) << 20;
    bool mapped = strcmp(how, "mapped") == 0, children = strcmp(how, "private") == 0;
    int memory = memfd_create("held", 0);
    if (ftruncate(memory, (off_t)(children ? 0 : size)) == -1 ||
        (!children && posix_fallocate(memory, 0, (off_t)size) != 0)) {
        tell("allocate", -1);
        return;
    }
    for (int i = 0; children && i < 16; i++) {
        if (fork() == 0) {
            volatile char *pages = malloc(size);
            for (size_t at = 0; pages != NULL && at < size; at += 4096) {
                pages[at] = 1;
            }
            sleep(HOLD_SECONDS + 1);
            _exit(0);
        }
    }
    char *map = mapped ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) : NULL;
    for (size_t i = 0; mapped && i < size; i += 4096) {
        map[i] = 1;
    }
    sleep(HOLD_SECONDS);
    printf("survived\n");
}

static void *hold_shared(void *megabytes) {
    size_t size = strtoul(megabytes, NULL, 10) << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; memory != MAP_FAILED && i < size; i += 4096) {
        memory[i] = 1;
    }
    sleep(HOLD_SECONDS);
    printf("survived\n");
    fflush(stdout);
    _exit(0);
}

/* In a process whose first thread has ended: its files in /proc are those of a dead one. */
static void hold_without_first_thread(char *megabytes) {
    pthread_t thread;
    pthread_create(&thread, NULL, hold_shared, megabytes);
    pthread_exit(NULL);
}

static int end_thread(void *argument) {
    (void)argument;
    return 0;
}

/* Threads whose descriptors are not those that /proc shows for their process. */
static void hide_descriptors(void) {
    static char stack[65536] __attribute__((aligned(16)));
    tell("thread", clone(end_thread, stack + sizeof stack,
                         CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL));
    usleep(50000);
    tell("close_range", syscall(SYS_close_range, 900, 900, 2)); /* CLOSE_RANGE_UNSHARE */
    tell("close_range_plain", syscall(SYS_close_range, 900, 900, 0));
}

/* If core_pattern names a program, the host runs it as root for a core whatever the limit, unless it is 1. */
static void lower_core_limit(void) {
    struct rlimit limit = {0, 0};
    tell("prlimit", prlimit(0, RLIMIT_CORE, &limit, NULL));
    tell("setrlimit", syscall(SYS_setrlimit, RLIMIT_CORE, &limit));
    tell("getrlimit", prlimit(0, RLIMIT_CORE, NULL, &limit));
    printf("core %lu %lu\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
    tell("others", prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0 ? prlimit(0, RLIMIT_NOFILE, &limit, NULL) : -1);
}

static void try_sysv(void) {
    int segments = 0, sets = 0;
    tell("shmget", shmget(IPC_PRIVATE, 128 << 20, 0600));
    tell("shmget_high", shmget(IPC_PRIVATE, (size_t)1 << 32, 0600));
    tell("shmget_small", shmget(IPC_PRIVATE, 4096, 0600));
    tell("semget", semget(IPC_PRIVATE, 10000, 0600));
    while (segments < 10000 && shmget(IPC_PRIVATE, 16384, 0600) != -1) {
        segments++;
    }
    while (sets < 100 && semget(IPC_PRIVATE, 17, 0600) != -1) {
        sets++;
    }
    printf("segments: %s\nsets: %d\n", segments < 4096 ? "bounded" : "too many", sets);
}

static void *rest(void *argument) {
    sleep(HOLD_SECONDS + 1);
    return argument;
}

static void start_threads(const char *wanted) {
    int count = 1, most = atoi(wanted);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 32768);
    while (count < most && pthread_create(&thread, &attributes, rest, NULL) == 0) {
        count++;
    }
    printf("threads %d\n", count);
    fflush(stdout);
    sleep(HOLD_SECONDS);
    printf("survived\n");
}

/* Empty files, which take no space but memory. */
static void make_files(const char *wanted) {
    int most = atoi(wanted);
    char path[64];
    for (int i = 0; i < most; i++) {
        snprintf(path, sizeof path, "/tmp/%d", i);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd == -1) {
            tell("create", -1);
            return;
        }
        close(fd);
        if (i % 2000 == 0) {
            usleep(10000);
        }
    }
    sleep(HOLD_SECONDS);
    printf("survived\n");
}

static bool send_descriptor(int channel, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(channel, &message, MSG_DONTWAIT) == 1;
}

/* Descriptors in flight that are never received: the kernel counts them per user, not per process. */
static void send_descriptors(void) {
    int pair[2], sent = 0;
    for (int channel = 0; channel < 8; channel++) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
            while (sent < 2000 && send_descriptor(pair[0], 0)) {
                sent++;
            }
        }
    }
    printf("sent %d\nheld\n", sent);
    fflush(stdout);
    sleep(2 * HOLD_SECONDS);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    const char *argument = argc > 2 ? argv[2] : "";
    if (strcmp(what, "first") == 0) {
        try_first_process();
    } else if (strcmp(what, "devices") == 0) {
        try_devices();
    } else if (strcmp(what, "administration") == 0) {
        try_administration();
    } else if (strcmp(what, "memory-program") == 0) {
        exec_from_memory();
    } else if (strcmp(what, "file") == 0 || strcmp(what, "mapped") == 0 || strcmp(what, "private") == 0) {
        hold(what, argument);
    } else if (strcmp(what, "sysv") == 0) {
        try_sysv();
    } else if (strcmp(what, "leaderless") == 0) {
        hold_without_first_thread(argv[2]);
    } else if (strcmp(what, "hide") == 0) {
        hide_descriptors();
    } else if (strcmp(what, "core") == 0) {
        lower_core_limit();
    } else if (strcmp(what, "threads") == 0) {
        start_threads(argument);
    } else if (strcmp(what, "files") == 0) {
        make_files(argument);
    } else if (strcmp(what, "send") == 0) {
        send_descriptors();
    } else if (strcmp(what, "signal") == 0) {
        tell("signal", kill(atoi(argument), SIGCONT));
    } else if (strcmp(what, "none") == 0) {
        printf("ran\n");
    } else {
        return 2;
    }
    return 0;
}
