#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ak_reply_free(ak_reply *reply) {
    ak_buffer_free(&reply->body);
    if (reply->sse) {
        ak_sse_free(reply->sse);
    }
    if (reply->content) {
        ak_content_free(reply->content);
    }
}

/* ---- feeding ---- */

static bool is_event_stream(const char *type) {
    static const char expected[] = "text/event-stream";
    size_t len = sizeof expected - 1;
    return type && strncasecmp(type, expected, len) == 0 && (type[len] == '\0' || strchr("; \t", type[len]));
}

bool ak_reply_count_header(ak_reply *reply, size_t len) {
    reply->head_bytes += len;
    if (reply->head_bytes > AK_MAX_HEAD_BYTES) {
        reply->fault = AK_REPLY_HEAD_TOO_LARGE;
    }
    return reply->fault == AK_REPLY_SOUND;
}

void ak_reply_begin(ak_reply *reply, long status, const char *content_type) {
    reply->head.status = status;
    reply->is_events = reply->operation->yields == AK_YIELDS_EVENTS && status == 200 && is_event_stream(content_type);
}

static bool streams_content(const ak_reply *reply) {
    return reply->options.streams_content && reply->head.status == 200;
}

bool ak_reply_is_incremental(const ak_reply *reply) {
    return reply->is_events || streams_content(reply);
}

static ak_reply_fault feed_events(ak_reply *reply, const char *bytes, size_t len) {
    if (!reply->sse) {
        reply->sse = ak_sse_new(reply->options.max_event_bytes);
    }
    bool ok = reply->sse && ak_sse_feed(reply->sse, bytes, len) != AK_SSE_MEMORY;
    return ok ? AK_REPLY_SOUND : AK_REPLY_NO_MEMORY;
}

static ak_reply_fault feed_content(ak_reply *reply, const char *bytes, size_t len) {
    if (!reply->content) {
        reply->content = ak_content_new(reply->options.max_bytes);
    }
    if (!reply->content) {
        return AK_REPLY_NO_MEMORY;
    }
    ak_content_result result = ak_content_feed(reply->content, bytes, len);
    return ak_content_is_too_large(reply->content) ? AK_REPLY_TOO_LARGE
           : result == AK_CONTENT_MEMORY           ? AK_REPLY_NO_MEMORY
           : result == AK_CONTENT_MALFORMED        ? AK_REPLY_MALFORMED
                                                   : AK_REPLY_SOUND;
}

static ak_reply_fault feed_body(ak_reply *reply, const char *bytes, size_t len) {
    size_t limit = reply->options.max_bytes;
    if (len > limit || reply->body.len > limit - len) {
        return AK_REPLY_TOO_LARGE;
    }
    return ak_buffer_append(&reply->body, bytes, len) ? AK_REPLY_SOUND : AK_REPLY_NO_MEMORY;
}

bool ak_reply_feed(ak_reply *reply, const char *bytes, size_t len) {
    reply->fault = reply->is_events         ? feed_events(reply, bytes, len)
                   : streams_content(reply) ? feed_content(reply, bytes, len)
                                            : feed_body(reply, bytes, len);
    return reply->fault == AK_REPLY_SOUND;
}

void ak_reply_end(ak_reply *reply, const ak_reply_head *head, bool whole) {
    reply->head = *head;
    reply->ended = whole;
}

bool ak_reply_is_empty(const ak_reply *reply) {
    return !reply->is_events && !reply->content && reply->body.len == 0;
}

static bool member(const ak_json_value *object, const char *name, ak_json_value *out) {
    return ak_json_member(object, name, strlen(name), out);
}

/* ---- records of a unary reply ---- */

static ak_status bad_reply(ak_error *err, const char *what) {
    return ak_error_set(err, AK_E_PROTOCOL, "the server's reply %s", what);
}

static ak_status make_record(const ak_reply *reply, const ak_json_value *value, ak_record *record, ak_error *err) {
    if (value->kind != AK_JSON_OBJECT) {
        return bad_reply(err, "has a record that is not an object");
    }
    ak_record_begin(record, reply->operation);
    ak_record_set_plain(record, AK_KEY_RAW, value->text, value->len);
    if (reply->operation->output_key == AK_KEY_OUTPUT) {
        /* A command that did not fail exited with 0; a member exit_code overrides this. */
        ak_record_set_integer(record, AK_KEY_EXIT_CODE, 0);
    }
    ak_record_take_members(record, value);
    const char *missing = ak_record_missing(record);
    if (missing) {
        return ak_error_set(err, AK_E_PROTOCOL, "the server's reply lacks %s, or it has another type", missing);
    }
    ak_status status = ak_record_check_content(record, reply->options.streams_content, err);
    if (status != AK_OK) {
        return status;
    }
    if (reply->operation->output_key) {
        ak_record_begin_output(record, reply->operation->output_key);
    }
    return AK_ITEM;
}

