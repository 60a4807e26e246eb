/*
 * command_limits.h: what commands may use.
 */
#ifndef AKL_COMMAND_LIMITS_H
#define AKL_COMMAND_LIMITS_H

#include "launch.h"
#include "profile.h"
#include "sandbox.h"

/* When the request says nothing else. */
struct limits limits_of_profile(enum profile profile);

/* In a kept sandbox. */
struct limits limits_of_sandbox(struct sandbox *sandbox);

#endif
