/*
 * profile.h: the profiles that a command can be run in.
 */
#ifndef AKL_PROFILE_H
#define AKL_PROFILE_H

#include <stdbool.h>

enum profile { PROFILE_PERMISSIVE, PROFILE_MODERATE, PROFILE_RESTRICTIVE };

/* Parses a profile's name, ignoring case. False if there is no such profile. */
bool profile_parse(const char *text, enum profile *profile);

const char *profile_name(enum profile profile);

#endif
