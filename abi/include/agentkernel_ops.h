/*
 * agentkernel_ops.h: typed calls for C and C++ on top of agentkernel.h. Generated: do not edit.
 *
 * SPDX-License-Identifier: MIT
 *
 * Every function here is static inline and made of the functions of agentkernel.h; nothing is exported.
 *
 *     const char *const command[] = {"echo", "hello", NULL};
 *     ak_run_result result = {0};
 *     if (ak_run(client, command, &(ak_run_options){.image = "alpine"}, &result, err) == AK_OK) {
 *         fwrite(result.output, 1, result.output_len, stdout);
 *     }
 *     ak_run_result_free(&result);
 *
 * OPTIONS. What an operation needs are arguments of its function; what it can do without is a struct, which may be
 * NULL. In it zero means not set: NULL for text and lists, AK_UNSET for an ak_choice, 0 for integers (AK_ZERO is the
 * number 0). Text is UTF-8 that ends with NUL, a list is an array of text that ends with NULL, a map an array of
 * ak_pair that ends with a NULL name; an empty map is set, and is empty. All of it is copied. Text that holds a NUL
 * needs the functions of agentkernel.h. The content of a file has its length beside it; NULL is no content: then hand
 * it in with ak_call_write, after the twin ending in _new.
 *
 * RECORDS. A record owns what its members point to. It starts as zeros, may be filled again and again, each time losing
 * what it held, and is freed with its own _free function, which makes it zeros again. When filling fails it is zeros,
 * and nothing needs freeing. Text ends with NUL; members that are bytes have their length beside them (and a NUL after
 * it). A text that the server sent with a NUL inside looks shorter; raw has it whole. What did not come is 0, false or
 * NULL; has.MEMBER says that a value came, null.MEMBER that null came. Where <stdio.h> has macros for stdout and stderr
 * that cannot stand after a dot, as musl's has, members of these names are stdout_data and stderr_data; they are so
 * everywhere.
 *
 * CALLS. A function that runs an operation to its end gives AK_OK or an error. Its twin ending in _new only prepares
 * the call, for programs that wait by themselves: step it as agentkernel.h says, and take each record with _fill. A
 * function whose operation yields many records gives the call at once: _next waits for each record and gives AK_ITEM,
 * AK_DONE or an error, after which the record is zeros; free the call in the end. Nothing is sent before the first
 * step.
 *
 * TIME. Everything that waits does so until the deadlines of the call (its timeout options, else the client's
 * settings); signals do not end it. Calls may be cancelled from another thread with ak_call_cancel.
 *
 * ERRORS. Those of agentkernel.h, with err as it says; ak_failure_fill reads one. A parameter that is missing or cannot
 * be right is AK_E_ARGUMENT, before any I/O. When copying a record runs out of memory the status is AK_E_MEMORY and err
 * is not written.
 *
 * Threads: functions that take a client: any. Functions that take a call, a record or an error: one.
 */
/* clang-format off */
#ifndef AGENTKERNEL_OPS_H
#define AGENTKERNEL_OPS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <agentkernel.h>

