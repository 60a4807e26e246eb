#include "writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "json_text.h"

bool writer_ok(const struct writer *writer) {
    return !writer->failed;
}

void writer_reset(struct writer *writer) {
    writer->len = 0;
    writer->failed = false;
}

void writer_free(struct writer *writer) {
    free(writer->text);
    *writer = (struct writer){0};
}

/* Makes room for `more` bytes. */
static bool writer_reserve(struct writer *writer, size_t more) {
    if (writer->failed || more > SIZE_MAX / 2 - writer->len) {
        writer->failed = true;
        return false;
    }
    size_t need = writer->len + more;
    if (need <= writer->cap) {
        return true;
    }
    size_t cap = writer->cap < 256 ? 256 : writer->cap;
    while (cap < need) {
        cap += cap / 2;
    }
    char *text = realloc(writer->text, cap);
    if (!text) {
        writer->failed = true;
        return false;
    }
    writer->text = text;
    writer->cap = cap;
    return true;
}

void writer_raw(struct writer *writer, const char *text, size_t len) {
    if (len > 0 && writer_reserve(writer, len)) {
        memcpy(writer->text + writer->len, text, len);
        writer->len += len;
    }
}

void writer_text(struct writer *writer, const char *text) {
    writer_raw(writer, text, strlen(text));
}

void writer_string(struct writer *writer, const char *bytes, size_t len) {
    writer_raw(writer, "\"", 1);
    /* Most text needs no escape, so the first attempt reserves little more than the length of the text. */
    size_t room = len + len / 16 + 16;
    if (!writer_reserve(writer, room)) {
        return;
    }
    size_t need = ak_json_escape(bytes, len, writer->text + writer->len, room);
    if (need > room) {
        if (!writer_reserve(writer, need)) {
            return;
        }
        ak_json_escape(bytes, len, writer->text + writer->len, need);
    }
    writer->len += need;
    writer_raw(writer, "\"", 1);
}

void writer_open(struct writer *writer, char bracket) {
    writer_raw(writer, &bracket, 1);
}

void writer_close(struct writer *writer, char bracket) {
    writer_raw(writer, &bracket, 1);
}

void writer_element(struct writer *writer) {
    if (writer->len > 0 && !strchr("{[", writer->text[writer->len - 1])) {
        writer_raw(writer, ",", 1);
    }
}

void writer_strings(struct writer *writer, const char *const *list) {
    writer_open(writer, '[');
    for (; *list; list++) {
        writer_element(writer);
        writer_string(writer, *list, strlen(*list));
    }
    writer_close(writer, ']');
}

void writer_name(struct writer *writer, const char *name) {
    writer_element(writer);
    writer_raw(writer, "\"", 1);
    writer_text(writer, name);
    writer_raw(writer, "\":", 2);
}

void writer_member_string(struct writer *writer, const char *name, const char *bytes, size_t len) {
    writer_name(writer, name);
    writer_string(writer, bytes, len);
}

void writer_member_text(struct writer *writer, const char *name, const char *text) {
    writer_member_string(writer, name, text, strlen(text));
}

void writer_member_uint(struct writer *writer, const char *name, uint64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    writer_name(writer, name);
    writer_text(writer, digits);
}

void writer_member_int(struct writer *writer, const char *name, int64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    writer_name(writer, name);
    writer_text(writer, digits);
}

void writer_member_bool(struct writer *writer, const char *name, bool value) {
    writer_name(writer, name);
    writer_text(writer, value ? "true" : "false");
}

void writer_base64(struct writer *writer, const char *bytes, size_t len) {
    writer_raw(writer, "\"", 1);
    size_t size = ak_base64_encoded_size(len);
    if (writer_reserve(writer, size)) {
        writer->len += ak_base64_encode(bytes, len, writer->text + writer->len, size);
    }
    writer_raw(writer, "\"", 1);
}

void writer_member_output(struct writer *writer, const char *name, const char *base64_name, const char *bytes,
                          size_t len) {
    writer_member_string(writer, name, bytes, len);
    if (ak_utf8_valid(bytes, len)) {
        return;
    }
    writer_name(writer, base64_name);
    writer_base64(writer, bytes, len);
}
