/*
 * kernel.h: Linux system calls that not every C library wraps (glibc and musl differ).
 */
#ifndef AKL_KERNEL_H
#define AKL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Flags of kernel_rename; <linux/fs.h> has them, but conflicts with <sys/mount.h> on some systems. */
#define KERNEL_NOREPLACE 1U
#define KERNEL_EXCHANGE 2U

static inline int kernel_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

static inline int kernel_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Closes all descriptors from first on. -1 before Linux 5.9. */
static inline int kernel_close_range(int first) {
    return (int)syscall(SYS_close_range, (unsigned)first, ~0U, 0U);
}

/* The same on any Linux. */
static inline void kernel_close_from(int first) {
    if (kernel_close_range(first) != 0) {
        for (int fd = (int)sysconf(_SC_OPEN_MAX) - 1; fd >= first; fd--) {
            close(fd);
        }
    }
}

/* The part of `struct statx` that is used, as the kernel lays it out. C libraries that define it do so in different
 * headers. */
struct kernel_statx {
    uint32_t mask;
    uint8_t unused1[28];
    uint64_t inode;
    uint8_t unused2[40];
    int64_t born_seconds;
    uint32_t born_nanoseconds;
    uint8_t unused3[164];
};
_Static_assert(sizeof(struct kernel_statx) == 256, "the kernel writes so much");

/* The inode number of a file and, where its file system stores it, its birth time; else 0. */
static inline bool kernel_birth(int dir_fd, const char *name, int flags, struct kernel_statx *status) {
    const uint32_t inode = 0x100, birth = 0x800;
    if (syscall(SYS_statx, dir_fd, name, flags, inode | birth, status) != 0) {
        return false;
    }
    if ((status->mask & birth) == 0) {
        status->born_seconds = 0;
        status->born_nanoseconds = 0;
    }
    return true;
}

#endif
