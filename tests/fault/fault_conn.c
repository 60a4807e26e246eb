/* fault_conn.c: one connection, in a thread of its own: finds the rules and takes their steps. */
#include "fault_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Repeated units are gathered into writes of about this size. */
#define BLOCK ((size_t)256 << 10)

static fault_io send_pieces(fault_conn *conn, const fault_step *step) {
    size_t piece = step->piece ? step->piece : step->len;
    for (size_t at = 0; at < step->len;) {
        size_t len = step->len - at < piece ? step->len - at : piece;
        fault_io result = fault_io_send(conn, step->bytes + at, len);
        at += len;
        if (result == IO_OK && at < step->len && step->pause_ms > 0) {
            result = fault_io_sleep(conn, step->pause_ms);
        }
        if (result != IO_OK) {
            return result;
        }
    }
    return IO_OK;
}

static fault_io send_repeated(fault_conn *conn, const fault_step *step) {
    uint64_t per_block = step->len < BLOCK ? BLOCK / step->len : 1;
    per_block = per_block < step->count ? per_block : step->count;
    unsigned char *block = malloc((size_t)per_block * step->len + 1);
    if (!block) {
        fault_log_error(conn, "no memory for a repeat");
        return IO_GONE;
    }
    for (uint64_t i = 0; i < per_block; i++) {
        memcpy(block + i * step->len, step->bytes, step->len);
    }
    fault_io result = IO_OK;
    for (uint64_t left = step->count; left > 0 && result == IO_OK;) {
        uint64_t units = left < per_block ? left : per_block;
        result = fault_io_send(conn, block, (size_t)units * step->len);
        left -= step->count == FAULT_ALWAYS ? 0 : units;
    }
    free(block);
    return result;
}

static fault_io wait_release(fault_conn *conn) {
    fault_io result;
    uint64_t permit;
    fault_log_waiting(conn, true);
    do { /* another connection may have taken the permit that woke this one */
        result = fault_io_poll(conn, 0, conn->server->release_fd, FAULT_NO_DEADLINE, false);
    } while (result == IO_EXTRA && read(conn->server->release_fd, &permit, sizeof permit) != (ssize_t)sizeof permit);
    fault_log_waiting(conn, false);
    return result == IO_EXTRA ? IO_OK : result;
}

static fault_io wait_close(fault_conn *conn) {
    fault_io result = fault_io_poll(conn, 0, -1, FAULT_NO_DEADLINE, true);
    return result == IO_END ? IO_OK : result;
}

static fault_io run_step(fault_conn *conn, const fault_step *step) {
    switch (step->kind) {
    case STEP_SEND:
        return send_pieces(conn, step);
    case STEP_REPEAT:
        return send_repeated(conn, step);
    case STEP_DELAY:
        return fault_io_sleep(conn, step->count);
    case STEP_WAIT_RELEASE:
        return wait_release(conn);
    case STEP_WAIT_CLOSE:
        return wait_close(conn);
    case STEP_WAIT_DATA:
        return conn->in_pos < conn->in_len ? IO_OK : fault_io_poll(conn, POLLIN, -1, FAULT_NO_DEADLINE, false);
    case STEP_READ:
        return fault_request_read_body(conn, step->count);
    case STEP_HANDSHAKE:
        return fault_io_handshake(conn);
    case STEP_CLOSE:
    case STEP_CUT:
        fault_io_close(conn, step->kind == STEP_CLOSE);
        return IO_END;
    case STEP_RESET:
        fault_io_reset(conn);
        return IO_END;
    default:
        return IO_OK; /* loops are the caller's */
    }
}

static fault_io run_steps(fault_conn *conn, const fault_rule *rule) {
    struct {
        size_t begin;
        uint64_t left;
    } loops[FAULT_MAX_LOOPS] = {{0}};
    size_t depth = 0;
    for (size_t at = 0; at < rule->step_count; at++) {
        const fault_step *step = &rule->steps[at];
        if (atomic_load(&conn->server->stopping)) {
            return IO_STOPPED;
        }
        if (step->kind == STEP_LOOP_BEGIN) {
            loops[depth].begin = at;
            loops[depth++].left = step->count;
        } else if (step->kind == STEP_LOOP_END) {
            uint64_t *left = &loops[depth - 1].left;
            *left -= *left == FAULT_ALWAYS ? 0 : 1;
            if (*left > 0) {
                at = loops[depth - 1].begin;
            } else {
                depth--;
            }
        } else {
            fault_io result = run_step(conn, step);
            if (result != IO_OK) {
                return result;
            }
        }
    }
    return IO_OK;
}

static fault_io answer_unmatched(fault_conn *conn) {
    static const char REPLY[] = "HTTP/1.1 500 No Rule\r\nContent-Type: text/plain\r\nContent-Length: 29\r\n\r\n"
                                "no rule of the script fits.\r\n";
    fault_io result = fault_request_read_body(conn, UINT64_MAX);
    return result == IO_OK ? fault_io_send(conn, (const unsigned char *)REPLY, sizeof REPLY - 1) : result;
}

static fault_io serve_request(fault_conn *conn) {
    fault_rule *rule;
    fault_io result = fault_request_read_head(conn, &rule);
    if (result != IO_OK) {
        return result;
    }
    if (!rule) {
        return answer_unmatched(conn);
    }
    if (!rule->head_only) {
        result = fault_request_read_body(conn, UINT64_MAX);
    }
    if (result == IO_OK) {
        result = run_steps(conn, rule);
    }
    return result == IO_OK ? fault_request_read_body(conn, UINT64_MAX) : result;
}

static void serve(fault_conn *conn) {
    const fault_script *script = conn->server->script;
    const fault_rule *rule = fault_log_pick_accept(conn);
    if (rule && run_steps(conn, rule) != IO_OK) {
        return;
    }
    if (script->tls && !script->tls_options.by_script && fault_io_handshake(conn) != IO_OK) {
        return;
    }
    while (serve_request(conn) == IO_OK) {
    }
}

void *fault_conn_main(void *arg) {
    fault_conn *conn = arg;
    fault_server *server = conn->server;
    serve(conn);
    if (conn->request) {
        fault_log_finish(conn, false, false);
    }
    fault_io_close(conn, true);
    free(conn->in);
    pthread_mutex_lock(&server->lock);
    conn->next_finished = server->finished;
    server->finished = conn;
    server->live--;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}
