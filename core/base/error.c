#include "error.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ak_error_detail {
    atomic_uint refs;
    char *server_text;
    size_t server_text_len;
    char *output;
    size_t output_len;
};

static void detail_release(ak_error_detail *detail) {
    if (detail && atomic_fetch_sub(&detail->refs, 1) == 1) {
        free(detail->server_text);
        free(detail->output);
        free(detail);
    }
}

void ak_error_init(ak_error *err) {
    /* Field by field: clearing the whole message, several times per call, would dominate the cost. */
    err->code = AK_OK;
    err->message[0] = '\0';
    err->operation = err->phase = NULL;
    err->http_status = err->libcurl = 0;
    err->sent = -1;
    err->has_exit_code = false;
    err->exit_code = 0;
    err->retry_after_ms = -1;
    err->detail = NULL;
}

void ak_error_clear(ak_error *err) {
    detail_release(err->detail);
    ak_error_init(err);
}

/* Messages become exceptions and log lines: one line, no terminal escapes. */
static void clean_message(char *message, bool cut) {
    for (char *c = message; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
    }
    size_t len = strlen(message);
    while (len && message[len - 1] == ' ') {
        message[--len] = '\0';
    }
    if (cut && len >= 8) {
        /* Does not split a UTF-8 character. */
        size_t end = len - 3;
        while (end && ((unsigned char)message[end] & 0xC0) == 0x80) {
            end--;
        }
        memcpy(message + end, "...", 4);
    }
}

ak_status ak_error_set(ak_error *err, ak_status code, const char *format, ...) {
    if (!err) {
        return code;
    }
    ak_error_clear(err);
    err->code = code;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    clean_message(err->message, n >= (int)sizeof err->message);
    return code;
}

ak_status ak_error_set_text(ak_error *err, ak_status code, const char *text, size_t len) {
    if (!err) {
        return code;
    }
    ak_error_clear(err);
    err->code = code;
    bool cut = len >= sizeof err->message;
    size_t n = cut ? sizeof err->message - 1 : len;
    for (size_t i = 0; i < n; i++) {
        err->message[i] = text[i] ? text[i] : ' ';
    }
    err->message[n] = '\0';
    clean_message(err->message, cut);
    return code;
}

ak_status ak_error_memory(ak_error *err) {
    return ak_error_set(err, AK_E_MEMORY, "out of memory");
}

ak_status ak_error_copy(ak_error *to, const ak_error *from) {
    if (to && to != from) {
        detail_release(to->detail);
        *to = *from;
        if (to->detail) {
            atomic_fetch_add(&to->detail->refs, 1);
        }
    }
    return from->code;
}

void ak_error_attach(ak_error *err, char *server_text, size_t text_len, char *output, size_t output_len) {
    ak_error_detail *detail = server_text || output ? malloc(sizeof *detail) : NULL;
    if (!detail) {
        free(server_text);
        free(output);
        return;
    }
    detail_release(err->detail);
    atomic_init(&detail->refs, 1);
    detail->server_text = server_text;
    detail->server_text_len = text_len;
    detail->output = output;
    detail->output_len = output_len;
    err->detail = detail;
}

ak_status ak_error_get_int(const ak_error *err, int32_t field, int64_t *value) {
    *value = 0;
    if (!err || err->code == AK_OK) {
        return AK_ABSENT;
    }
    bool present = true;
    switch (field) {
    case AK_ERROR_CODE:
        *value = err->code;
        break;
    case AK_ERROR_HTTP_STATUS:
        *value = err->http_status;
        present = err->http_status != 0;
        break;
    case AK_ERROR_EXIT_CODE:
        *value = err->exit_code;
        present = err->has_exit_code;
        break;
    case AK_ERROR_RETRY_AFTER_MS:
        present = err->retry_after_ms >= 0;
        *value = present ? err->retry_after_ms : 0;
        break;
    case AK_ERROR_LIBCURL:
        *value = err->libcurl;
        present = err->libcurl != 0;
        break;
    case AK_ERROR_SENT:
        present = err->sent >= 0;
        *value = present ? err->sent : 0;
        break;
    default:
        return AK_E_ARGUMENT;
    }
    return present ? AK_OK : AK_ABSENT;
}

static ak_status view_of(const char *text, size_t text_len, const char **data, size_t *len) {
    if (!text) {
        return AK_ABSENT;
    }
    *data = text;
    *len = text_len;
    return AK_OK;
}

ak_status ak_error_get_view(const ak_error *err, int32_t field, const char **data, size_t *len) {
    *data = NULL;
    *len = 0;
    if (!err || err->code == AK_OK) {
        return AK_ABSENT;
    }
    const ak_error_detail *detail = err->detail;
    switch (field) {
    case AK_ERROR_MESSAGE:
        return view_of(err->message, strlen(err->message), data, len);
    case AK_ERROR_OPERATION:
        return view_of(err->operation, err->operation ? strlen(err->operation) : 0, data, len);
    case AK_ERROR_PHASE:
        return view_of(err->phase, err->phase ? strlen(err->phase) : 0, data, len);
    case AK_ERROR_SERVER_TEXT:
        return detail ? view_of(detail->server_text, detail->server_text_len, data, len) : AK_ABSENT;
    case AK_ERROR_OUTPUT:
        return detail ? view_of(detail->output, detail->output_len, data, len) : AK_ABSENT;
    default:
        return AK_E_ARGUMENT;
    }
}
