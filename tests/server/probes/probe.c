/*
 * probe.c: attempts of a hostile command. Runs inside the sandbox; prints one line per attempt, "what: OK" if it
 * succeeded and "what: EPERM" or the like if it failed. A static program, so that it runs under any root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"

static void tell(const char *what, long returned) {
    printf("%s: %s\n", what, returned == -1 ? error_name(errno) : "OK");
    fflush(stdout);
}

/* For attempts that do not return: in a child, whose exit is the result. */
static void tell_of_child(const char *what, void (*attempt)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        attempt();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) {
        printf("%s: killed by %s\n", what, signal_name(WTERMSIG(status)));
    } else {
        printf("%s: OK\n", what);
    }
    fflush(stdout);
}

#ifdef __x86_64__
static void call_32_bit(void) {
    long number = 20; /* getpid */
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
}
#endif

static void try_syscalls(void) {
    char params[256] = {0};
    tell("unshare", syscall(SYS_unshare, CLONE_NEWNS));
    tell("setns", syscall(SYS_setns, -1, 0));
    tell("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
    tell("umount2", syscall(SYS_umount2, "/tmp", 0));
    tell("pivot_root", syscall(SYS_pivot_root, ".", "."));
    tell("chroot", syscall(SYS_chroot, "/"));
    tell("open_tree", syscall(SYS_open_tree, -1, "/", 0));
    tell("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    tell("move_mount", syscall(SYS_move_mount, -1, "", -1, "", 0));
    tell("mount_setattr", syscall(442, -1, "/", 0, NULL, 0));
    tell("clone_newuser", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
    tell("clone_newuser_high", syscall(SYS_clone, 0x100000000UL | CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
    tell("clone3", syscall(SYS_clone3, params, 0));
    tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, params));
    tell("io_uring_enter", syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
    tell("io_uring_register", syscall(SYS_io_uring_register, -1, 0, NULL, 0));
    tell("bpf", syscall(SYS_bpf, 0, params, sizeof params));
    tell("userfaultfd", syscall(SYS_userfaultfd, 0));
    tell("perf_event_open", syscall(SYS_perf_event_open, params, 0, -1, -1, 0));
    tell("keyctl", syscall(SYS_keyctl, 0, -3, 0));
    tell("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
    tell("request_key", syscall(SYS_request_key, "user", "x", NULL, 0));
    tell("syslog", syscall(SYS_syslog, 2, params, sizeof params));
    tell("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
    tell("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, params, 0));
    tell("future_call", syscall(999, 0));
    tell("personality", personality(PER_BSD));
    tell("personality_ask", personality(0xffffffff));
    tell("AF_VSOCK", socket(40, SOCK_STREAM, 0));
    tell("AF_ALG", socket(38, SOCK_SEQPACKET, 0));
    tell("AF_PACKET", socket(17, SOCK_DGRAM, 0));
    tell("AF_INET_sctp", socket(AF_INET, SOCK_STREAM, 132));
    tell("AF_NETLINK_audit", socket(AF_NETLINK, SOCK_RAW, 9));
    tell("AF_NETLINK_route", socket(AF_NETLINK, SOCK_RAW, 0));
    tell("AF_INET_tcp", socket(AF_INET, SOCK_STREAM, 0));
    tell("AF_INET6_udp", socket(AF_INET6, SOCK_DGRAM, 0));
#ifdef __x86_64__
    tell("modify_ldt", syscall(SYS_modify_ldt, 0, params, sizeof params));
    tell("iopl", syscall(SYS_iopl, 3));
    tell("x32", syscall(0x40000000 + 39, 0)); /* x32 getpid */
    tell_of_child("32_bit", call_32_bit);
#endif
}

static void try_terminal(void) {
    char byte = 'x';
    int terminal = posix_openpt(O_RDWR);
    int fd = terminal == -1 ? 0 : terminal;
    tell("TIOCSTI", syscall(SYS_ioctl, fd, 0x5412UL, &byte));
    tell("TIOCSTI_high", syscall(SYS_ioctl, fd, 0x100005412UL, &byte));
    tell("TIOCLINUX", syscall(SYS_ioctl, fd, 0x541CUL, &byte));
    tell("TIOCLINUX_high", syscall(SYS_ioctl, fd, 0x10000541CUL, &byte));
    printf("session: %s\n", getsid(0) == getpid() ? "own" : "shared");
    tell("dev_tty", open("/dev/tty", O_RDWR));
}

static socklen_t unix_address(struct sockaddr_un *address, const char *name) {
    size_t size = strlen(name);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, size);
    if (name[0] == '@') {
        address->sun_path[0] = '\0';
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* name: a path, or an abstract name with @ in front. */
static void try_unix(const char *name) {
    struct sockaddr_un address;
    socklen_t size = unix_address(&address, name);
    int pair[2] = {-1, -1};
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    tell("socket", stream);
    tell("connect", stream == -1 ? -1 : connect(stream, (struct sockaddr *)&address, size));
    tell("socketpair_stream", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    tell("connect_stream_pair", connect(pair[0], (struct sockaddr *)&address, size));
    int made = socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    tell("socketpair_dgram", made);
    pair[0] = made == -1 ? -1 : pair[0];
    tell("send_dgram_pair", sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, size));
}

static void try_files(void) {
    static const char *const for_writing[] = {
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches",
        "/proc/sys/user/max_user_namespaces",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/proc/1/mem",
        "/proc/1/oom_score_adj",
        "/usr/x",
        "/etc/passwd",
        "/etc/x",
        "/dev/x",
        "/x",
        "/opt/x",
        "/run/x",
        "/var/x",
        "/bin/sh",
    };
    static const char *const for_reading[] = {"/proc/1/environ", "/proc/1/root", "/proc/1/fd",
                                              "/proc/1/maps",    "/proc/kcore",  "/etc/shadow"};
    static const char *const absent[] = {"/home", "/root", "/sys",  "/var/lib", "/var/run", "/run/dbus",
                                         "/mnt",  "/srv",  "/boot", "/oldroot", "/newroot"};
    for (size_t i = 0; i < sizeof for_writing / sizeof for_writing[0]; i++) {
        tell(for_writing[i], open(for_writing[i], O_WRONLY | O_CREAT, 0644));
    }
    for (size_t i = 0; i < sizeof for_reading / sizeof for_reading[0]; i++) {
        char byte;
        int fd = open(for_reading[i], O_RDONLY);
        int bad = fd == -1 || (read(fd, &byte, 1) == -1 && errno != EISDIR);
        printf("read %s: %s\n", for_reading[i], bad ? "refused" : "OK");
    }
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        printf("absent %s: %s\n", absent[i], access(absent[i], F_OK) == 0 ? "there" : "gone");
    }
    tell("/proc/self/oom_score_adj", open("/proc/self/oom_score_adj", O_WRONLY));
    tell("/proc/self/status", open("/proc/self/status", O_RDONLY));
    tell("/dev/null", open("/dev/null", O_WRONLY));
    tell("/dev/shm/x", open("/dev/shm/x", O_WRONLY | O_CREAT, 0600));
    tell("/tmp/x", open("/tmp/x", O_WRONLY | O_CREAT, 0600));
    tell("./x", open("x", O_WRONLY | O_CREAT, 0600));
}

/* Touches so many MB of shared memory, which no rlimit counts. */
static void eat_shared(const char *megabytes) {
    size_t size = strtoul(megabytes, NULL, 10) << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        tell("mmap", -1);
        return;
    }
    for (size_t i = 0; i < size; i += 4096) {
        memory[i] = 1;
    }
    sleep(10);
    printf("survived\n");
}

static void eat_private(const char *megabytes) {
    size_t size = strtoul(megabytes, NULL, 10) << 20;
    char *memory = malloc(size);
    tell("malloc", memory == NULL ? -1 : 0);
    for (size_t i = 0; memory != NULL && i < size; i += 4096) {
        *(volatile char *)(memory + i) = 1;
    }
}

/* Memory that this process and eight children share. */
static void eat_forked(const char *megabytes) {
    eat_private(megabytes);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            usleep(1000000);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    printf("fine\n");
}

/* Starts processes until that fails; they wait. */
static void fork_many(const char *text) {
    int wanted = atoi(text), started = 0;
    for (; started < wanted; started++) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid == -1) {
            break;
        }
    }
    printf("started %d\n", started);
    fflush(stdout);
    sleep(HOLD_SECONDS);
    printf("survived\n");
}

/* Leaves a process behind that resists its end: another session, ignores signals, orphaned. The name is its argv[0].
 */
static void leave_survivor(const char *name, char *self) {
    char byte;
    int started[2] = {-1, -1};
    if (pipe2(started, O_CLOEXEC) == -1) {
        return;
    }
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            signal(SIGHUP, SIG_IGN);
            signal(SIGINT, SIG_IGN);
            execl(self, name, "sleep", (char *)NULL);
            _exit(1);
        }
        _exit(0);
    }
    close(started[1]);
    while (read(started[0], &byte, 1) > 0) { /* end of file when that program has started */
    }
    wait(NULL);
    printf("left %s\n", name);
    fflush(stdout);
}

static void list_descriptors(void) {
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) != -1) {
            printf("%d\n", fd);
        }
    }
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    const char *argument = argc > 2 ? argv[2] : "";
    if (strcmp(what, "syscalls") == 0) {
        try_syscalls();
    } else if (strcmp(what, "terminal") == 0) {
        try_terminal();
    } else if (strcmp(what, "unix") == 0) {
        try_unix(argument);
    } else if (strcmp(what, "files") == 0) {
        try_files();
    } else if (strcmp(what, "descriptors") == 0) {
        list_descriptors();
    } else if (strcmp(what, "eat-shared") == 0) {
        eat_shared(argument);
    } else if (strcmp(what, "eat-private") == 0) {
        eat_private(argument);
    } else if (strcmp(what, "eat-forked") == 0) {
        eat_forked(argument);
    } else if (strcmp(what, "fork") == 0) {
        fork_many(argument);
    } else if (strcmp(what, "leave") == 0) {
        leave_survivor(argument, argv[0]);
    } else if (strcmp(what, "linger") == 0) {
        leave_survivor(argument, argv[0]);
        sleep(60);
    } else if (strcmp(what, "sleep") == 0) {
        sleep(60);
    } else {
        return 2;
    }
    return 0;
}
