/*
 * ttl.h: lengths of time as the protocol writes them.
 */
#ifndef AKL_TTL_H
#define AKL_TTL_H

#include <stddef.h>
#include <stdint.h>

#define TTL_MESSAGE 200

/* A hundred years: what is longer is a mistake, and cannot overflow here. */
#define TTL_MAX (UINT64_C(100) * 365 * 24 * 3600)

/* Reads "90" (seconds) or a run of numbers with units, as "1h30m"; units are s, m and h. NULL when all is well, else
 * what is wrong, in the caller's buffer. */
const char *ttl_parse(const char *text, uint64_t *seconds, char message[TTL_MESSAGE]);

#endif