#ifdef __cplusplus
#define AK_OPS_CAST(type, value) static_cast<type>(value)
extern "C" {
#else
#define AK_OPS_CAST(type, value) ((type)(value))
#endif
/* Members of options are zero unless named, and no compiler has to warn of those that are not. */
#if defined(__cplusplus) && __cplusplus >= 201402L
#define AK_OPS_UNSET = {}
#else
#define AK_OPS_UNSET
#endif

/* A yes-or-no option. Not set means what the server or the library does by default. Not a bool: false would be the same
 * as not set. */
typedef enum ak_choice { AK_UNSET = 0, AK_YES = 1, AK_NO = 2 } ak_choice;

/* As an integer option: the number 0, because a plain 0 means that the option is not set. */
#define AK_ZERO INT64_MIN

/* One entry of a map. value is NULL where the server sent null. */
typedef struct ak_pair {
    const char *name;
    const char *value;
} ak_pair;

/* ---- how it works inside: nothing here is for use from outside ---- */

/* Memory of a record, for what its members point to. */
typedef struct ak_ops_block {
    struct ak_ops_block *next;
    char *data;
    size_t used, size;
} ak_ops_block;

static inline void ak_ops_free(ak_ops_block *block) {
    while (block) {
        ak_ops_block *next = block->next;
        free(block);
        block = next;
    }
}

/* Parameters on their way into a call. The first failure stays. */
typedef struct ak_ops_bind {
    ak_call *call;
    ak_error *err;
    ak_status status;
} ak_ops_bind;

static inline ak_ops_bind ak_ops_begin(ak_client *client, int32_t operation, ak_error *err) {
    ak_ops_bind bind;
    bind.call = NULL;
    bind.err = err;
    bind.status = ak_call_new(client, operation, &bind.call, err);
    return bind;
}

static inline void ak_ops_set_text(ak_ops_bind *bind, int32_t key, const char *text) {
    if (text && bind->status >= 0) {
        bind->status = ak_call_set_text(bind->call, key, text, strlen(text), bind->err);
    }
}

static inline void ak_ops_set_int(ak_ops_bind *bind, int32_t key, int64_t value) {
    if (value != 0 && bind->status >= 0) {
        bind->status = ak_call_set_int(bind->call, key, value == AK_ZERO ? 0 : value, bind->err);
    }
}

static inline void ak_ops_set_choice(ak_ops_bind *bind, int32_t key, ak_choice choice) {
    if (choice != AK_UNSET && bind->status >= 0) {
        bind->status = ak_call_set_int(bind->call, key, choice == AK_YES, bind->err);
    }
}

static inline void ak_ops_add_texts(ak_ops_bind *bind, int32_t key, const char *const *texts) {
    for (; texts && *texts && bind->status >= 0; texts++) {
        bind->status = ak_call_add_text(bind->call, key, *texts, strlen(*texts), bind->err);
    }
}

static inline void ak_ops_add_lists(ak_ops_bind *bind, int32_t key, const char *const *const *lists) {
    for (; lists && *lists && bind->status >= 0; lists++) {
        bind->status = ak_call_add_list(bind->call, key, bind->err);
        ak_ops_add_texts(bind, key, *lists);
    }
}

static inline void ak_ops_set_bytes(ak_ops_bind *bind, int32_t key, const void *bytes, size_t len) {
    if (bytes && bind->status >= 0) {
        bind->status = ak_call_set_text(bind->call, key, AK_OPS_CAST(const char *, bytes), len, bind->err);
    }
}

static inline void ak_ops_put_pairs(ak_ops_bind *bind, int32_t key, const ak_pair *pairs) {
    if (pairs && !pairs->name && bind->status >= 0) {
        bind->status = ak_call_set_text(bind->call, key, "", 0, bind->err); /* none: another thing than not set */
    }
    for (; pairs && pairs->name && bind->status >= 0; pairs++) {
        const char *value = pairs->value ? pairs->value : "";
        bind->status =
            ak_call_put_text(bind->call, key, pairs->name, strlen(pairs->name), value, strlen(value), bind->err);
    }
}

/* Hands out the call, or frees it when a parameter was refused. */
static inline ak_status ak_ops_end(ak_ops_bind *bind, ak_call **call) {
    if (bind->status < 0) {
        ak_call_free(bind->call);
        bind->call = NULL;
    }
    *call = bind->call;
    return bind->status;
}

/* The next record, the end, or an error. A signal does not end it: the call's deadlines do. */
static inline ak_status ak_ops_wait(ak_call *call, ak_error *err) {
    ak_status status;
    do {
        status = ak_call_wait(call, -1, err);
    } while (status == AK_AGAIN);
    return status;
}

/* Fields on their way out of a call, or of an error where there is no call. The first failure stays. */
typedef struct ak_ops_copy {
    ak_call *call;
    const ak_error *source;
    ak_error *err;
    ak_ops_block *memory;
    ak_status status;
} ak_ops_copy;

static inline ak_ops_copy ak_ops_copy_from(ak_call *call, const ak_error *source, ak_error *err) {
    ak_ops_copy copy;
    copy.call = call;
    copy.source = source;
    copy.err = err;
    copy.memory = NULL;
    copy.status = AK_OK;
    return copy;
}

/* Memory for count things of a size. */
static inline void *ak_ops_take(ak_ops_copy *copy, size_t count, size_t size) {
    const size_t unit = sizeof(ak_ops_block), room = 1024;
    ak_ops_block *block = copy->memory;
    if (count > (SIZE_MAX - room - 2 * unit) / size) {
        copy->status = AK_E_MEMORY;
        return NULL;
    }
    size = (count * size + unit - 1) / unit * unit; /* keeps what follows aligned */
    if (!block || block->size - block->used < size) {
        const size_t data = size > room ? size : room;
        void *memory = malloc(unit + data);
        if (!memory) {
            copy->status = AK_E_MEMORY;
            return NULL;
        }
        block = AK_OPS_CAST(ak_ops_block *, memory);
        block->next = copy->memory;
        block->data = AK_OPS_CAST(char *, memory) + unit;
        block->used = 0;
        block->size = data;
        copy->memory = block;
    }
    block->used += size;
    return block->data + block->used - size;
}

static inline const char *ak_ops_keep(ak_ops_copy *copy, const char *data, size_t len) {
    char *text = AK_OPS_CAST(char *, ak_ops_take(copy, len + 1, 1));
    if (text) {
        memcpy(text, data, len);
        text[len] = '\0';
    }
    return text;
}

static inline ak_status ak_ops_view(const ak_ops_copy *copy, int32_t key, const char **data, size_t *len) {
    return copy->call ? ak_call_view(copy->call, key, data, len, copy->err)
                      : ak_error_view(copy->source, key, data, len);
}

static inline ak_status ak_ops_int(const ak_ops_copy *copy, int32_t key, int64_t *value) {
    return copy->call ? ak_call_int(copy->call, key, value, copy->err) : ak_error_int(copy->source, key, value);
}

/* Notes what a function returned. True when there is a value to take. */
static inline bool ak_ops_seen(ak_ops_copy *copy, ak_status status, bool *has, bool *null) {
    if (has) {
        *has = status == AK_OK;
    }
    if (null) {
        *null = status == AK_NULL;
    }
    if (status < 0) {
        copy->status = status;
    }
    return status == AK_OK;
}

static inline void ak_ops_get_text(ak_ops_copy *copy, int32_t key, const char **text, size_t *len, bool *has,
                                   bool *null) {
    const char *data = NULL;
    size_t size = 0;
    if (copy->status < 0 || !ak_ops_seen(copy, ak_ops_view(copy, key, &data, &size), has, null)) {
        return;
    }
    *text = ak_ops_keep(copy, data, size);
    if (len) {
        *len = size;
    }
}

static inline void ak_ops_get_int(ak_ops_copy *copy, int32_t key, int64_t *value, bool *has, bool *null) {
    if (copy->status >= 0) {
        ak_ops_seen(copy, ak_ops_int(copy, key, value), has, null);
    }
}

static inline void ak_ops_get_bool(ak_ops_copy *copy, int32_t key, bool *value, bool *has, bool *null) {
    int64_t number = 0;
    ak_ops_get_int(copy, key, &number, has, null);
    *value = number != 0;
}

/* The entry of a list or map: NULL for null. */
static inline const char *ak_ops_entry(ak_ops_copy *copy, ak_status status, const char *data, size_t len) {
    if (status < 0) {
        copy->status = status;
    }
    return status == AK_OK ? ak_ops_keep(copy, data, len) : NULL;
}

static inline void ak_ops_get_list(ak_ops_copy *copy, int32_t key, const char *const **list, size_t *count, bool *has,
                                   bool *null) {
    const char **texts, *data = NULL;
    size_t entries = 0, len = 0, i;
    if (copy->status < 0 || !ak_ops_seen(copy, ak_call_count(copy->call, key, &entries, copy->err), has, null)) {
        return;
    }
    texts = AK_OPS_CAST(const char **, ak_ops_take(copy, entries + 1, sizeof *texts));
    for (i = 0; i < entries && copy->status >= 0; i++) {
        ak_status status = ak_call_view_at(copy->call, key, i, &data, &len, copy->err);
        texts[i] = ak_ops_entry(copy, status, data, len);
    }
    if (copy->status >= 0) {
        texts[entries] = NULL;
        *list = texts;
        *count = entries;
    }
}

static inline void ak_ops_get_map(ak_ops_copy *copy, int32_t key, const ak_pair **map, size_t *count, bool *has,
                                  bool *null) {
    ak_pair *pairs;
    const char *data = NULL;
    size_t entries = 0, len = 0, i;
    if (copy->status < 0 || !ak_ops_seen(copy, ak_call_count(copy->call, key, &entries, copy->err), has, null)) {
        return;
    }
    pairs = AK_OPS_CAST(ak_pair *, ak_ops_take(copy, entries + 1, sizeof *pairs));
    for (i = 0; i < entries && copy->status >= 0; i++) {
        ak_status status = ak_call_key_at(copy->call, key, i, &data, &len, copy->err);
        pairs[i].name = ak_ops_entry(copy, status, data, len);
        if (copy->status >= 0) {
            status = ak_call_view_at(copy->call, key, i, &data, &len, copy->err);
            pairs[i].value = ak_ops_entry(copy, status, data, len);
        }
    }
    if (copy->status >= 0) {
        pairs[entries].name = NULL;
        pairs[entries].value = NULL;
        *map = pairs;
        *count = entries;
    }
}

/* ---- records ---- */

/* What an error says. Begin with zeros; free with ak_failure_free. */
typedef struct ak_failure {
    ak_ops_block *memory; /* what the members point to: not for use */
    int64_t code; /* The status code. */
    const char *message; /* One line, without secrets. */
    int64_t http_status; /* The HTTP status; absent if there was no reply. */
    const char *server_text; /* The server's own message, or the beginning of its body if it sent none. */
    int64_t exit_code; /* The exit code of a failed command. */
    const char *output; /* The output of a failed command. */
    size_t output_len; /* bytes of output */
    int64_t retry_after_ms; /* Milliseconds after which the server asked to retry. */
    const char *operation; /* The name of the operation. */
    const char *phase; /* The phase: bind, resolve, connect, send, wait, receive or decode. */
    int64_t libcurl; /* The CURLcode of libcurl, if it failed. */
    int64_t sent; /* Whether the request may have been executed: AK_SENT_*. */
    /* Which of the members that may be missing came with a value. */
    struct {
        bool message, http_status, server_text, exit_code, output, retry_after_ms, operation, phase, libcurl, sent;
    } has;
} ak_failure;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_failure_free(ak_failure *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from an error; from NULL, or an error that was not written to, one with code AK_OK. Errors:
 * AK_E_MEMORY. Thread: one. */
static inline ak_status ak_failure_fill(const ak_error *err, ak_failure *record) {
    ak_ops_copy copy = ak_ops_copy_from(NULL, err, NULL);
    ak_failure_free(record);
    ak_ops_get_int(&copy, AK_ERROR_CODE, &record->code, NULL, NULL);
    ak_ops_get_text(&copy, AK_ERROR_MESSAGE, &record->message, NULL, &record->has.message, NULL);
    ak_ops_get_int(&copy, AK_ERROR_HTTP_STATUS, &record->http_status, &record->has.http_status, NULL);
    ak_ops_get_text(&copy, AK_ERROR_SERVER_TEXT, &record->server_text, NULL, &record->has.server_text, NULL);
    ak_ops_get_int(&copy, AK_ERROR_EXIT_CODE, &record->exit_code, &record->has.exit_code, NULL);
    ak_ops_get_text(&copy, AK_ERROR_OUTPUT, &record->output, &record->output_len, &record->has.output, NULL);
    ak_ops_get_int(&copy, AK_ERROR_RETRY_AFTER_MS, &record->retry_after_ms, &record->has.retry_after_ms, NULL);
    ak_ops_get_text(&copy, AK_ERROR_OPERATION, &record->operation, NULL, &record->has.operation, NULL);
    ak_ops_get_text(&copy, AK_ERROR_PHASE, &record->phase, NULL, &record->has.phase, NULL);
    ak_ops_get_int(&copy, AK_ERROR_LIBCURL, &record->libcurl, &record->has.libcurl, NULL);
    ak_ops_get_int(&copy, AK_ERROR_SENT, &record->sent, &record->has.sent, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_failure_free(record);
    }
    return copy.status;
}

/* A record of ak_health. Begin with zeros; free with ak_health_result_free. */
typedef struct ak_health_result {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *status; /* "ok". */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
} ak_health_result;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_health_result_free(ak_health_result *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_health_result_fill(ak_call *call, ak_health_result *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_health_result_free(record);
    ak_ops_get_text(&copy, AK_KEY_STATUS, &record->status, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_health_result_free(record);
    }
    return copy.status;
}

/* A record of ak_run, ak_sandbox_exec. Begin with zeros; free with ak_run_result_free. */
typedef struct ak_run_result {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *output; /* What the command wrote. */
    size_t output_len; /* bytes of output */
    int64_t exit_code; /* The exit code of the command. */
    bool truncated; /* Whether the output was longer than the server keeps. */
    int64_t total_bytes; /* The length of the whole output in bytes. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool truncated, total_bytes;
    } has, null;
} ak_run_result;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_run_result_free(ak_run_result *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_run_result_fill(ak_call *call, ak_run_result *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_run_result_free(record);
    ak_ops_get_text(&copy, AK_KEY_OUTPUT, &record->output, &record->output_len, NULL, NULL);
    ak_ops_get_int(&copy, AK_KEY_EXIT_CODE, &record->exit_code, NULL, NULL);
    ak_ops_get_bool(&copy, AK_KEY_TRUNCATED, &record->truncated, &record->has.truncated, &record->null.truncated);
    ak_ops_get_int(&copy, AK_KEY_TOTAL_BYTES, &record->total_bytes, &record->has.total_bytes,
                   &record->null.total_bytes);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_run_result_free(record);
    }
    return copy.status;
}

/* A record of ak_run_stream. Begin with zeros; free with ak_event_free. */
typedef struct ak_event {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *type; /* The kind of event or log entry; an open set. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. */
    size_t raw_len; /* bytes of raw */
    bool parsed; /* Whether the event's data is a JSON object. If not, only raw, type and id are set. */
    const char *id; /* The last event id of the stream. */
    const char *data; /* The bytes that the command wrote, in an output event. */
    size_t data_len; /* bytes of data */
    const char *stream; /* The output stream: stdout or stderr. */
    int64_t exit_code; /* The exit code of the command. */
    bool success; /* Whether the exit code is 0, in a done event. */
    const char *output; /* What the command wrote. */
    size_t output_len; /* bytes of output */
    const char *message; /* What went wrong, in an error event. */
    const char *const *command; /* The program and its arguments, passed on byte for byte. (ends with NULL) */
    size_t command_count; /* entries of command */
    bool fast; /* Whether a warm sandbox is used, in a started event. */
    const char *timestamp; /* The time, in RFC 3339 format. */
    const char *stage; /* How far the sandbox is, such as sandbox_created, in a progress event. */
    const char *sandbox; /* The name of the sandbox. */
    bool oom; /* Whether the command was killed for exceeding its memory limit. */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool data, stream, exit_code, success, output, message, command, fast, timestamp, stage, sandbox, oom;
    } has, null;
} ak_event;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_event_free(ak_event *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_event_fill(ak_call *call, ak_event *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_event_free(record);
    ak_ops_get_text(&copy, AK_KEY_TYPE, &record->type, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, &record->raw_len, NULL, NULL);
    ak_ops_get_bool(&copy, AK_KEY_PARSED, &record->parsed, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_ID, &record->id, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_DATA, &record->data, &record->data_len, &record->has.data, &record->null.data);
    ak_ops_get_text(&copy, AK_KEY_STREAM, &record->stream, NULL, &record->has.stream, &record->null.stream);
    ak_ops_get_int(&copy, AK_KEY_EXIT_CODE, &record->exit_code, &record->has.exit_code, &record->null.exit_code);
    ak_ops_get_bool(&copy, AK_KEY_SUCCESS, &record->success, &record->has.success, &record->null.success);
    ak_ops_get_text(&copy, AK_KEY_OUTPUT, &record->output, &record->output_len, &record->has.output,
                    &record->null.output);
    ak_ops_get_text(&copy, AK_KEY_MESSAGE, &record->message, NULL, &record->has.message, &record->null.message);
    ak_ops_get_list(&copy, AK_KEY_COMMAND, &record->command, &record->command_count, &record->has.command,
                    &record->null.command);
    ak_ops_get_bool(&copy, AK_KEY_FAST, &record->fast, &record->has.fast, &record->null.fast);
    ak_ops_get_text(&copy, AK_KEY_TIMESTAMP, &record->timestamp, NULL, &record->has.timestamp, &record->null.timestamp);
    ak_ops_get_text(&copy, AK_KEY_STAGE, &record->stage, NULL, &record->has.stage, &record->null.stage);
    ak_ops_get_text(&copy, AK_KEY_SANDBOX, &record->sandbox, NULL, &record->has.sandbox, &record->null.sandbox);
    ak_ops_get_bool(&copy, AK_KEY_OOM, &record->oom, &record->has.oom, &record->null.oom);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_event_free(record);
    }
    return copy.status;
}

/* Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one. */
static inline ak_status ak_event_next(ak_call *call, ak_event *record, ak_error *err) {
    const ak_status status = ak_ops_wait(call, err);
    if (status == AK_ITEM) {
        const ak_status filled = ak_event_fill(call, record, err);
        return filled < 0 ? filled : AK_ITEM;
    }
    ak_event_free(record);
    return status;
}

/* A record of ak_sandbox_list, ak_sandbox_create, ak_sandbox_get, ak_sandbox_get_by_uuid, ak_sandbox_fork,
 * ak_sandbox_resize, ak_sandbox_recover, ak_sandbox_update, ak_snapshot_restore. Begin with zeros; free with
 * ak_sandbox_free. */
typedef struct ak_sandbox {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *name; /* The name: 1 to 63 letters, digits, hyphens and underscores. */
    const char *status; /* The state, such as running, stopped or paused; an open set. */
    const char *uuid; /* The unique identifier; all zeros when unknown. */
    const char *backend; /* The backend that isolates the sandbox. */
    const char *ip; /* The IP address, if there is one. */
    const char *image; /* The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    int64_t vcpus; /* The number of virtual processors. */
    int64_t memory_mb; /* The memory in MiB. */
    const char *created_at; /* When it was created, in RFC 3339 format. */
    const char *created_from_template; /* The name of the template it was created from. */
    const char *template_help_text; /* What that template says about its use. */
    const char *const *ports; /* Published ports, each such as "8080:80", "3000" or "53:53/udp". (ends with NULL) */
    size_t ports_count; /* entries of ports */
    const char *endpoints; /* A list of {container_port, protocol, url}. (JSON) */
    const char *const *secret_files; /* Keys of secrets that the sandbox gets as files. (ends with NULL) */
    size_t secret_files_count; /* entries of secret_files */
    bool placeholder_secrets; /* Whether the sandbox sees placeholders, which a proxy replaces by the secrets. */
    int64_t proxy_port; /* The port that proxy listens on. */
    /* Environment variables mapped to hosts. Values of secrets are never shown. (ends with a NULL name) */
    const ak_pair *secret_mappings;
    size_t secret_mappings_count; /* entries of secret_mappings */
    const ak_pair *labels; /* User-defined labels. (ends with a NULL name) */
    size_t labels_count; /* entries of labels */
    const char *description; /* A user-defined description. */
    const char *last_activity_at; /* When it was last used, in RFC 3339 format. */
    const char *workspace_revision; /* The revision of /workspace. */
    const char *archived_at; /* When it was archived, in RFC 3339 format. */
    const char *archived_reason; /* Why it was archived. */
    /* Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. (JSON) */
    const char *lifecycle;
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool uuid, backend, ip, image, vcpus, memory_mb, created_at, created_from_template, template_help_text, ports,
             endpoints, secret_files, placeholder_secrets, proxy_port, secret_mappings, labels, description,
             last_activity_at, workspace_revision, archived_at, archived_reason, lifecycle;
    } has, null;
} ak_sandbox;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_sandbox_free(ak_sandbox *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_sandbox_fill(ak_call *call, ak_sandbox *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_sandbox_free(record);
    ak_ops_get_text(&copy, AK_KEY_NAME, &record->name, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_STATUS, &record->status, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_UUID, &record->uuid, NULL, &record->has.uuid, &record->null.uuid);
    ak_ops_get_text(&copy, AK_KEY_BACKEND, &record->backend, NULL, &record->has.backend, &record->null.backend);
    ak_ops_get_text(&copy, AK_KEY_IP, &record->ip, NULL, &record->has.ip, &record->null.ip);
    ak_ops_get_text(&copy, AK_KEY_IMAGE, &record->image, NULL, &record->has.image, &record->null.image);
    ak_ops_get_int(&copy, AK_KEY_VCPUS, &record->vcpus, &record->has.vcpus, &record->null.vcpus);
    ak_ops_get_int(&copy, AK_KEY_MEMORY_MB, &record->memory_mb, &record->has.memory_mb, &record->null.memory_mb);
    ak_ops_get_text(&copy, AK_KEY_CREATED_AT, &record->created_at, NULL, &record->has.created_at,
                    &record->null.created_at);
    ak_ops_get_text(&copy, AK_KEY_CREATED_FROM_TEMPLATE, &record->created_from_template, NULL,
                    &record->has.created_from_template, &record->null.created_from_template);
    ak_ops_get_text(&copy, AK_KEY_TEMPLATE_HELP_TEXT, &record->template_help_text, NULL,
                    &record->has.template_help_text, &record->null.template_help_text);
    ak_ops_get_list(&copy, AK_KEY_PORTS, &record->ports, &record->ports_count, &record->has.ports, &record->null.ports);
    ak_ops_get_text(&copy, AK_KEY_ENDPOINTS, &record->endpoints, NULL, &record->has.endpoints, &record->null.endpoints);
    ak_ops_get_list(&copy, AK_KEY_SECRET_FILES, &record->secret_files, &record->secret_files_count,
                    &record->has.secret_files, &record->null.secret_files);
    ak_ops_get_bool(&copy, AK_KEY_PLACEHOLDER_SECRETS, &record->placeholder_secrets, &record->has.placeholder_secrets,
                    &record->null.placeholder_secrets);
    ak_ops_get_int(&copy, AK_KEY_PROXY_PORT, &record->proxy_port, &record->has.proxy_port, &record->null.proxy_port);
    ak_ops_get_map(&copy, AK_KEY_SECRET_MAPPINGS, &record->secret_mappings, &record->secret_mappings_count,
                   &record->has.secret_mappings, &record->null.secret_mappings);
    ak_ops_get_map(&copy, AK_KEY_LABELS, &record->labels, &record->labels_count, &record->has.labels,
                   &record->null.labels);
    ak_ops_get_text(&copy, AK_KEY_DESCRIPTION, &record->description, NULL, &record->has.description,
                    &record->null.description);
    ak_ops_get_text(&copy, AK_KEY_LAST_ACTIVITY_AT, &record->last_activity_at, NULL, &record->has.last_activity_at,
                    &record->null.last_activity_at);
    ak_ops_get_text(&copy, AK_KEY_WORKSPACE_REVISION, &record->workspace_revision, NULL,
                    &record->has.workspace_revision, &record->null.workspace_revision);
    ak_ops_get_text(&copy, AK_KEY_ARCHIVED_AT, &record->archived_at, NULL, &record->has.archived_at,
                    &record->null.archived_at);
    ak_ops_get_text(&copy, AK_KEY_ARCHIVED_REASON, &record->archived_reason, NULL, &record->has.archived_reason,
                    &record->null.archived_reason);
    ak_ops_get_text(&copy, AK_KEY_LIFECYCLE, &record->lifecycle, NULL, &record->has.lifecycle, &record->null.lifecycle);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_sandbox_free(record);
    }
    return copy.status;
}

/* Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one. */
static inline ak_status ak_sandbox_next(ak_call *call, ak_sandbox *record, ak_error *err) {
    const ak_status status = ak_ops_wait(call, err);
    if (status == AK_ITEM) {
        const ak_status filled = ak_sandbox_fill(call, record, err);
        return filled < 0 ? filled : AK_ITEM;
    }
    ak_sandbox_free(record);
    return status;
}

/* A record of ak_file_read. Begin with zeros; free with ak_file_free. */
typedef struct ak_file {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *content; /* The content in bytes. */
    size_t content_len; /* bytes of content */
    const char *encoding; /* How the content was sent: utf8 or base64. It is returned decoded. */
    int64_t size; /* The size of the content in bytes. As a parameter: how many bytes ak_call_write will supply. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool encoding, size;
    } has, null;
} ak_file;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_file_free(ak_file *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_file_fill(ak_call *call, ak_file *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_file_free(record);
    ak_ops_get_text(&copy, AK_KEY_CONTENT, &record->content, &record->content_len, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_ENCODING, &record->encoding, NULL, &record->has.encoding, &record->null.encoding);
    ak_ops_get_int(&copy, AK_KEY_SIZE, &record->size, &record->has.size, &record->null.size);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_file_free(record);
    }
    return copy.status;
}

/* A record of ak_files_write. Begin with zeros; free with ak_files_free. */
typedef struct ak_files {
    ak_ops_block *memory; /* what the members point to: not for use */
    int64_t written; /* The number of files written. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
} ak_files;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_files_free(ak_files *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_files_fill(ak_call *call, ak_files *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_files_free(record);
    ak_ops_get_int(&copy, AK_KEY_WRITTEN, &record->written, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_files_free(record);
    }
    return copy.status;
}

/* A record of ak_sandbox_logs_get. Begin with zeros; free with ak_sandbox_log_free. */
typedef struct ak_sandbox_log {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *type; /* The kind of event or log entry; an open set. */
    const char *timestamp; /* The time, in RFC 3339 format. */
    int64_t pid; /* The process id of the server. */
    const char *user; /* Who did it. */
    const char *name; /* The name: 1 to 63 letters, digits, hyphens and underscores. */
    const char *sandbox; /* The name of the sandbox. */
    const char *image; /* The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    const char *backend; /* The backend that isolates the sandbox. */
    const ak_pair *labels; /* User-defined labels. (ends with a NULL name) */
    size_t labels_count; /* entries of labels */
    const char *profile; /* The security profile: permissive, moderate or restrictive. */
    const char *const *command; /* The program and its arguments, passed on byte for byte. (ends with NULL) */
    size_t command_count; /* entries of command */
    int64_t exit_code; /* The exit code of the command. */
    const char *path; /* The absolute path of a file in the sandbox. */
    const char *error; /* Why the command or step failed. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool timestamp, pid, user, name, sandbox, image, backend, labels, profile, command, exit_code, path, error;
    } has, null;
} ak_sandbox_log;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_sandbox_log_free(ak_sandbox_log *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_sandbox_log_fill(ak_call *call, ak_sandbox_log *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_sandbox_log_free(record);
    ak_ops_get_text(&copy, AK_KEY_TYPE, &record->type, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_TIMESTAMP, &record->timestamp, NULL, &record->has.timestamp, &record->null.timestamp);
    ak_ops_get_int(&copy, AK_KEY_PID, &record->pid, &record->has.pid, &record->null.pid);
    ak_ops_get_text(&copy, AK_KEY_USER, &record->user, NULL, &record->has.user, &record->null.user);
    ak_ops_get_text(&copy, AK_KEY_NAME, &record->name, NULL, &record->has.name, &record->null.name);
    ak_ops_get_text(&copy, AK_KEY_SANDBOX, &record->sandbox, NULL, &record->has.sandbox, &record->null.sandbox);
    ak_ops_get_text(&copy, AK_KEY_IMAGE, &record->image, NULL, &record->has.image, &record->null.image);
    ak_ops_get_text(&copy, AK_KEY_BACKEND, &record->backend, NULL, &record->has.backend, &record->null.backend);
    ak_ops_get_map(&copy, AK_KEY_LABELS, &record->labels, &record->labels_count, &record->has.labels,
                   &record->null.labels);
    ak_ops_get_text(&copy, AK_KEY_PROFILE, &record->profile, NULL, &record->has.profile, &record->null.profile);
    ak_ops_get_list(&copy, AK_KEY_COMMAND, &record->command, &record->command_count, &record->has.command,
                    &record->null.command);
    ak_ops_get_int(&copy, AK_KEY_EXIT_CODE, &record->exit_code, &record->has.exit_code, &record->null.exit_code);
    ak_ops_get_text(&copy, AK_KEY_PATH, &record->path, NULL, &record->has.path, &record->null.path);
    ak_ops_get_text(&copy, AK_KEY_ERROR, &record->error, NULL, &record->has.error, &record->null.error);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_sandbox_log_free(record);
    }
    return copy.status;
}

/* Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one. */
static inline ak_status ak_sandbox_log_next(ak_call *call, ak_sandbox_log *record, ak_error *err) {
    const ak_status status = ak_ops_wait(call, err);
    if (status == AK_ITEM) {
        const ak_status filled = ak_sandbox_log_fill(call, record, err);
        return filled < 0 ? filled : AK_ITEM;
    }
    ak_sandbox_log_free(record);
    return status;
}

/* A record of ak_batch_run. Begin with zeros; free with ak_batch_run_result_free. */
typedef struct ak_batch_run_result {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *output; /* What the command wrote. */
    size_t output_len; /* bytes of output */
    const char *error; /* Why the command or step failed. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool output, error;
    } has, null;
} ak_batch_run_result;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_batch_run_result_free(ak_batch_run_result *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_batch_run_result_fill(ak_call *call, ak_batch_run_result *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_batch_run_result_free(record);
    ak_ops_get_text(&copy, AK_KEY_OUTPUT, &record->output, &record->output_len, &record->has.output,
                    &record->null.output);
    ak_ops_get_text(&copy, AK_KEY_ERROR, &record->error, NULL, &record->has.error, &record->null.error);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_batch_run_result_free(record);
    }
    return copy.status;
}

/* Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one. */
static inline ak_status ak_batch_run_result_next(ak_call *call, ak_batch_run_result *record, ak_error *err) {
    const ak_status status = ak_ops_wait(call, err);
    if (status == AK_ITEM) {
        const ak_status filled = ak_batch_run_result_fill(call, record, err);
        return filled < 0 ? filled : AK_ITEM;
    }
    ak_batch_run_result_free(record);
    return status;
}

/* A record of ak_detached_exec, ak_detached_status, ak_detached_list. Begin with zeros; free with ak_detached_free. */
typedef struct ak_detached {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *id; /* The identifier. */
    const char *status; /* The state, such as running, stopped or paused; an open set. */
    const char *sandbox; /* The name of the sandbox. */
    const char *const *command; /* The program and its arguments, passed on byte for byte. (ends with NULL) */
    size_t command_count; /* entries of command */
    int64_t pid; /* The process id, as the server counts it. */
    int64_t exit_code; /* The exit code of the command. */
    const char *started_at; /* When it was started, in RFC 3339 format. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool sandbox, command, pid, exit_code, started_at;
    } has, null;
} ak_detached;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_detached_free(ak_detached *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_detached_fill(ak_call *call, ak_detached *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_detached_free(record);
    ak_ops_get_text(&copy, AK_KEY_ID, &record->id, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_STATUS, &record->status, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_SANDBOX, &record->sandbox, NULL, &record->has.sandbox, &record->null.sandbox);
    ak_ops_get_list(&copy, AK_KEY_COMMAND, &record->command, &record->command_count, &record->has.command,
                    &record->null.command);
    ak_ops_get_int(&copy, AK_KEY_PID, &record->pid, &record->has.pid, &record->null.pid);
    ak_ops_get_int(&copy, AK_KEY_EXIT_CODE, &record->exit_code, &record->has.exit_code, &record->null.exit_code);
    ak_ops_get_text(&copy, AK_KEY_STARTED_AT, &record->started_at, NULL, &record->has.started_at,
                    &record->null.started_at);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_detached_free(record);
    }
    return copy.status;
}

/* Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one. */
static inline ak_status ak_detached_next(ak_call *call, ak_detached *record, ak_error *err) {
    const ak_status status = ak_ops_wait(call, err);
    if (status == AK_ITEM) {
        const ak_status filled = ak_detached_fill(call, record, err);
        return filled < 0 ? filled : AK_ITEM;
    }
    ak_detached_free(record);
    return status;
}

/* A record of ak_detached_logs. Begin with zeros; free with ak_detached_logs_result_free. */
typedef struct ak_detached_logs_result {
    ak_ops_block *memory; /* what the members point to: not for use */
    /* What the command wrote to its standard output. */
    __extension__ union {
        const char *stdout, *stdout_data;
    };
    size_t stdout_len; /* bytes of stdout */
    /* What the command wrote to its standard error. */
    __extension__ union {
        const char *stderr, *stderr_data;
    };
    size_t stderr_len; /* bytes of stderr */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    __extension__ struct {
        union {
            bool stdout, stdout_data;
        };
        union {
            bool stderr, stderr_data;
        };
    } has, null;
} ak_detached_logs_result;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_detached_logs_result_free(ak_detached_logs_result *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_detached_logs_result_fill(ak_call *call, ak_detached_logs_result *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_detached_logs_result_free(record);
    ak_ops_get_text(&copy, AK_KEY_STDOUT, &record->stdout_data, &record->stdout_len, &record->has.stdout_data,
                    &record->null.stdout_data);
    ak_ops_get_text(&copy, AK_KEY_STDERR, &record->stderr_data, &record->stderr_len, &record->has.stderr_data,
                    &record->null.stderr_data);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_detached_logs_result_free(record);
    }
    return copy.status;
}

/* A record of ak_ttl_extend. Begin with zeros; free with ak_ttl_free. */
typedef struct ak_ttl {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *expires_at; /* When it expires, in RFC 3339 format. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool expires_at;
    } has, null;
} ak_ttl;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_ttl_free(ak_ttl *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_ttl_fill(ak_call *call, ak_ttl *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_ttl_free(record);
    ak_ops_get_text(&copy, AK_KEY_EXPIRES_AT, &record->expires_at, NULL, &record->has.expires_at,
                    &record->null.expires_at);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_ttl_free(record);
    }
    return copy.status;
}

/* A record of ak_snapshot_take, ak_snapshot_list, ak_snapshot_get. Begin with zeros; free with ak_snapshot_free. */
typedef struct ak_snapshot {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *name; /* The name: 1 to 63 letters, digits, hyphens and underscores. */
    const char *sandbox; /* The name of the sandbox. */
    const char *image_tag; /* The backend's name for the snapshot. */
    const char *backend; /* The backend that isolates the sandbox. */
    const char *base_image; /* The image of the sandbox the snapshot was taken of. */
    int64_t vcpus; /* The number of virtual processors. */
    int64_t memory_mb; /* The memory in MiB. */
    const char *created_at; /* When it was created, in RFC 3339 format. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool sandbox, image_tag, backend, base_image, vcpus, memory_mb, created_at;
    } has, null;
} ak_snapshot;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_snapshot_free(ak_snapshot *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_snapshot_fill(ak_call *call, ak_snapshot *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_snapshot_free(record);
    ak_ops_get_text(&copy, AK_KEY_NAME, &record->name, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_SANDBOX, &record->sandbox, NULL, &record->has.sandbox, &record->null.sandbox);
    ak_ops_get_text(&copy, AK_KEY_IMAGE_TAG, &record->image_tag, NULL, &record->has.image_tag, &record->null.image_tag);
    ak_ops_get_text(&copy, AK_KEY_BACKEND, &record->backend, NULL, &record->has.backend, &record->null.backend);
    ak_ops_get_text(&copy, AK_KEY_BASE_IMAGE, &record->base_image, NULL, &record->has.base_image,
                    &record->null.base_image);
    ak_ops_get_int(&copy, AK_KEY_VCPUS, &record->vcpus, &record->has.vcpus, &record->null.vcpus);
    ak_ops_get_int(&copy, AK_KEY_MEMORY_MB, &record->memory_mb, &record->has.memory_mb, &record->null.memory_mb);
    ak_ops_get_text(&copy, AK_KEY_CREATED_AT, &record->created_at, NULL, &record->has.created_at,
                    &record->null.created_at);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_snapshot_free(record);
    }
    return copy.status;
}

/* Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one. */
static inline ak_status ak_snapshot_next(ak_call *call, ak_snapshot *record, ak_error *err) {
    const ak_status status = ak_ops_wait(call, err);
    if (status == AK_ITEM) {
        const ak_status filled = ak_snapshot_fill(call, record, err);
        return filled < 0 ? filled : AK_ITEM;
    }
    ak_snapshot_free(record);
    return status;
}

/* A record of ak_backends_get. Begin with zeros; free with ak_backends_free. */
typedef struct ak_backends {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *default_backend; /* The backend of sandboxes that ask for none. */
    const char *backends; /* A list of {backend, configured, usable, readiness_reason, capabilities}. (JSON) */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool default_backend;
    } has, null;
} ak_backends;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_backends_free(ak_backends *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_backends_fill(ak_call *call, ak_backends *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_backends_free(record);
    ak_ops_get_text(&copy, AK_KEY_DEFAULT_BACKEND, &record->default_backend, NULL, &record->has.default_backend,
                    &record->null.default_backend);
    ak_ops_get_text(&copy, AK_KEY_BACKENDS, &record->backends, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_backends_free(record);
    }
    return copy.status;
}

/* A record of ak_status_get. Begin with zeros; free with ak_get_status_result_free. */
typedef struct ak_get_status_result {
    ak_ops_block *memory; /* what the members point to: not for use */
    const char *version; /* The version of the server. */
    const char *backend; /* The backend that isolates the sandbox. */
    bool api_key_configured; /* Whether the server requires an API key. */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool backend, api_key_configured;
    } has, null;
} ak_get_status_result;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_get_status_result_free(ak_get_status_result *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_get_status_result_fill(ak_call *call, ak_get_status_result *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_get_status_result_free(record);
    ak_ops_get_text(&copy, AK_KEY_VERSION, &record->version, NULL, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_BACKEND, &record->backend, NULL, &record->has.backend, &record->null.backend);
    ak_ops_get_bool(&copy, AK_KEY_API_KEY_CONFIGURED, &record->api_key_configured, &record->has.api_key_configured,
                    &record->null.api_key_configured);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_get_status_result_free(record);
    }
    return copy.status;
}

/* A record of ak_stats_get. Begin with zeros; free with ak_stats_free. */
typedef struct ak_stats {
    ak_ops_block *memory; /* what the members point to: not for use */
    int64_t sandbox_count; /* The number of sandboxes. */
    int64_t sandbox_limit; /* The maximum number of sandboxes; 0 for no limit. */
    const char *backend; /* The backend that isolates the sandbox. */
    int64_t uptime_seconds; /* How long the server has been running, in seconds. */
    const char *version; /* The version of the server. */
    /* Resource usage: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}. (JSON) */
    const char *resource_usage;
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool sandbox_limit, backend, uptime_seconds, version, resource_usage;
    } has, null;
} ak_stats;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_stats_free(ak_stats *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_stats_fill(ak_call *call, ak_stats *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_stats_free(record);
    ak_ops_get_int(&copy, AK_KEY_SANDBOX_COUNT, &record->sandbox_count, NULL, NULL);
    ak_ops_get_int(&copy, AK_KEY_SANDBOX_LIMIT, &record->sandbox_limit, &record->has.sandbox_limit,
                   &record->null.sandbox_limit);
    ak_ops_get_text(&copy, AK_KEY_BACKEND, &record->backend, NULL, &record->has.backend, &record->null.backend);
    ak_ops_get_int(&copy, AK_KEY_UPTIME_SECONDS, &record->uptime_seconds, &record->has.uptime_seconds,
                   &record->null.uptime_seconds);
    ak_ops_get_text(&copy, AK_KEY_VERSION, &record->version, NULL, &record->has.version, &record->null.version);
    ak_ops_get_text(&copy, AK_KEY_RESOURCE_USAGE, &record->resource_usage, NULL, &record->has.resource_usage,
                    &record->null.resource_usage);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_stats_free(record);
    }
    return copy.status;
}

/* A record of ak_request. Begin with zeros; free with ak_request_result_free. */
typedef struct ak_request_result {
    ak_ops_block *memory; /* what the members point to: not for use */
    int64_t http_status; /* The HTTP status of the reply. */
    const char *content_type; /* The media type of the content. */
    const char *content; /* The content in bytes. */
    size_t content_len; /* bytes of content */
    const char *raw; /* The record as the server sent it, with members that this version does not know. (JSON) */
    /* Which of the members that may be missing came with a value, and which as null. */
    struct {
        bool content_type;
    } has, null;
} ak_request_result;

/* Frees what a record holds and makes it zeros. NULL is fine. Thread: one. */
static inline void ak_request_result_free(ak_request_result *record) {
    if (record) {
        ak_ops_free(record->memory);
        memset(record, 0, sizeof *record);
    }
}

/* Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a call of another
 * operation), AK_E_MEMORY. Thread: one. */
static inline ak_status ak_request_result_fill(ak_call *call, ak_request_result *record, ak_error *err) {
    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);
    ak_request_result_free(record);
    ak_ops_get_int(&copy, AK_KEY_HTTP_STATUS, &record->http_status, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_CONTENT_TYPE, &record->content_type, NULL, &record->has.content_type,
                    &record->null.content_type);
    ak_ops_get_text(&copy, AK_KEY_CONTENT, &record->content, &record->content_len, NULL, NULL);
    ak_ops_get_text(&copy, AK_KEY_RAW, &record->raw, NULL, NULL, NULL);
    record->memory = copy.memory;
    if (copy.status < 0) {
        ak_request_result_free(record);
    }
    return copy.status;
}

/* ---- operations ---- */

/* What ak_health can do without. Zero means not set. */
typedef struct ak_health_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_health_options;

/* Prepares a call of ak_health without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_health_new(ak_client *client, const ak_health_options *options, ak_call **call,
                                      ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_HEALTH, err);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Checks that the server is reachable. GET /health. result: what came; NULL when it is not wanted. AK_OK, or an error
 * of ak_call_step. Thread: any. */
static inline ak_status ak_health(ak_client *client, const ak_health_options *options, ak_health_result *result,
                                  ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_health_new(client, options, &call, err);
    ak_health_result_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_health_result_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_health_result_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_run can do without. Zero means not set. */
typedef struct ak_run_options {
    const char *image AK_OPS_UNSET; /* The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    const char *profile AK_OPS_UNSET; /* The security profile: permissive, moderate or restrictive. */
    /* Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool
     * re-parses arguments in a shell and loses exit codes. */
    ak_choice fast AK_OPS_UNSET;
    ak_choice check AK_OPS_UNSET; /* Whether a failing command is an error. Default: true. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_run_options;

/* Prepares a call of ak_run without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread:
 * any. */
static inline ak_status ak_run_new(ak_client *client, const char *const *command, const ak_run_options *options,
                                   ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_RUN, err);
    ak_ops_add_texts(&bind, AK_KEY_COMMAND, command);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_IMAGE, options->image);
        ak_ops_set_text(&bind, AK_KEY_PROFILE, options->profile);
        ak_ops_set_choice(&bind, AK_KEY_FAST, options->fast);
        ak_ops_set_choice(&bind, AK_KEY_CHECK, options->check);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Runs a command in a fresh sandbox and returns its output. POST /run. command: The program and its arguments, passed
 * on byte for byte. (ends with NULL). result: what came; NULL when it is not wanted. AK_OK, or an error: AK_E_COMMAND
 * when the command failed (see check), or any other of ak_call_step. Thread: any. */
static inline ak_status ak_run(ak_client *client, const char *const *command, const ak_run_options *options,
                               ak_run_result *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_run_new(client, command, options, &call, err);
    ak_run_result_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_run_result_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_run_result_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_run_stream can do without. Zero means not set. */
typedef struct ak_run_stream_options {
    const char *image AK_OPS_UNSET; /* The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    const char *profile AK_OPS_UNSET; /* The security profile: permissive, moderate or restrictive. */
    /* Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool
     * re-parses arguments in a shell and loses exit codes. */
    ak_choice fast AK_OPS_UNSET;
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
    /* Milliseconds that a stream may be silent after its first byte. Default: the client's. */
    int64_t idle_timeout_ms AK_OPS_UNSET;
    int64_t total_timeout_ms AK_OPS_UNSET; /* Milliseconds for a whole stream. Default: the client's. */
} ak_run_stream_options;

/* Runs a command in a fresh sandbox and streams events as they arrive. POST /run/stream. command: The program and its
 * arguments, passed on byte for byte. (ends with NULL). Prepares the call: take what it yields with ak_event_next, then
 * ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread: any. */
static inline ak_status ak_run_stream(ak_client *client, const char *const *command,
                                      const ak_run_stream_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_RUN_STREAM, err);
    ak_ops_add_texts(&bind, AK_KEY_COMMAND, command);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_IMAGE, options->image);
        ak_ops_set_text(&bind, AK_KEY_PROFILE, options->profile);
        ak_ops_set_choice(&bind, AK_KEY_FAST, options->fast);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_IDLE_TIMEOUT_MS, options->idle_timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_TOTAL_TIMEOUT_MS, options->total_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* What ak_sandbox_list can do without. Zero means not set. */
typedef struct ak_sandbox_list_options {
    const ak_pair *labels AK_OPS_UNSET; /* User-defined labels. (ends with a NULL name) */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_list_options;

/* Lists all sandboxes, or those that have all of the given labels. GET /sandboxes. Prepares the call: take what it
 * yields with ak_sandbox_next, then ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_list(ak_client *client, const ak_sandbox_list_options *options, ak_call **call,
                                        ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_LIST_SANDBOXES, err);
    if (options) {
        ak_ops_put_pairs(&bind, AK_KEY_LABELS, options->labels);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* What ak_sandbox_create can do without. Zero means not set. */
typedef struct ak_sandbox_create_options {
    const char *image AK_OPS_UNSET; /* The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
    int64_t vcpus AK_OPS_UNSET; /* The number of virtual processors. */
    int64_t memory_mb AK_OPS_UNSET; /* The memory in MiB. */
    const char *profile AK_OPS_UNSET; /* The security profile: permissive, moderate or restrictive. */
    const char *backend AK_OPS_UNSET; /* The backend that isolates the sandbox. */
    const char *source_url AK_OPS_UNSET; /* The git repository to clone into /workspace. */
    const char *source_ref AK_OPS_UNSET; /* The branch, tag or commit to check out. */
    /* Volumes to mount, each "slug:/path" or "slug:/path:ro". (ends with NULL) */
    const char *const *volumes AK_OPS_UNSET;
    /* Secrets, each "KEY=value:host", "KEY:host" or "KEY:host:Header". (ends with NULL) */
    const char *const *secrets AK_OPS_UNSET;
    const char *const *secret_files AK_OPS_UNSET; /* Keys of secrets that the sandbox gets as files. (ends with NULL) */
    /* Published ports, each such as "8080:80", "3000" or "53:53/udp". (ends with NULL) */
    const char *const *ports AK_OPS_UNSET;
    const char *network AK_OPS_UNSET; /* The network to join: {name, subnet, gateway, dns, static_ip}. (JSON) */
    const char *agent AK_OPS_UNSET; /* The agent to prepare the sandbox for. */
    /* Whether the sandbox sees placeholders, which a proxy replaces by the secrets. */
    ak_choice placeholder_secrets AK_OPS_UNSET;
    /* Environment variables mapped to hosts. Values of secrets are never shown. (ends with a NULL name) */
    const ak_pair *secret_mappings AK_OPS_UNSET;
    const char *init_script AK_OPS_UNSET; /* A shell script to run after creation. */
    const char *created_from_template AK_OPS_UNSET; /* The name of the template it was created from. */
    const char *template_help_text AK_OPS_UNSET; /* What that template says about its use. */
    const ak_pair *labels AK_OPS_UNSET; /* User-defined labels. (ends with a NULL name) */
    const char *description AK_OPS_UNSET; /* A user-defined description. */
    /* Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. (JSON) */
    const char *lifecycle AK_OPS_UNSET;
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_create_options;

/* Prepares a call of ak_sandbox_create without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_create_new(ak_client *client, const char *name,
                                              const ak_sandbox_create_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_CREATE_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_IMAGE, options->image);
        ak_ops_set_int(&bind, AK_KEY_VCPUS, options->vcpus);
        ak_ops_set_int(&bind, AK_KEY_MEMORY_MB, options->memory_mb);
        ak_ops_set_text(&bind, AK_KEY_PROFILE, options->profile);
        ak_ops_set_text(&bind, AK_KEY_BACKEND, options->backend);
        ak_ops_set_text(&bind, AK_KEY_SOURCE_URL, options->source_url);
        ak_ops_set_text(&bind, AK_KEY_SOURCE_REF, options->source_ref);
        ak_ops_add_texts(&bind, AK_KEY_VOLUMES, options->volumes);
        ak_ops_add_texts(&bind, AK_KEY_SECRETS, options->secrets);
        ak_ops_add_texts(&bind, AK_KEY_SECRET_FILES, options->secret_files);
        ak_ops_add_texts(&bind, AK_KEY_PORTS, options->ports);
        ak_ops_set_text(&bind, AK_KEY_NETWORK, options->network);
        ak_ops_set_text(&bind, AK_KEY_AGENT, options->agent);
        ak_ops_set_choice(&bind, AK_KEY_PLACEHOLDER_SECRETS, options->placeholder_secrets);
        ak_ops_put_pairs(&bind, AK_KEY_SECRET_MAPPINGS, options->secret_mappings);
        ak_ops_set_text(&bind, AK_KEY_INIT_SCRIPT, options->init_script);
        ak_ops_set_text(&bind, AK_KEY_CREATED_FROM_TEMPLATE, options->created_from_template);
        ak_ops_set_text(&bind, AK_KEY_TEMPLATE_HELP_TEXT, options->template_help_text);
        ak_ops_put_pairs(&bind, AK_KEY_LABELS, options->labels);
        ak_ops_set_text(&bind, AK_KEY_DESCRIPTION, options->description);
        ak_ops_set_text(&bind, AK_KEY_LIFECYCLE, options->lifecycle);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Creates and starts a sandbox, which exists until it is removed. POST /sandboxes. name: The name: 1 to 63 letters,
 * digits, hyphens and underscores.. result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step.
 * Thread: any. */
static inline ak_status ak_sandbox_create(ak_client *client, const char *name, const ak_sandbox_create_options *options,
                                          ak_sandbox *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_create_new(client, name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_get can do without. Zero means not set. */
typedef struct ak_sandbox_get_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_get_options;

/* Prepares a call of ak_sandbox_get without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_sandbox_get_new(ak_client *client, const char *name, const ak_sandbox_get_options *options,
                                           ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns one sandbox. GET /sandboxes/{name}. name: The name: 1 to 63 letters, digits, hyphens and underscores..
 * result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_get(ak_client *client, const char *name, const ak_sandbox_get_options *options,
                                       ak_sandbox *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_get_new(client, name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_remove can do without. Zero means not set. */
typedef struct ak_sandbox_remove_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_remove_options;

/* Prepares a call of ak_sandbox_remove without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_remove_new(ak_client *client, const char *name,
                                              const ak_sandbox_remove_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_REMOVE_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Removes a sandbox and everything in it. DELETE /sandboxes/{name}. name: The name: 1 to 63 letters, digits, hyphens
 * and underscores.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_remove(ak_client *client, const char *name, const ak_sandbox_remove_options *options,
                                          ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_remove_new(client, name, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_exec can do without. Zero means not set. */
typedef struct ak_sandbox_exec_options {
    const char *const *env AK_OPS_UNSET; /* Environment variables, each "NAME=VALUE". (ends with NULL) */
    const char *workdir AK_OPS_UNSET; /* The working directory, an absolute path in the sandbox. */
    ak_choice sudo AK_OPS_UNSET; /* Whether to run the command as root in the sandbox. Servers may forbid it. */
    ak_choice check AK_OPS_UNSET; /* Whether a failing command is an error. Default: true. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_exec_options;

/* Prepares a call of ak_sandbox_exec without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_sandbox_exec_new(ak_client *client, const char *name, const char *const *command,
                                            const ak_sandbox_exec_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_EXEC_IN_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_add_texts(&bind, AK_KEY_COMMAND, command);
    if (options) {
        ak_ops_add_texts(&bind, AK_KEY_ENV, options->env);
        ak_ops_set_text(&bind, AK_KEY_WORKDIR, options->workdir);
        ak_ops_set_choice(&bind, AK_KEY_SUDO, options->sudo);
        ak_ops_set_choice(&bind, AK_KEY_CHECK, options->check);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Runs a command in an existing sandbox and returns its output. POST /sandboxes/{name}/exec. name: The name: 1 to 63
 * letters, digits, hyphens and underscores.; command: The program and its arguments, passed on byte for byte. (ends
 * with NULL). result: what came; NULL when it is not wanted. AK_OK, or an error: AK_E_COMMAND when the command failed
 * (see check), or any other of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_exec(ak_client *client, const char *name, const char *const *command,
                                        const ak_sandbox_exec_options *options, ak_run_result *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_exec_new(client, name, command, options, &call, err);
    ak_run_result_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_run_result_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_run_result_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_get_by_uuid can do without. Zero means not set. */
typedef struct ak_sandbox_get_by_uuid_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_get_by_uuid_options;

/* Prepares a call of ak_sandbox_get_by_uuid without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_get_by_uuid_new(ak_client *client, const char *uuid,
                                                   const ak_sandbox_get_by_uuid_options *options, ak_call **call,
                                                   ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_SANDBOX_BY_UUID, err);
    ak_ops_set_text(&bind, AK_KEY_UUID, uuid);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns the sandbox with a given UUID. GET /sandboxes/by-uuid/{uuid}. uuid: The unique identifier; all zeros when
 * unknown.. result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_get_by_uuid(ak_client *client, const char *uuid,
                                               const ak_sandbox_get_by_uuid_options *options, ak_sandbox *result,
                                               ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_get_by_uuid_new(client, uuid, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_start can do without. Zero means not set. */
typedef struct ak_sandbox_start_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_start_options;

/* Prepares a call of ak_sandbox_start without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_start_new(ak_client *client, const char *name,
                                             const ak_sandbox_start_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_START_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Starts a stopped sandbox. POST /sandboxes/{name}/start. name: The name: 1 to 63 letters, digits, hyphens and
 * underscores.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_start(ak_client *client, const char *name, const ak_sandbox_start_options *options,
                                         ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_start_new(client, name, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_stop can do without. Zero means not set. */
typedef struct ak_sandbox_stop_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_stop_options;

/* Prepares a call of ak_sandbox_stop without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_sandbox_stop_new(ak_client *client, const char *name, const ak_sandbox_stop_options *options,
                                            ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_STOP_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Stops a sandbox: its processes end, the sandbox is kept. POST /sandboxes/{name}/stop. name: The name: 1 to 63
 * letters, digits, hyphens and underscores.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_stop(ak_client *client, const char *name, const ak_sandbox_stop_options *options,
                                        ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_stop_new(client, name, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_pause can do without. Zero means not set. */
typedef struct ak_sandbox_pause_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_pause_options;

/* Prepares a call of ak_sandbox_pause without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_pause_new(ak_client *client, const char *name,
                                             const ak_sandbox_pause_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_PAUSE_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Freezes a sandbox and its memory. Few backends support this. POST /sandboxes/{name}/pause. name: The name: 1 to 63
 * letters, digits, hyphens and underscores.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_pause(ak_client *client, const char *name, const ak_sandbox_pause_options *options,
                                         ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_pause_new(client, name, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_resume can do without. Zero means not set. */
typedef struct ak_sandbox_resume_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_resume_options;

/* Prepares a call of ak_sandbox_resume without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_resume_new(ak_client *client, const char *name,
                                              const ak_sandbox_resume_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_RESUME_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Resumes a paused sandbox. POST /sandboxes/{name}/resume. name: The name: 1 to 63 letters, digits, hyphens and
 * underscores.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_resume(ak_client *client, const char *name, const ak_sandbox_resume_options *options,
                                          ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_resume_new(client, name, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_fork can do without. Zero means not set. */
typedef struct ak_sandbox_fork_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_fork_options;

/* Prepares a call of ak_sandbox_fork without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_sandbox_fork_new(ak_client *client, const char *name, const char *as_name,
                                            const ak_sandbox_fork_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_FORK_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_AS_NAME, as_name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Creates a copy of a paused sandbox, including its memory. POST /sandboxes/{name}/fork. name: The name: 1 to 63
 * letters, digits, hyphens and underscores.; as_name: The name of the new sandbox: 1 to 63 letters, digits, hyphens and
 * underscores.. result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_fork(ak_client *client, const char *name, const char *as_name,
                                        const ak_sandbox_fork_options *options, ak_sandbox *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_fork_new(client, name, as_name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_resize can do without. Zero means not set. */
typedef struct ak_sandbox_resize_options {
    int64_t vcpus AK_OPS_UNSET; /* The number of virtual processors. */
    int64_t memory_mb AK_OPS_UNSET; /* The memory in MiB. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_resize_options;

/* Prepares a call of ak_sandbox_resize without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_resize_new(ak_client *client, const char *name,
                                              const ak_sandbox_resize_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_RESIZE_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_VCPUS, options->vcpus);
        ak_ops_set_int(&bind, AK_KEY_MEMORY_MB, options->memory_mb);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Changes the processors or memory of a sandbox. Some backends restart it and lose its state. POST
 * /sandboxes/{name}/resize. name: The name: 1 to 63 letters, digits, hyphens and underscores.. result: what came; NULL
 * when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_resize(ak_client *client, const char *name, const ak_sandbox_resize_options *options,
                                          ak_sandbox *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_resize_new(client, name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_recover can do without. Zero means not set. */
typedef struct ak_sandbox_recover_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_recover_options;

/* Prepares a call of ak_sandbox_recover without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_recover_new(ak_client *client, const char *name,
                                               const ak_sandbox_recover_options *options, ak_call **call,
                                               ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_RECOVER_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Restores an archived sandbox. POST /sandboxes/{name}/recover. name: The name: 1 to 63 letters, digits, hyphens and
 * underscores.. result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_recover(ak_client *client, const char *name,
                                           const ak_sandbox_recover_options *options, ak_sandbox *result,
                                           ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_recover_new(client, name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_update can do without. Zero means not set. */
typedef struct ak_sandbox_update_options {
    const ak_pair *labels AK_OPS_UNSET; /* User-defined labels. (ends with a NULL name) */
    const char *description AK_OPS_UNSET; /* A user-defined description. */
    /* Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. (JSON) */
    const char *lifecycle AK_OPS_UNSET;
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_update_options;

/* Prepares a call of ak_sandbox_update without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_update_new(ak_client *client, const char *name,
                                              const ak_sandbox_update_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_UPDATE_SANDBOX, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_put_pairs(&bind, AK_KEY_LABELS, options->labels);
        ak_ops_set_text(&bind, AK_KEY_DESCRIPTION, options->description);
        ak_ops_set_text(&bind, AK_KEY_LIFECYCLE, options->lifecycle);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Changes the labels, description or lifecycle of a sandbox. Labels are replaced as a whole. PATCH /sandboxes/{name}.
 * name: The name: 1 to 63 letters, digits, hyphens and underscores.. result: what came; NULL when it is not wanted.
 * AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_sandbox_update(ak_client *client, const char *name, const ak_sandbox_update_options *options,
                                          ak_sandbox *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_sandbox_update_new(client, name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_file_read can do without. Zero means not set. */
typedef struct ak_file_read_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_file_read_options;

/* Prepares a call of ak_file_read without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_file_read_new(ak_client *client, const char *name, const char *path,
                                         const ak_file_read_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_READ_FILE, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_PATH, path);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Reads a file from a sandbox. GET /sandboxes/{name}/files/{path}. name: The name: 1 to 63 letters, digits, hyphens and
 * underscores.; path: The absolute path of a file in the sandbox.. result: what came; NULL when it is not wanted.
 * AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_file_read(ak_client *client, const char *name, const char *path,
                                     const ak_file_read_options *options, ak_file *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_file_read_new(client, name, path, options, &call, err);
    ak_file_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_file_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_file_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_file_write can do without. Zero means not set. */
typedef struct ak_file_write_options {
    /* The size of the content in bytes. As a parameter: how many bytes ak_call_write will supply. */
    int64_t size AK_OPS_UNSET;
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_file_write_options;

/* Prepares a call of ak_file_write without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_file_write_new(ak_client *client, const char *name, const char *path, const void *content,
                                          size_t content_len, const ak_file_write_options *options, ak_call **call,
                                          ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_WRITE_FILE, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_PATH, path);
    ak_ops_set_bytes(&bind, AK_KEY_CONTENT, content, content_len);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_SIZE, options->size);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Writes a file in a sandbox and creates its parent directories. PUT /sandboxes/{name}/files/{path}. name: The name: 1
 * to 63 letters, digits, hyphens and underscores.; path: The absolute path of a file in the sandbox.; content: The
 * content in bytes.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_file_write(ak_client *client, const char *name, const char *path, const void *content,
                                      size_t content_len, const ak_file_write_options *options, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_file_write_new(client, name, path, content, content_len, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_file_delete can do without. Zero means not set. */
typedef struct ak_file_delete_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_file_delete_options;

/* Prepares a call of ak_file_delete without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_file_delete_new(ak_client *client, const char *name, const char *path,
                                           const ak_file_delete_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_DELETE_FILE, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_PATH, path);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Deletes a file from a sandbox. DELETE /sandboxes/{name}/files/{path}. name: The name: 1 to 63 letters, digits,
 * hyphens and underscores.; path: The absolute path of a file in the sandbox.. AK_OK, or an error of ak_call_step.
 * Thread: any. */
static inline ak_status ak_file_delete(ak_client *client, const char *name, const char *path,
                                       const ak_file_delete_options *options, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_file_delete_new(client, name, path, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_files_write can do without. Zero means not set. */
typedef struct ak_files_write_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_files_write_options;

/* Prepares a call of ak_files_write without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_files_write_new(ak_client *client, const char *name, const ak_pair *files,
                                           const ak_files_write_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_WRITE_FILES, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_put_pairs(&bind, AK_KEY_FILES, files);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Writes several text files. When one fails, others may have been written. POST /sandboxes/{name}/files. name: The
 * name: 1 to 63 letters, digits, hyphens and underscores.; files: Absolute paths mapped to text. (ends with a NULL
 * name). result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_files_write(ak_client *client, const char *name, const ak_pair *files,
                                       const ak_files_write_options *options, ak_files *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_files_write_new(client, name, files, options, &call, err);
    ak_files_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_files_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_files_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_sandbox_logs_get can do without. Zero means not set. */
typedef struct ak_sandbox_logs_get_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_sandbox_logs_get_options;

/* Lists the audit log of a sandbox, oldest entry first. GET /sandboxes/{name}/logs. name: The name: 1 to 63 letters,
 * digits, hyphens and underscores.. Prepares the call: take what it yields with ak_sandbox_log_next, then ak_call_free.
 * Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread: any. */
static inline ak_status ak_sandbox_logs_get(ak_client *client, const char *name,
                                            const ak_sandbox_logs_get_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_SANDBOX_LOGS, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* What ak_batch_run can do without. Zero means not set. */
typedef struct ak_batch_run_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_batch_run_options;

/* Runs several commands in parallel, each in a fresh sandbox, and returns their results in the same order. POST
 * /batch/run. commands: The commands, each a program and its arguments. (each ends with NULL, and so do all). Prepares
 * the call: take what it yields with ak_batch_run_result_next, then ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_batch_run(ak_client *client, const char *const *const *commands,
                                     const ak_batch_run_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_BATCH_RUN, err);
    ak_ops_add_lists(&bind, AK_KEY_COMMANDS, commands);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* What ak_detached_exec can do without. Zero means not set. */
typedef struct ak_detached_exec_options {
    const char *const *env AK_OPS_UNSET; /* Environment variables, each "NAME=VALUE". (ends with NULL) */
    const char *workdir AK_OPS_UNSET; /* The working directory, an absolute path in the sandbox. */
    ak_choice sudo AK_OPS_UNSET; /* Whether to run the command as root in the sandbox. Servers may forbid it. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_detached_exec_options;

/* Prepares a call of ak_detached_exec without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_detached_exec_new(ak_client *client, const char *name, const char *const *command,
                                             const ak_detached_exec_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_EXEC_DETACHED, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_add_texts(&bind, AK_KEY_COMMAND, command);
    if (options) {
        ak_ops_add_texts(&bind, AK_KEY_ENV, options->env);
        ak_ops_set_text(&bind, AK_KEY_WORKDIR, options->workdir);
        ak_ops_set_choice(&bind, AK_KEY_SUDO, options->sudo);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Starts a command in a sandbox without waiting for it. POST /sandboxes/{name}/exec/detach. name: The name: 1 to 63
 * letters, digits, hyphens and underscores.; command: The program and its arguments, passed on byte for byte. (ends
 * with NULL). result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_detached_exec(ak_client *client, const char *name, const char *const *command,
                                         const ak_detached_exec_options *options, ak_detached *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_detached_exec_new(client, name, command, options, &call, err);
    ak_detached_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_detached_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_detached_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_detached_status can do without. Zero means not set. */
typedef struct ak_detached_status_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_detached_status_options;

/* Prepares a call of ak_detached_status without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_detached_status_new(ak_client *client, const char *name, const char *id,
                                               const ak_detached_status_options *options, ak_call **call,
                                               ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_DETACHED_STATUS, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_ID, id);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns the state of a detached command. GET /sandboxes/{name}/exec/detached/{id}. name: The name: 1 to 63 letters,
 * digits, hyphens and underscores.; id: The identifier.. result: what came; NULL when it is not wanted. AK_OK, or an
 * error of ak_call_step. Thread: any. */
static inline ak_status ak_detached_status(ak_client *client, const char *name, const char *id,
                                           const ak_detached_status_options *options, ak_detached *result,
                                           ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_detached_status_new(client, name, id, options, &call, err);
    ak_detached_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_detached_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_detached_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_detached_logs can do without. Zero means not set. */
typedef struct ak_detached_logs_options {
    const char *stream AK_OPS_UNSET; /* The output stream: stdout or stderr. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_detached_logs_options;

/* Prepares a call of ak_detached_logs without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_detached_logs_new(ak_client *client, const char *name, const char *id,
                                             const ak_detached_logs_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_DETACHED_LOGS, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_ID, id);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_STREAM, options->stream);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns what a detached command has written so far. GET /sandboxes/{name}/exec/detached/{id}/logs. name: The name: 1
 * to 63 letters, digits, hyphens and underscores.; id: The identifier.. result: what came; NULL when it is not wanted.
 * AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_detached_logs(ak_client *client, const char *name, const char *id,
                                         const ak_detached_logs_options *options, ak_detached_logs_result *result,
                                         ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_detached_logs_new(client, name, id, options, &call, err);
    ak_detached_logs_result_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_detached_logs_result_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_detached_logs_result_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_detached_kill can do without. Zero means not set. */
typedef struct ak_detached_kill_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_detached_kill_options;

/* Prepares a call of ak_detached_kill without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_detached_kill_new(ak_client *client, const char *name, const char *id,
                                             const ak_detached_kill_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_DETACHED_KILL, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    ak_ops_set_text(&bind, AK_KEY_ID, id);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Kills a detached command. DELETE /sandboxes/{name}/exec/detached/{id}. name: The name: 1 to 63 letters, digits,
 * hyphens and underscores.; id: The identifier.. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_detached_kill(ak_client *client, const char *name, const char *id,
                                         const ak_detached_kill_options *options, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_detached_kill_new(client, name, id, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_detached_list can do without. Zero means not set. */
typedef struct ak_detached_list_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_detached_list_options;

/* Lists the detached commands of a sandbox. GET /sandboxes/{name}/exec/detached. name: The name: 1 to 63 letters,
 * digits, hyphens and underscores.. Prepares the call: take what it yields with ak_detached_next, then ak_call_free.
 * Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread: any. */
static inline ak_status ak_detached_list(ak_client *client, const char *name, const ak_detached_list_options *options,
                                         ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_DETACHED_LIST, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* What ak_ttl_extend can do without. Zero means not set. */
typedef struct ak_ttl_extend_options {
    /* How much longer, in seconds ("90") or as a duration such as "15m" or "1h30m". Default: one hour. */
    const char *by AK_OPS_UNSET;
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_ttl_extend_options;

/* Prepares a call of ak_ttl_extend without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_ttl_extend_new(ak_client *client, const char *name, const ak_ttl_extend_options *options,
                                          ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_EXTEND_TTL, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_BY, options->by);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Extends the lifetime of a sandbox. POST /sandboxes/{name}/extend. name: The name: 1 to 63 letters, digits, hyphens
 * and underscores.. result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_ttl_extend(ak_client *client, const char *name, const ak_ttl_extend_options *options,
                                      ak_ttl *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_ttl_extend_new(client, name, options, &call, err);
    ak_ttl_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_ttl_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_ttl_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_snapshot_take can do without. Zero means not set. */
typedef struct ak_snapshot_take_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_snapshot_take_options;

/* Prepares a call of ak_snapshot_take without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_snapshot_take_new(ak_client *client, const char *sandbox, const char *name,
                                             const ak_snapshot_take_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_TAKE_SNAPSHOT, err);
    ak_ops_set_text(&bind, AK_KEY_SANDBOX, sandbox);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Saves the state of a sandbox as a snapshot. POST /snapshots. sandbox: The name of the sandbox.; name: The name: 1 to
 * 63 letters, digits, hyphens and underscores.. result: what came; NULL when it is not wanted. AK_OK, or an error of
 * ak_call_step. Thread: any. */
static inline ak_status ak_snapshot_take(ak_client *client, const char *sandbox, const char *name,
                                         const ak_snapshot_take_options *options, ak_snapshot *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_snapshot_take_new(client, sandbox, name, options, &call, err);
    ak_snapshot_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_snapshot_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_snapshot_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_snapshot_list can do without. Zero means not set. */
typedef struct ak_snapshot_list_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_snapshot_list_options;

/* Lists all snapshots, oldest first. GET /snapshots. Prepares the call: take what it yields with ak_snapshot_next, then
 * ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread: any. */
static inline ak_status ak_snapshot_list(ak_client *client, const ak_snapshot_list_options *options, ak_call **call,
                                         ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_LIST_SNAPSHOTS, err);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* What ak_snapshot_get can do without. Zero means not set. */
typedef struct ak_snapshot_get_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_snapshot_get_options;

/* Prepares a call of ak_snapshot_get without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_snapshot_get_new(ak_client *client, const char *name, const ak_snapshot_get_options *options,
                                            ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_SNAPSHOT, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns one snapshot. GET /snapshots/{name}. name: The name: 1 to 63 letters, digits, hyphens and underscores..
 * result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_snapshot_get(ak_client *client, const char *name, const ak_snapshot_get_options *options,
                                        ak_snapshot *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_snapshot_get_new(client, name, options, &call, err);
    ak_snapshot_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_snapshot_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_snapshot_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_snapshot_delete can do without. Zero means not set. */
typedef struct ak_snapshot_delete_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_snapshot_delete_options;

/* Prepares a call of ak_snapshot_delete without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_snapshot_delete_new(ak_client *client, const char *name,
                                               const ak_snapshot_delete_options *options, ak_call **call,
                                               ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_DELETE_SNAPSHOT, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Deletes a snapshot. DELETE /snapshots/{name}. name: The name: 1 to 63 letters, digits, hyphens and underscores..
 * AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_snapshot_delete(ak_client *client, const char *name,
                                           const ak_snapshot_delete_options *options, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_snapshot_delete_new(client, name, options, &call, err);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        /* It yields nothing that this header knows. */
    }
    ak_call_free(call);
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_snapshot_restore can do without. Zero means not set. */
typedef struct ak_snapshot_restore_options {
    /* The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores. */
    const char *as_name AK_OPS_UNSET;
    ak_choice start AK_OPS_UNSET; /* Whether to start it at once. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_snapshot_restore_options;

/* Prepares a call of ak_snapshot_restore without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT,
 * AK_E_MEMORY. Thread: any. */
static inline ak_status ak_snapshot_restore_new(ak_client *client, const char *name,
                                                const ak_snapshot_restore_options *options, ak_call **call,
                                                ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_RESTORE_SNAPSHOT, err);
    ak_ops_set_text(&bind, AK_KEY_NAME, name);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_AS_NAME, options->as_name);
        ak_ops_set_choice(&bind, AK_KEY_START, options->start);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Creates a sandbox from a snapshot. POST /snapshots/{name}/restore. name: The name: 1 to 63 letters, digits, hyphens
 * and underscores.. result: what came; NULL when it is not wanted. AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_snapshot_restore(ak_client *client, const char *name,
                                            const ak_snapshot_restore_options *options, ak_sandbox *result,
                                            ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_snapshot_restore_new(client, name, options, &call, err);
    ak_sandbox_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_sandbox_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_sandbox_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_backends_get can do without. Zero means not set. */
typedef struct ak_backends_get_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_backends_get_options;

/* Prepares a call of ak_backends_get without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_backends_get_new(ak_client *client, const ak_backends_get_options *options, ak_call **call,
                                            ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_BACKENDS, err);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns the backends that the server supports. GET /backends. result: what came; NULL when it is not wanted. AK_OK,
 * or an error of ak_call_step. Thread: any. */
static inline ak_status ak_backends_get(ak_client *client, const ak_backends_get_options *options, ak_backends *result,
                                        ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_backends_get_new(client, options, &call, err);
    ak_backends_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_backends_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_backends_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_status_get can do without. Zero means not set. */
typedef struct ak_status_get_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_status_get_options;

/* Prepares a call of ak_status_get without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_status_get_new(ak_client *client, const ak_status_get_options *options, ak_call **call,
                                          ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_STATUS, err);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns the version and configuration of the server. GET /status. result: what came; NULL when it is not wanted.
 * AK_OK, or an error of ak_call_step. Thread: any. */
static inline ak_status ak_status_get(ak_client *client, const ak_status_get_options *options,
                                      ak_get_status_result *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_status_get_new(client, options, &call, err);
    ak_get_status_result_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_get_status_result_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_get_status_result_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_stats_get can do without. Zero means not set. */
typedef struct ak_stats_get_options {
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_stats_get_options;

/* Prepares a call of ak_stats_get without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_stats_get_new(ak_client *client, const ak_stats_get_options *options, ak_call **call,
                                         ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_GET_STATS, err);
    if (options) {
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Returns usage statistics of the server. GET /stats. result: what came; NULL when it is not wanted. AK_OK, or an error
 * of ak_call_step. Thread: any. */
static inline ak_status ak_stats_get(ak_client *client, const ak_stats_get_options *options, ak_stats *result,
                                     ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_stats_get_new(client, options, &call, err);
    ak_stats_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_stats_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_stats_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

/* What ak_request can do without. Zero means not set. */
typedef struct ak_request_options {
    const char *body AK_OPS_UNSET; /* The JSON to send. (JSON) */
    ak_choice check AK_OPS_UNSET; /* Whether a status other than 2xx is an error. Default: true. */
    int64_t timeout_ms AK_OPS_UNSET; /* Milliseconds for the whole call. Default: the client's. */
    int64_t connect_timeout_ms AK_OPS_UNSET; /* Milliseconds for connecting. Default: the client's. */
} ak_request_options;

/* Prepares a call of ak_request without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY.
 * Thread: any. */
static inline ak_status ak_request_new(ak_client *client, const char *method, const char *path,
                                       const ak_request_options *options, ak_call **call, ak_error *err) {
    ak_ops_bind bind = ak_ops_begin(client, AK_OP_REQUEST, err);
    ak_ops_set_text(&bind, AK_KEY_METHOD, method);
    ak_ops_set_text(&bind, AK_KEY_PATH, path);
    if (options) {
        ak_ops_set_text(&bind, AK_KEY_BODY, options->body);
        ak_ops_set_choice(&bind, AK_KEY_CHECK, options->check);
        ak_ops_set_int(&bind, AK_KEY_TIMEOUT_MS, options->timeout_ms);
        ak_ops_set_int(&bind, AK_KEY_CONNECT_TIMEOUT_MS, options->connect_timeout_ms);
    }
    return ak_ops_end(&bind, call);
}

/* Sends an arbitrary request, for routes that have no operation. {method} {path}. method: The HTTP method: GET, POST,
 * PUT, PATCH or DELETE.; path: The path with its query.. result: what came; NULL when it is not wanted. AK_OK, or an
 * error: AK_E_COMMAND when the command failed (see check), or any other of ak_call_step. Thread: any. */
static inline ak_status ak_request(ak_client *client, const char *method, const char *path,
                                   const ak_request_options *options, ak_request_result *result, ak_error *err) {
    ak_call *call = NULL;
    ak_status status = ak_request_new(client, method, path, options, &call, err);
    ak_request_result_free(result);
    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {
        status = result ? ak_request_result_fill(call, result, err) : AK_OK;
    }
    ak_call_free(call);
    if (status < 0) {
        ak_request_result_free(result);
    }
    return status == AK_DONE ? AK_OK : status;
}

#ifdef __cplusplus
}
#endif

#undef AK_OPS_CAST
#undef AK_OPS_UNSET

#endif /* AGENTKERNEL_OPS_H */
