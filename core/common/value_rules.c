#include "value_rules.h"

#include <string.h>

const char *const ak_profile_names[AK_PROFILE_COUNT] = {AK_PROFILES};

/* Not isalnum, which depends on the locale. */
bool ak_is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static size_t span(const char *text, size_t len, const char *others) {
    size_t i = 0;
    while (i < len && (ak_is_alphanumeric(text[i]) || (text[i] != '\0' && strchr(others, text[i])))) {
        i++;
    }
    return i;
}

static bool is_joiner(char c) {
    return c == '-' || c == '_';
}

size_t ak_name_span(const char *text, size_t len) {
    return span(text, len, "-_");
}

size_t ak_name_doubled(const char *text, size_t len) {
    for (size_t i = 1; i < len; i++) {
        if (is_joiner(text[i]) && is_joiner(text[i - 1])) {
            return i;
        }
    }
    return len;
}

size_t ak_image_span(const char *text, size_t len) {
    return span(text, len, "._/:@-");
}

bool ak_is_uuid(const char *text, size_t len) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (len != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] != '\0' && strchr("0123456789abcdefABCDEF", text[i]);
        if (form[i] == 'x' ? !digit : text[i] != form[i]) {
            return false;
        }
    }
    return true;
}

bool ak_path_has(const char *path, size_t len, const char *component) {
    size_t size = strlen(component);
    for (size_t start = 0; start <= len;) {
        const char *slash = start < len ? memchr(path + start, '/', len - start) : NULL;
        size_t end = slash ? (size_t)(slash - path) : len;
        if (end - start == size && memcmp(path + start, component, size) == 0) {
            return true;
        }
        start = end + 1;
    }
    return false;
}

bool ak_file_path_climbs(const char *path, size_t len) {
    return memmem(path, len, "..", 2);
}

const char *ak_file_path_closed(const char *path, size_t len) {
    static const char *const closed[] = {AK_CLOSED_PATHS};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        size_t size = strlen(closed[i]);
        if (len >= size && memcmp(path, closed[i], size) == 0) {
            return closed[i];
        }
    }
    return NULL;
}

bool ak_is_env_entry(const char *text, size_t len) {
    const char *equals = len > 0 ? memchr(text, '=', len) : NULL;
    return equals && equals != text;
}

/* Compares a text with a lower-case word, ignoring case. */
static bool is_word(const char *text, size_t len, const char *word) {
    size_t i = 0;
    while (i < len && (text[i] | 0x20) == word[i]) {
        i++;
    }
    return i == len && word[i] == '\0';
}

int ak_profile_find(const char *text, size_t len) {
    for (int i = 0; i < AK_PROFILE_COUNT; i++) {
        if (is_word(text, len, ak_profile_names[i])) {
            return i;
        }
    }
    return -1;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* 0: no unit. */
static uint64_t unit_seconds(char unit) {
    return unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
}

ak_ttl_fault ak_ttl_parse(const char *text, size_t len, uint64_t *seconds, size_t *where) {
    uint64_t total = 0;
    for (size_t i = 0; i < len;) {
        size_t start = i;
        uint64_t number = 0;
        for (; i < len && is_digit(text[i]); i++) {
            number = number > AK_TTL_MAX_SECONDS ? number : number * 10 + (uint64_t)(text[i] - '0');
        }
        *where = i;
        if (i == start) {
            return AK_TTL_NO_NUMBER;
        }
        if (i == len && start > 0) {
            return AK_TTL_NO_UNIT;
        }
        uint64_t unit = i == len ? 1 : unit_seconds(text[i]);
        if (unit == 0) {
            return AK_TTL_WRONG_UNIT;
        }
        bool fits = number <= AK_TTL_MAX_SECONDS && total + number * unit <= AK_TTL_MAX_SECONDS;
        total = fits ? total + number * unit : AK_TTL_MAX_SECONDS + 1;
        i += i < len;
    }
    *seconds = total;
    return len == 0                     ? AK_TTL_EMPTY
           : total == 0                 ? AK_TTL_ZERO
           : total > AK_TTL_MAX_SECONDS ? AK_TTL_TOO_LONG
                                        : AK_TTL_OK;
}
