/* fault_parse_steps.c: the steps of scripts written as JSON. README.md documents the format. */
#include "fault_parse.h"

#include <stdlib.h>
#include <string.h>

/* ---- Bytes ---- */

/* Appends the value of a member that is text or base64. */
static bool get_bytes(fault_reader *reader, const cJSON *item, bool base64, fault_buffer *out) {
    if (!cJSON_IsString(item)) {
        return fault_refuse(reader, "\"%s\" is a string", item->string);
    }
    if (!base64) {
        fault_buffer_text(out, item->valuestring);
        return true;
    }
    return fault_base64_decode(item->valuestring, out) || fault_refuse(reader, "\"%s\" is not base64", item->string);
}

/* cJSON holds numbers as doubles: what it would print differently is refused, for a script means exact bytes. */
static bool prints_exactly(const cJSON *item) {
    if (cJSON_IsNumber(item) && (item->valuedouble > FAULT_MAX_INTEGER || item->valuedouble < -FAULT_MAX_INTEGER)) {
        return false;
    }
    for (const cJSON *child = item->child; child; child = child->next) {
        if (!prints_exactly(child)) {
            return false;
        }
    }
    return true;
}

/* Appends a JSON value as compact text. */
static bool get_json(fault_reader *reader, const cJSON *item, fault_buffer *out) {
    if (!prints_exactly(item)) {
        return fault_refuse(reader, "a number is too large to be exact: write the JSON as text");
    }
    char *text = cJSON_PrintUnformatted(item);
    if (!text) {
        out->failed = true;
        return true;
    }
    fault_buffer_text(out, text);
    cJSON_free(text);
    return true;
}

/* Adds a step that sends a buffer, as one chunk if asked for, and empties the buffer. */
static void send_buffer(fault_reader *reader, fault_buffer *buffer, bool chunked) {
    if (buffer->failed) {
        fault_script_fail(reader->script, "no memory for the script");
    } else if (chunked) {
        fault_chunk(reader->script, buffer->at, buffer->len);
    } else {
        fault_send(reader->script, buffer->at, buffer->len);
    }
    fault_buffer_free(buffer);
}

static bool read_bytes_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    fault_buffer bytes = {0};
    bool chunked = false;
    if (!fault_get_bool(reader, step, "chunked", &chunked) ||
        !get_bytes(reader, value, strcmp(value->string, "bytes") == 0, &bytes)) {
        fault_buffer_free(&bytes);
        return false;
    }
    send_buffer(reader, &bytes, chunked);
    return true;
}

static bool read_repeat_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    fault_buffer bytes = {0};
    fault_buffer chunk = {0};
    bool chunked = false;
    uint64_t count = 0;
    bool read = fault_get_bool(reader, step, "chunked", &chunked) && fault_get_count(reader, step, "count", &count) &&
                get_bytes(reader, value, strcmp(value->string, "repeat_bytes") == 0, &bytes);
    if (read && (count == 0 || bytes.len == 0)) {
        read = fault_refuse(reader, "a repeat needs a count and at least one byte");
    }
    if (read && chunked) {
        fault_buffer_chunk(&chunk, bytes.at, bytes.len);
    }
    const fault_buffer *unit = chunked ? &chunk : &bytes;
    if (read && unit->failed) {
        fault_script_fail(reader->script, "no memory for the script");
    } else if (read) {
        fault_repeat(reader->script, unit->at, unit->len, count);
    }
    fault_buffer_free(&bytes);
    fault_buffer_free(&chunk);
    return read;
}

/* ---- Replies and events ---- */

static bool add_header(fault_reader *reader, const char *name, const cJSON *value, fault_buffer *headers) {
    if (!cJSON_IsString(value)) {
        return fault_refuse(reader, "header \"%s\" is a string or an array of strings", name);
    }
    fault_buffer_text(headers, name);
    fault_buffer_text(headers, ": ");
    fault_buffer_text(headers, value->valuestring);
    fault_buffer_text(headers, "\r\n");
    return true;
}

