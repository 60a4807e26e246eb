#include "rules.h"

#include <stdint.h>
#include <string.h>

#include "json_text.h"
#include "value_rules.h"

static ak_status check_name(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: cannot be empty", what);
    }
    if (len > AK_NAME_MAX_BYTES) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: too long (max %d characters)", what, AK_NAME_MAX_BYTES);
    }
    size_t allowed = ak_name_span(text, len), doubled = ak_name_doubled(text, len);
    if (allowed < len && allowed < doubled) { /* reports the first of the two faults */
        return ak_error_set(err, AK_E_ARGUMENT, "%s: only letters, numbers, hyphens and underscores are allowed", what);
    }
    if (doubled < len) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: cannot contain consecutive hyphens or underscores", what);
    }
    if (!ak_is_alphanumeric(text[0]) || !ak_is_alphanumeric(text[len - 1])) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must start and end with a letter or number", what);
    }
    return AK_OK;
}

static ak_status check_image(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0 || len > AK_IMAGE_MAX_BYTES) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must have 1 to %d characters", what, AK_IMAGE_MAX_BYTES);
    }
    if (ak_image_span(text, len) < len) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: only letters, numbers and . _ / : @ - are allowed", what);
    }
    return AK_OK;
}

static ak_status check_profile(const char *what, const char *text, size_t len, ak_error *err) {
    return ak_profile_find(text, len) >= 0
               ? AK_OK
               : ak_error_set(err, AK_E_ARGUMENT, "%s: must be permissive, moderate or restrictive", what);
}

static ak_status check_workdir(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0 || len > AK_WORKDIR_MAX_BYTES || text[0] != '/') {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must be an absolute path of at most %d bytes", what,
                            AK_WORKDIR_MAX_BYTES);
    }
    if (memchr(text, '\r', len) || memchr(text, '\n', len)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain line breaks", what);
    }
    if (ak_path_has(text, len, "..")) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain a .. component", what);
    }
    return AK_OK;
}

static ak_status check_env(const char *what, const char *text, size_t len, ak_error *err) {
    if (!ak_is_env_entry(text, len)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: each entry must be NAME=VALUE with a name", what);
    }
    return AK_OK;
}

/* ---- paths, and parts of them ---- */

static ak_status check_file(const char *what, const char *text, size_t len, ak_error *err) {
    if (len < 2 || text[0] != '/' || text[len - 1] == '/') {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must be the absolute path of a file", what);
    }
    if (ak_file_path_climbs(text, len)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain ..", what);
    }
    if (ak_path_has(text, len, ".") || (len > 1 && ak_path_has(text + 1, len - 1, ""))) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain an empty component or a single dot", what);
    }
    const char *closed = ak_file_path_closed(text, len);
    if (closed) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: servers refuse all paths that begin with %s", what, closed);
    }
    return AK_OK;
}

static ak_status check_uuid(const char *what, const char *text, size_t len, ak_error *err) {
    return ak_is_uuid(text, len) ? AK_OK : ak_error_set(err, AK_E_ARGUMENT, "%s: must be a UUID", what);
}

static ak_status check_segment(const char *what, const char *text, size_t len, ak_error *err) {
    for (size_t i = 0; i < len; i++) {
        if (!ak_is_alphanumeric(text[i]) && !memchr("-_.", text[i], 3)) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: only letters, numbers and - _ . are allowed", what);
        }
    }
    bool dots = len == 0 || (len <= 2 && memcmp(text, "..", len) == 0);
    return dots ? ak_error_set(err, AK_E_ARGUMENT, "%s: cannot be empty or dots", what) : AK_OK;
}

static ak_status check_target(const char *what, const char *text, size_t len, ak_error *err) {
    if (len == 0 || text[0] != '/') {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must begin with /", what);
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f || text[i] == '#') {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: escape all but the characters of a URL (%%20 for a space)",
                                what);
        }
    }
    const char *query = memchr(text, '?', len);
    size_t path_len = query ? (size_t)(query - text) : len;
    if (ak_path_has(text, path_len, ".") || ak_path_has(text, path_len, "..")) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain the components . and ..", what);
    }
    return AK_OK;
}

/* ---- other texts ---- */

static ak_status check_one_of(const char *what, const char *text, size_t len, const char *const *words,
                              const char *list, ak_error *err) {
    for (; *words; words++) {
        if (strlen(*words) == len && memcmp(*words, text, len) == 0) {
            return AK_OK;
        }
    }
    return ak_error_set(err, AK_E_ARGUMENT, "%s: must be %s", what, list);
}

/* Servers do not accept days, though some claim to. The server checks the maximum. */
static ak_status check_ttl(const char *what, const char *text, size_t len, ak_error *err) {
    uint64_t seconds = 0;
    size_t where = 0;
    ak_ttl_fault fault = ak_ttl_parse(text, len, &seconds, &where);
    bool ok = fault == AK_TTL_OK || fault == AK_TTL_TOO_LONG;
    return ok ? AK_OK : ak_error_set(err, AK_E_ARGUMENT, "%s: must be seconds, or such as 90s, 15m or 1h30m", what);
}

static ak_status check_json(const char *what, const char *text, size_t len, bool object, ak_error *err) {
    ak_json_value root;
    size_t offset = 0;
    if (!ak_json_parse(text, len, &root, &offset)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: is not JSON from byte %zu on", what, offset);
    }
    if (object && root.kind != AK_JSON_OBJECT) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must be a JSON object", what);
    }
    return AK_OK;
}

static ak_status check_label(const char *what, const char *text, size_t len, ak_error *err) {
    bool ok = len > 0 && !memchr(text, ':', len);
    return ok ? AK_OK : ak_error_set(err, AK_E_ARGUMENT, "%s: a label to look for cannot be empty or contain :", what);
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
    case AK_RULE_FILE:
        return check_file(what, text, len, err);
    case AK_RULE_UUID:
        return check_uuid(what, text, len, err);
    case AK_RULE_SEGMENT:
        return check_segment(what, text, len, err);
    case AK_RULE_TARGET:
        return check_target(what, text, len, err);
    case AK_RULE_LABEL:
        return check_label(what, text, len, err);
    case AK_RULE_TTL:
        return check_ttl(what, text, len, err);
    case AK_RULE_JSON:
    case AK_RULE_OBJECT:
        return check_json(what, text, len, rule == AK_RULE_OBJECT, err);
    case AK_RULE_STREAM:
        return check_one_of(what, text, len, (const char *const[]){AK_OUTPUT_STREAMS, NULL}, "stdout or stderr", err);
    case AK_RULE_METHOD:
        return check_one_of(what, text, len, (const char *const[]){AK_METHODS, NULL}, "GET, POST, PUT, PATCH or DELETE",
                            err);
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
    case AK_RULE_SIZE:
        return value < 0 ? ak_error_set(err, AK_E_ARGUMENT, "%s: cannot be negative", what) : AK_OK;
    case AK_RULE_TIMEOUT:
        if (value < AK_TIMEOUT_NONE) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: cannot be negative", what);
        }
        return AK_OK;
    default:
        return AK_OK;
    }
}
