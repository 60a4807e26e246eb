/*
 * value_rules.h: what names, images, paths and times must be like. The library checks them when they are bound, the
 * server when they have come; each says in its own words, and in its own order, what is wrong.
 *
 * A leaf: it knows nothing of the rest, and never allocates. Letters are those of ASCII, whatever the locale. Thread
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
 * together. How many bytes at the start are characters of a name; and where the second of two of - and _ is, len:
 * nowhere. */
size_t ak_name_span(const char *text, size_t len);
size_t ak_name_doubled(const char *text, size_t len);

/* How many bytes at the start are characters of an image's name: letters, digits and . _ / : @ - */
size_t ak_image_span(const char *text, size_t len);

/* Whether it is a UUID in its usual form, of any case. */
bool ak_is_uuid(const char *text, size_t len);

/* Whether one of the components of a path is this. */
bool ak_path_has(const char *path, size_t len, const char *component);

/* Whether the path of a file holds "..", as a component or not. */
bool ak_file_path_climbs(const char *path, size_t len);

/* What a path begins with, if servers refuse all such paths: they look at the text, so /development begins with /dev.
 * NULL: nothing. */
const char *ak_file_path_closed(const char *path, size_t len);

/* Whether an entry of an environment has a name: NAME=VALUE. */
bool ak_is_env_entry(const char *text, size_t len);

/* The profiles' names, and the index of one in any case; -1: there is no such profile. */
enum { AK_PROFILE_PERMISSIVE, AK_PROFILE_MODERATE, AK_PROFILE_RESTRICTIVE, AK_PROFILE_COUNT };
extern const char *const ak_profile_names[AK_PROFILE_COUNT];
int ak_profile_find(const char *text, size_t len);

typedef enum {
    AK_TTL_OK,
    AK_TTL_EMPTY,
    AK_TTL_NO_NUMBER,  /* at *where there should be one */
    AK_TTL_NO_UNIT,    /* the last number of several has none */
    AK_TTL_WRONG_UNIT, /* at *where */
    AK_TTL_ZERO,
    AK_TTL_TOO_LONG
} ak_ttl_fault;

/* Reads seconds ("90"), or a run of numbers with units ("1h30m"): s, m and h. *where is set for the faults that say so.
 */
ak_ttl_fault ak_ttl_parse(const char *text, size_t len, uint64_t *seconds, size_t *where);

#endif
