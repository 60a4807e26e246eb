/*
 * seccomp.h: the system call filter of sandboxed commands, as classic BPF.
 *
 * A list of what is refused, on top of a default of allowed: what lets a process attack the kernel or leave the sandbox
 * and what ordinary tools do without. Calls newer than the list do not exist (ENOSYS), so a new kernel does not widen
 * it.
 */
#ifndef AKL_SECCOMP_H
#define AKL_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

#define SECCOMP_MAX_STEPS 400

enum seccomp_unix {
    SECCOMP_UNIX_ANY,  /* no host socket can be reached by other means */
    SECCOMP_UNIX_PAIRS /* only socketpair, of kinds that cannot be connected elsewhere afterwards */
};

/* Writes the filter into steps (room for SECCOMP_MAX_STEPS) and returns how many there are. Pure. */
size_t seccomp_build(struct sock_filter *steps, enum seccomp_unix unix_sockets);

#endif
