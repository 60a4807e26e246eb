#include "ttl.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

__attribute__((format(printf, 2, 3))) static const char *fail(char message[TTL_MESSAGE], const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, TTL_MESSAGE, format, args);
    va_end(args);
    return message;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* 0: no unit. */
static uint64_t unit_seconds(char unit) {
    return unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
}

const char *ttl_parse(const char *text, uint64_t *seconds, char message[TTL_MESSAGE]) {
    const char *p = text;
    uint64_t total = 0;
    if (*p == '\0') {
        return fail(message, "TTL string is empty");
    }
    while (*p != '\0') {
        const char *start = p;
        uint64_t number = 0;
        for (; is_digit(*p); p++) {
            number = number > TTL_MAX ? number : number * 10 + (uint64_t)(*p - '0');
        }
        if (p == start) {
            return fail(message, "unexpected '%.1s' in \"%.64s\"", (unsigned char)*p < 128 ? p : "?", text);
        }
        if (*p == '\0' && start != text) {
            return fail(message, "trailing digits without unit in \"%.64s\"", text);
        }
        uint64_t unit = *p == '\0' ? 1 : unit_seconds(*p);
        if (unit == 0) {
            return fail(message, "Unknown TTL unit '%.1s' in \"%.64s\"", (unsigned char)*p < 128 ? p : "?", text);
        }
        total = number > TTL_MAX || total + number * unit > TTL_MAX ? TTL_MAX + 1 : total + number * unit;
        p += *p != '\0';
    }
    if (total == 0 || total > TTL_MAX) {
        return fail(message, total == 0 ? "TTL resolves to 0 seconds: \"%.64s\"" : "TTL is too long: \"%.64s\"", text);
    }
    *seconds = total;
    return NULL;
}
