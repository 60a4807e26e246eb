/*
 * log.c: writes down everything that came, so that the ways of waiting can be compared in what no case asks for.
 * Left out is what may differ: the port (in the Host header, and in messages), times (in messages), libcurl's code (it
 * or the library itself may be the first to notice a deadline), and which connection was used (a stream's is kept only
 * when its last chunk has come by the time of its final event).
 */
#include "conformance.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define LONG_BYTES 400

static void log_bytes(FILE *log, const char *data, size_t len) {
    uint64_t hash = 14695981039346656037U; /* FNV-1a, for what is too long to be written down */
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)data[i];
        hash = (hash ^ byte) * 1099511628211U;
        if (i < LONG_BYTES && byte >= 0x20 && byte < 0x7f && byte != '\\') {
            fputc(byte, log);
        } else if (i < LONG_BYTES) {
            fprintf(log, "\\x%02x", byte);
        }
    }
    if (len > LONG_BYTES) {
        fprintf(log, "... %zu bytes, %016" PRIx64, len, hash);
    }
}

void conf_log_case(conf_run *run) {
    if (run->log) {
        fprintf(run->log, "== %s\n", run->id);
    }
}

void conf_log_record(conf_run *run, ak_call *call) {
    ak_value values[64];
    size_t count = 0;
    if (!run->log) {
        return;
    }
    ak_status status = ak_call_values(call, values, sizeof values / sizeof values[0], &count, NULL);
    fprintf(run->log, "record %s\n", ak_status_name(status));
    for (size_t i = 0; status == AK_OK && i < count; i++) {
        fprintf(run->log, "  %s %d %" PRId64 " ", ak_key_name(values[i].key), (int)values[i].type, values[i].integer);
        log_bytes(run->log, values[i].data, values[i].size);
        fputc('\n', run->log);
    }
}

void conf_log_error(conf_run *run, const ak_error *err) {
    static const int32_t INTS[] = {AK_ERROR_HTTP_STATUS, AK_ERROR_EXIT_CODE, AK_ERROR_RETRY_AFTER_MS, AK_ERROR_SENT};
    static const int32_t TEXTS[] = {AK_ERROR_SERVER_TEXT, AK_ERROR_OUTPUT, AK_ERROR_OPERATION, AK_ERROR_PHASE};
    if (!run->log) {
        return;
    }
    fprintf(run->log, "error %s\n", ak_status_name(ak_error_code(err)));
    for (size_t i = 0; i < sizeof INTS / sizeof INTS[0]; i++) {
        int64_t value = 0;
        ak_status status = ak_error_int(err, INTS[i], &value);
        fprintf(run->log, "  %d %s %" PRId64 "\n", (int)INTS[i], ak_status_name(status), value);
    }
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        const char *data = NULL;
        size_t len = 0;
        ak_status status = ak_error_view(err, TEXTS[i], &data, &len);
        fprintf(run->log, "  %d %s ", (int)TEXTS[i], ak_status_name(status));
        log_bytes(run->log, data, len);
        fputc('\n', run->log);
    }
}

static void log_head(FILE *log, const fault_request *request) {
    const char *line = (const char *)request->raw;
    const char *end = line + request->head_len;
    while (line < end) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        size_t len = (size_t)((stop ? stop : end) - line);
        if (len > 0 && !(len >= 5 && strncasecmp(line, "Host:", 5) == 0)) {
            fputs("  ", log);
            log_bytes(log, line, len);
            fputc('\n', log);
        }
        line += len + (stop ? 2 : 0);
    }
}

void conf_log_requests(conf_run *run) {
    if (!run->log) {
        return;
    }
    const fault_request *request;
    for (size_t i = 0; (request = fault_request_at(run->server, i)) != NULL; i++) {
        fputs("request\n", run->log);
        log_head(run->log, request);
        fputs("  ", run->log);
        log_bytes(run->log, (const char *)request->body, request->body_len);
        fputc('\n', run->log);
    }
}
