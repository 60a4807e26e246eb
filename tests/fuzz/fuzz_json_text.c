/*
 * Fuzz target for core/common/json_text.h and core/common/base64.h.
 *
 * The oracle is cJSON, wherever both must agree. Where they need not, what cJSON takes too lightly is listed in
 * is_known_leniency, and what it refuses though it is JSON in is_known_refusal. Besides that, the functions are held
 * against each other. test_json_text runs the same function over its tables.
 */
#include "base64.h"
#include "json_text.h"

#include <cJSON.h>
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

static void *allocate(size_t size) {
    void *block = malloc(size > 0 ? size : 1);
    CHECK(block != NULL);
    return block;
}

/* --- Strings --- */

static unsigned char *decode(const ak_json_value *string, size_t cap, size_t *len) {
    size_t size = ak_json_string_size(string);
    unsigned char *bytes = allocate(size);
    ak_json_reader reader;
    size_t n;
    ak_json_reader_init(&reader, string);
    *len = 0;
    do {
        CHECK(ak_json_reader_done(&reader) == (*len == size));
        size_t room = cap < size - *len ? cap : size - *len;
        n = ak_json_reader_read(&reader, bytes + *len, room);
        CHECK(n == room); /* it fills what it gets, but for the end */
        *len += n;
    } while (n > 0);
    CHECK(*len == size && ak_json_reader_done(&reader));
    CHECK(ak_json_reader_read(&reader, bytes, 1) == 0);
    return bytes;
}

static void check_base64(const ak_json_value *string) {
    size_t len;
    size_t size;
    size_t n;
    unsigned char *text = decode(string, SIZE_MAX, &len);
    unsigned char *bytes = allocate(len);
    bool ok = ak_base64_check((const char *)text, len, &size);
    size_t size_in_string;
    CHECK(ak_base64_check_string(string, &size_in_string) == ok && size_in_string == size);
    for (size_t cap = 1; cap < 6; cap++) {
        ak_base64_reader reader;
        size_t done = 0;
        bool read;
        ak_base64_reader_init(&reader, string);
        do {
            read = ak_base64_reader_read(&reader, bytes + done, cap < len - done ? cap : len - done, &n);
            done += n;
        } while (read && n > 0);
        CHECK(read == ok && ak_base64_reader_done(&reader) == ok);
        CHECK(!ok || done == size);
    }
    if (ok) { /* strict: the text is the only one that stands for these bytes */
        char *again = allocate(len);
        CHECK(ak_base64_encode(bytes, size, again, len) == len);
        CHECK(memcmp(again, text, len) == 0);
        free(again);
    }
    free(bytes);
    free(text);
}

static void check_string(const ak_json_value *string) {
    size_t len;
    unsigned char *bytes = decode(string, SIZE_MAX, &len);
    for (size_t cap = 1; cap < 8; cap++) {
        size_t len_again;
        unsigned char *again = decode(string, cap, &len_again);
        CHECK(len_again == len && memcmp(again, bytes, len) == 0);
        free(again);
    }
    CHECK(ak_json_equals(string, (const char *)bytes, len));
    CHECK(!ak_json_equals(string, (const char *)bytes, len - 1) || len == 0);
    if (len > 0) {
        bytes[len / 2] ^= 1;
        CHECK(!ak_json_equals(string, (const char *)bytes, len));
    }
    CHECK(ak_json_string_is_plain(string) == (len == string->len - 2));
    free(bytes);
    check_base64(string);
}

/* --- cJSON --- */

/* Texts that cJSON takes though they are no JSON. offset is where we refuse them. */
static bool is_known_leniency(const char *text, size_t len, size_t offset) {
    size_t depth = 0;
    for (size_t i = 0; i < offset; i++) {
        depth += text[i] == '[' || text[i] == '{';
    }
    bool raw_control =
        offset < len && (unsigned char)text[offset] < 0x20; /* in strings, as white space, NUL as the end */
    bool byte_order_mark = offset == 0 && len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    bool number = offset > 0 && strchr("0.-", text[offset - 1]) != NULL; /* 01, 1. and -.5 */
    bool hex = false; /* \u with other than four digits, which it takes for \u0000 */
    for (size_t i = 2; i <= 5 && i <= offset; i++) {
        hex = hex || memcmp(text + offset - i, "\\u", 2) == 0;
    }
    return raw_control || byte_order_mark || number || hex || depth >= AK_JSON_MAX_DEPTH;
}

/* JSON that cJSON refuses: half a surrogate pair, and numbers that do not fit into its buffer of 64 bytes. */
static bool is_known_refusal(const char *text, size_t len) {
    size_t digits = 0;
    bool pair = false;
    for (size_t i = 0; i < len; i++) {
        digits = strchr("0123456789+-.eE", text[i]) != NULL && text[i] != '\0' ? digits + 1 : 0;
        if (digits > 63) {
            return true;
        }
        if (text[i] != '\\') {
            continue;
        }
        i++;
        if (text[i] == 'u' && strchr("dD", text[i + 1]) != NULL && strchr("89abABcdefCDEF", text[i + 2]) != NULL) {
            bool high = strchr("89abAB", text[i + 2]) != NULL;
            bool low_follows = len - i > 8 && text[i + 5] == '\\' && text[i + 6] == 'u' &&
                               strchr("dD", text[i + 7]) != NULL && strchr("cdefCDEF", text[i + 8]) != NULL;
            if (pair ? high : !(high && low_follows)) {
                return true;
            }
            pair = !pair;
        }
    }
    return false;
}