static ak_status make_text_record(const ak_reply *reply, const ak_json_value *value, ak_record *record, ak_error *err) {
    if (value->kind != AK_JSON_STRING) {
        return bad_reply(err, "holds no text");
    }
    const char *data = NULL;
    size_t len = 0;
    ak_record_begin(record, reply->operation);
    if (!ak_decode_string(&record->arena, value, &data, &len)) {
        return ak_error_memory(err);
    }
    ak_record_set_plain(record, reply->operation->fields[0].key, data, len);
    ak_record_set_plain(record, AK_KEY_RAW, value->text, value->len);
    return AK_ITEM;
}

/* The full server sends "Wrote 2 file(s)", others {"written": 2}. */
static ak_status make_written_record(const ak_reply *reply, const ak_json_value *value, ak_record *record,
                                     ak_error *err) {
    if (value->kind != AK_JSON_STRING) {
        return make_record(reply, value, record, err);
    }
    ak_record_begin(record, reply->operation);
    ak_record_set_plain(record, AK_KEY_RAW, value->text, value->len);
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
    ak_record_set_integer(record, AK_KEY_WRITTEN, written);
    return AK_ITEM;
}

/* A reply as received, for requests that no operation describes. */
static ak_status make_reply_record(const ak_reply *reply, const ak_json_value *root, ak_record *record) {
    const char *type = reply->head.content_type;
    ak_record_begin(record, reply->operation);
    ak_record_set_integer(record, AK_KEY_HTTP_STATUS, reply->head.status);
    if (type) {
        ak_record_set_plain(record, AK_KEY_CONTENT_TYPE, type, strlen(type));
    }
    ak_record_set_plain(record, AK_KEY_CONTENT, reply->body.data ? reply->body.data : "", reply->body.len);
    if (root->kind != AK_JSON_ABSENT) {
        ak_record_set_plain(record, AK_KEY_RAW, root->text, root->len);
    }
    ak_record_begin_output(record, AK_KEY_CONTENT);
    return AK_ITEM;
}

/* ---- the envelope ---- */

/* Finds both in one pass, because data may be long. The last of equal names wins. */
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

typedef enum {
    REPLY_REDIRECT,
    REPLY_RAW,     /* a record of the reply as received */
    REPLY_FAILURE, /* a failed command, requested as a record */
    REPLY_ERROR,
    REPLY_ENVELOPE
} reply_class;

static reply_class classify(const ak_reply *reply, const ak_json_value *root) {
    long status = reply->head.status;
    bool good = status >= 200 && status <= 299, failures = reply->options.returns_failures;
    ak_json_value exit_code;
    if (status >= 300 && status <= 399) {
        return REPLY_REDIRECT;
    }
    if (reply->operation->yields == AK_YIELDS_REPLY && (good || failures)) {
        return REPLY_RAW;
    }
    if (failures && status == 409 && member(root, "exit_code", &exit_code) && exit_code.kind == AK_JSON_NUMBER) {
        return REPLY_FAILURE;
    }
    return good ? REPLY_ENVELOPE : REPLY_ERROR;
}

/* Opens the data of an envelope. AK_OK: a list, whose elements are returned from now on. */
static ak_status open_data(ak_reply *reply, const ak_json_value *data, ak_record *record, ak_error *err) {
    switch (reply->operation->yields) {
    case AK_YIELDS_TEXT:
        return make_text_record(reply, data, record, err);
    case AK_YIELDS_WRITTEN:
        return make_written_record(reply, data, record, err);
    case AK_YIELDS_LIST:
        if (data->kind != AK_JSON_ARRAY) {
            return bad_reply(err, "holds no list");
        }
        ak_json_iter_init(&reply->list, data);
        return AK_OK;
    default:
        return make_record(reply, data, record, err);
    }
}

static ak_status open_envelope(ak_reply *reply, const ak_json_value *root, ak_record *record, ak_error *err) {
    ak_json_value success, data;
    if (root->kind == AK_JSON_ABSENT) {
        return bad_reply(err, "is not JSON");
    }
    take_envelope(root, &success, &data);
    if (success.kind == AK_JSON_ABSENT) {
        return bad_reply(err, "has no envelope");
    }
    if (success.kind != AK_JSON_TRUE) {
        return ak_reply_server_error(reply, root, err);
    }
    if (reply->operation->yields == AK_YIELDS_NOTHING) {
        return AK_DONE;
    }
    const char *within = reply->operation->within;
    if (within && data.kind == AK_JSON_OBJECT) {
        member(&data, within, &data);
    }
    if (data.kind == AK_JSON_ABSENT) {
        return bad_reply(err, within ? "lacks the member that holds what was asked for" : "has no data");
    }
    return open_data(reply, &data, record, err);
}

/* Yields the first record. AK_OK: the list is open. */
static ak_status open_reply(ak_reply *reply, ak_record *record, ak_error *err) {
    ak_json_value root;
    ak_json_parse(reply->body.data, reply->body.len, &root, NULL); /* absent if it is not JSON */
    reply->opened = true;
    reply->exhausted = reply->operation->yields != AK_YIELDS_LIST;
    switch (classify(reply, &root)) {
    case REPLY_REDIRECT:
        return ak_reply_redirect_error(reply, err);
    case REPLY_RAW:
        return make_reply_record(reply, &root, record);
    case REPLY_FAILURE:
        return make_record(reply, &root, record, err);
    case REPLY_ERROR:
        return ak_reply_server_error(reply, &root, err);
    default:
        return open_envelope(reply, &root, record, err);
    }
}

