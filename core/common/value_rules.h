/*
 * value_rules.h: the rules for names, images, paths and times. The library checks them when they are bound, the server
 * when it receives them; each has its own messages and its own order of checks.
 *
 * Has no dependency on the rest, and never allocates. Letters are ASCII letters in every locale. Thread
 * class of every function: any.
 */
#ifndef AK_VALUE_RULES_H
#define AK_VALUE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value_limits.h"

bool ak_is_alphanumeric(char c);

/* A name has letters, digits, - and _; the first and the last are letters or digits, and no two of - and _ are
 * adjacent. ak_name_span returns how many bytes at the start are characters of a name, ak_name_doubled the index of the
 * second of two adjacent - or _, len if there are none. */
size_t ak_name_span(const char *text, size_t len);
size_t ak_name_doubled(const char *text, size_t len);

/* Returns how many bytes at the start are characters of an image's name: letters, digits and . _ / : @ - */
size_t ak_image_span(const char *text, size_t len);

/* Whether text is a UUID in its usual form, in any case. */
bool ak_is_uuid(const char *text, size_t len);

/* Whether a path has this component. */
bool ak_path_has(const char *path, size_t len, const char *component);

/* Whether the path of a file contains "..", as a component or not. */
bool ak_file_path_climbs(const char *path, size_t len);

/* Returns the prefix of a path for which servers refuse it: they compare the text, so /development begins with /dev.
 * NULL: none. */
const char *ak_file_path_closed(const char *path, size_t len);

/* Whether an entry of an environment has a name: NAME=VALUE. */
bool ak_is_env_entry(const char *text, size_t len);

/* The profiles' names, and the index of one in any case; -1: no such profile. */
enum { AK_PROFILE_PERMISSIVE, AK_PROFILE_MODERATE, AK_PROFILE_RESTRICTIVE, AK_PROFILE_COUNT };
extern const char *const ak_profile_names[AK_PROFILE_COUNT];
int ak_profile_find(const char *text, size_t len);

typedef enum {
    AK_TTL_OK,
    AK_TTL_EMPTY,
    AK_TTL_NO_NUMBER,  /* expected at *where */
    AK_TTL_NO_UNIT,    /* the last number of several has none */
    AK_TTL_WRONG_UNIT, /* at *where */
    AK_TTL_ZERO,
    AK_TTL_TOO_LONG
} ak_ttl_fault;

/* Parses seconds ("90"), or a sequence of numbers with units ("1h30m"): s, m and h. *where is set for the faults that
 * use it. */
ak_ttl_fault ak_ttl_parse(const char *text, size_t len, uint64_t *seconds, size_t *where);

#endif
