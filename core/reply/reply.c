#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "head.h"

/* How much of a body that is no envelope is kept as the server's text. */
#define SERVER_TEXT_BYTES 4096

void ak_response_free(ak_response *response) {
    ak_buffer_free(&response->body);
    ak_sse_free(response->sse);
    ak_content_free(response->content);
}

static bool member(const ak_json_value *object, const char *name, ak_json_value *out) {
    return ak_json_member(object, name, strlen(name), out);
}

/* ---- errors the server answered with ---- */

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

/* With a NUL after them. */
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
static ak_status redirect_error(ak_call *call, ak_error *err) {
    const char *target = NULL;
    curl_easy_getinfo(call->lane->easy, CURLINFO_REDIRECT_URL, &target);
    int len = target ? (int)strcspn(target, "?#") : 0;
    return ak_error_set(err, AK_E_REDIRECT, "the server redirects (%ld) to %.*s; redirects are not followed",
                        call->response.status, target ? len : 7, target ? target : "nowhere");
}

static ak_status server_error(ak_call *call, const ak_json_value *root, ak_error *err) {
    ak_response *response = &call->response;
    ak_json_value error, exit_value;
    int64_t exit_code = 0;
    bool has_exit_code = member(root, "exit_code", &exit_value) && ak_json_int64(&exit_value, &exit_code);
    const char *text = response->body.data;
    size_t text_len = response->body.len < SERVER_TEXT_BYTES ? response->body.len : SERVER_TEXT_BYTES;
    ak_arena arena = {0};
    if (member(root, "error", &error) && error.kind == AK_JSON_STRING &&
        !ak_decode_string(&arena, &error, &text, &text_len)) {
        return ak_error_memory(err);
    }
    ak_status code = code_of_status(response->status, has_exit_code);
    if (text_len) {
        ak_error_set_text(err, code, text, text_len);
    } else {
        ak_error_set(err, code, "the server answered %ld without a message", response->status);
    }
    size_t output_len = 0;
    char *output = has_exit_code ? take_output(&arena, root, &output_len) : NULL;
    ak_error_attach(err, text_len ? copy_bytes(text, text_len) : NULL, text_len, output, output_len);
    err->has_exit_code = has_exit_code;
    err->exit_code = exit_code;
    err->retry_after_ms = ak_head_retry_after(call->lane->easy);
    ak_arena_free(&arena);
    return code;
}

/* ---- records of a unary reply ---- */

static ak_status bad_reply(ak_error *err, const char *what) {
    return ak_error_set(err, AK_E_PROTOCOL, "the server's reply %s", what);
}

static ak_status make_record(ak_call *call, const ak_json_value *value, ak_error *err) {
    if (value->kind != AK_JSON_OBJECT) {
        return bad_reply(err, "has a record that is not an object");
    }
    ak_record *record = &call->record;
    ak_record_begin(record, call->operation);
    ak_record_set_plain(record, AK_KEY_RAW, value->text, value->len);
    if (call->operation->output_key == AK_KEY_OUTPUT) {
        /* A command that did not fail exited with 0; one that did says so itself, over this. */
        ak_record_set_integer(record, AK_KEY_EXIT_CODE, 0);
    }
    ak_record_take_members(record, value);
    const char *missing = ak_record_missing(record);
    if (missing) {
        return ak_error_set(err, AK_E_PROTOCOL, "the server's reply lacks %s, or it has another type", missing);
    }
    ak_status status = ak_record_check_content(record, call->reads_content, err);
    if (status != AK_OK) {
        return status;
    }
    if (call->operation->output_key) {
        ak_record_begin_output(record, call->operation->output_key);
    }
    return AK_ITEM;
}

static ak_status make_text_record(ak_call *call, const ak_json_value *value, ak_error *err) {
    if (value->kind != AK_JSON_STRING) {
        return bad_reply(err, "holds no text");
    }
    ak_record *record = &call->record;
    const char *data = NULL;
    size_t len = 0;
    ak_record_begin(record, call->operation);
    if (!ak_decode_string(&record->arena, value, &data, &len)) {
        return ak_error_memory(err);
    }
    ak_record_set_plain(record, call->operation->fields[0].key, data, len);
    ak_record_set_plain(record, AK_KEY_RAW, value->text, value->len);
    return AK_ITEM;
}

/* Both in one walk, because data may be long. The last of equal names counts. */
static void take_envelope(const ak_json_value *root, ak_json_value *success, ak_json_value *data) {
    ak_json_iter iter;
    ak_json_value name, value;
    success->kind = data->kind = AK_JSON_ABSENT;
    ak_json_iter_init(&iter, root);
    while (root->kind == AK_JSON_OBJECT && ak_json_iter_next(&iter, &name, &value)) {
        if (ak_json_equals(&name, "success", strlen("success"))) {
            *success = value;
        } else if (ak_json_equals(&name, "data", strlen("data"))) {
            *data = value;
        }
    }
}

