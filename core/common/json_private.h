/*
 * json_private.h: what json_text.c and json_string.c share: escapes, and eight bytes of text looked at together.
 *
 * A mark is the top bit of a byte. In the marks made here the lowest one is always right; those above it may be wrong,
 * as borrows run upwards. So a word is loaded with its first byte lowest, and only the lowest mark is ever used.
 */
#ifndef AK_JSON_PRIVATE_H
#define AK_JSON_PRIVATE_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The value of a hexadecimal digit, -1 for other characters. */
static inline int json_hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* What the letter after a backslash stands for; 0 for those that stand for nothing, and for 'u'. */
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
    return le64toh(word);
}

static inline size_t json_word_first(uint64_t marks) {
    return (size_t)__builtin_ctzll(marks) / 8;
}

/* Marks what a JSON string cannot hold as it is: quotes, backslashes and control characters. Subtracting borrows from
 * the top bit of a byte that is below what is subtracted, of one that is equal when its bits were taken off before;
 * where the top bit was set anyway the byte is none of these. */
static inline uint64_t json_word_mark_special(uint64_t word) {
    uint64_t quotes = (word ^ (JSON_WORD_ONES * '"')) - JSON_WORD_ONES;
    uint64_t backslashes = (word ^ (JSON_WORD_ONES * '\\')) - JSON_WORD_ONES;
    uint64_t controls = word - JSON_WORD_ONES * 0x20;
    return (quotes | backslashes | controls) & ~word & JSON_WORD_HIGHS;
}

#endif
