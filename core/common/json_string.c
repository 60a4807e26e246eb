#include "json_text.h"

#include "json_private.h"

#define REPLACEMENT 0xFFFDu

/* --- Strings --- */

static uint32_t hex4(const char *p) {
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        unit = unit << 4 | (uint32_t)json_hex_digit(p[i]);
    }
    return unit;
}

static unsigned char utf8_encode(uint32_t code, unsigned char out[4]) {
    if (code < 0x80) {
        out[0] = (unsigned char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (unsigned char)(0xC0 | code >> 6);
        out[1] = (unsigned char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (unsigned char)(0xE0 | code >> 12);
        out[1] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (unsigned char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (unsigned char)(0xF0 | code >> 18);
    out[1] = (unsigned char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (unsigned char)(0x80 | (code & 0x3F));
    return 4;
}

/* Decodes the validated escape at p and returns a pointer past it. At least the closing quote follows, so that looking
 * for the other half of a surrogate pair stays inside the text. */
static const char *decode_escape(const char *p, unsigned char out[4], unsigned char *out_len) {
    if (p[1] != 'u') {
        out[0] = json_simple_escape(p[1]);
        *out_len = 1;
        return p + 2;
    }
    uint32_t code = hex4(p + 2);
    p += 6;
    if (code >= 0xD800 && code <= 0xDFFF) {
        uint32_t low = 0;
        if (code < 0xDC00 && p[0] == '\\' && p[1] == 'u') {
            low = hex4(p + 2);
        }
        if (low >= 0xDC00 && low <= 0xDFFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            p += 6;
        } else {
            code = REPLACEMENT;
        }
    }
    *out_len = utf8_encode(code, out);
    return p;
}

void ak_json_reader_init(ak_json_reader *reader, const ak_json_value *string) {
    *reader = (ak_json_reader){.pos = ""};
    reader->end = reader->pos;
    if (string->kind == AK_JSON_STRING) {
        reader->pos = string->text + 1;
        reader->end = string->text + string->len - 1;
    }
}

size_t ak_json_reader_read(ak_json_reader *reader, void *buf, size_t cap) {
    unsigned char *out = buf;
    size_t done = 0;
    while (done < cap) {
        if (reader->pending_pos < reader->pending_len) {
            out[done++] = reader->pending[reader->pending_pos++];
        } else if (reader->pos == reader->end) {
            break;
        } else if (*reader->pos == '\\') {
            reader->pos = decode_escape(reader->pos, reader->pending, &reader->pending_len);
            reader->pending_pos = 0;
        } else {
            size_t run = (size_t)(reader->end - reader->pos);
            run = run < cap - done ? run : cap - done; /* never scans further than it can copy: linear for any cap */
            const char *escape = memchr(reader->pos, '\\', run);
            run = escape ? (size_t)(escape - reader->pos) : run;
            memcpy(out + done, reader->pos, run);
            reader->pos += run;
            done += run;
        }
    }
    return done;
}

bool ak_json_reader_done(const ak_json_reader *reader) {
    return reader->pos == reader->end && reader->pending_pos == reader->pending_len;
}

size_t ak_json_string_size(const ak_json_value *string) {
    if (string->kind != AK_JSON_STRING) {
        return 0;
    }
    const char *p = string->text + 1;
    const char *end = string->text + string->len - 1;
    size_t size = 0;
    while (p < end) {
        const char *escape = memchr(p, '\\', (size_t)(end - p));
        if (!escape) {
            return size + (size_t)(end - p);
        }
        unsigned char decoded[4];
        unsigned char decoded_len;
        size += (size_t)(escape - p);
        p = decode_escape(escape, decoded, &decoded_len);
        size += decoded_len;
    }
    return size;
}

bool ak_json_string_is_plain(const ak_json_value *string) {
    return string->kind == AK_JSON_STRING && !memchr(string->text, '\\', string->len);
}

bool ak_json_equals(const ak_json_value *string, const char *bytes, size_t len) {
    if (string->kind != AK_JSON_STRING || string->len - 2 < len) {
        return false; /* unescaping never lengthens text */
    }
    if (string->len - 2 == len) { /* every escape shortens it, so there must be none */
        return len == 0 || (memcmp(string->text + 1, bytes, len) == 0 && ak_json_string_is_plain(string));
    }
    if (ak_json_string_is_plain(string)) {
        return false;
    }
    ak_json_reader reader;
    char piece[64];
    size_t n;
    ak_json_reader_init(&reader, string);
    while ((n = ak_json_reader_read(&reader, piece, sizeof piece)) > 0) {
        if (n > len || memcmp(piece, bytes, n) != 0) {
            return false;
        }
        bytes += n;
        len -= n;
    }
    return len == 0;
}

/* --- UTF-8 and escaping --- */

typedef enum { UTF8_WELL, UTF8_ILL, UTF8_CUT } utf8_result;

/* Classifies the character that begins at p (n >= 1). *len is its length; if it is ill-formed or cut off by the end,
 * the length of the longest part that could begin a character (at least 1). */
static utf8_result utf8_look(const unsigned char *p, size_t n, size_t *len) {
    unsigned char low = 0x80; /* the second byte's range; narrower after four of the lead bytes */
    unsigned char high = 0xBF;
    size_t want;
    *len = 1;
    if (p[0] < 0x80) {
        return UTF8_WELL;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        want = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        want = 3;
        low = p[0] == 0xE0 ? 0xA0 : low;
        high = p[0] == 0xED ? 0x9F : high;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        want = 4;
        low = p[0] == 0xF0 ? 0x90 : low;
        high = p[0] == 0xF4 ? 0x8F : high;
    } else {
        return UTF8_ILL;
    }
    for (; *len < want; ++*len) {
        if (*len == n) {
            return UTF8_CUT;
        }
        if (p[*len] < low || p[*len] > high) {
            return UTF8_ILL;
        }
        low = 0x80;
        high = 0xBF;
    }
    return UTF8_WELL;
}

size_t ak_utf8_prefix(const char *bytes, size_t len, bool *incomplete) {
    size_t i = 0;
    utf8_result result = UTF8_WELL;
    while (i < len) {
        if (len - i >= 8 && (json_word_load(bytes + i) & JSON_WORD_HIGHS) == 0) {
            i += 8;
            continue;
        }
        size_t n;
        result = utf8_look((const unsigned char *)bytes + i, len - i, &n);
        if (result != UTF8_WELL) {
            break;
        }
        i += n;
    }
    if (incomplete) {
        *incomplete = result == UTF8_CUT;
    }
    return i;
}

bool ak_utf8_valid(const char *bytes, size_t len) {
    return ak_utf8_prefix(bytes, len, NULL) == len;
}

/* The first byte that must be escaped in JSON or is not ASCII, or end. */
static const char *find_escape_special(const char *p, const char *end) {
    for (; end - p >= 8; p += 8) {
        uint64_t word = json_word_load(p);
        uint64_t marks = json_word_mark_special(word) | (word & JSON_WORD_HIGHS);
        if (marks != 0) {
            return p + json_word_first(marks);
        }
    }
    while (p < end && *p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

/* Writes the escape of the byte c, which needs one, and returns its length. */
static size_t escape_byte(unsigned char c, char out[6]) {
    static const char letters[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    if (c >= 0x20) {
        out[1] = (char)c;
        return 2;
    }
    if (letters[c] != 0) {
        out[1] = letters[c];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 0xF];
    return 6;
}

/* The next piece of the escaped text: *piece of *size bytes encodes what begins at p. Returns a pointer past it. */
static const char *escape_step(const char *p, const char *end, char scratch[6], const char **piece, size_t *size) {
    const char *special = find_escape_special(p, end);
    *piece = p;
    *size = (size_t)(special - p);
    if (*size > 0) {
        return special;
    }
    if ((unsigned char)*p < 0x80) {
        *piece = scratch;
        *size = escape_byte((unsigned char)*p, scratch);
        return p + 1;
    }
    size_t n;
    if (utf8_look((const unsigned char *)p, (size_t)(end - p), &n) == UTF8_WELL) {
        *size = n;
    } else {
        *piece = "\xEF\xBF\xBD"; /* U+FFFD */
        *size = 3;
    }
    return p + n;
}

size_t ak_json_escape(const char *bytes, size_t len, char *buf, size_t cap) {
    char scratch[6];
    const char *piece;
    size_t n;
    size_t size = 0;
    if (len == 0) {
        return 0;
    }
    const char *end = bytes + len;
    for (const char *p = bytes; p < end;) {
        p = escape_step(p, end, scratch, &piece, &n);
        size += n;
    }
    if (size <= cap) {
        for (const char *p = bytes; p < end; buf += n) {
            p = escape_step(p, end, scratch, &piece, &n);
            memcpy(buf, piece, n);
        }
    }
    return size;
}