/* The full server says "Wrote 2 file(s)", others {"written": 2}. */
static ak_status make_written_record(ak_call *call, const ak_json_value *value, ak_error *err) {
    if (value->kind != AK_JSON_STRING) {
        return make_record(call, value, err);
    }
    ak_record_begin(&call->record, call->operation);
    ak_record_set_plain(&call->record, AK_KEY_RAW, value->text, value->len);
    size_t i = 1;
    while (i < value->len && (value->text[i] < '0' || value->text[i] > '9')) {
        i++;
    }
    int64_t written = 0;
    size_t digits = 0;
    for (; i < value->len && digits < 18 && value->text[i] >= '0' && value->text[i] <= '9'; i++, digits++) {
        written = written * 10 + (value->text[i] - '0');
    }
    if (digits == 0) {
        return bad_reply(err, "does not say how many files were written");
    }
    ak_record_set_integer(&call->record, AK_KEY_WRITTEN, written);
    return AK_ITEM;
}

/* Any answer as it came: for requests that no operation describes. */
static ak_status make_reply_record(ak_call *call, const ak_json_value *root) {
    ak_response *response = &call->response;
    ak_record *record = &call->record;
    ak_record_begin(record, call->operation);
    const char *type = NULL;
    curl_easy_getinfo(call->lane->easy, CURLINFO_CONTENT_TYPE, &type);
    ak_record_set_integer(record, AK_KEY_HTTP_STATUS, response->status);
    if (type) {
        ak_record_set_plain(record, AK_KEY_CONTENT_TYPE, type, strlen(type));
    }
    ak_record_set_plain(record, AK_KEY_CONTENT, response->body.data ? response->body.data : "", response->body.len);
    if (root->kind != AK_JSON_ABSENT) {
        ak_record_set_plain(record, AK_KEY_RAW, root->text, root->len);
    }
    ak_record_begin_output(record, AK_KEY_CONTENT);
    return AK_ITEM;
}

/* Takes the envelope off and yields the first record. */
static ak_status open_reply(ak_call *call, ak_error *err) {
    ak_response *response = &call->response;
    ak_json_value root, success, data, exit_code;
    bool good = response->status >= 200 && response->status <= 299;
    bool parsed = ak_json_parse(response->body.data, response->body.len, &root, NULL);
    response->opened = true;
    response->exhausted = call->operation->yields != AK_YIELDS_LIST;
    if (response->status >= 300 && response->status <= 399) {
        return redirect_error(call, err);
    }
    bool checks = ak_bound_int(call, AK_KEY_CHECK, 1) != 0;
    if (call->operation->yields == AK_YIELDS_REPLY && (good || !checks)) {
        return make_reply_record(call, &root);
    }
    if (!checks && response->status == 409 && member(&root, "exit_code", &exit_code) &&
        exit_code.kind == AK_JSON_NUMBER) {
        return make_record(call, &root, err);
    }
    if (!good) {
        return server_error(call, &root, err);
    }
    if (!parsed) {
        return bad_reply(err, "is not JSON");
    }
    take_envelope(&root, &success, &data);
    if (success.kind == AK_JSON_ABSENT) {
        return bad_reply(err, "has no envelope");
    }
    if (success.kind != AK_JSON_TRUE) {
        return server_error(call, &root, err);
    }
    if (call->operation->yields == AK_YIELDS_NOTHING) {
        return AK_DONE;
    }
    const char *within = call->operation->within;
    if (within && data.kind == AK_JSON_OBJECT) {
        member(&data, within, &data);
    }
    if (data.kind == AK_JSON_ABSENT) {
        return bad_reply(err, within ? "lacks the member that holds what was asked for" : "has no data");
    }
    switch (call->operation->yields) {
    case AK_YIELDS_TEXT:
        return make_text_record(call, &data, err);
    case AK_YIELDS_WRITTEN:
        return make_written_record(call, &data, err);
    case AK_YIELDS_LIST:
        if (data.kind != AK_JSON_ARRAY) {
            return bad_reply(err, "holds no list");
        }
        ak_json_iter_init(&response->list, &data);
        return AK_OK;
    default:
        return make_record(call, &data, err);
    }
}

static ak_status next_of_reply(ak_call *call, ak_error *err) {
    ak_response *response = &call->response;
    if (!call->transfer_ended) {
        return AK_AGAIN;
    }
    if (call->transfer_result != CURLE_OK) {
        return ak_transfer_error(call, err);
    }
    if (!response->opened) {
        ak_status status = open_reply(call, err);
        if (status != AK_OK) {
            return status;
        }
    }
    ak_json_value value;
    if (!response->exhausted && ak_json_iter_next(&response->list, NULL, &value)) {
        return make_record(call, &value, err);
    }
    response->exhausted = true;
    return AK_DONE;
}

/* ---- the content of a file, while it comes ---- */

