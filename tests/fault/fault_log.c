/* fault_log.c: what happened. Connection threads write here under the server's lock; tests read through the public
 * functions. */
#include "fault_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t fault_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Makes room for one more pointer in a growing array of them. */
static bool reserve(void **array, size_t count, size_t *cap) {
    if (count < *cap) {
        return true;
    }
    size_t wanted = *cap ? *cap * 2 : 64;
    void *grown = reallocarray(*array, wanted, sizeof(void *));
    if (!grown) {
        return false;
    }
    *array = grown;
    *cap = wanted;
    return true;
}

/* Call with the lock held. */
static void count(fault_server *server, fault_counter counter, uint64_t by) {
    server->counts[counter] += by;
    pthread_cond_broadcast(&server->changed);
}

uint64_t fault_count(fault_server *server, fault_counter counter) {
    pthread_mutex_lock(&server->lock);
    uint64_t value = server->counts[counter];
    pthread_mutex_unlock(&server->lock);
    return value;
}

bool fault_await(fault_server *server, fault_counter counter, uint64_t least, int timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&server->lock);
    bool in_time = true;
    while (server->counts[counter] < least && in_time) {
        in_time = pthread_cond_timedwait(&server->changed, &server->lock, &until) == 0;
    }
    bool reached = server->counts[counter] >= least;
    pthread_mutex_unlock(&server->lock);
    return reached;
}

/* ---- Connections ---- */

fault_connection *fault_log_accept(fault_server *server) {
    fault_connection *log = calloc(1, sizeof *log);
    if (!log) {
        return NULL;
    }
    log->accepted_ms = fault_now_ms();
    log->client_end_ms = -1;
    log->ended_ms = -1;
    pthread_mutex_lock(&server->lock);
    void *array = server->connections;
    bool room = reserve(&array, server->connection_count, &server->connection_cap);
    server->connections = array;
    if (room) {
        log->index = server->connection_count;
        server->connections[server->connection_count++] = log;
        count(server, FAULT_CONNECTIONS, 1);
    }
    pthread_mutex_unlock(&server->lock);
    if (!room) {
        free(log);
        return NULL;
    }
    return log;
}

