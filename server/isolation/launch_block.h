/*
 * launch_block.h: makes the launch block of launch.h, with the environment that every command gets.
 */
#ifndef AKL_LAUNCH_BLOCK_H
#define AKL_LAUNCH_BLOCK_H

#include "launch.h"
#include "spawner.h"

/* A memfd with spec's working directory, arguments and environment and a zeroed head but for the counts; -1 with errno.
 */
int launch_block_create(const struct command_spec *spec);

/* Fills in the rest of the head. False with errno. */
bool launch_block_complete(int fd, uint32_t flags, uint64_t data_bytes, uint64_t max_processes);

#endif
