#include "seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "seccomp.c: no filter for this architecture yet"
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "seccomp.c: the offsets of the arguments' low words are those of little-endian machines"
#endif

/* Numbers above 423 are the same on all architectures; the libc of the build may be older. */
#define NR_OPEN_TREE_ATTR 467
#define NR_MOUNT_SETATTR 442
#define NR_QUOTACTL_FD 443
#define NR_SET_MEMPOLICY_HOME_NODE 450
#define NR_LAST_KNOWN 469 /* file_setattr, of Linux 6.17 */

#define TIOCLINUX_CODE 0x541Cu
#define NO_RANDOMIZE 0x0040000u /* ADDR_NO_RANDOMIZE: what debuggers ask for */
#define UNSHARE_DESCRIPTORS 2u  /* CLOSE_RANGE_UNSHARE */
#define SHM_MAX_BYTES 16384
#define SEM_MAX_PER_SET 32
#define NAMESPACE_FLAGS                                                                                                \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

struct row {
    uint32_t number;
    uint32_t error;
};

/* Based on flatpak's list. ptrace and process_vm_* are not in it: they reach only the command's own processes, and
 * debuggers and leak checkers need them. */
static const struct row refused[] = {
    /* new namespaces and mounts (X12): not needed inside */
    {SYS_unshare, EPERM},
    {SYS_setns, EPERM},
    {SYS_mount, EPERM},
    {SYS_umount2, EPERM},
    {SYS_pivot_root, EPERM},
    {SYS_chroot, EPERM},
    {SYS_open_tree, ENOSYS},
    {SYS_move_mount, ENOSYS},
    {SYS_fsopen, ENOSYS},
    {SYS_fsconfig, ENOSYS},
    {SYS_fsmount, ENOSYS},
    {SYS_fspick, ENOSYS},
    {NR_MOUNT_SETATTR, ENOSYS},
    {NR_OPEN_TREE_ATTR, ENOSYS},
    {SYS_open_by_handle_at, EPERM},
    /* its flags are behind a pointer, which a filter cannot read; every libc falls back to clone */
    {SYS_clone3, ENOSYS},
    /* bypasses filters (X11) */
    {SYS_io_uring_setup, EPERM},
    {SYS_io_uring_enter, EPERM},
    {SYS_io_uring_register, EPERM},
    /* kernel interfaces with a history of vulnerabilities */
    {SYS_bpf, EPERM},
    {SYS_userfaultfd, EPERM},
    {SYS_perf_event_open, EPERM},
    {SYS_fanotify_init, EPERM},
    {SYS_add_key, EPERM},
    {SYS_request_key, EPERM},
    {SYS_keyctl, EPERM},
    {SYS_move_pages, EPERM},
    {SYS_mbind, EPERM},
    {SYS_get_mempolicy, EPERM},
    {SYS_set_mempolicy, EPERM},
    {SYS_migrate_pages, EPERM},
    {NR_SET_MEMPOLICY_HOME_NODE, EPERM},
    /* system administration */
    {SYS_syslog, EPERM},
    {SYS_acct, EPERM},
    {SYS_quotactl, EPERM},
    {NR_QUOTACTL_FD, EPERM},
    {SYS_swapon, EPERM},
    {SYS_swapoff, EPERM},
    {SYS_reboot, EPERM},
    {SYS_kexec_load, EPERM},
    {SYS_init_module, EPERM},
    {SYS_finit_module, EPERM},
    {SYS_delete_module, EPERM},
    {SYS_settimeofday, EPERM},
    {SYS_clock_settime, EPERM},
    {SYS_vhangup, EPERM},
    {SYS_lookup_dcookie, EPERM},
    {SYS_nfsservctl, ENOSYS},
#ifdef SYS_kexec_file_load
    {SYS_kexec_file_load, EPERM},
#endif
#ifdef SYS_uselib
    {SYS_uselib, EPERM},
#endif
#ifdef SYS_iopl
    {SYS_iopl, EPERM},
    {SYS_ioperm, EPERM},
#endif
#ifdef SYS_modify_ldt
    {SYS_modify_ldt, EPERM},
#endif
};

