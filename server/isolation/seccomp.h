/*
 * seccomp.h: the system call filter of sandboxed commands, as classic BPF.
 *
 * A list of refused calls; others are allowed. Refused are calls that help to attack the kernel or to leave the sandbox
 * and that ordinary tools do not need. Calls newer than the list fail with ENOSYS, so a new kernel does not widen the
 * filter.
 */
#ifndef AKL_SECCOMP_H
#define AKL_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

#define SECCOMP_MAX_STEPS 400

enum seccomp_unix {
    SECCOMP_UNIX_ANY,  /* host sockets are unreachable by other means */
    SECCOMP_UNIX_PAIRS /* only socketpair, of kinds that cannot be connected elsewhere afterwards */
};

/* Writes the filter into steps (room for SECCOMP_MAX_STEPS) and returns how many there are. Pure. */
size_t seccomp_build(struct sock_filter *steps, enum seccomp_unix unix_sockets);

#endif
