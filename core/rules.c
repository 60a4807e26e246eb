#include "rules.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "json_text.h"

#define NAME_MAX_BYTES 63
#define IMAGE_MAX_BYTES 256
#define WORKDIR_MAX_BYTES 1024

/* Not isalnum: the wire's letters do not depend on the locale. */
static bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static ak_status check_name(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: cannot be empty", what);
    }
    if (len > NAME_MAX_BYTES) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: too long (max %d characters)", what, NAME_MAX_BYTES);
    }
    for (size_t i = 0; i < len; i++) {
        bool joiner = text[i] == '-' || text[i] == '_';
        if (!joiner && !is_alphanumeric(text[i])) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: only letters, numbers, hyphens and underscores are allowed",
                                what);
        }
        if (joiner && i > 0 && (text[i - 1] == '-' || text[i - 1] == '_')) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: cannot contain consecutive hyphens or underscores", what);
        }
    }
    if (!is_alphanumeric(text[0]) || !is_alphanumeric(text[len - 1])) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must start and end with a letter or number", what);
    }
    return AK_OK;
}

static ak_status check_image(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0 || len > IMAGE_MAX_BYTES) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must have 1 to %d characters", what, IMAGE_MAX_BYTES);
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_alphanumeric(text[i]) && !memchr("._/:@-", text[i], 6)) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: only letters, numbers and . _ / : @ - are allowed", what);
        }
    }
    return AK_OK;
}

static ak_status check_profile(const char *what, const char *text, size_t len, ak_error *err) {
    static const char *const profiles[] = {"permissive", "moderate", "restrictive"};
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (strlen(profiles[i]) == len && strncasecmp(profiles[i], text, len) == 0) {
            return AK_OK;
        }
    }
    return ak_error_set(err, AK_E_ARGUMENT, "%s: must be permissive, moderate or restrictive", what);
}

static ak_status check_workdir(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0 || len > WORKDIR_MAX_BYTES || text[0] != '/') {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must be an absolute path of at most %d bytes", what,
                            WORKDIR_MAX_BYTES);
    }
    if (memchr(text, '\r', len) || memchr(text, '\n', len)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain line breaks", what);
    }
    for (size_t i = 0; i + 2 < len; i++) {
        if (memcmp(text + i, "/..", 3) == 0 && (i + 3 == len || text[i + 3] == '/')) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain a .. component", what);
        }
    }
    return AK_OK;
}

static ak_status check_env(const char *what, const char *text, size_t len, ak_error *err) {
    const char *equals = len ? memchr(text, '=', len) : NULL;
    if (!equals || equals == text) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: each entry must be NAME=VALUE with a name", what);
    }
    return AK_OK;
}

ak_status ak_rule_check_wire_text(const char *what, const char *text, size_t len, ak_error *err) {
    if (!text && len) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: the pointer is NULL", what);
    }
    if (len && memchr(text, '\0', len)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain NUL", what);
    }
    if (!ak_utf8_valid(text, len)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must be UTF-8", what);
    }
    return AK_OK;
}

ak_status ak_rule_check_text(ak_rule rule, const char *what, const char *text, size_t len, ak_error *err) {
    ak_status status = ak_rule_check_wire_text(what, text, len, err);
    if (status != AK_OK) {
        return status;
    }
    switch (rule) {
    case AK_RULE_NAME:
        return check_name(what, text, len, err);
    case AK_RULE_IMAGE:
        return check_image(what, text, len, err);
    case AK_RULE_PROFILE:
        return check_profile(what, text, len, err);
    case AK_RULE_WORKDIR:
        return check_workdir(what, text, len, err);
    case AK_RULE_ENV:
        return check_env(what, text, len, err);
    default:
        return AK_OK;
    }
}

ak_status ak_rule_check_int(ak_rule rule, const char *what, int64_t value, ak_error *err) {
    switch (rule) {
    case AK_RULE_COUNT:
        if (value < 1 || value > UINT32_MAX) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: must be 1 to %u", what, UINT32_MAX);
        }
        return AK_OK;
    case AK_RULE_AMOUNT:
        if (value < 1) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: must be at least 1", what);
        }
        return AK_OK;
    case AK_RULE_TIMEOUT:
        if (value < AK_TIMEOUT_NONE) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: must be milliseconds, AK_TIMEOUT_DEFAULT or AK_TIMEOUT_NONE",
                                what);
        }
        return AK_OK;
    default:
        return AK_OK;
    }
}
