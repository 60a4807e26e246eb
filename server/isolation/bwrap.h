/*
 * bwrap.h: the argument list that bubblewrap gets for one command.
 *
 * Order is what makes it safe: the root is a fresh tmpfs, every mount point lies on it, the root and /dev are made
 * read-only, and the home is bound last, so that nothing is ever mounted, made or resolved below what a command could
 * have prepared (X1). What else a kept sandbox has (kept_root.h) lies beside it, each entry on our own root.
 */
#ifndef AKL_BWRAP_H
#define AKL_BWRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "etc.h"
#include "launch.h"

/* Descriptors that bwrap expects, behind those of the launcher. */
enum {
    BWRAP_FD_SECCOMP = LAUNCH_FD_BWRAP, /* the filter */
    BWRAP_FD_TREE,                      /* only with a kept tree */
    BWRAP_FD_ETC,                       /* the files of etc.h, in their order */
    BWRAP_FD_END = BWRAP_FD_ETC + ETC_FILES
};

#define BWRAP_MAX_ARGS 768
#define BWRAP_TEXT_CAP 73728

struct bwrap_arguments {
    char *argv[BWRAP_MAX_ARGS]; /* NULL-terminated */
    size_t count;
    char text[BWRAP_TEXT_CAP]; /* what argv points to, where that is not a constant */
    size_t text_used;
    bool overflow;
};

struct bwrap_plan {
    const char *bwrap_path;
    const char *image_root; /* NULL: the host's own /usr */
    bool network;
    bool has_etc[ETC_FILES]; /* which of them have a descriptor */
    bool kept_tree;          /* BWRAP_FD_TREE is there; else the home is a tmpfs */
    bool whole_tree;         /* it is a folder as in kept_root.h; else the home itself */
    int tree_fd;             /* the same in this process, where whole_tree is set */
    uint64_t memory_bytes;   /* the command's limit; 0: none. Sizes the file systems that it may fill */
};

/* Builds the list, ending with the launcher. False, with errno, when the image's folder or the tree cannot be read or
 * is too full. */
bool bwrap_build(const struct bwrap_plan *plan, struct bwrap_arguments *out);

#endif
