#include "base64.h"

#include <endian.h>
#include <string.h>

/* How much text is taken from a JSON string at once; a multiple of 4. */
#define BASE64_PIECE 4096

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a character plus 1, so that 0 stands for all that are not in the alphabet. */
static const unsigned char base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

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

/* Decodes four characters. Returns how many bytes they stand for, 1 and 2 only for padded ones; 0 when they are wrong.
 */
static unsigned char base64_decode_group(const char *text, unsigned char out[3]) {
    uint32_t a = base64_values[(unsigned char)text[0]];
    uint32_t b = base64_values[(unsigned char)text[1]];
    uint32_t c = base64_values[(unsigned char)text[2]];
    uint32_t d = base64_values[(unsigned char)text[3]];
    unsigned char len = 3;
    if (text[3] == '=') {
        len = text[2] == '=' ? 1 : 2;
        c = len == 1 ? 1 : c; /* padding stands for 0 bits */
        d = 1;
    }
    if (a == 0 || b == 0 || c == 0 || d == 0) {
        return 0;
    }
    uint32_t group = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
    if ((len == 1 && (group & 0xFFFF) != 0) || (len == 2 && (group & 0xFF) != 0)) {
        return 0;
    }
    out[0] = (unsigned char)(group >> 16);
    out[1] = (unsigned char)(group >> 8 & 0xFF);
    out[2] = (unsigned char)(group & 0xFF);
    return len;
}

/* The value of a character, or one with bits above the lower six. */
static uint32_t base64_value(char c) {
    return base64_values[(unsigned char)c] - 1U;
}

/* The same for groups that are whole, which nearly all are. Returns how many were, from the first on: the next one, if
 * there is one, is padded or wrong. */
static size_t base64_decode_whole(const char *text, size_t groups, unsigned char *out) {
    size_t n = 0;
    /* One store of four bytes is quicker than three of one; the next group overwrites the fourth. */
    for (; n + 1 < groups; n++, text += 4, out += 3) {
        uint32_t a = base64_value(text[0]), b = base64_value(text[1]);
        uint32_t c = base64_value(text[2]), d = base64_value(text[3]);
        if ((a | b | c | d) > 63) {
            return n;
        }
        uint32_t group = htobe32(a << 26 | b << 20 | c << 14 | d << 8);
        memcpy(out, &group, sizeof group);
    }
    return n + (n < groups && base64_decode_group(text, out) == 3);
}

static size_t base64_count_whole(const char *text, size_t groups) {
    size_t n = 0;
    while (n < groups && base64_values[(unsigned char)text[0]] && base64_values[(unsigned char)text[1]] &&
           base64_values[(unsigned char)text[2]] && base64_values[(unsigned char)text[3]]) {
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
    if (size != NULL) {
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
    if (size != NULL) {
        *size = ok ? total : 0;
    }
    return ok;
}

void ak_base64_reader_init(ak_base64_reader *reader, const ak_json_value *string) {
    *reader = (ak_base64_reader){.pending_len = 0};
    ak_json_reader_init(&reader->text, string);
}

/* Decodes one group: into out when all of it fits into room bytes there, else what fits, and the rest stays pending.
 * Returns how many bytes went to out. */
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

bool ak_base64_reader_read(ak_base64_reader *reader, void *buf, size_t cap, size_t *n) {
    unsigned char *out = buf;
    size_t done = 0;
    while (done < cap && reader->pending_pos < reader->pending_len) {
        out[done++] = reader->pending[reader->pending_pos++];
    }
    while (done < cap && !reader->failed) {
        char text[BASE64_PIECE];
        size_t groups = (cap - done - 1) / 3 + 1;
        size_t want = groups < sizeof text / 4 ? groups * 4 : sizeof text;
        size_t have = ak_json_reader_read(&reader->text, text, want);
        if (have == 0) {
            break;
        }
        size_t room = (cap - done) / 3;
        size_t count = reader->padded ? 0 : have / 4 < room ? have / 4 : room;
        size_t whole = base64_decode_whole(text, count, out + done);
        done += whole * 3;
        for (size_t i = whole * 4; i + 4 <= have && !reader->failed; i += 4) {
            done += base64_read_group(reader, text + i, out + done, cap - done);
        }
        reader->failed = reader->failed || have % 4 != 0; /* less than wanted comes only at the end */
    }
    *n = done;
    return !reader->failed;
}

bool ak_base64_reader_done(const ak_base64_reader *reader) {
    return !reader->failed && reader->pending_pos == reader->pending_len && ak_json_reader_done(&reader->text);
}
