/*
 * subreaper.h: finds and ends the child processes of a subreaper.
 *
 * When a process dies, its children become those of the nearest subreaper above it. So a subreaper that kills its
 * children until none is left misses none, whatever they did to hide.
 */
#ifndef AKL_SUBREAPER_H
#define AKL_SUBREAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The pids of this process's children, zombies among them; at most capacity. Reads /proc. */
size_t subreaper_children(pid_t *pids, size_t capacity);

/* Kills and reaps all children and what becomes our child by that, for at most timeout_ms. True when none is left. Only
 * for single-threaded processes that have no other use for their children. */
bool subreaper_end_children(int timeout_ms);

#endif
