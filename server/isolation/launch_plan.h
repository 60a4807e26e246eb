/*
 * launch_plan.h: what one command is started with, in two parts. The caller fills in both; each is serialized once and
 * read where it is needed:
 *
 * The shape is the kind of sandbox: bwrap's arguments, the system call filter and the Landlock rule follow from it. It
 * is the message to the spawner.
 *
 * The order is what runs in it: argv, environment, working directory, limits and descriptors. It is the launch block
 * (launch.h), which the spawner passes on; it reads only the limits.
 */
#ifndef AKL_LAUNCH_PLAN_H
#define AKL_LAUNCH_PLAN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "launch.h"
#include "profile.h"

struct launch_shape {
    enum profile profile;
    bool whole_tree;        /* the order's tree holds more than the home; see kept_root.h */
    const char *image_root; /* directory of the host to use as the root file system; NULL: the host's own toolchain */
};

bool launch_shape_has_network(const struct launch_shape *shape);

struct launch_order {
    const char *const *argv; /* NULL-terminated, passed to the command byte for byte */
    const char *const *env;  /* NULL-terminated "KEY=VALUE" entries on top of the fixed ones; may be NULL */
    const char *workdir;     /* absolute path inside the sandbox; NULL: its home */
    const char *image;       /* the image name as requested: selects a few environment variables; may be NULL */
    struct limits limits;
    int tree_fd; /* directory of a kept sandbox, bound as its home; -1: a fresh one, removed with the command */
    bool separate_errors; /* stderr in a pipe of its own; only with a tree_fd */
};

struct launch_plan {
    struct launch_shape shape;
    struct launch_order order;
};

/* The descriptors sent with a shape, in this order; the last two are optional. */
enum {
    LAUNCH_SENT_OUTPUT,
    LAUNCH_SENT_CONTROL,
    LAUNCH_SENT_BLOCK,
    LAUNCH_SENT_TREE,
    LAUNCH_SENT_ERRORS,
    LAUNCH_SENT_MAX
};

/* A shape as a message. */
#define LAUNCH_MESSAGE_MAX (16 + PATH_MAX)

/* Writes it and returns its size; 0: the path of the image's root is too long. */
size_t launch_shape_write(const struct launch_shape *shape, char message[LAUNCH_MESSAGE_MAX]);

/* Reads it; the shape points into the message. False if it is invalid. */
bool launch_shape_read(struct launch_shape *shape, const char *message, size_t size);

#endif
