/* fault_script.c: builds scripts, rule by rule and step by step. */
#include "fault_internal.h"

#include <stdlib.h>
#include <string.h>

static const char NO_MEMORY[] = "no memory for the script";

fault_script *fault_script_new(void) {
    fault_script *script = calloc(1, sizeof *script);
    if (script) {
        script->open_after_ms = -1;
        script->keep = (size_t)16 << 20;
    }
    return script;
}

void fault_script_free(fault_script *script) {
    if (!script) {
        return;
    }
    for (size_t i = 0; i < script->rule_count; i++) {
        fault_rule *rule = &script->rules[i];
        for (size_t j = 0; j < rule->step_count; j++) {
            free(rule->steps[j].bytes);
        }
        free(rule->steps);
        free(rule->method);
        free(rule->target);
    }
    free(script->rules);
    free(script->host);
    free(script->unix_path);
    free((char *)script->tls_options.name);
    free(script);
}

void fault_script_fail(fault_script *script, const char *why) {
    if (script && !script->failure) {
        script->failure = why;
    }
}

/* Replaces a text member by a copy. */
static void set_text(fault_script *script, char **member, const char *text) {
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) {
        fault_script_fail(script, NO_MEMORY);
        return;
    }
    free(*member);
    *member = copy;
}

void fault_listen_tcp(fault_script *script, const char *host, unsigned port) {
    if (!script) {
        return;
    }
    if (port > 65535) {
        fault_script_fail(script, "the port is above 65535");
        return;
    }
    script->port = port;
    set_text(script, &script->host, host);
}

void fault_listen_unix(fault_script *script, const char *path) {
    if (script) {
        set_text(script, &script->unix_path, path);
    }
}

void fault_listen_refuse(fault_script *script) {
    if (script) {
        script->mode = LISTEN_REFUSE;
    }
}

void fault_listen_full(fault_script *script, int64_t open_after_ms) {
    if (script) {
        script->mode = LISTEN_FULL;
        script->open_after_ms = open_after_ms;
    }
}

void fault_buffers(fault_script *script, size_t send_bytes, size_t receive_bytes) {
    if (script) {
        script->send_buffer = send_bytes;
        script->receive_buffer = receive_bytes;
    }
}

void fault_keep(fault_script *script, size_t bytes) {
    if (script) {
        script->keep = bytes;
    }
}

void fault_tls_on(fault_script *script, const fault_tls_options *options) {
    if (!script) {
        return;
    }
    char *name = (char *)script->tls_options.name;
    set_text(script, &name, options ? options->name : NULL);
    script->tls_options = options ? *options : (fault_tls_options){0};
    script->tls_options.name = name;
    script->tls = true;
}

/* ---- Rules ---- */

static void begin_rule(fault_script *script, bool on_accept) {
    if (!script) {
        return;
    }
    if (script->rule_count == script->rule_cap) {
        size_t cap = script->rule_cap ? script->rule_cap * 2 : 8;
        fault_rule *grown = reallocarray(script->rules, cap, sizeof *grown);
        if (!grown) {
            fault_script_fail(script, NO_MEMORY);
            return;
        }
        script->rules = grown;
        script->rule_cap = cap;
    }
    script->rules[script->rule_count++] =
        (fault_rule){.on_accept = on_accept, .left = 1, .connection = FAULT_ANY, .request = FAULT_ANY};
}

void fault_on_request(fault_script *script) {
    begin_rule(script, false);
}

void fault_on_accept(fault_script *script) {
    begin_rule(script, true);
}

fault_rule *fault_script_rule(fault_script *script) {
    if (!script) {
        return NULL;
    }
    if (script->rule_count == 0) {
        fault_script_fail(script, "a step stands before the first rule");
        return NULL;
    }
    return &script->rules[script->rule_count - 1];
}

void fault_times(fault_script *script, uint64_t times) {
    fault_rule *rule = fault_script_rule(script);
    if (rule) {
        rule->left = times;
    }
}

void fault_only_connection(fault_script *script, size_t index) {
    fault_rule *rule = fault_script_rule(script);
    if (rule) {
        rule->connection = index;
    }
}

