/*
 * tree.h: removes directory trees of any content: folders without permissions, read-only files, any depth.
 */
#ifndef AKL_TREE_H
#define AKL_TREE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Removes directory `name` below parent_fd and its contents. It uses two descriptors and a fixed amount of memory
 * however deep the tree is, follows no symbolic link, and stops between two files when *stop becomes true. The tree
 * must no longer be in use. False with errno if something is left (ECANCELED if stopped). */
bool tree_remove(int parent_fd, const char *name, const atomic_bool *stop);

#endif