static ak_status next_of_reply(ak_reply *reply, ak_record *record, ak_error *err) {
    if (!reply->ended) {
        return AK_AGAIN;
    }
    if (!reply->opened) {
        ak_status status = open_reply(reply, record, err);
        if (status != AK_OK) {
            return status;
        }
    }
    ak_json_value value;
    if (!reply->exhausted && ak_json_iter_next(&reply->list, NULL, &value)) {
        return make_record(reply, &value, record, err);
    }
    reply->exhausted = true;
    return AK_DONE;
}

/* ---- the content of a file, as it arrives ---- */

/* Called when the reply has ended and its content was read: checks that it was complete. */
static ak_status end_of_content(ak_reply *reply, ak_error *err) {
    ak_json_value root, success, data, content, size;
    int64_t expected = 0;
    const ak_buffer *rest = ak_content_rest(reply->content);
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
    uint64_t total = ak_content_total(reply->content);
    if (member(&data, "size", &size) && ak_json_int64(&size, &expected) && (uint64_t)expected != total) {
        return ak_error_set(err, AK_E_PROTOCOL, "the content has %llu bytes, its size says %lld",
                            (unsigned long long)total, (long long)expected);
    }
    reply->exhausted = true;
    return AK_DONE;
}

static ak_status next_of_content(ak_reply *reply, ak_record *record, ak_error *err) {
    if (ak_content_waiting(reply->content)) {
        ak_record_begin(record, reply->operation);
        ak_record_begin_content(record, reply->content);
        return AK_ITEM;
    }
    if (!reply->ended) {
        return AK_AGAIN;
    }
    if (ak_content_was_taken(reply->content)) {
        return end_of_content(reply, err);
    }
    /* The content could not be extracted: it is read like any other reply. */
    ak_content_give_rest(reply->content, &reply->body);
    ak_content_free(reply->content);
    reply->content = NULL;
    return next_of_reply(reply, record, err);
}

/* ---- events ---- */

static bool is_type(const ak_sse_event *event, const char *type) {
    return event->type_len == strlen(type) && memcmp(event->type, type, event->type_len) == 0;
}

static void make_event(ak_reply *reply, const ak_sse_event *event, ak_record *record) {
    ak_json_value root;
    ak_record_begin(record, reply->operation);
    bool parsed = ak_json_parse(event->data, event->data_len, &root, NULL) && root.kind == AK_JSON_OBJECT;
    if (parsed) {
        ak_record_take_members(record, &root);
    }
    /* These override members of the same names: they belong to the stream. */
    ak_record_set_plain(record, AK_KEY_TYPE, event->type, event->type_len);
    ak_record_set_plain(record, AK_KEY_RAW, event->data, event->data_len);
    ak_record_set_plain(record, AK_KEY_ID, event->id, event->id_len);
    ak_record_set_integer(record, AK_KEY_PARSED, parsed);
    if (is_type(event, "output")) {
        ak_record_begin_output(record, reply->operation->output_key);
    }
    reply->finished = is_type(event, "done") || is_type(event, "error");
}

/* The reply has ended without another complete event. */
static ak_status end_of_events(ak_reply *reply, ak_record *record, ak_error *err) {
    if (reply->is_events || reply->head.status == 204) {
        return ak_error_set(err, AK_E_TRUNCATED, "the stream ended without its final event (done or error)");
    }
    /* Not a stream: an error, or an envelope that may have an error message. */
    if (reply->head.status == 200 && reply->body.len == 0) {
        return ak_error_set(err, AK_E_TRUNCATED, "the stream ended before its first event");
    }
    ak_status status = open_reply(reply, record, err);
    return status < 0 ? status : bad_reply(err, "is no event stream");
}

static ak_status next_event(ak_reply *reply, ak_record *record, ak_error *err) {
    if (reply->finished) {
        reply->exhausted = true;
        return AK_DONE;
    }
    ak_sse_event event;
    switch (reply->sse ? ak_sse_next(reply->sse, &event) : AK_SSE_NONE) {
    case AK_SSE_EVENT:
        make_event(reply, &event, record);
        return AK_ITEM;
    case AK_SSE_TOO_LARGE:
        return ak_error_set(err, AK_E_TOO_LARGE, "an event is longer than max_event_bytes (%zu)",
                            reply->options.max_event_bytes);
    case AK_SSE_MEMORY:
        return ak_error_memory(err);
    case AK_SSE_NONE:
        break;
    }
    return reply->ended ? end_of_events(reply, record, err) : AK_AGAIN;
}

ak_status ak_reply_next(ak_reply *reply, ak_record *record, ak_error *err) {
    if (reply->content) {
        return next_of_content(reply, record, err);
    }
    return reply->operation->yields == AK_YIELDS_EVENTS ? next_event(reply, record, err)
                                                        : next_of_reply(reply, record, err);
}