/* Rules for accepted connections have no request to look at. */
static fault_rule *request_rule(fault_script *script) {
    fault_rule *rule = fault_script_rule(script);
    if (rule && rule->on_accept) {
        fault_script_fail(script, "a rule for accepted connections asks for a request");
        return NULL;
    }
    return rule;
}

void fault_only_request(fault_script *script, size_t index) {
    fault_rule *rule = request_rule(script);
    if (rule) {
        rule->request = index;
    }
}

void fault_only_method(fault_script *script, const char *method) {
    fault_rule *rule = request_rule(script);
    if (rule) {
        set_text(script, &rule->method, method);
    }
}

void fault_only_target(fault_script *script, const char *target) {
    fault_rule *rule = request_rule(script);
    if (rule) {
        set_text(script, &rule->target, target);
    }
}

void fault_read_head_only(fault_script *script) {
    fault_rule *rule = request_rule(script);
    if (rule) {
        rule->head_only = true;
    }
}

/* ---- Steps ---- */

/* Appends a step and takes its bytes over, also when it fails. */
static void add_step(fault_script *script, fault_step step) {
    fault_rule *rule = fault_script_rule(script);
    if (!rule || rule->ended) {
        fault_script_fail(script, "a step stands after the end of its connection");
        free(step.bytes);
        return;
    }
    if (rule->step_count == rule->step_cap) {
        size_t cap = rule->step_cap ? rule->step_cap * 2 : 8;
        fault_step *grown = reallocarray(rule->steps, cap, sizeof *grown);
        if (!grown) {
            fault_script_fail(script, NO_MEMORY);
            free(step.bytes);
            return;
        }
        rule->steps = grown;
        rule->step_cap = cap;
    }
    rule->steps[rule->step_count++] = step;
}

static void add_bytes(fault_script *script, fault_step step, const void *bytes, size_t len) {
    step.len = len;
    step.bytes = malloc(len ? len : 1);
    if (!step.bytes) {
        fault_script_fail(script, NO_MEMORY);
        return;
    }
    if (len > 0) {
        memcpy(step.bytes, bytes, len);
    }
    add_step(script, step);
}

/* Appends what was built in a buffer, and empties it. */
static void add_buffer(fault_script *script, fault_buffer *buffer) {
    if (buffer->failed) {
        fault_script_fail(script, NO_MEMORY);
    } else {
        add_bytes(script, (fault_step){.kind = STEP_SEND}, buffer->at, buffer->len);
    }
    fault_buffer_free(buffer);
}

void fault_send(fault_script *script, const void *bytes, size_t len) {
    add_bytes(script, (fault_step){.kind = STEP_SEND}, bytes, len);
}

void fault_text(fault_script *script, const char *text) {
    fault_send(script, text, strlen(text));
}

void fault_send_pieces(fault_script *script, const void *bytes, size_t len, size_t piece, uint64_t pause_ms) {
    add_bytes(script, (fault_step){.kind = STEP_SEND, .piece = piece, .pause_ms = pause_ms}, bytes, len);
}

void fault_repeat(fault_script *script, const void *unit, size_t len, uint64_t count) {
    if (len == 0) {
        fault_script_fail(script, "a repeat of nothing");
        return;
    }
    add_bytes(script, (fault_step){.kind = STEP_REPEAT, .count = count}, unit, len);
}

void fault_chunk(fault_script *script, const void *bytes, size_t len) {
    if (len == 0) {
        fault_script_fail(script, "an empty chunk would end the body: use the last chunk");
        return;
    }
    fault_buffer buffer = {0};
    fault_buffer_chunk(&buffer, bytes, len);
    add_buffer(script, &buffer);
}

void fault_last_chunk(fault_script *script) {
    fault_text(script, "0\r\n\r\n");
}

void fault_reply(fault_script *script, int status, const char *headers, const void *body, size_t len,
                 fault_framing framing) {
    if (status < 100 || status > 999) {
        fault_script_fail(script, "the status of a reply has three digits");
        return;
    }
    fault_buffer buffer = {0};
    fault_buffer_reply(&buffer, status, headers, NULL, body ? body : "", len, framing);
    add_buffer(script, &buffer);
}