/* The reply is over and what was taken out of it has been read: was it whole? */
static ak_status end_of_content(ak_call *call, ak_error *err) {
    ak_response *response = &call->response;
    ak_json_value root, success, data, content, size;
    int64_t expected = 0;
    const ak_buffer *rest = ak_content_rest(response->content);
    if (!ak_json_parse(rest->data, rest->len, &root, NULL)) {
        return bad_reply(err, "is not JSON");
    }
    take_envelope(&root, &success, &data);
    if (success.kind != AK_JSON_TRUE) {
        return bad_reply(err, "has a content and no success");
    }
    if (!member(&data, "content", &content) || content.len != strlen("\"\"")) {
        return bad_reply(err, "has more than one content");
    }
    uint64_t total = ak_content_total(response->content);
    if (member(&data, "size", &size) && ak_json_int64(&size, &expected) && (uint64_t)expected != total) {
        return ak_error_set(err, AK_E_PROTOCOL, "the content has %llu bytes, its size says %lld",
                            (unsigned long long)total, (long long)expected);
    }
    response->exhausted = true;
    return AK_DONE;
}

static ak_status next_of_content(ak_call *call, ak_error *err) {
    ak_response *response = &call->response;
    if (ak_content_waiting(response->content)) {
        ak_record_begin(&call->record, call->operation);
        ak_record_begin_content(&call->record, response->content);
        return AK_ITEM;
    }
    if (!call->transfer_ended) {
        return AK_AGAIN;
    }
    if (call->transfer_result != CURLE_OK) {
        return ak_transfer_error(call, err);
    }
    if (ak_content_was_taken(response->content)) {
        return end_of_content(call, err);
    }
    /* It could not be taken out: it is read like any other reply. */
    ak_content_give_rest(response->content, &response->body);
    ak_content_free(response->content);
    response->content = NULL;
    return next_of_reply(call, err);
}

/* ---- events ---- */

static bool is_type(const ak_sse_event *event, const char *type) {
    return event->type_len == strlen(type) && memcmp(event->type, type, event->type_len) == 0;
}

static void make_event(ak_call *call, const ak_sse_event *event) {
    ak_record *record = &call->record;
    ak_json_value root;
    ak_record_begin(record, call->operation);
    bool parsed = ak_json_parse(event->data, event->data_len, &root, NULL) && root.kind == AK_JSON_OBJECT;
    if (parsed) {
        ak_record_take_members(record, &root);
    }
    /* Over members of the same names: these are the stream's own. */
    ak_record_set_plain(record, AK_KEY_TYPE, event->type, event->type_len);
    ak_record_set_plain(record, AK_KEY_RAW, event->data, event->data_len);
    ak_record_set_plain(record, AK_KEY_ID, event->id, event->id_len);
    ak_record_set_integer(record, AK_KEY_PARSED, parsed);
    if (is_type(event, "output")) {
        ak_record_begin_output(record, call->operation->output_key);
    }
    call->response.finished = is_type(event, "done") || is_type(event, "error");
}

/* The transfer is over and no whole event is left. */
static ak_status end_of_events(ak_call *call, ak_error *err) {
    if (call->transfer_result != CURLE_OK) {
        return ak_transfer_error(call, err);
    }
    if (call->response.is_events || call->response.status == 204) {
        return ak_error_set(err, AK_E_TRUNCATED, "the stream ended without its final event (done or error)");
    }
    /* No stream at all: an error, or an envelope that may say what went wrong. */
    if (call->response.status == 200 && call->response.body.len == 0) {
        return ak_error_set(err, AK_E_TRUNCATED, "the stream ended before its first event");
    }
    ak_status status = open_reply(call, err);
    return status < 0 ? status : bad_reply(err, "is no event stream");
}

static ak_status next_event(ak_call *call, ak_error *err) {
    ak_response *response = &call->response;
    if (response->finished) {
        response->exhausted = true;
        return AK_DONE;
    }
    ak_sse_event event;
    switch (response->sse ? ak_sse_next(response->sse, &event) : AK_SSE_NONE) {
    case AK_SSE_EVENT:
        make_event(call, &event);
        return AK_ITEM;
    case AK_SSE_TOO_LARGE:
        return ak_error_set(err, AK_E_TOO_LARGE, "an event is longer than max_event_bytes (%lld)",
                            (long long)call->client->settings.integer[AK_CLIENT_MAX_EVENT_BYTES]);
    case AK_SSE_MEMORY:
        return ak_error_memory(err);
    case AK_SSE_NONE:
        break;
    }
    return call->transfer_ended ? end_of_events(call, err) : AK_AGAIN;
}

ak_status ak_response_next(ak_call *call, ak_error *err) {
    /* An answer without a body never came by on_body. */
    if (call->transfer_ended && call->response.status == 0) {
        curl_easy_getinfo(call->lane->easy, CURLINFO_RESPONSE_CODE, &call->response.status);
    }
    if (call->response.content) {
        return next_of_content(call, err);
    }
    return call->operation->yields == AK_YIELDS_EVENTS ? next_event(call, err) : next_of_reply(call, err);
}