/* Makes header lines, with a NUL at the end, of the member "headers". */
static bool get_headers(fault_reader *reader, const cJSON *object, fault_buffer *headers) {
    const cJSON *all = fault_member(object, "headers");
    if (all && !cJSON_IsObject(all)) {
        return fault_refuse(reader, "\"headers\" is an object");
    }
    for (const cJSON *header = all ? all->child : NULL; header; header = header->next) {
        if (!cJSON_IsArray(header)) {
            if (!add_header(reader, header->string, header, headers)) {
                return false;
            }
            continue;
        }
        for (const cJSON *value = header->child; value; value = value->next) {
            if (!add_header(reader, header->string, value, headers)) {
                return false;
            }
        }
    }
    fault_buffer_add(headers, "", 1);
    return true;
}

static const char *const FRAMINGS[] = {"length", "chunked", "close", NULL}; /* in the order of fault_framing */

static bool get_head(fault_reader *reader, const cJSON *object, uint64_t *status, size_t *framing,
                     fault_buffer *headers) {
    if (!fault_get_integer(reader, object, "status", 100, status) ||
        !fault_get_choice(reader, object, "framing", FRAMINGS, framing)) {
        return false;
    }
    if (*status > 999) {
        return fault_refuse(reader, "\"status\" has three digits");
    }
    return get_headers(reader, object, headers);
}

/* Adds a step with a whole reply, or with body NULL its head. Empties headers. */
static void send_reply(fault_reader *reader, uint64_t status, fault_buffer *headers, const char *type,
                       const fault_buffer *body, size_t framing) {
    fault_buffer reply = {0};
    reply.failed = headers->failed || (body && body->failed);
    if (!reply.failed) {
        const void *bytes = body ? (body->at ? (const void *)body->at : "") : NULL;
        fault_buffer_reply(&reply, (int)status, (const char *)headers->at, type, bytes, body ? body->len : 0,
                           (fault_framing)framing);
    }
    send_buffer(reader, &reply, false);
    fault_buffer_free(headers);
}

/* The body of a reply, and its type. */
static bool get_body(fault_reader *reader, const cJSON *value, fault_buffer *body, const char **type) {
    const cJSON *json = fault_member(value, "json");
    const cJSON *text = fault_member(value, "text");
    const cJSON *bytes = fault_member(value, "bytes");
    if ((json != NULL) + (text != NULL) + (bytes != NULL) > 1) {
        return fault_refuse(reader, "a reply has one of \"json\", \"text\" and \"bytes\"");
    }
    *type = json ? "application/json" : text ? "text/plain" : bytes ? "application/octet-stream" : NULL;
    if (json) {
        return get_json(reader, json, body);
    }
    return (!text && !bytes) || get_bytes(reader, text ? text : bytes, bytes != NULL, body);
}

static bool read_reply_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    static const char *const MEMBERS[] = {"status", "headers", "framing", "json", "text", "bytes", NULL};
    (void)step;
    fault_buffer headers = {0};
    fault_buffer body = {0};
    uint64_t status = 200;
    size_t framing = FAULT_LENGTH;
    const char *type = NULL;
    bool read = fault_check_members(reader, value, MEMBERS) && get_head(reader, value, &status, &framing, &headers) &&
                get_body(reader, value, &body, &type);
    if (read) {
        send_reply(reader, status, &headers, type, &body, framing);
    }
    fault_buffer_free(&headers);
    fault_buffer_free(&body);
    return read;
}

static void add_field(fault_buffer *event, const char *name, const char *value) {
    if (value) {
        fault_buffer_text(event, name);
        fault_buffer_text(event, value);
        fault_buffer_text(event, "\n");
    }
}

/* Appends one event of an SSE stream. */
static bool get_event(fault_reader *reader, const cJSON *value, fault_buffer *event) {
    static const char *const MEMBERS[] = {"event", "data", "id", "retry", "comment", NULL};
    const char *type = NULL;
    const char *id = NULL;
    const char *comment = NULL;
    uint64_t retry = 0;
    if (!fault_check_members(reader, value, MEMBERS) || !fault_get_text(reader, value, "event", &type) ||
        !fault_get_text(reader, value, "id", &id) || !fault_get_text(reader, value, "comment", &comment) ||
        !fault_get_integer(reader, value, "retry", 0, &retry)) {
        return false;
    }
    add_field(event, ": ", comment);
    add_field(event, "id: ", id);
    if (fault_member(value, "retry")) {
        fault_buffer_text(event, "retry: ");
        fault_buffer_number(event, retry, false);
        fault_buffer_text(event, "\n");
    }
    const cJSON *data = fault_member(value, "data");
    fault_buffer text = {0};
    if (data && !cJSON_IsString(data) && !get_json(reader, data, &text)) {
        return false;
    }
    fault_buffer_add(&text, "", 1);
    event->failed = event->failed || text.failed;
    if (!event->failed) {
        fault_buffer_event(event, type, cJSON_IsString(data) ? data->valuestring : data ? (char *)text.at : NULL);
    }
    fault_buffer_free(&text);
    return true;
}

