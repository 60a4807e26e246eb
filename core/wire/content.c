#include "content.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"

/* Relevant names and encodings are shorter. */
#define WORD_BYTES 16

typedef enum {
    IN_HEAD,    /* looking for the content */
    IN_CONTENT, /* inside its string */
    IN_REST     /* after the content; everything is kept */
} place;

struct ak_content {
    size_t limit;
    bool too_large;
    ak_content_result failure;
    place place;
    bool taken;
    /* the head: the position in it, and the current string */
    unsigned depth;
    bool is_object[3]; /* of the outermost two depths, by depth */
    bool in_string;
    bool escaped;
    bool expects_name;
    bool is_name;
    bool in_data;
    char word[WORD_BYTES];
    size_t word_len;
    char name[WORD_BYTES]; /* the current member at depth 2 */
    char encoding[WORD_BYTES];
    /* the content */
    ak_buffer piece; /* a JSON string with its quotes, being assembled */
    ak_buffer text;  /* unescaped base64 that is not decoded yet: it is decoded in groups of four */
    bool padded;
    ak_buffer decoded;
    size_t decoded_pos;
    uint64_t total;
    ak_buffer rest;
};

ak_content *ak_content_new(size_t limit) {
    ak_content *content = calloc(1, sizeof *content);
    if (content) {
        content->limit = limit;
    }
    return content;
}

void ak_content_free(ak_content *content) {
    if (content) {
        ak_buffer_free(&content->piece);
        ak_buffer_free(&content->text);
        ak_buffer_free(&content->decoded);
        ak_buffer_free(&content->rest);
        free(content);
    }
}

static bool keep(ak_content *content, const char *bytes, size_t len) {
    if (len > content->limit || content->rest.len > content->limit - len) {
        content->too_large = true;
        return true;
    }
    return ak_buffer_append(&content->rest, bytes, len);
}

/* ---- the head ---- */

static void take_word(ak_content *content, char *to) {
    bool whole = content->word_len < WORD_BYTES;
    memcpy(to, content->word, whole ? content->word_len : 0);
    to[whole ? content->word_len : 0] = '\0';
}

static void end_string(ak_content *content) {
    content->in_string = false;
    if (!content->is_name) {
        if (content->depth == 2 && content->in_data && strcmp(content->name, "encoding") == 0) {
            take_word(content, content->encoding);
        }
    } else if (content->depth == 1) {
        char name[WORD_BYTES];
        take_word(content, name);
        content->in_data = strcmp(name, "data") == 0;
    } else if (content->depth == 2) {
        take_word(content, content->name);
    }
}

static void in_string(ak_content *content, char c) {
    if (!content->escaped && c == '"') {
        end_string(content);
        return;
    }
    content->escaped = !content->escaped && c == '\\';
    if (content->word_len < WORD_BYTES) {
        content->word[content->word_len++] = c;
    }
}

static void begin_string(ak_content *content) {
    bool object = content->depth <= 2 && content->is_object[content->depth];
    content->is_name = object && content->expects_name;
    content->expects_name = false;
    content->in_string = true;
    content->escaped = false;
    content->word_len = 0;
}

/* Scans one byte of the head. True when the content's string begins with it. */
static bool scan_head_byte(ak_content *content, char c) {
    if (content->in_string) {
        in_string(content, c);
        return false;
    }
    switch (c) {
    case '"':
        begin_string(content);
        return !content->is_name && content->depth == 2 && content->in_data && strcmp(content->name, "content") == 0;
    case '{':
    case '[':
        content->depth++;
        if (content->depth <= 2) {
            content->is_object[content->depth] = c == '{';
        }
        content->expects_name = c == '{';
        break;
    case '}':
    case ']':
        content->depth -= content->depth > 0;
        break;
    case ',':
        content->expects_name = content->depth <= 2 && content->is_object[content->depth];
        break;
    default:
        break;
    }
    return false;
}

/* Returns how much of the bytes belongs to the head. */
static size_t feed_head(ak_content *content, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (scan_head_byte(content, bytes[i])) {
            content->taken = strcmp(content->encoding, "base64") == 0 || strcmp(content->encoding, "utf8") == 0;
            content->place = content->taken ? IN_CONTENT : IN_REST;
            return i + 1;
        }
    }
    return len;
}