struct builder {
    struct sock_filter *steps;
    size_t count;
};

static void add(struct builder *builder, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    assert(builder->count < SECCOMP_MAX_STEPS);
    builder->steps[builder->count++] = (struct sock_filter){code, if_true, if_false, value};
}

static void add_return(struct builder *builder, uint32_t action) {
    add(builder, BPF_RET | BPF_K, action, 0, 0);
}

static uint32_t fail_with(uint32_t error) {
    return SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA);
}

static void load_number(struct builder *builder) {
    add(builder, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

/* The low 32 bits of an argument: the kernel ignores the high ones of an int. */
static void load_argument(struct builder *builder, size_t index) {
    add(builder, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t)),
        0, 0);
}

static void load_high_word(struct builder *builder, size_t index) {
    add(builder, BPF_LD | BPF_W | BPF_ABS,
        (uint32_t)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) + sizeof(uint32_t)), 0, 0);
}

/* Adds: if the loaded word is value, this action. */
static void on_value(struct builder *builder, uint32_t value, uint32_t action) {
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    add_return(builder, action);
}

/* The steps up to end_call apply to this call only. */
static size_t begin_call(struct builder *builder, uint32_t number) {
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0);
    return builder->count - 1;
}

static void end_call(struct builder *builder, size_t begin, uint32_t action) {
    add_return(builder, action);
    assert(builder->count - begin - 1 <= UINT8_MAX);
    builder->steps[begin].jf = (uint8_t)(builder->count - begin - 1);
}

static void add_machine(struct builder *builder) {
    add(builder, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    add_return(builder, SECCOMP_RET_KILL_PROCESS);
    load_number(builder);
    /* x32 numbers are above the last known one, too. */
    add(builder, BPF_JMP | BPF_JGT | BPF_K, NR_LAST_KNOWN, 0, 1);
    add_return(builder, fail_with(ENOSYS));
}

static void add_clone(struct builder *builder) {
    size_t begin = begin_call(builder, SYS_clone);
    load_argument(builder, 0);
    add(builder, BPF_JMP | BPF_JSET | BPF_K, NAMESPACE_FLAGS, 0, 1);
    add_return(builder, fail_with(EPERM));
    /* a thread with its own descriptor table hides them from the watchdog (X18); no libc creates one */
    add(builder, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 2);
    add(builder, BPF_JMP | BPF_JSET | BPF_K, CLONE_FILES, 1, 0);
    add_return(builder, fail_with(EPERM));
    end_call(builder, begin, SECCOMP_RET_ALLOW);
    begin = begin_call(builder, SYS_close_range);
    load_argument(builder, 2);
    add(builder, BPF_JMP | BPF_JSET | BPF_K, UNSHARE_DESCRIPTORS, 0, 1);
    add_return(builder, fail_with(EINVAL)); /* as on a kernel without the flag */
    end_call(builder, begin, SECCOMP_RET_ALLOW);
}

/* If core_pattern names a program, the kernel runs it as root for every crash, and only the limit 1 prevents that.
 * Commands must not raise it; the call is reported as successful. */
static void add_core_limit(struct builder *builder) {
    size_t begin = begin_call(builder, SYS_prlimit64);
    load_argument(builder, 1);
    size_t core = begin_call(builder, RLIMIT_CORE);
    load_argument(builder, 2);
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
    load_high_word(builder, 2);
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0); /* no new limit: a query */
    add_return(builder, fail_with(0));
    end_call(builder, core, SECCOMP_RET_ALLOW);
    end_call(builder, begin, SECCOMP_RET_ALLOW);
    begin = begin_call(builder, SYS_setrlimit);
    load_argument(builder, 0);
    on_value(builder, RLIMIT_CORE, fail_with(0));
    end_call(builder, begin, SECCOMP_RET_ALLOW);
}

/* Input pushed into a terminal is read by the next process that uses it (X3). */
static void add_ioctl(struct builder *builder) {
    size_t begin = begin_call(builder, SYS_ioctl);
    load_argument(builder, 1);
    on_value(builder, TIOCSTI, fail_with(EPERM));
    on_value(builder, TIOCLINUX_CODE, fail_with(EPERM));
    end_call(builder, begin, SECCOMP_RET_ALLOW);
}

