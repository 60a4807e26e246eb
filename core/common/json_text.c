#include "json_text.h"

#include "json_private.h"

/* The first quote, backslash or control character, or end. */
static inline const char *find_string_special(const char *p, const char *end) {
    /* Long runs are scanned two words at a time. */
    while (end - p >= 16 &&
           (json_word_mark_special(json_word_load(p)) | json_word_mark_special(json_word_load(p + 8))) == 0) {
        p += 16;
    }
    for (; end - p >= 8; p += 8) {
        uint64_t marks = json_word_mark_special(json_word_load(p));
        if (marks != 0) {
            return p + json_word_first(marks);
        }
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) {
        p++;
    }
    return p;
}

/* --- The validating pass --- */

/* On failure pos is left at the offending byte. */
typedef struct {
    const char *pos;
    const char *end;
    size_t depth;
    uint64_t objects[AK_JSON_MAX_DEPTH / 64]; /* one bit for each open container: set when it is an object */
} json_scanner;

_Static_assert(AK_JSON_MAX_DEPTH % 64 == 0, "the bits of json_scanner.objects cover every depth");

static inline const char *skip_space(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static inline bool scan_at(const json_scanner *s, char c) {
    return s->pos < s->end && *s->pos == c;
}

static bool scan_escape(json_scanner *s) {
    s->pos++;
    if (!scan_at(s, 'u')) {
        if (s->pos == s->end || json_simple_escape(*s->pos) == 0) {
            return false;
        }
        s->pos++;
        return true;
    }
    s->pos++;
    for (int i = 0; i < 4; i++, s->pos++) {
        if (s->pos == s->end || json_hex_digit(*s->pos) < 0) {
            return false;
        }
    }
    return true;
}

static bool scan_string(json_scanner *s) {
    s->pos++;
    for (;;) {
        s->pos = find_string_special(s->pos, s->end);
        if (s->pos == s->end) {
            return false;
        }
        if (*s->pos == '"') {
            s->pos++;
            return true;
        }
        if (*s->pos != '\\' || !scan_escape(s)) {
            return false;
        }
    }
}

static bool scan_digits(json_scanner *s) {
    const char *start = s->pos;
    while (s->pos < s->end && *s->pos >= '0' && *s->pos <= '9') {
        s->pos++;
    }
    return s->pos > start;
}

static bool scan_number(json_scanner *s) {
    if (*s->pos == '-') {
        s->pos++;
    }
    if (scan_at(s, '0')) {
        s->pos++; /* a digit after it is not valid anywhere, so "01" is rejected after the value */
    } else if (!scan_digits(s)) {
        return false;
    }
    if (scan_at(s, '.')) {
        s->pos++;
        if (!scan_digits(s)) {
            return false;
        }
    }
    if (scan_at(s, 'e') || scan_at(s, 'E')) {
        s->pos++;
        if (scan_at(s, '+') || scan_at(s, '-')) {
            s->pos++;
        }
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(json_scanner *s, const char *word) {
    for (; *word != '\0'; word++, s->pos++) {
        if (!scan_at(s, *word)) {
            return false;
        }
    }
    return true;
}

static bool scan_scalar(json_scanner *s) {
    switch (*s->pos) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return scan_number(s);
    }
}

static inline bool scan_in_object(const json_scanner *s) {
    size_t top = s->depth - 1;
    return (s->objects[top / 64] >> (top % 64) & 1) != 0;
}

static bool scan_push(json_scanner *s) {
    if (s->depth == AK_JSON_MAX_DEPTH) {
        return false;
    }
    uint64_t bit = UINT64_C(1) << (s->depth % 64);
    if (*s->pos == '{') {
        s->objects[s->depth / 64] |= bit;
    } else {
        s->objects[s->depth / 64] &= ~bit;
    }
    s->depth++;
    s->pos = skip_space(s->pos + 1, s->end);
    return true;
}

/* Skips a member's name, its colon and the space around it. */
static bool scan_name(json_scanner *s) {
    if (!scan_at(s, '"') || !scan_string(s)) {
        return false;
    }
    s->pos = skip_space(s->pos, s->end);
    if (!scan_at(s, ':')) {
        return false;
    }
    s->pos = skip_space(s->pos + 1, s->end);
    return true;
}

/* Advances to where the next value must begin: over a scalar, or into a container, then over all closing brackets
 * there. *more is cleared when the outermost value has ended; pos is then just after it. */
static bool scan_step(json_scanner *s, bool *more) {
    if (s->pos == s->end) {
        return false;
    }
    if (*s->pos == '{' || *s->pos == '[') {
        if (!scan_push(s)) {
            return false;
        }
        if (!scan_at(s, scan_in_object(s) ? '}' : ']')) {
            return !scan_in_object(s) || scan_name(s);
        }
    } else {
        if (!scan_scalar(s)) {
            return false;
        }
        if (s->depth == 0) {
            *more = false;
            return true;
        }
        s->pos = skip_space(s->pos, s->end);
    }
    while (scan_at(s, scan_in_object(s) ? '}' : ']')) {
        s->pos++;
        if (--s->depth == 0) {
            *more = false;
            return true;
        }
        s->pos = skip_space(s->pos, s->end);
    }
    if (!scan_at(s, ',')) {
        return false;
    }
    s->pos = skip_space(s->pos + 1, s->end);
    return !scan_in_object(s) || scan_name(s);
}

static inline ak_json_kind kind_of(char first) {
    switch (first) {
    case '{':
        return AK_JSON_OBJECT;
    case '[':
        return AK_JSON_ARRAY;
    case '"':
        return AK_JSON_STRING;
    case 't':
        return AK_JSON_TRUE;
    case 'f':
        return AK_JSON_FALSE;
    case 'n':
        return AK_JSON_NULL;
    default:
        return AK_JSON_NUMBER;
    }
}

static inline ak_json_value make_value(const char *start, const char *end) {
    return (ak_json_value){.text = start, .len = (size_t)(end - start), .kind = kind_of(*start)};
}

static const ak_json_value absent = {.text = "", .len = 0, .kind = AK_JSON_ABSENT};

bool ak_json_parse(const char *text, size_t len, ak_json_value *root, size_t *error_offset) {
    if (len == 0) {
        text = "";
    }
    json_scanner s = {.end = text + len};
    s.pos = skip_space(text, s.end);
    const char *start = s.pos;
    bool more = true;
    bool ok = true;
    while (ok && more) {
        ok = scan_step(&s, &more);
    }
    const char *stop = s.pos;
    if (ok) {
        s.pos = skip_space(s.pos, s.end);
    }
    if (!ok || s.pos != s.end) {
        *root = absent;
        if (error_offset) {
            *error_offset = (size_t)(s.pos - text);
        }
        return false;
    }
    *root = make_value(start, stop);
    return true;
}

/* --- Walking: the text has been validated, so values are skipped without checking their inside again --- */

/* A string ends at the first quote with an even number of backslashes (possibly none) before it. */
static inline const char *skip_string(const char *p, const char *end) {
    const char *quote = p;
    while ((quote = memchr(quote + 1, '"', (size_t)(end - quote - 1)))) {
        const char *start = quote;
        while (start[-1] == '\\') { /* stops at the opening quote at the latest */
            start--;
        }
        if ((quote - start) % 2 == 0) {
            return quote + 1;
        }
    }
    return end;
}

static const char *skip_container(const char *p, const char *end) {
    size_t depth = 0;
    while (p < end) {
        char c = *p;
        if (c == '"') {
            p = skip_string(p, end);
            continue;
        }
        p++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            break;
        }
    }
    return p;
}

static inline const char *skip_value(const char *p, const char *end) {
    if (p == end) {
        return end;
    }
    if (*p == '"') {
        return skip_string(p, end);
    }
    if (*p == '{' || *p == '[') {
        return skip_container(p, end);
    }
    while (p < end && *p != ',' && *p > ' ') {
        p++;
    }
    return p;
}

void ak_json_iter_init(ak_json_iter *iter, const ak_json_value *value) {
    *iter = (ak_json_iter){.pos = "", .object = value->kind == AK_JSON_OBJECT};
    iter->end = iter->pos;
    if (value->kind == AK_JSON_OBJECT || value->kind == AK_JSON_ARRAY) {
        iter->end = value->text + value->len - 1;
        iter->pos = skip_space(value->text + 1, iter->end);
    }
}

bool ak_json_iter_next(ak_json_iter *iter, ak_json_value *name, ak_json_value *value) {
    const char *p = iter->pos;
    const char *end = iter->end;
    const char *stop;
    if (name) {
        *name = absent;
    }
    if (p == end) {
        *value = absent;
        return false;
    }
    if (iter->object) {
        stop = skip_string(p, end);
        if (name) {
            *name = make_value(p, stop);
        }
        p = skip_space(stop, end);
        p = skip_space(p + 1, end);
    }
    stop = skip_value(p, end);
    *value = make_value(p, stop);
    p = skip_space(stop, end);
    iter->pos = p < end ? skip_space(p + 1, end) : end;
    return true;
}

size_t ak_json_count(const ak_json_value *value) {
    ak_json_iter iter;
    ak_json_value element;
    size_t count = 0;
    ak_json_iter_init(&iter, value);
    while (ak_json_iter_next(&iter, NULL, &element)) {
        count++;
    }
    return count;
}

bool ak_json_member(const ak_json_value *object, const char *name, size_t name_len, ak_json_value *out) {
    ak_json_iter iter;
    ak_json_value found = absent;
    ak_json_value key;
    ak_json_value value;
    if (object->kind == AK_JSON_OBJECT) {
        ak_json_iter_init(&iter, object);
        while (ak_json_iter_next(&iter, &key, &value)) {
            if (ak_json_equals(&key, name, name_len)) {
                found = value;
            }
        }
    }
    *out = found; /* last, so that out may be the object itself */
    return found.kind != AK_JSON_ABSENT;
}

bool ak_json_int64(const ak_json_value *number, int64_t *out) {
    if (number->kind != AK_JSON_NUMBER) {
        return false;
    }
    bool negative = number->text[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t magnitude = 0;
    for (size_t i = negative ? 1 : 0; i < number->len; i++) {
        if (number->text[i] < '0' || number->text[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(number->text[i] - '0');
        if (magnitude > (limit - digit) / 10) {
            return false;
        }
        magnitude = magnitude * 10 + digit;
    }
    if (negative && magnitude > 0) {
        *out = -(int64_t)(magnitude - 1) - 1; /* the smallest number has no positive counterpart */
    } else {
        *out = (int64_t)magnitude;
    }
    return true;
}