/* ---- the content ---- */

/* The length of the escape at the start of text; more than len when it is cut. The two halves of a surrogate pair count
 * as one, because only together do they encode a character. */
static size_t escape_size(const char *text, size_t len) {
    if (len < 2 || text[1] != 'u') {
        return 2;
    }
    bool pair = len >= 4 && (text[2] | 0x20) == 'd' && memchr("89abAB", text[3], 6);
    pair = pair && (len < 7 || text[6] == '\\') && (len < 8 || text[7] == 'u');
    pair = pair && (len < 9 || (text[8] | 0x20) == 'd') && (len < 10 || memchr("cdefCDEF", text[9], 8));
    return pair ? 12 : 6;
}

/* Where the string ends within bytes, or len; *whole excludes an escape that is cut by the end of the bytes. */
static size_t find_end(const char *bytes, size_t len, size_t *whole) {
    size_t i = 0;
    size_t plain = 0; /* the next quote that is not part of an escape seen before */
    while (i < len && bytes[i] != '"') {
        if (plain <= i) {
            const char *quote = memchr(bytes + i, '"', len - i);
            plain = quote ? (size_t)(quote - bytes) : len;
        }
        const char *backslash = memchr(bytes + i, '\\', plain - i);
        i = backslash ? (size_t)(backslash - bytes) : plain;
        if (backslash) {
            size_t size = escape_size(backslash, len - i);
            if (size > len - i) {
                *whole = i;
                return len;
            }
            i += size;
        }
    }
    *whole = i;
    return i;
}

static bool decode_text(ak_content *content) {
    ak_json_value value = {.text = content->piece.data, .len = content->piece.len, .kind = AK_JSON_STRING};
    ak_buffer *to = strcmp(content->encoding, "base64") == 0 ? &content->text : &content->decoded;
    if (!ak_buffer_reserve(to, content->piece.len)) {
        return false;
    }
    ak_json_reader reader;
    ak_json_reader_init(&reader, &value);
    size_t n = ak_json_reader_read(&reader, to->data + to->len, content->piece.len);
    to->len += n;
    content->total += to == &content->decoded ? n : 0;
    return true;
}

/* Decodes whole groups of base64, or all of it at the end. */
static ak_content_result decode_base64(ak_content *content, bool at_end) {
    size_t len = at_end ? content->text.len : content->text.len / 4 * 4;
    size_t size = len / 4 * 3;
    if (len == 0) {
        return AK_CONTENT_OK;
    }
    /* A backslash is not base64, and must not reach the reader, which would treat it as an escape. */
    if (content->padded || len % 4 != 0 || memchr(content->text.data, '\\', len)) {
        return AK_CONTENT_MALFORMED;
    }
    content->padded = content->text.data[len - 1] == '=';
    if (!ak_buffer_reserve(&content->decoded, size)) {
        return AK_CONTENT_MEMORY;
    }
    /* It is a valid JSON string, too: base64 needs no escapes. */
    ak_base64_reader reader = {.text = {.pos = content->text.data, .end = content->text.data + len}};
    size_t n = 0;
    if (!ak_base64_reader_read(&reader, content->decoded.data + content->decoded.len, size, &n)) {
        return AK_CONTENT_MALFORMED;
    }
    content->decoded.len += n;
    content->total += n;
    memmove(content->text.data, content->text.data + len, content->text.len - len);
    content->text.len -= len;
    return AK_CONTENT_OK;
}

/* Fast path: nearly all of base64 is whole groups without escapes, which are decoded in place. *used is how many bytes
 * they took; what follows is the end, or is left to feed_content. */