void fault_log_client_end(fault_conn *conn, fault_client_end how) {
    if (conn->end_seen) {
        return;
    }
    conn->end_seen = true;
    pthread_mutex_lock(&conn->server->lock);
    conn->log->client_end = how;
    conn->log->client_end_ms = fault_now_ms();
    count(conn->server, FAULT_CLIENT_ENDED, 1);
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_error(fault_conn *conn, const char *text) {
    pthread_mutex_lock(&conn->server->lock);
    if (!conn->log->error[0]) {
        snprintf(conn->log->error, sizeof conn->log->error, "%s", text);
    }
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_sent(fault_conn *conn, size_t len) {
    pthread_mutex_lock(&conn->server->lock);
    conn->log->sent += len;
    count(conn->server, FAULT_SENT_BYTES, len);
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_received(fault_conn *conn, size_t len) {
    pthread_mutex_lock(&conn->server->lock);
    conn->log->received += len;
    count(conn->server, FAULT_RECEIVED_BYTES, len);
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_waiting(fault_conn *conn, bool waiting) {
    pthread_mutex_lock(&conn->server->lock);
    if (waiting) {
        count(conn->server, FAULT_WAITING, 1);
    } else {
        conn->server->counts[FAULT_WAITING]--;
    }
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_handshaken(fault_conn *conn) {
    pthread_mutex_lock(&conn->server->lock);
    conn->log->handshaken = true;
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_ended(fault_conn *conn) {
    pthread_mutex_lock(&conn->server->lock);
    conn->log->ended_ms = fault_now_ms();
    count(conn->server, FAULT_ENDED, 1);
    pthread_mutex_unlock(&conn->server->lock);
}

bool fault_connection_at(fault_server *server, size_t index, fault_connection *out) {
    pthread_mutex_lock(&server->lock);
    bool found = index < server->connection_count;
    if (found) {
        *out = *server->connections[index];
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

/* ---- Rules: call with the lock held ---- */

static fault_rule *use_rule(fault_rule *rule) {
    if (rule->left != FAULT_ALWAYS) {
        rule->left--;
    }
    return rule;
}

static bool rule_fits(const fault_rule *rule, const fault_conn *conn, const fault_record *record) {
    if (rule->left == 0 || rule->on_accept != (record == NULL) ||
        (rule->connection != FAULT_ANY && rule->connection != conn->index)) {
        return false;
    }
    return !record || ((rule->request == FAULT_ANY || rule->request == record->pub.index) &&
                       (!rule->method || strcmp(rule->method, record->method) == 0) &&
                       (!rule->target || strcmp(rule->target, record->target) == 0));
}

static fault_rule *pick_rule(const fault_conn *conn, const fault_record *record) {
    fault_script *script = conn->server->script;
    for (size_t i = 0; i < script->rule_count; i++) {
        if (rule_fits(&script->rules[i], conn, record)) {
            return use_rule(&script->rules[i]);
        }
    }
    return NULL;
}

fault_rule *fault_log_pick_accept(fault_conn *conn) {
    pthread_mutex_lock(&conn->server->lock);
    fault_rule *rule = pick_rule(conn, NULL);
    pthread_mutex_unlock(&conn->server->lock);
    return rule;
}

/* ---- Requests ---- */

void fault_record_free(fault_record *record) {
    if (record) {
        fault_buffer_free(&record->raw);
        fault_buffer_free(&record->body);
        free(record->method);
        free(record->target);
        free(record);
    }
}

/* Method and target of the request line; empty when it has not got three words. */
static bool split_request_line(fault_record *record) {
    const char *line = (const char *)record->raw.at;
    size_t line_len = record->raw.len ? (size_t)((char *)memchr(line, '\r', record->raw.len) - line) : 0;
    const char *first = line_len ? memchr(line, ' ', line_len) : NULL;
    const char *second = first ? memchr(first + 1, ' ', line_len - (size_t)(first + 1 - line)) : NULL;
    if (second) {
        record->method = strndup(line, (size_t)(first - line));
        record->target = strndup(first + 1, (size_t)(second - first - 1));
    } else {
        record->method = strdup("");
        record->target = strdup("");
    }
    return record->method && record->target;
}

static void update_public(fault_record *record) {
    fault_request *pub = &record->pub;
    pub->method = record->method;
    pub->target = record->target;
    pub->raw = record->raw.at;
    pub->raw_len = record->raw.len;
    pub->body = record->chunked ? record->body.at : record->raw.at + pub->head_len;
    pub->body_len = record->chunked ? record->body.len : record->raw.len - pub->head_len;
}

bool fault_log_head(fault_conn *conn, bool whole, fault_rule **rule) {
    fault_server *server = conn->server;
    fault_record *record = conn->request;
    record->pub.connection = conn->index;
    record->pub.index = conn->requests++;
    record->pub.rule = -1;
    record->pub.head_ms = fault_now_ms();
    record->pub.end_ms = -1;
    *rule = NULL;
    bool split = whole ? split_request_line(record)
                       : (record->method = strdup("")) != NULL && (record->target = strdup("")) != NULL;
    pthread_mutex_lock(&server->lock);
    void *array = server->requests;
    bool room = split && reserve(&array, server->request_count, &server->request_cap);
    server->requests = array;
    if (room) {
        server->requests[server->request_count++] = record;
        conn->log->requests = conn->requests;
        if (whole && (*rule = pick_rule(conn, record)) != NULL) {
            record->pub.rule = *rule - server->script->rules;
        } else if (whole) {
            count(server, FAULT_UNMATCHED, 1);
        }
        update_public(record);
        count(server, FAULT_REQUESTS, 1);
    }
    pthread_mutex_unlock(&server->lock);
    if (!room) {
        fault_record_free(record);
        conn->request = NULL;
    }
    return room;
}

static void add_kept(fault_buffer *buffer, const unsigned char *bytes, size_t len, size_t limit) {
    size_t room = buffer->len < limit ? limit - buffer->len : 0;
    fault_buffer_add(buffer, bytes, len < room ? len : room);
}

void fault_log_body(fault_conn *conn, const unsigned char *bytes, size_t len, bool content) {
    fault_record *record = conn->request;
    size_t keep = conn->server->script->keep;
    pthread_mutex_lock(&conn->server->lock);
    add_kept(&record->raw, bytes, len, record->pub.head_len + keep);
    if (content) {
        record->pub.body_total += len;
        if (record->chunked) {
            add_kept(&record->body, bytes, len, keep);
        }
    }
    pthread_mutex_unlock(&conn->server->lock);
}

void fault_log_finish(fault_conn *conn, bool complete, bool malformed) {
    fault_record *record = conn->request;
    pthread_mutex_lock(&conn->server->lock);
    record->pub.complete = complete;
    record->pub.malformed = malformed;
    record->pub.end_ms = complete ? fault_now_ms() : -1;
    record->finished = true;
    update_public(record);
    if (complete) {
        count(conn->server, FAULT_COMPLETE, 1);
    }
    pthread_mutex_unlock(&conn->server->lock);
    conn->request = NULL;
}

/* A copy of a request that is still being read, kept until the server stops. Call with the lock held. */
static const fault_request *snapshot(fault_server *server, const fault_record *record) {
    fault_record *copy = calloc(1, sizeof *copy);
    if (!copy) {
        return NULL;
    }
    copy->pub = record->pub;
    copy->chunked = record->chunked;
    copy->method = strdup(record->method);
    copy->target = strdup(record->target);
    fault_buffer_add(&copy->raw, record->raw.at, record->raw.len);
    fault_buffer_add(&copy->body, record->body.at, record->body.len);
    if (!copy->method || !copy->target || copy->raw.failed || copy->body.failed) {
        fault_record_free(copy);
        return NULL;
    }
    update_public(copy);
    copy->next_snapshot = server->snapshots;
    server->snapshots = copy;
    return &copy->pub;
}

const fault_request *fault_request_at(fault_server *server, size_t index) {
    const fault_request *request = NULL;
    pthread_mutex_lock(&server->lock);
    if (index < server->request_count) {
        const fault_record *record = server->requests[index];
        request = record->finished ? &record->pub : snapshot(server, record);
    }
    pthread_mutex_unlock(&server->lock);
    return request;
}
