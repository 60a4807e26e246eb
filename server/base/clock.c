#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void clock_format(struct timespec time, char *text, size_t cap) {
    struct tm tm;
    gmtime_r(&time.tv_sec, &tm);
    snprintf(text, cap, "%04d-%02d-%02dT%02d:%02d:%02d.%09ld+00:00", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, time.tv_nsec);
}

void clock_now(char *text, size_t cap) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_format(now, text, cap);
}

static void random_bytes(void *bytes, size_t len) {
    /* Reads of up to 256 bytes are never short once the pool is initialized, long before a server starts. */
    if (getrandom(bytes, len, 0) != (ssize_t)len) {
        abort();
    }
}

void clock_uuid(char text[CLOCK_UUID_CAP]) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    unsigned char r[10];
    random_bytes(r, sizeof r);
    snprintf(text, CLOCK_UUID_CAP, "%08" PRIx32 "-%04x-7%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             (uint32_t)(ms >> 16), (unsigned)(ms & 0xFFFF), r[0] & 0xFU, r[1], (r[2] & 0x3FU) | 0x80U, r[3], r[4], r[5],
             r[6], r[7], r[8], r[9]);
}

void clock_random_hex(char text[9]) {
    unsigned char r[4];
    random_bytes(r, sizeof r);
    snprintf(text, 9, "%02x%02x%02x%02x", r[0], r[1], r[2], r[3]);
}

int64_t clock_monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