static bool read_event_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    (void)step;
    const fault_rule *rule = fault_script_rule(reader->script);
    fault_buffer event = {0};
    bool read = get_event(reader, value, &event);
    if (read) {
        send_buffer(reader, &event, rule && rule->sse_chunked);
    }
    fault_buffer_free(&event);
    return read;
}

/* All events as one body of known length. */
static bool send_sse_body(fault_reader *reader, uint64_t status, fault_buffer *headers, const cJSON *events) {
    fault_buffer body = {0};
    bool read = true;
    for (const cJSON *event = events ? events->child : NULL; event && read; event = event->next) {
        read = get_event(reader, event, &body);
    }
    if (read) {
        send_reply(reader, status, headers, "text/event-stream", &body, FAULT_LENGTH);
    }
    fault_buffer_free(&body);
    return read;
}

static bool send_sse(fault_reader *reader, const cJSON *value, uint64_t status, size_t framing, fault_buffer *headers) {
    const cJSON *events = fault_member(value, "events");
    fault_rule *rule = fault_script_rule(reader->script);
    bool end = true;
    if (!fault_get_bool(reader, value, "end", &end)) {
        return false;
    }
    if (events && !cJSON_IsArray(events)) {
        return fault_refuse(reader, "\"events\" is an array");
    }
    if (framing == FAULT_LENGTH) {
        return end ? send_sse_body(reader, status, headers, events)
                   : fault_refuse(reader, "a stream of known length cannot stay open");
    }
    if (rule) {
        rule->sse_chunked = framing == FAULT_CHUNKED;
    }
    send_reply(reader, status, headers, "text/event-stream", NULL, framing);
    for (const cJSON *event = events ? events->child : NULL; event; event = event->next) {
        if (!read_event_step(reader, NULL, event)) {
            return false;
        }
    }
    if (end) {
        fault_sse_end(reader->script);
    }
    return true;
}

static bool read_sse_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    static const char *const MEMBERS[] = {"status", "headers", "framing", "events", "end", NULL};
    (void)step;
    fault_buffer headers = {0};
    uint64_t status = 200;
    size_t framing = FAULT_CHUNKED;
    bool read = fault_check_members(reader, value, MEMBERS) && get_head(reader, value, &status, &framing, &headers) &&
                send_sse(reader, value, status, framing, &headers);
    fault_buffer_free(&headers);
    return read;
}

/* ---- All other steps ---- */

static bool read_plain_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    static const struct {
        const char *name;
        void (*add)(fault_script *script);
    } plain[] = {{"last_chunk", fault_last_chunk},
                 {"handshake", fault_handshake},
                 {"close", fault_close},
                 {"cut", fault_cut},
                 {"reset", fault_reset}};
    (void)step;
    if (!cJSON_IsTrue(value)) {
        return fault_refuse(reader, "\"%s\" is true", value->string);
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(plain[i].name, value->string) == 0) {
            plain[i].add(reader->script);
        }
    }
    return true;
}

static bool read_number_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    uint64_t number = 0;
    if (!fault_get_integer(reader, step, value->string, 0, &number)) {
        return false;
    }
    if (strcmp(value->string, "delay_ms") == 0) {
        fault_delay(reader->script, number);
    } else {
        fault_read_bytes(reader->script, number);
    }
    return true;
}

static bool read_wait_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    static const char *const WAITS[] = {"release", "close", "data", NULL};
    static void (*const ADD[])(fault_script *) = {fault_wait_release, fault_wait_close, fault_wait_data};
    (void)value;
    size_t which = 0;
    if (!fault_get_choice(reader, step, "wait", WAITS, &which)) {
        return false;
    }
    ADD[which](reader->script);
    return true;
}