static ak_content_result decode_groups(ak_content *content, const char *bytes, size_t len, size_t *used) {
    size_t carried = content->text.len, fill = carried ? 4 - carried : 0, done = 0;
    *used = 0;
    if (strcmp(content->encoding, "base64") != 0 || content->piece.len || content->padded || len < fill) {
        return AK_CONTENT_OK;
    }
    if (!ak_buffer_reserve(&content->decoded, (len / 4 + 1) * 3)) {
        return AK_CONTENT_MEMORY;
    }
    char *out = content->decoded.data + content->decoded.len;
    if (carried) {
        char group[4];
        memcpy(group, content->text.data, carried);
        memcpy(group + carried, bytes, fill);
        if (ak_base64_decode_whole(group, 1, out) == 0) {
            return AK_CONTENT_OK;
        }
        content->text.len = 0;
        done = 1;
    }
    size_t whole = ak_base64_decode_whole(bytes + fill, (len - fill) / 4, out + done * 3);
    *used = fill + whole * 4;
    content->decoded.len += (done + whole) * 3;
    content->total += (done + whole) * 3;
    return AK_CONTENT_OK;
}

/* Adds bytes of the string; *used is how many belonged to it, including the closing quote. */
static ak_content_result feed_content(ak_content *content, const char *bytes, size_t len, size_t *used) {
    ak_buffer *piece = &content->piece;
    if ((piece->len == 0 && !ak_buffer_append(piece, "\"", 1)) || !ak_buffer_append(piece, bytes, len)) {
        return AK_CONTENT_MEMORY;
    }
    size_t before = piece->len - len, whole = 0;
    size_t end = 1 + find_end(piece->data + 1, piece->len - 1, &whole);
    bool at_end = end < piece->len;
    *used = at_end ? end + 1 - before : len;
    /* The complete part is checked and decoded as a string; a cut escape waits for the next bytes. */
    char cut[12];
    size_t cut_len = at_end ? 0 : piece->len - 1 - whole;
    memcpy(cut, piece->data + 1 + whole, cut_len);
    piece->len = 1 + whole;
    ak_json_value value;
    if (!ak_buffer_append(piece, "\"", 1)) {
        return AK_CONTENT_MEMORY;
    }
    if (!ak_json_parse(piece->data, piece->len, &value, NULL)) {
        return AK_CONTENT_MALFORMED;
    }
    if (!decode_text(content)) {
        return AK_CONTENT_MEMORY;
    }
    piece->len = 0;
    if (cut_len && (!ak_buffer_append(piece, "\"", 1) || !ak_buffer_append(piece, cut, cut_len))) {
        return AK_CONTENT_MEMORY;
    }
    content->place = at_end ? IN_REST : IN_CONTENT;
    if (at_end && !keep(content, "\"", 1)) {
        return AK_CONTENT_MEMORY;
    }
    return strcmp(content->encoding, "base64") == 0 ? decode_base64(content, at_end) : AK_CONTENT_OK;
}

/* ---- interface ---- */

ak_content_result ak_content_feed(ak_content *content, const char *bytes, size_t len) {
    while (len && content->failure == AK_CONTENT_OK) {
        size_t used = len;
        if (content->place == IN_CONTENT) {
            content->failure = decode_groups(content, bytes, len, &used);
            if (content->failure == AK_CONTENT_OK && used == 0) {
                content->failure = feed_content(content, bytes, len, &used);
            }
        } else {
            used = content->place == IN_HEAD ? feed_head(content, bytes, len) : len;
            content->failure = keep(content, bytes, used) ? AK_CONTENT_OK : AK_CONTENT_MEMORY;
        }
        bytes += used;
        len -= used;
    }
    return content->failure;
}

size_t ak_content_waiting(const ak_content *content) {
    return content->decoded.len - content->decoded_pos;
}

size_t ak_content_read(ak_content *content, void *buf, size_t cap) {
    size_t waiting = ak_content_waiting(content);
    size_t n = cap < waiting ? cap : waiting;
    if (n) {
        memcpy(buf, content->decoded.data + content->decoded_pos, n);
        content->decoded_pos += n;
    }
    if (content->decoded_pos == content->decoded.len) {
        content->decoded.len = content->decoded_pos = 0;
    }
    return n;
}

bool ak_content_was_taken(const ak_content *content) {
    return content->taken;
}

uint64_t ak_content_total(const ak_content *content) {
    return content->total;
}

const ak_buffer *ak_content_rest(const ak_content *content) {
    return &content->rest;
}

void ak_content_give_rest(ak_content *content, ak_buffer *to) {
    *to = content->rest;
    content->rest = (ak_buffer){0};
}

bool ak_content_is_too_large(const ak_content *content) {
    return content->too_large;
}