static void add_personality(struct builder *builder) {
    size_t begin = begin_call(builder, SYS_personality);
    load_argument(builder, 0);
    on_value(builder, 0, SECCOMP_RET_ALLOW);
    on_value(builder, NO_RANDOMIZE, SECCOMP_RET_ALLOW);
    on_value(builder, 0xffffffffu, SECCOMP_RET_ALLOW); /* a query */
    end_call(builder, begin, fail_with(EPERM));
}

/* System V segments and semaphores belong to no process and no file system: they are not counted. What is allowed, 4096
 * segments and 32000 sets of these sizes, is bounded, and enough for the locks of databases. */
static void add_sysv(struct builder *builder) {
    size_t begin = begin_call(builder, SYS_shmget);
    load_high_word(builder, 1);
    add(builder, BPF_JMP | BPF_JGT | BPF_K, 0, 2, 0);
    load_argument(builder, 1);
    add(builder, BPF_JMP | BPF_JGT | BPF_K, SHM_MAX_BYTES, 0, 1);
    add_return(builder, fail_with(EINVAL)); /* as with a low sysctl kernel.shmmax */
    end_call(builder, begin, SECCOMP_RET_ALLOW);
    begin = begin_call(builder, SYS_semget);
    load_argument(builder, 1);
    add(builder, BPF_JMP | BPF_JGT | BPF_K, SEM_MAX_PER_SET, 0, 1);
    add_return(builder, fail_with(EINVAL));
    end_call(builder, begin, SECCOMP_RET_ALLOW);
}

/* Families and protocols that load kernel modules or reach devices are refused. */
static void add_socket(struct builder *builder, enum seccomp_unix unix_sockets) {
    static const uint32_t protocols[] = {IPPROTO_IP,  IPPROTO_ICMP,   IPPROTO_TCP,
                                         IPPROTO_UDP, IPPROTO_ICMPV6, 262 /* IPPROTO_MPTCP */};
    const size_t count = sizeof protocols / sizeof protocols[0];
    size_t begin = begin_call(builder, SYS_socket);
    load_argument(builder, 0);
    on_value(builder, AF_UNIX, unix_sockets == SECCOMP_UNIX_ANY ? SECCOMP_RET_ALLOW : fail_with(EAFNOSUPPORT));
    size_t netlink = begin_call(builder, AF_NETLINK);
    load_argument(builder, 2);
    on_value(builder, 0, SECCOMP_RET_ALLOW); /* NETLINK_ROUTE: used by libc to list addresses */
    end_call(builder, netlink, fail_with(EPROTONOSUPPORT));
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
    add(builder, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
    add_return(builder, fail_with(EAFNOSUPPORT));
    load_argument(builder, 2);
    for (size_t i = 0; i < count; i++) {
        on_value(builder, protocols[i], SECCOMP_RET_ALLOW);
    }
    end_call(builder, begin, fail_with(EPROTONOSUPPORT));
}

/* A datagram pair can be connected to any other address later; the other kinds cannot. */
static void add_socketpair(struct builder *builder) {
    size_t begin = begin_call(builder, SYS_socketpair);
    load_argument(builder, 1);
    add(builder, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0); /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
    on_value(builder, SOCK_STREAM, SECCOMP_RET_ALLOW);
    on_value(builder, SOCK_SEQPACKET, SECCOMP_RET_ALLOW);
    end_call(builder, begin, fail_with(EPERM));
}

size_t seccomp_build(struct sock_filter *steps, enum seccomp_unix unix_sockets) {
    struct builder builder = {steps, 0};
    add_machine(&builder);
    add_clone(&builder);
    add_ioctl(&builder);
    add_personality(&builder);
    add_core_limit(&builder);
    add_sysv(&builder);
    add_socket(&builder, unix_sockets);
    if (unix_sockets == SECCOMP_UNIX_PAIRS) {
        add_socketpair(&builder);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        on_value(&builder, refused[i].number, fail_with(refused[i].error));
    }
    add_return(&builder, SECCOMP_RET_ALLOW);
    return builder.count;
}
