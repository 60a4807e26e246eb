/*
 * launch.h: the protocol between the spawner and the launcher, the first process in the sandbox.
 *
 * The caller's argv and environment reach the sandbox in a memfd, the launch block: a launch_head, then NUL-terminated
 * strings: the working directory, argc arguments, envc environment entries. So bwrap's own arguments, which every user
 * of the host can read, contain none of them (X7), and they are passed on byte for byte. What depends on the host is in
 * the flags, the launcher's only argument.
 */
#ifndef AKL_LAUNCH_H
#define AKL_LAUNCH_H

#include <stdint.h>

/* The launcher's descriptors. Those of bwrap follow. */
enum {
    LAUNCH_FD_BLOCK = 3,  /* the launch block */
    LAUNCH_FD_OUTPUT = 4, /* becomes stdout of the command */
    LAUNCH_FD_REPORT = 5, /* socket to the spawner: one launch_report per message */
    LAUNCH_FD_SELF = 6,   /* the launcher's own program */
    LAUNCH_FD_ERRORS = 7, /* becomes its stderr */
    LAUNCH_FD_BWRAP = 8   /* the first of those that bwrap itself uses */
};
#define LAUNCH_SELF_PATH "/proc/self/fd/6"

#define LAUNCH_MAGIC 0x616b6c31u

/* Flags. */
enum {
    LAUNCH_SCOPE_UNIX = 1,      /* deny abstract unix sockets outside the sandbox, by Landlock */
    LAUNCH_BOUND_DATA = 2,      /* enforce the memory limit per process, by RLIMIT_DATA */
    LAUNCH_BOUND_PROCESSES = 4, /* enforce the process limit, by RLIMIT_NPROC */
#ifdef AK_TEST_WEAKEN
    LAUNCH_KEEP_DESCRIPTORS = 0x100,
    LAUNCH_KEEP_SESSION = 0x200,
    LAUNCH_KEEP_LIMITS = 0x400,
    LAUNCH_KEEP_DUMPABLE = 0x800,
#endif
};

/* What the sandboxed command may use. 0 means no limit of that kind. */
struct limits {
    uint64_t memory_bytes;
    double cpus;
    uint64_t max_processes; /* threads count as processes */
};

struct launch_head {
    uint32_t magic;
    uint32_t argc;
    uint32_t envc;
    struct limits limits;
};

enum launch_kind {
    LAUNCH_HELLO =
        1,        /* first message; its sender's pid, as the kernel gives it, is that of the sandbox's first process */
    LAUNCH_ENDED, /* value: wait status of the command */
    LAUNCH_EXEC_FAILED, /* value: errno */
    LAUNCH_BROKEN       /* value: errno; the launcher itself failed */
};

struct launch_report {
    uint32_t kind;
    int32_t value;
    char message[400]; /* of LAUNCH_EXEC_FAILED and LAUNCH_BROKEN */
};

#endif
