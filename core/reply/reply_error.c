#include "reply.h"

#include <stdlib.h>
#include <string.h>

/* How much of a body without an envelope is kept as the server's text. */
#define SERVER_TEXT_BYTES 4096

ak_status ak_reply_fault_error(const ak_reply *reply, ak_error *err) {
    switch (reply->fault) {
    case AK_REPLY_TOO_LARGE:
        return ak_error_set(err, AK_E_TOO_LARGE, "the reply is longer than max_reply_bytes (%zu)",
                            reply->options.max_bytes);
    case AK_REPLY_HEAD_TOO_LARGE:
        return ak_error_set(err, AK_E_TOO_LARGE, "the headers of the reply are longer than %d bytes",
                            AK_MAX_HEAD_BYTES);
    case AK_REPLY_MALFORMED:
        return ak_error_set(err, AK_E_PROTOCOL, "the content in the server's reply is not what its encoding says");
    default:
        return ak_error_memory(err);
    }
}

static bool member(const ak_json_value *object, const char *name, ak_json_value *out) {
    return ak_json_member(object, name, strlen(name), out);
}

static ak_status code_of_status(long status, bool has_exit_code) {
    switch (status) {
    case 400:
        return AK_E_BAD_REQUEST;
    case 401:
        return AK_E_UNAUTHORIZED;
    case 403:
        return AK_E_FORBIDDEN;
    case 404:
        return AK_E_NOT_FOUND;
    case 409:
        return has_exit_code ? AK_E_COMMAND : AK_E_CONFLICT;
    case 413:
        return AK_E_BODY_TOO_LARGE;
    case 422:
        return AK_E_UNPROCESSABLE;
    case 429:
        return AK_E_QUOTA;
    default:
        return status >= 500 && status <= 599 ? AK_E_SERVER : AK_E_HTTP;
    }
}

/* Appends a NUL. */
static char *copy_bytes(const char *bytes, size_t len) {
    char *copy = malloc(len + 1);
    if (copy) {
        if (len) {
            memcpy(copy, bytes, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

/* The output of a failed command, decoded: exact bytes where the server sent them. NULL when there is none. */
static char *take_output(ak_arena *arena, const ak_json_value *root, size_t *len) {
    ak_json_value value;
    const char *data = NULL;
    *len = 0;
    bool ok = false;
    if (member(root, "output_base64", &value) && ak_base64_check_string(&value, NULL)) {
        ok = ak_decode_base64(arena, &value, &data, len) == AK_OK;
    } else if (member(root, "output", &value) && value.kind == AK_JSON_STRING) {
        ok = ak_decode_string(arena, &value, &data, len);
    }
    return ok ? copy_bytes(data, *len) : NULL;
}

/* A redirect is never followed; its target is named without the query, which may hold secrets. */
ak_status ak_reply_redirect_error(const ak_reply *reply, ak_error *err) {
    const char *target = reply->head.redirect;
    int len = target ? (int)strcspn(target, "?#") : 0;
    return ak_error_set(err, AK_E_REDIRECT, "the server redirects (%ld) to %.*s; redirects are not followed",
                        reply->head.status, target ? len : 7, target ? target : "nowhere");
}

ak_status ak_reply_server_error(const ak_reply *reply, const ak_json_value *root, ak_error *err) {
    ak_json_value error, exit_value;
    int64_t exit_code = 0;
    bool has_exit_code = member(root, "exit_code", &exit_value) && ak_json_int64(&exit_value, &exit_code);
    const char *text = reply->body.data;
    size_t text_len = reply->body.len < SERVER_TEXT_BYTES ? reply->body.len : SERVER_TEXT_BYTES;
    ak_arena arena = {0};
    if (member(root, "error", &error) && error.kind == AK_JSON_STRING &&
        !ak_decode_string(&arena, &error, &text, &text_len)) {
        return ak_error_memory(err);
    }
    ak_status code = code_of_status(reply->head.status, has_exit_code);
    if (text_len) {
        ak_error_set_text(err, code, text, text_len);
    } else {
        ak_error_set(err, code, "the server answered %ld without a message", reply->head.status);
    }
    size_t output_len = 0;
    char *output = has_exit_code ? take_output(&arena, root, &output_len) : NULL;
    ak_error_attach(err, text_len ? copy_bytes(text, text_len) : NULL, text_len, output, output_len);
    err->has_exit_code = has_exit_code;
    err->exit_code = exit_code;
    err->retry_after_ms = reply->head.retry_after_ms;
    ak_arena_free(&arena);
    return code;
}
