/*
 * Fuzz target for core/wire/content.h.
 *
 * However a reply is cut into pieces, the same comes out of it; and where the reply is JSON with one content, what
 * comes out is what json_text and base64 read from the whole. test_content runs the same function over its tables.
 */
#include "base64.h"
#include "content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

typedef struct {
    ak_content_result result;
    bool taken;
    ak_buffer bytes;
    ak_buffer rest;
} outcome;

static void read_all(ak_content *content, size_t cap, ak_buffer *to) {
    char buf[64];
    size_t n;
    while ((n = ak_content_read(content, buf, cap)) > 0) {
        CHECK(ak_buffer_append(to, buf, n));
    }
    CHECK(ak_content_waiting(content) == 0);
}

/* Feeds pieces of one size, and reads after each in pieces of another. */
static outcome take(const char *text, size_t len, size_t piece, size_t cap) {
    outcome out = {0};
    ak_content *content = ak_content_new(SIZE_MAX);
    CHECK(content);
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        char *bytes = malloc(n); /* of its own, so that reading past it is seen */
        CHECK(bytes);
        memcpy(bytes, text + at, n);
        ak_content_result result = ak_content_feed(content, bytes, n);
        free(bytes);
        CHECK(out.result == AK_CONTENT_OK || result == out.result); /* a failure stays */
        out.result = result;
        read_all(content, cap, &out.bytes);
    }
    out.taken = ak_content_was_taken(content);
    CHECK(ak_content_total(content) == out.bytes.len);
    CHECK(!ak_content_is_too_large(content));
    ak_content_give_rest(content, &out.rest);
    CHECK(ak_content_rest(content)->len == 0);
    ak_content_free(content);
    return out;
}

static void drop(outcome *out) {
    ak_buffer_free(&out->bytes);
    ak_buffer_free(&out->rest);
}

static bool same(const ak_buffer *a, const ak_buffer *b) {
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* The only member of that name; false when there is none, or more than one. */
static bool only(const ak_json_value *object, const char *name, ak_json_value *out) {
    ak_json_iter iter;
    ak_json_value key, value;
    size_t count = 0;
    ak_json_iter_init(&iter, object);
    while (object->kind == AK_JSON_OBJECT && ak_json_iter_next(&iter, &key, &value)) {
        if (ak_json_equals(&key, name, strlen(name))) {
            *out = value;
            count++;
        }
    }
    return count == 1;
}

static void check_whole(const char *text, size_t len, const outcome *got) {
    ak_json_value root, data, content, encoding, rest;
    if (!got->taken) {
        CHECK(got->result == AK_CONTENT_OK && got->bytes.len == 0);
        CHECK(got->rest.len == len && (len == 0 || memcmp(got->rest.data, text, len) == 0));
        return;
    }
    if (!ak_json_parse(text, len, &root, NULL)) {
        return; /* what is wrong behind the content is found by whoever reads the rest */
    }
    if (!only(&root, "data", &data) || !only(&data, "content", &content) || !only(&data, "encoding", &encoding)) {
        return;
    }
    size_t size = 0;
    bool base64 = ak_json_equals(&encoding, "base64", 6);
    CHECK(content.kind == AK_JSON_STRING && (base64 || ak_json_equals(&encoding, "utf8", 4)));
    bool good = !base64 || ak_base64_check_string(&content, &size);
    CHECK(good == (got->result == AK_CONTENT_OK));
    if (!good) {
        return;
    }
    size = base64 ? size : ak_json_string_size(&content);
    char *expected = malloc(size + 1);
    CHECK(expected);
    size_t n = 0;
    if (base64) {
        ak_base64_reader reader;
        ak_base64_reader_init(&reader, &content);
        CHECK(ak_base64_reader_read(&reader, expected, size + 1, &n));
    } else {
        ak_json_reader reader;
        ak_json_reader_init(&reader, &content);
        n = ak_json_reader_read(&reader, expected, size + 1);
    }
    CHECK(n == got->bytes.len && (n == 0 || memcmp(expected, got->bytes.data, n) == 0));
    free(expected);
    /* The rest is the reply with an empty content. */
    CHECK(ak_json_parse(got->rest.data, got->rest.len, &rest, NULL));
    CHECK(only(&rest, "data", &data) && only(&data, "content", &content) && content.len == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    const char *text = size ? (const char *)input : "";
    outcome whole = take(text, size, size ? size : 1, 64);
    check_whole(text, size, &whole);
    for (size_t piece = 1; piece < 20; piece++) {
        outcome cut = take(text, size, piece, piece);
        CHECK(cut.taken == whole.taken && cut.result == whole.result);
        if (whole.result == AK_CONTENT_OK) {
            CHECK(same(&cut.bytes, &whole.bytes) && same(&cut.rest, &whole.rest));
        }
        drop(&cut);
    }
    drop(&whole);
    return 0;
}
