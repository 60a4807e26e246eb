/*
 * tree.h: removes directory trees of any content: folders without permissions, read-only files, any depth.
 */
#ifndef AKL_TREE_H
#define AKL_TREE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Removes directory `name` below parent_fd with all that is in it. It uses two descriptors and a fixed amount of memory
 * however deep the tree is, follows no symbolic link, and gives up between two files when *stop becomes true. Nothing
 * may use the tree any more. False with errno when something is left (ECANCELED when stopped). */
bool tree_remove(int parent_fd, const char *name, const atomic_bool *stop);

#endif
