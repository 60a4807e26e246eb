/*
 * byte_order.h: numbers in memory, whatever the machine's byte order. What <endian.h> has, which macOS lacks.
 */
#ifndef AK_BYTE_ORDER_H
#define AK_BYTE_ORDER_H

#include <stdint.h>

/* From a word that was loaded from memory to the number whose first byte there is the lowest. */
static inline uint64_t from_little_endian_64(uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word;
#else
    return __builtin_bswap64(word);
#endif
}

/* From a number to the word that, stored in memory, has the highest byte first. */
static inline uint32_t to_big_endian_32(uint32_t number) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap32(number);
#else
    return number;
#endif
}

#endif
