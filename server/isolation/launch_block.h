/*
 * launch_block.h: writes an order as the launch block of launch.h, with the environment that every command gets.
 */
#ifndef AKL_LAUNCH_BLOCK_H
#define AKL_LAUNCH_BLOCK_H

#include "launch_plan.h"

/* A memfd with the block; -1 with errno. */
int launch_block_create(const struct launch_order *order);

/* Reads the limits out of a block. False with errno. */
bool launch_block_limits(int fd, struct limits *limits);

#endif
