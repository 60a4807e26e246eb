/* fault_request.c: reads requests. */
#include "fault_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_HEAD ((size_t)1 << 20)

/* Sets how the body of the request is framed. False when it is malformed. */
static bool begin_body(fault_conn *conn) {
    const fault_request *request = &conn->request->pub;
    const char *value;
    size_t len;
    conn->body_left = 0;
    conn->line_len = 0;
    conn->body_state = BODY_DONE;
    if (fault_header(request, "Transfer-Encoding", &value, &len)) {
        conn->request->chunked = true;
        conn->body_state = BODY_CHUNK_SIZE;
        return len == 7 && strncasecmp(value, "chunked", len) == 0;
    }
    if (!fault_header(request, "Content-Length", &value, &len)) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9' || len > 18) {
            return false;
        }
        conn->body_left = conn->body_left * 10 + (uint64_t)(value[i] - '0');
    }
    conn->body_state = conn->body_left ? BODY_LENGTH : BODY_DONE;
    return len > 0;
}

/* Moves bytes from the input to the head up to and including its blank line. */
static bool take_head(fault_conn *conn, fault_buffer *head) {
    static const char END[] = "\r\n\r\n";
    size_t from = conn->in_pos;
    while (conn->in_pos < conn->in_len) {
        conn->line_len = conn->in[conn->in_pos] == (unsigned char)END[conn->line_len] ? conn->line_len + 1
                         : conn->in[conn->in_pos] == '\r'                             ? 1
                                                                                      : 0;
        conn->in_pos++;
        if (conn->line_len == 4) {
            break;
        }
    }
    fault_buffer_add(head, conn->in + from, conn->in_pos - from);
    return conn->line_len == 4;
}

fault_io fault_request_read_head(fault_conn *conn, fault_rule **rule) {
    fault_io result = fault_io_fill(conn);
    if (result != IO_OK) {
        return result;
    }
    conn->request = calloc(1, sizeof *conn->request);
    if (!conn->request) {
        fault_log_error(conn, "no memory for a request");
        return IO_GONE;
    }
    fault_buffer *head = &conn->request->raw;
    conn->line_len = 0;
    bool whole = false;
    while (result == IO_OK && !(whole = take_head(conn, head)) && head->len < MAX_HEAD) {
        result = fault_io_fill(conn);
    }
    whole = whole && !head->failed;
    conn->request->pub.raw = head->at;
    conn->request->pub.head_len = whole ? head->len : 0;
    bool sound = whole && begin_body(conn);
    if (!fault_log_head(conn, sound, rule)) {
        fault_log_error(conn, "no memory for a request");
        return IO_GONE;
    }
    if (!sound) {
        fault_log_finish(conn, false, result == IO_OK);
        return result == IO_OK ? IO_GONE : result;
    }
    if (conn->body_state == BODY_DONE) {
        fault_log_finish(conn, true, false);
    }
    return IO_OK;
}

/* Takes up to *most bytes of the body itself from the input. */
static void take_content(fault_conn *conn, uint64_t *most) {
    uint64_t len = conn->in_len - conn->in_pos;
    len = len < conn->body_left ? len : conn->body_left;
    len = len < *most ? len : *most;
    fault_log_body(conn, conn->in + conn->in_pos, (size_t)len, true);
    conn->in_pos += (size_t)len;
    conn->body_left -= len;
    *most -= len;
    if (conn->body_left == 0) {
        conn->body_state = conn->body_state == BODY_LENGTH ? BODY_DONE : BODY_CHUNK_END;
    }
}

/* Acts on a whole line of chunked framing, which ends in LF. False when it is malformed. */
static bool end_line(fault_conn *conn) {
    size_t len = conn->line_len;
    conn->line_len = 0;
    if (len < 2 || conn->line[len - 2] != '\r') {
        return false;
    }
    bool empty = len == 2;
    if (conn->body_state == BODY_CHUNK_END) {
        conn->body_state = BODY_CHUNK_SIZE;
        return empty;
    }
    if (conn->body_state == BODY_TRAILER) {
        conn->body_state = empty ? BODY_DONE : BODY_TRAILER;
        return true;
    }
    size_t digits = strspn(conn->line, "0123456789abcdefABCDEF");
    conn->body_left = strtoull(conn->line, NULL, 16);
    conn->body_state = conn->body_left ? BODY_CHUNK_DATA : BODY_TRAILER;
    return digits > 0 && digits < 16 && (conn->line[digits] == '\r' || conn->line[digits] == ';');
}

/* Takes one byte of chunked framing from the input. False when it is malformed. */
static bool take_framing(fault_conn *conn) {
    const unsigned char *byte = conn->in + conn->in_pos++;
    fault_log_body(conn, byte, 1, false);
    if (conn->line_len == sizeof conn->line) {
        return false;
    }
    conn->line[conn->line_len++] = (char)*byte;
    return *byte != '\n' || end_line(conn);
}

fault_io fault_request_read_body(fault_conn *conn, uint64_t most) {
    while (conn->request && conn->body_state != BODY_DONE && most > 0) {
        fault_io result = fault_io_fill(conn);
        bool sound = true;
        if (result == IO_OK && (conn->body_state == BODY_LENGTH || conn->body_state == BODY_CHUNK_DATA)) {
            take_content(conn, &most);
        } else if (result == IO_OK) {
            sound = take_framing(conn);
        }
        if (result != IO_OK || !sound) {
            fault_log_finish(conn, false, !sound);
            return sound ? result : IO_GONE;
        }
    }
    if (conn->request && conn->body_state == BODY_DONE) {
        fault_log_finish(conn, true, false);
    }
    return IO_OK;
}