static bool read_read_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    static const char *const READS[] = {"body", NULL};
    (void)value;
    size_t which = 0;
    if (!fault_get_choice(reader, step, "read", READS, &which)) {
        return false;
    }
    fault_read_body(reader->script);
    return true;
}

static bool read_loop_step(fault_reader *reader, const cJSON *step, const cJSON *value) {
    uint64_t count = FAULT_ALWAYS;
    if (!fault_get_count(reader, step, "count", &count)) {
        return false;
    }
    fault_loop_begin(reader->script, count);
    if (reader->script->failure) { /* too deep: go no deeper */
        return fault_refuse(reader, "%s", reader->script->failure);
    }
    if (!fault_read_steps(reader, value)) {
        return false;
    }
    fault_loop_end(reader->script);
    return true;
}

/* What each step is named by, the other members it may have, and how it is read. */
static const struct step_kind {
    const char *members[5];
    bool (*read)(fault_reader *reader, const cJSON *step, const cJSON *value);
} KINDS[] = {
    {{"text", "chunked", "piece", "pause_ms", NULL}, read_bytes_step},
    {{"bytes", "chunked", "piece", "pause_ms", NULL}, read_bytes_step},
    {{"repeat_text", "count", "chunked", NULL}, read_repeat_step},
    {{"repeat_bytes", "count", "chunked", NULL}, read_repeat_step},
    {{"reply", "piece", "pause_ms", NULL}, read_reply_step},
    {{"sse", "piece", "pause_ms", NULL}, read_sse_step},
    {{"event", "piece", "pause_ms", NULL}, read_event_step},
    {{"last_chunk", NULL}, read_plain_step},
    {{"delay_ms", NULL}, read_number_step},
    {{"wait", NULL}, read_wait_step},
    {{"read", NULL}, read_read_step},
    {{"read_bytes", NULL}, read_number_step},
    {{"handshake", NULL}, read_plain_step},
    {{"close", NULL}, read_plain_step},
    {{"cut", NULL}, read_plain_step},
    {{"reset", NULL}, read_plain_step},
    {{"loop", "count", NULL}, read_loop_step},
};

/* The kind whose name is one of the step's members. */
static const struct step_kind *find_kind(const cJSON *step) {
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (cJSON_IsObject(step) && fault_member(step, KINDS[i].members[0])) {
            return &KINDS[i];
        }
    }
    return NULL;
}

/* Splits what the step sends into pieces, if it says so. */
static bool read_pieces(fault_reader *reader, const cJSON *step, size_t first_step) {
    uint64_t piece = 0;
    uint64_t pause = 0;
    if (!fault_get_integer(reader, step, "piece", 1, &piece) ||
        !fault_get_integer(reader, step, "pause_ms", 0, &pause)) {
        return false;
    }
    if (pause > 0 && piece == 0) {
        return fault_refuse(reader, "\"pause_ms\" needs \"piece\"");
    }
    fault_rule *rule = fault_script_rule(reader->script);
    for (size_t i = first_step; rule && piece > 0 && i < rule->step_count; i++) {
        rule->steps[i].piece = (size_t)piece;
        rule->steps[i].pause_ms = pause;
    }
    return true;
}

static bool read_step(fault_reader *reader, const cJSON *step) {
    const struct step_kind *kind = find_kind(step);
    const fault_rule *rule = fault_script_rule(reader->script);
    size_t first_step = rule ? rule->step_count : 0;
    if (!kind) {
        return fault_refuse(reader, "no known step");
    }
    if (!fault_check_members(reader, step, kind->members) ||
        !kind->read(reader, step, fault_member(step, kind->members[0])) || !read_pieces(reader, step, first_step)) {
        return false;
    }
    return !reader->script->failure || fault_refuse(reader, "%s", reader->script->failure);
}

bool fault_read_steps(fault_reader *reader, const cJSON *steps) {
    if (!cJSON_IsArray(steps)) {
        return fault_refuse(reader, "\"steps\" or \"loop\" is an array of steps");
    }
    size_t outer = reader->step;
    bool nested = reader->in_step;
    reader->in_step = true;
    reader->step = 0;
    for (const cJSON *step = steps->child; step; step = step->next) {
        if (!read_step(reader, step)) {
            return false;
        }
        reader->step++;
    }
    reader->step = outer;
    reader->in_step = nested;
    return true;
}
