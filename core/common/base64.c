#include "base64.h"

#include <string.h>

#include "byte_order.h"

/* How many characters are read from a JSON string at once; a multiple of 4. */
#define BASE64_PIECE 1024

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six-bit value of each character; NO for those outside the alphabet. */
#define NO 0xFF
/* clang-format off */
static const unsigned char base64_values[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};
/* clang-format on */

size_t ak_base64_encoded_size(size_t len) {
    size_t groups = len / 3 + (len % 3 != 0 ? 1 : 0);
    return groups > (SIZE_MAX - 1) / 4 ? SIZE_MAX : groups * 4;
}

size_t ak_base64_encode(const void *bytes, size_t len, char *buf, size_t cap) {
    size_t size = ak_base64_encoded_size(len);
    if (size > cap) {
        return size;
    }
    const unsigned char *in = bytes;
    size_t i = 0;
    for (; len - i >= 3; i += 3, buf += 4) {
        uint32_t group = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        buf[0] = base64_alphabet[group >> 18];
        buf[1] = base64_alphabet[group >> 12 & 63];
        buf[2] = base64_alphabet[group >> 6 & 63];
        buf[3] = base64_alphabet[group & 63];
    }
    for (; i < len; i += 3, buf += 4) { /* one or two bytes, and padding */
        size_t have = len - i;
        uint32_t group = (uint32_t)in[i] << 16;
        group |= have > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        buf[0] = base64_alphabet[group >> 18];
        buf[1] = base64_alphabet[group >> 12 & 63];
        buf[2] = have > 1 ? base64_alphabet[group >> 6 & 63] : '=';
        buf[3] = '=';
    }
    return size;
}

static uint32_t base64_value(char c) {
    return base64_values[(unsigned char)c];
}

/* Decodes four characters. Returns how many bytes they encode, 1 and 2 only for padded ones; 0 when they are invalid.
 */
static unsigned char base64_decode_group(const char *text, unsigned char out[3]) {
    uint32_t a = base64_value(text[0]), b = base64_value(text[1]);
    uint32_t c = base64_value(text[2]), d = base64_value(text[3]);
    unsigned char len = 3;
    if (text[3] == '=') {
        len = text[2] == '=' ? 1 : 2;
        c = len == 1 ? 0 : c; /* padding encodes 0 bits */
        d = 0;
    }
    if ((a | b | c | d) > 63) {
        return 0;
    }
    uint32_t group = a << 18 | b << 12 | c << 6 | d;
    if ((len == 1 && (group & 0xFFFF) != 0) || (len == 2 && (group & 0xFF) != 0)) {
        return 0;
    }
    out[0] = (unsigned char)(group >> 16);
    out[1] = (unsigned char)(group >> 8 & 0xFF);
    out[2] = (unsigned char)(group & 0xFF);
    return len;
}

size_t ak_base64_decode_whole(const char *text, size_t groups, void *buf) {
    unsigned char *out = buf;
    size_t n = 0;
    /* One four-byte store is faster than three one-byte stores; the next group overwrites the fourth. */
    for (; n + 1 < groups; n++, text += 4, out += 3) {
        uint32_t a = base64_value(text[0]), b = base64_value(text[1]);
        uint32_t c = base64_value(text[2]), d = base64_value(text[3]);
        if ((a | b | c | d) > 63) {
            return n;
        }
        uint32_t group = to_big_endian_32(a << 26 | b << 20 | c << 14 | d << 8);
        memcpy(out, &group, sizeof group);
    }
    return n + (n < groups && base64_decode_group(text, out) == 3);
}

static size_t base64_count_whole(const char *text, size_t groups) {
    size_t n = 0;
    while (n < groups &&
           (base64_value(text[0]) | base64_value(text[1]) | base64_value(text[2]) | base64_value(text[3])) <= 63) {
        n++;
        text += 4;
    }
    return n;
}

