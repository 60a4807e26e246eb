/*
 * bwrap_args.h: builds bubblewrap's argument list for one command.
 *
 * The order makes it safe: the root is a fresh tmpfs, every mount point lies on it, the root and /dev are made
 * read-only, and the home is bound last, so that nothing is ever mounted, created or resolved below what a command
 * could have prepared (X1). The other entries of a kept sandbox (kept_root.h) are siblings of the home, each bound in
 * the sandbox's own root.
 */
#ifndef AKL_BWRAP_ARGS_H
#define AKL_BWRAP_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "etc.h"
#include "launch_plan.h"

/* Descriptors that bwrap expects, after those of the launcher. */
enum {
    BWRAP_FD_SECCOMP = LAUNCH_FD_BWRAP,          /* the filter */
    BWRAP_FD_TREE,                               /* only with a kept tree */
    BWRAP_FD_ETC,                                /* the files of etc.h, in their order */
    BWRAP_FD_PROGRAM = BWRAP_FD_ETC + ETC_FILES, /* bwrap itself, if it is executed by a descriptor; closed by that */
    BWRAP_FD_END
};

#define BWRAP_MAX_ARGS 768
#define BWRAP_TEXT_CAP 73728

struct bwrap_args {
    char *argv[BWRAP_MAX_ARGS]; /* NULL-terminated */
    size_t count;
    char text[BWRAP_TEXT_CAP]; /* the strings of argv that are not constants */
    size_t text_used;
    bool overflow;
};

/* Builds the list for a sandbox of this shape, ending with the launcher and its flags. fds: the descriptors by their
 * number in bwrap; the tree's is open in this process, too. memory_bytes: the command's limit, which determines the
 * size of the file systems in memory; 0: none. False, with errno, if the image's folder or the tree cannot be read or
 * has too many entries. */
bool bwrap_args_build(struct bwrap_args *out, const char *bwrap_path, const struct launch_shape *shape,
                      const int fds[BWRAP_FD_END], uint64_t memory_bytes, unsigned flags);

#endif
