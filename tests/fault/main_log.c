/* main_log.c: what a server remembers, as JSON. README.md documents the members. */
#include "main_log.h"

#include "fault_parse.h"

#include <stdlib.h>
#include <string.h>

const char *const main_counters[FAULT_COUNTERS + 1] = {"connections",    "requests", "complete", "unmatched",
                                                       "client_ended",   "ended",    "waiting",  "sent_bytes",
                                                       "received_bytes", NULL};

bool main_add(cJSON *object, const char *name, cJSON *value) {
    bool added = value && cJSON_AddItemToObject(object, name, value);
    if (!added) {
        cJSON_Delete(value);
    }
    return added;
}

/* A number, or null for a negative one: a time that has not come, no rule. */
static bool add_or_null(cJSON *object, const char *name, int64_t number) {
    return main_add(object, name, number < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)number));
}

static bool add_number(cJSON *object, const char *name, uint64_t number) {
    return main_add(object, name, cJSON_CreateNumber((double)number));
}

static bool add_bool(cJSON *object, const char *name, bool value) {
    return main_add(object, name, cJSON_CreateBool(value));
}

static bool add_base64(cJSON *object, const char *name, const unsigned char *bytes, size_t len) {
    char *text = fault_base64_encode(bytes, len);
    bool added = text && main_add(object, name, cJSON_CreateString(text));
    free(text);
    return added;
}

/* A JSON string of header bytes, read as ISO 8859-1 so that it is UTF-8 whatever came. */
static cJSON *latin(const char *bytes, size_t len) {
    fault_buffer text = {0};
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        unsigned char two[2] = {(unsigned char)(0xC0U | byte >> 6), (unsigned char)(0x80U | (byte & 0x3FU))};
        fault_buffer_add(&text, byte < 0x80 ? &byte : two, byte < 0x80 ? 1 : 2);
    }
    fault_buffer_add(&text, "", 1);
    cJSON *string = text.failed ? NULL : cJSON_CreateString((const char *)text.at);
    fault_buffer_free(&text);
    return string;
}

static bool push(cJSON *array, cJSON *value) {
    bool added = value && cJSON_AddItemToArray(array, value);
    if (!added) {
        cJSON_Delete(value);
    }
    return added;
}

/* ["Name", "value"] of one header line, which may lack the colon. */
static cJSON *header_pair(const char *line, size_t len) {
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : len;
    const char *value = line + name_len + (colon ? 1 : 0);
    size_t value_len = (size_t)(line + len - value);
    while (value_len > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        value_len--;
    }
    while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t')) {
        value_len--;
    }
    cJSON *pair = cJSON_CreateArray();
    if (pair && !(push(pair, latin(line, name_len)) && push(pair, latin(value, value_len)))) {
        cJSON_Delete(pair);
        return NULL;
    }
    return pair;
}

static cJSON *headers_json(const fault_request *request) {
    cJSON *headers = cJSON_CreateArray();
    const char *end = (const char *)request->raw + request->head_len;
    const char *line = request->head_len ? memmem(request->raw, request->head_len, "\r\n", 2) : NULL;
    for (line = line ? line + 2 : end; headers && line < end && *line != '\r';) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        if (!push(headers, header_pair(line, (size_t)(stop - line)))) {
            cJSON_Delete(headers);
            return NULL;
        }
        line = stop + 2;
    }
    return headers;
}

static cJSON *request_json(const fault_request *request) {
    cJSON *object = cJSON_CreateObject();
    bool made = object && add_number(object, "connection", request->connection) &&
                add_number(object, "index", request->index) && add_or_null(object, "rule", request->rule) &&
                main_add(object, "method", latin(request->method, strlen(request->method))) &&
                main_add(object, "target", latin(request->target, strlen(request->target))) &&
                main_add(object, "headers", headers_json(request)) &&
                add_base64(object, "raw", request->raw, request->raw_len) &&
                add_base64(object, "body", request->body, request->body_len) &&
                add_number(object, "body_total", request->body_total) &&
                add_bool(object, "complete", request->complete) && add_bool(object, "malformed", request->malformed) &&
                add_or_null(object, "head_ms", request->head_ms) && add_or_null(object, "end_ms", request->end_ms);
    if (!made) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static cJSON *connection_json(const fault_connection *connection) {
    static const char *const ENDS[] = {NULL, "fin", "reset"};
    const char *end = ENDS[connection->client_end];
    cJSON *object = cJSON_CreateObject();
    bool made =
        object && add_number(object, "index", connection->index) &&
        add_number(object, "requests", connection->requests) && add_number(object, "sent_bytes", connection->sent) &&
        add_number(object, "received_bytes", connection->received) &&
        add_or_null(object, "accepted_ms", connection->accepted_ms) &&
        main_add(object, "client_end", end ? cJSON_CreateString(end) : cJSON_CreateNull()) &&
        add_or_null(object, "client_end_ms", connection->client_end_ms) &&
        add_or_null(object, "ended_ms", connection->ended_ms) &&
        add_bool(object, "handshaken", connection->handshaken) &&
        main_add(object, "error", connection->error[0] ? cJSON_CreateString(connection->error) : cJSON_CreateNull());
    if (!made) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

bool main_add_counts(cJSON *reply, fault_server *server) {
    cJSON *counts = cJSON_CreateObject();
    bool made = counts != NULL;
    for (int i = 0; made && i < FAULT_COUNTERS; i++) {
        made = add_number(counts, main_counters[i], fault_count(server, (fault_counter)i));
    }
    if (!made) {
        cJSON_Delete(counts);
        return false;
    }
    return main_add(reply, "counts", counts) && add_or_null(reply, "now_ms", fault_now_ms());
}

bool main_add_log(cJSON *reply, fault_server *server) {
    cJSON *connections = cJSON_AddArrayToObject(reply, "connections");
    cJSON *requests = cJSON_AddArrayToObject(reply, "requests");
    fault_connection connection;
    bool made = connections && requests;
    for (size_t i = 0; made && fault_connection_at(server, i, &connection); i++) {
        made = push(connections, connection_json(&connection));
    }
    const fault_request *request;
    for (size_t i = 0; made && (request = fault_request_at(server, i)) != NULL; i++) {
        made = push(requests, request_json(request));
    }
    return made;
}
