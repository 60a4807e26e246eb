/*
 * json_private.h: what json_text.c and json_string.c share: escapes, and scanning eight bytes at a time.
 *
 * A mark is the top bit of a byte. Only the lowest mark of a word is reliable; borrows propagate upwards and may set
 * false marks above it. So a word is loaded with its first byte lowest, and only the lowest mark is used.
 */
#ifndef AK_JSON_PRIVATE_H
#define AK_JSON_PRIVATE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "byte_order.h"

/* The value of a hexadecimal digit, -1 for other characters. */
static inline int json_hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The character that a letter after a backslash encodes; 0 for invalid letters, and for 'u'. */
static inline unsigned char json_simple_escape(char c) {
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return (unsigned char)c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

#define JSON_WORD_ONES UINT64_C(0x0101010101010101)
#define JSON_WORD_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t json_word_load(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return from_little_endian_64(word);
}

static inline size_t json_word_first(uint64_t marks) {
    return (size_t)__builtin_ctzll(marks) / 8;
}

/* Marks what must be escaped in a JSON string: quotes, backslashes and control characters. The subtraction sets the top
 * bit of a byte that is less than the subtrahend; for equality the character is first removed with XOR, so that an
 * equal byte is 0. A byte whose top bit was set before is none of these. */
static inline uint64_t json_word_mark_special(uint64_t word) {
    uint64_t quotes = (word ^ (JSON_WORD_ONES * '"')) - JSON_WORD_ONES;
    uint64_t backslashes = (word ^ (JSON_WORD_ONES * '\\')) - JSON_WORD_ONES;
    uint64_t controls = word - JSON_WORD_ONES * 0x20;
    return (quotes | backslashes | controls) & ~word & JSON_WORD_HIGHS;
}

#endif