void fault_reply_json(fault_script *script, int status, const char *json) {
    fault_reply(script, status, "Content-Type: application/json\r\n", json, strlen(json), FAULT_LENGTH);
}

void fault_sse_begin(fault_script *script, fault_framing framing) {
    fault_rule *rule = fault_script_rule(script);
    if (!rule || framing == FAULT_LENGTH) {
        fault_script_fail(script, "a stream is chunked or lasts until close");
        return;
    }
    rule->sse_chunked = framing == FAULT_CHUNKED;
    fault_buffer buffer = {0};
    fault_buffer_reply(&buffer, 200, NULL, "text/event-stream", NULL, 0, framing);
    add_buffer(script, &buffer);
}

/* Appends a piece of an SSE body, framed as the stream of the rule is, and empties the buffer. */
static void add_framed(fault_script *script, fault_buffer *piece) {
    const fault_rule *rule = fault_script_rule(script);
    if (rule && rule->sse_chunked && !piece->failed) {
        fault_chunk(script, piece->at, piece->len);
        fault_buffer_free(piece);
    } else {
        add_buffer(script, piece);
    }
}

void fault_sse_event(fault_script *script, const char *type, const char *data) {
    fault_buffer event = {0};
    fault_buffer_event(&event, type, data);
    add_framed(script, &event);
}

void fault_sse_end(fault_script *script) {
    const fault_rule *rule = fault_script_rule(script);
    if (rule && rule->sse_chunked) {
        fault_last_chunk(script);
    }
}

void fault_delay(fault_script *script, uint64_t ms) {
    add_step(script, (fault_step){.kind = STEP_DELAY, .count = ms});
}

void fault_wait_release(fault_script *script) {
    add_step(script, (fault_step){.kind = STEP_WAIT_RELEASE});
}

void fault_wait_close(fault_script *script) {
    add_step(script, (fault_step){.kind = STEP_WAIT_CLOSE});
}

void fault_wait_data(fault_script *script) {
    add_step(script, (fault_step){.kind = STEP_WAIT_DATA});
}

void fault_read_body(fault_script *script) {
    fault_read_bytes(script, UINT64_MAX);
}

void fault_read_bytes(fault_script *script, uint64_t bytes) {
    const fault_rule *rule = request_rule(script);
    if (rule && !rule->head_only) {
        fault_script_fail(script,
                          "a step reads a body that was read before the steps: the rule reads more than the head");
        return;
    }
    add_step(script, (fault_step){.kind = STEP_READ, .count = bytes});
}

void fault_handshake(fault_script *script) {
    add_step(script, (fault_step){.kind = STEP_HANDSHAKE});
}

static void add_end(fault_script *script, fault_step_kind kind) {
    add_step(script, (fault_step){.kind = kind});
    fault_rule *rule = fault_script_rule(script);
    if (rule) {
        rule->ended = true;
    }
}

void fault_close(fault_script *script) {
    add_end(script, STEP_CLOSE);
}

void fault_cut(fault_script *script) {
    add_end(script, STEP_CUT);
}

void fault_reset(fault_script *script) {
    add_end(script, STEP_RESET);
}

void fault_loop_begin(fault_script *script, uint64_t count) {
    fault_rule *rule = fault_script_rule(script);
    if (rule && (rule->open_loops == FAULT_MAX_LOOPS || count == 0)) {
        fault_script_fail(script, "loops run at least once and nest at most 8 deep");
        return;
    }
    add_step(script, (fault_step){.kind = STEP_LOOP_BEGIN, .count = count});
    if (rule) {
        rule->open_loops++;
    }
}

void fault_loop_end(fault_script *script) {
    fault_rule *rule = fault_script_rule(script);
    if (rule && rule->open_loops == 0) {
        fault_script_fail(script, "the end of a loop that was not begun");
        return;
    }
    add_step(script, (fault_step){.kind = STEP_LOOP_END});
    if (rule) {
        rule->open_loops--;
    }
}