bool ak_base64_check(const char *text, size_t len, size_t *size) {
    size_t whole = base64_count_whole(text, len / 4);
    size_t total = whole * 3;
    bool ok = len % 4 == 0;
    for (size_t i = whole * 4; ok && i < len; i += 4) {
        unsigned char group[3];
        unsigned char n = base64_decode_group(text + i, group);
        ok = n == 3 || (n > 0 && i + 4 == len);
        total += n;
    }
    if (size) {
        *size = ok ? total : 0;
    }
    return ok;
}

bool ak_base64_check_string(const ak_json_value *string, size_t *size) {
    if (ak_json_string_is_plain(string)) {
        return ak_base64_check(string->text + 1, string->len - 2, size);
    }
    ak_base64_reader reader;
    unsigned char piece[BASE64_PIECE];
    size_t total = 0;
    size_t n;
    bool ok;
    ak_base64_reader_init(&reader, string);
    do {
        ok = ak_base64_reader_read(&reader, piece, sizeof piece, &n);
        total += n;
    } while (ok && n > 0);
    ok = ok && string->kind == AK_JSON_STRING;
    if (size) {
        *size = ok ? total : 0;
    }
    return ok;
}

void ak_base64_reader_init(ak_base64_reader *reader, const ak_json_value *string) {
    *reader = (ak_base64_reader){.pending_len = 0};
    ak_json_reader_init(&reader->text, string);
}

/* Decodes one group: writes as much as fits into room bytes to out, and keeps the rest pending. Returns how many bytes
 * were written to out. */
static size_t base64_read_group(ak_base64_reader *reader, const char *text, unsigned char *out, size_t room) {
    unsigned char *group = reader->pending;
    unsigned char len = reader->padded ? 0 : base64_decode_group(text, group);
    if (len == 0) {
        reader->failed = true;
        return 0;
    }
    reader->padded = len < 3;
    size_t n = len < room ? len : room;
    memcpy(out, group, n);
    reader->pending_pos = (unsigned char)n;
    reader->pending_len = len;
    return n;
}

/* Fast path: decodes whole groups without escapes, which are nearly all of a string, in place, up to the first other
 * one. Returns how many bytes were decoded. */
static size_t base64_read_whole(ak_base64_reader *reader, unsigned char *out, size_t room) {
    ak_json_reader *text = &reader->text;
    if (reader->padded || text->pending_pos < text->pending_len) {
        return 0;
    }
    size_t groups = (size_t)(text->end - text->pos) / 4;
    size_t n = ak_base64_decode_whole(text->pos, groups < room / 3 ? groups : room / 3, out);
    text->pos += n * 4;
    return n * 3;
}

bool ak_base64_reader_read(ak_base64_reader *reader, void *buf, size_t cap, size_t *n) {
    unsigned char *out = buf;
    size_t done = 0;
    while (done < cap && reader->pending_pos < reader->pending_len) {
        out[done++] = reader->pending[reader->pending_pos++];
    }
    while (done < cap && !reader->failed) {
        char text[BASE64_PIECE];
        done += base64_read_whole(reader, out + done, cap - done);
        if (done == cap) {
            break;
        }
        size_t groups = (cap - done - 1) / 3 + 1;
        size_t want = groups < sizeof text / 4 ? groups * 4 : sizeof text;
        size_t have = ak_json_reader_read(&reader->text, text, want);
        if (have == 0) {
            break;
        }
        for (size_t i = 0; i + 4 <= have && !reader->failed; i += 4) {
            done += base64_read_group(reader, text + i, out + done, cap - done);
        }
        reader->failed = reader->failed || have % 4 != 0; /* short reads occur only at the end */
    }
    *n = done;
    return !reader->failed;
}

bool ak_base64_reader_done(const ak_base64_reader *reader) {
    return !reader->failed && reader->pending_pos == reader->pending_len && ak_json_reader_done(&reader->text);
}
