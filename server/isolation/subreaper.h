/*
 * subreaper.h: finds and kills the child processes of a subreaper.
 *
 * When a process dies, its children become those of the nearest subreaper above it. So a subreaper that kills its
 * children until none is left misses none, however they tried to hide.
 */
#ifndef AKL_SUBREAPER_H
#define AKL_SUBREAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The pids of this process's children, including zombies; at most capacity. Reads /proc. */
size_t subreaper_children(pid_t *pids, size_t capacity);

/* Kills and reaps all children, and those that become children by that, for at most timeout_ms. True if none is left.
 * Only for single-threaded processes that have no other use for their children. */
bool subreaper_end_children(int timeout_ms);

#endif
