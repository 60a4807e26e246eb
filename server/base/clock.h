/*
 * clock.h: times and identifiers as text.
 */
#ifndef AKL_CLOCK_H
#define AKL_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* RFC 3339 in UTC with nanoseconds and "+00:00". */
#define CLOCK_TIME_CAP 48
void clock_format(struct timespec time, char *text, size_t cap);

/* The same for the current time. */
void clock_now(char *text, size_t cap);

/* A version 7 UUID, 36 characters and NUL. */
#define CLOCK_UUID_CAP 37
void clock_uuid(char text[CLOCK_UUID_CAP]);

/* Eight random hexadecimal digits and NUL. */
void clock_random_hex(char text[9]);

/* Milliseconds of the monotonic clock. */
int64_t clock_monotonic_ms(void);

#endif
