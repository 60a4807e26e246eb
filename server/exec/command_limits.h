/*
 * command_limits.h: resource limits of commands.
 */
#ifndef AKL_COMMAND_LIMITS_H
#define AKL_COMMAND_LIMITS_H

#include "launch.h"
#include "profile.h"
#include "sandbox.h"

/* The defaults of a profile. */
struct limits limits_of_profile(enum profile profile);

/* In a kept sandbox. */
struct limits limits_of_sandbox(struct sandbox *sandbox);

#endif