/* cJSON's strings end at their first NUL, so only as much is compared. */
static void compare_string(const ak_json_value *ours, const char *theirs) {
    size_t len;
    unsigned char *bytes = decode(ours, SIZE_MAX, &len);
    const unsigned char *nul = len > 0 ? memchr(bytes, '\0', len) : NULL;
    size_t shown = nul != NULL ? (size_t)(nul - bytes) : len;
    CHECK(strlen(theirs) == shown && memcmp(theirs, bytes, shown) == 0);
    free(bytes);
}

static void compare_number(const ak_json_value *ours, double theirs) {
    int64_t number;
    if (ak_json_int64(ours, &number)) {
        CHECK((double)number == theirs);
        return;
    }
    bool integer = true;
    for (size_t i = 0; i < ours->len; i++) {
        integer = integer && strchr(".eE", ours->text[i]) == NULL;
    }
    CHECK(!integer || theirs >= 0x1p63 || theirs <= -0x1p63);
}

static void compare(const ak_json_value *ours, const cJSON *theirs);

static void compare_members(const ak_json_value *ours, const cJSON *theirs) {
    ak_json_iter iter;
    ak_json_value name;
    ak_json_value value;
    size_t count = 0;
    ak_json_iter_init(&iter, ours);
    for (const cJSON *member = theirs->child; member != NULL; member = member->next, count++) {
        CHECK(ak_json_iter_next(&iter, &name, &value));
        CHECK((name.kind == AK_JSON_STRING) == (ours->kind == AK_JSON_OBJECT));
        if (name.kind == AK_JSON_STRING) {
            compare_string(&name, member->string);
        }
        compare(&value, member);
    }
    CHECK(!ak_json_iter_next(&iter, &name, &value));
    CHECK(ak_json_count(ours) == count);
}

static void compare(const ak_json_value *ours, const cJSON *theirs) {
    switch (ours->kind) {
    case AK_JSON_NULL:
        CHECK(cJSON_IsNull(theirs));
        break;
    case AK_JSON_FALSE:
        CHECK(cJSON_IsFalse(theirs));
        break;
    case AK_JSON_TRUE:
        CHECK(cJSON_IsTrue(theirs));
        break;
    case AK_JSON_NUMBER:
        CHECK(cJSON_IsNumber(theirs));
        compare_number(ours, theirs->valuedouble);
        break;
    case AK_JSON_STRING:
        CHECK(cJSON_IsString(theirs));
        compare_string(ours, theirs->valuestring);
        break;
    default:
        CHECK(ours->kind == AK_JSON_ARRAY ? cJSON_IsArray(theirs) : cJSON_IsObject(theirs));
        compare_members(ours, theirs);
    }
}

/* --- The checks --- */

/* Every value that a walk gives is, by itself, a text that stands for the same. */
static void check_values(const ak_json_value *value) {
    ak_json_value again;
    CHECK(ak_json_parse(value->text, value->len, &again, NULL));
    CHECK(again.text == value->text && again.len == value->len && again.kind == value->kind);
    if (value->kind == AK_JSON_STRING) {
        check_string(value);
    }
    ak_json_iter iter;
    ak_json_value name;
    ak_json_value element;
    ak_json_iter_init(&iter, value);
    while (ak_json_iter_next(&iter, &name, &element)) {
        check_values(&element);
        if (name.kind == AK_JSON_STRING) {
            ak_json_value found;
            size_t len;
            unsigned char *bytes = decode(&name, SIZE_MAX, &len);
            check_string(&name);
            CHECK(ak_json_member(value, (const char *)bytes, len, &found));
            CHECK(found.text >= element.text); /* this one, or a later one of the same name */
            free(bytes);
        }
    }
}

static void check_against_cjson(const char *text, size_t len) {
    ak_json_value root;
    size_t offset = len + 1;
    bool ok = ak_json_parse(text, len, &root, &offset);
    char *terminated = allocate(len + 1);
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    cJSON *tree = cJSON_ParseWithLengthOpts(terminated, len + 1, NULL, 1);
    if (ok) {
        check_values(&root);
        CHECK(tree != NULL || is_known_refusal(terminated, len));
    } else {
        size_t same;
        CHECK(offset <= len && root.kind == AK_JSON_ABSENT && root.len == 0);
        CHECK(tree == NULL || is_known_leniency(text, len, offset));
        /* what comes after the offset did not matter */
        CHECK(offset == len || (!ak_json_parse(text, offset + 1, &root, &same) && same == offset));
    }
    if (ok && tree != NULL) {
        compare(&root, tree);
    }
    cJSON_Delete(tree);
    free(terminated);
}

/* Any bytes, escaped and put in quotes, are a JSON string of the same bytes, or of their valid parts and U+FFFD. */
static void check_escape(const char *bytes, size_t len) {
    size_t size = ak_json_escape(bytes, len, NULL, 0);
    CHECK(size <= len * 6);
    char *text = allocate(size + 2);
    text[0] = '"';
    text[size + 1] = '"';
    CHECK(ak_json_escape(bytes, len, text + 1, size) == size);
    ak_json_value string;
    CHECK(ak_json_parse(text, size + 2, &string, NULL) && string.kind == AK_JSON_STRING && string.len == size + 2);
    size_t valid = ak_utf8_prefix(bytes, len, NULL);
    size_t back_len;
    char *back = (char *)decode(&string, 7, &back_len);
    CHECK(ak_utf8_valid(back, back_len));
    CHECK(back_len >= valid && memcmp(back, bytes, valid) == 0);
    CHECK(valid < len ? memcmp(back + valid, "\xEF\xBF\xBD", 3) == 0 : back_len == len);
    free(back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    char *text = allocate(size); /* of its own, so that reading past it is seen */
    memcpy(text, input, size);
    check_against_cjson(text, size);
    check_escape(text, size);
    free(text);
    return 0;
}
