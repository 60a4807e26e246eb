#include "call.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "head.h"
#include "process.h"

#define NS_PER_MS 1000000
/* Turns of libcurl in one step; then the host gets its thread back, with the descriptor readable. */
#define MAX_ROUNDS 64
/* How much of a stream one turn takes. libcurl reads on while bytes come, a hundred times its buffer; a reader that
 * takes one record at a time should not find megabytes of them in memory. */
#define FEED_BYTES (256 * 1024)
/* How often a call looks whether somebody else's look-up of the name has ended. */
#define GATE_POLL_NS (25 * (int64_t)NS_PER_MS)

/* ---- libcurl's callbacks ---- */

/* Runs when a connection is there, before the request goes out. libcurl repeats a request by itself when a kept-alive
 * connection turns out to be dead; one that may have run must not be repeated. */
static int on_ready_to_send(void *data, char *remote, char *local, int remote_port, int local_port) {
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    ak_call *call = data;
    bool repeatable = (call->operation->flags & AK_OP_IDEMPOTENT) && !call->upload.active;
    if (call->connected && !repeatable) {
        return CURL_PREREQFUNC_ABORT;
    }
    call->connected = true;
    return CURL_PREREQFUNC_OK;
}

static bool is_event_stream(const char *type) {
    static const char expected[] = "text/event-stream";
    size_t len = sizeof expected - 1;
    return type && strncasecmp(type, expected, len) == 0 && (type[len] == '\0' || strchr("; \t", type[len]));
}

static void take_head(ak_call *call) {
    const char *type = NULL;
    ak_response *response = &call->response;
    curl_easy_getinfo(call->lane->easy, CURLINFO_RESPONSE_CODE, &response->status);
    curl_easy_getinfo(call->lane->easy, CURLINFO_CONTENT_TYPE, &type);
    response->is_events = (call->operation->flags & AK_OP_STREAMS) && response->status == 200 && is_event_stream(type);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data) {
    (void)bytes;
    ak_response *response = &((ak_call *)data)->response;
    size_t len = size * count;
    response->head_too_large = !ak_head_count(&response->head, len);
    return response->head_too_large ? 0 : len;
}

static bool take_turn(ak_call *call, size_t len) {
    call->paused = call->fed && call->fed + len > FEED_BYTES;
    call->fed += call->paused ? 0 : len;
    return !call->paused;
}

static size_t take_content(ak_call *call, const char *bytes, size_t len) {
    ak_response *response = &call->response;
    if (!take_turn(call, len)) {
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!response->content) {
        response->content = ak_content_new((size_t)call->client->settings.integer[AK_CLIENT_MAX_REPLY_BYTES]);
    }
    ak_content_result result = response->content ? ak_content_feed(response->content, bytes, len) : AK_CONTENT_MEMORY;
    response->no_memory = result == AK_CONTENT_MEMORY;
    response->malformed = result == AK_CONTENT_MALFORMED;
    response->too_large = response->content && ak_content_is_too_large(response->content);
    return result == AK_CONTENT_OK && !response->too_large ? len : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
    ak_call *call = data;
    ak_response *response = &call->response;
    size_t len = size * count;
    if (response->status == 0) {
        take_head(call);
    }
    call->deadlines.idle = AK_NEVER;
    if (response->is_events) {
        if (!take_turn(call, len)) {
            return CURL_WRITEFUNC_PAUSE;
        }
        if (!response->sse) {
            response->sse = ak_sse_new((size_t)call->client->settings.integer[AK_CLIENT_MAX_EVENT_BYTES]);
        }
        if (!response->sse || ak_sse_feed(response->sse, bytes, len) == AK_SSE_MEMORY) {
            response->no_memory = true;
            return 0;
        }
        return len;
    }
    if (call->reads_content && response->status == 200) {
        return take_content(call, bytes, len);
    }
    uint64_t limit = (uint64_t)call->client->settings.integer[AK_CLIENT_MAX_REPLY_BYTES];
    if (len > limit || response->body.len > limit - len) {
        response->too_large = true;
        return 0;
    }
    if (!ak_buffer_append(&response->body, bytes, len)) {
        response->no_memory = true;
        return 0;
    }
    return len;
}

/* ---- starting ---- */

static size_t on_upload(char *buf, size_t size, size_t count, void *data) {
    ak_call *call = data;
    size_t n = ak_upload_take(&call->upload, buf, size * count);
    if (n == 0 && !call->upload.ended) {
        call->upload.paused = true;
        return CURL_READFUNC_PAUSE;
    }
    return n;
}

static CURLcode set_method(ak_call *call, CURL *easy) {
    CURLcode code = CURLE_OK;
    char method[8] = "";
    size_t len = 0;
    const char *text = ak_request_method(call, &len);
    memcpy(method, text, len < sizeof method ? len : 0);
    bool special = strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0;
    if (call->upload.active) {
        AK_SET(code, easy, CURLOPT_UPLOAD, 1L);
        AK_SET(code, easy, CURLOPT_READFUNCTION, on_upload);
        AK_SET(code, easy, CURLOPT_READDATA, call);
        AK_SET(code, easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ak_upload_body_size(&call->upload));
    } else if (call->body) {
        AK_SET(code, easy, CURLOPT_POST, 1L);
        AK_SET(code, easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
        AK_SET(code, easy, CURLOPT_POSTFIELDS, call->body);
    } else {
        AK_SET(code, easy, CURLOPT_HTTPGET, 1L);
        special = special || strcmp(method, "POST") == 0;
    }
    AK_SET(code, easy, CURLOPT_CUSTOMREQUEST, special ? method : NULL);
    return code;
}

static int64_t setting_or_bound(const ak_call *call, int32_t key, int32_t setting) {
    int64_t value = ak_bound_int(call, key, AK_TIMEOUT_DEFAULT);
    return value == AK_TIMEOUT_DEFAULT ? call->client->settings.integer[setting] : value;
}

/* A time from now in nanoseconds; AK_NEVER for none. */
static int64_t after(int64_t now, int64_t timeout_ms) {
    bool never = timeout_ms == AK_TIMEOUT_NONE || timeout_ms > (INT64_MAX / 2 - now) / NS_PER_MS;
    return never ? AK_NEVER : now + timeout_ms * NS_PER_MS;
}

/* Sets the deadlines; AK_E_TIMEOUT when one leaves no time at all. */
static ak_status set_deadlines(ak_call *call, int64_t *connect_ms, ak_error *err) {
    bool streams = call->operation->flags & AK_OP_STREAMS;
    int64_t total_ms = streams ? setting_or_bound(call, AK_KEY_TOTAL_TIMEOUT_MS, AK_CLIENT_TOTAL_TIMEOUT_MS)
                               : setting_or_bound(call, AK_KEY_TIMEOUT_MS, AK_CLIENT_TIMEOUT_MS);
    int64_t idle_ms =
        streams ? setting_or_bound(call, AK_KEY_IDLE_TIMEOUT_MS, AK_CLIENT_IDLE_TIMEOUT_MS) : AK_TIMEOUT_NONE;
    *connect_ms = setting_or_bound(call, AK_KEY_CONNECT_TIMEOUT_MS, AK_CLIENT_CONNECT_TIMEOUT_MS);
    int64_t now = ak_now();
    call->deadlines.started = now;
    call->deadlines.connect = after(now, *connect_ms);
    call->deadlines.total = after(now, total_ms);
    call->deadlines.idle_ns =
        idle_ms == AK_TIMEOUT_NONE || idle_ms > INT64_MAX / 4 / NS_PER_MS ? AK_NEVER : idle_ms * NS_PER_MS;
    call->deadlines.idle = AK_NEVER;
    if (total_ms == 0 || *connect_ms == 0) {
        return ak_error_set(err, AK_E_TIMEOUT, "the timeout is 0: there is no time to send the request");
    }
    return AK_OK;
}

static CURLcode set_call_options(ak_call *call, int64_t connect_ms) {
    CURL *easy = call->lane->easy;
    CURLcode code = CURLE_OK;
    call->curl_message[0] = '\0';
    AK_SET(code, easy, CURLOPT_ERRORBUFFER, call->curl_message);
    AK_SET(code, easy, CURLOPT_URL, call->url.data);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                     atomic_load(&call->client->headers)
                         ->of[(call->operation->flags & AK_OP_STREAMS) != 0][call->body || call->upload.active]);
    AK_SET(code, easy, CURLOPT_HEADERFUNCTION, on_header);
    AK_SET(code, easy, CURLOPT_HEADERDATA, call);
    AK_SET(code, easy, CURLOPT_WRITEFUNCTION, on_body);
    AK_SET(code, easy, CURLOPT_WRITEDATA, call);
    AK_SET(code, easy, CURLOPT_PREREQFUNCTION, on_ready_to_send);
    AK_SET(code, easy, CURLOPT_PREREQDATA, call);
    bool bounded = connect_ms != AK_TIMEOUT_NONE && connect_ms < INT_MAX;
    AK_SET(code, easy, CURLOPT_CONNECTTIMEOUT_MS, bounded ? (long)connect_ms : (long)INT_MAX);
    return code == CURLE_OK ? set_method(call, easy) : code;
}

/* Asks the gate; starts the transfer when it is open. AK_AGAIN: ask again soon. */
static ak_status pass_gate(ak_call *call, ak_error *err) {
    bool owner = false;
    switch (ak_client_gate(call->client, call, call->deadlines.started, &owner)) {
    case AK_GATE_WAIT:
        call->gated = true;
        return AK_AGAIN;
    case AK_GATE_FAILED:
        return ak_error_set(err, AK_E_RESOLVE, "Could not resolve host: %s", call->client->settings.host);
    case AK_GATE_OPEN:
        break;
    }
    call->gated = false;
    call->owns_gate = owner;
    return ak_lane_start(call->lane) ? AK_OK : ak_lane_init_error(call->lane, err);
}

/* Our own server has another socket when it had to be started again. */
static ak_status reach_server(ak_call *call, ak_error *err) {
    char path[AK_LOCAL_PATH_CAP];
    if (!call->client->settings.local) {
        return AK_OK;
    }
    ak_status status = ak_local_reach(call->client->settings.local, path, err);
    if (status != AK_OK) {
        return status;
    }
    CURLcode code = curl_easy_setopt(call->lane->easy, CURLOPT_UNIX_SOCKET_PATH, path);
    return code == CURLE_OK ? AK_OK : ak_lane_option_error(code, err);
}

ak_status ak_transfer_start(ak_call *call, ak_error *err) {
    int64_t connect_ms = 0;
    ak_status status = set_deadlines(call, &connect_ms, err);
    if (status != AK_OK) {
        return status;
    }
    ak_lane *lane = NULL;
    status = ak_client_borrow(call->client, &lane, err);
    if (status != AK_OK) {
        return status;
    }
    pthread_mutex_lock(&call->wake_lock);
    call->lane = lane;
    pthread_mutex_unlock(&call->wake_lock);
    CURLcode code = set_call_options(call, connect_ms);
    if (code != CURLE_OK) {
        return ak_lane_option_error(code, err);
    }
    status = reach_server(call, err);
    status = status == AK_OK ? pass_gate(call, err) : status;
    return status < 0 ? status : AK_OK;
}

/* ---- driving ---- */

static int64_t earliest(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t elapsed_ms(const ak_call *call, int64_t now) {
    return (now - call->deadlines.started) / NS_PER_MS;
}

static ak_status connect_timeout(const ak_call *call, int64_t now, ak_error *err) {
    return ak_error_set(err, AK_E_TIMEOUT, "no connection to %s within the connect timeout (%lld ms)",
                        call->client->settings.url, (long long)elapsed_ms(call, now));
}

/* Nothing is pending: has a deadline passed? If not, when is the next? */
static ak_status judge_deadlines(ak_call *call, ak_error *err) {
    ak_deadlines *deadlines = &call->deadlines;
    int64_t now = ak_now();
    if (call->response.status && deadlines->idle == AK_NEVER && deadlines->idle_ns != AK_NEVER) {
        deadlines->idle = now + deadlines->idle_ns; /* the silence begins */
    }
    int64_t connect = call->connected ? AK_NEVER : deadlines->connect;
    if (now >= deadlines->total) {
        return ak_error_set(err, AK_E_TIMEOUT, "%s did not end within its timeout (%lld ms)", call->operation->name,
                            (long long)elapsed_ms(call, now));
    }
    if (now >= connect) {
        return connect_timeout(call, now, err);
    }
    if (now >= deadlines->idle) {
        return ak_error_set(err, AK_E_TIMEOUT, "the stream was silent for longer than its idle timeout (%lld ms)",
                            (long long)(deadlines->idle_ns / NS_PER_MS));
    }
    int64_t next = earliest(earliest(deadlines->total, connect), deadlines->idle);
    ak_lane_arm(call->lane, call->gated ? earliest(next, now + GATE_POLL_NS) : next);
    return AK_AGAIN;
}

/* A socket that could not be opened was noted when it happened, and after the request has begun to go out nothing needs
 * to be opened. */
static bool descriptors_are_out(const ak_call *call) {
    bool noted = call->lane->out_of_descriptors || call->connected || call->transfer_result == CURLE_COULDNT_CONNECT;
    return noted ? call->lane->out_of_descriptors : ak_lane_lacks_descriptors(call->lane);
}

static void tell_gate(ak_call *call) {
    if (call->owns_gate && (call->lane->opened_socket || call->transfer_ended)) {
        bool failed = call->transfer_ended && call->transfer_result == CURLE_COULDNT_RESOLVE_HOST &&
                      !descriptors_are_out(call); /* which says nothing of the name */
        if (call->lane->opened_socket || failed) {
            ak_client_gate_done(call->client, call, !failed);
        } else {
            ak_client_gate_drop(call->client, call);
        }
        call->owns_gate = false;
    }
}

/* Another call is looking the name up; only the timer can have woken us. */
static ak_status drive_gated(ak_call *call, ak_error *err) {
    ak_lane_settle(call->lane);
    ak_status status = pass_gate(call, err);
    return status == AK_AGAIN ? judge_deadlines(call, err) : status;
}

ak_status ak_transfer_yield(ak_call *call, ak_error *err) {
    ak_status status = judge_deadlines(call, err);
    ak_poller_kick(&call->lane->poller);
    call->lane->armed = 1;
    return status;
}

ak_status ak_transfer_drive(ak_call *call, ak_error *err) {
    if (call->gated) {
        ak_status status = drive_gated(call, err);
        if (status != AK_OK) {
            return status;
        }
    }
    call->fed = 0;
    if (call->paused) {
        call->paused = false;
        curl_easy_pause(call->lane->easy, CURLPAUSE_CONT);
    }
    for (int round = 0; round < MAX_ROUNDS; round++) {
        ak_lane_result result = ak_lane_drive(call->lane, &call->transfer_result);
        call->transfer_ended = result == AK_LANE_ENDED;
        tell_gate(call);
        if (call->transfer_ended || call->fed) {
            return AK_OK;
        }
        if (result == AK_LANE_IDLE) {
            return judge_deadlines(call, err);
        }
    }
    return ak_transfer_yield(call, err);
}

/* ---- ending ---- */

static ak_status code_of(CURLcode result) {
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return AK_E_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return AK_E_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CLIENTCERT:
        return AK_E_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return AK_E_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return AK_E_MEMORY;
    case CURLE_UNSUPPORTED_PROTOCOL: /* what HTTP/0.9 is refused with */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return AK_E_PROTOCOL;
    default:
        return AK_E_NETWORK;
    }
}

ak_status ak_transfer_error(ak_call *call, ak_error *err) {
    CURLcode result = call->transfer_result;
    const ak_settings *settings = &call->client->settings;
    if (call->response.too_large) {
        return ak_error_set(err, AK_E_TOO_LARGE, "the reply is longer than max_reply_bytes (%lld)",
                            (long long)settings->integer[AK_CLIENT_MAX_REPLY_BYTES]);
    }
    if (call->response.head_too_large) {
        return ak_error_set(err, AK_E_TOO_LARGE, "the headers of the reply are longer than %d bytes",
                            AK_MAX_HEAD_BYTES);
    }
    if (call->response.no_memory) {
        return ak_error_memory(err);
    }
    if (call->response.malformed) {
        return ak_error_set(err, AK_E_PROTOCOL, "the content in the server's reply is not what its encoding says");
    }
    if (descriptors_are_out(call)) {
        return ak_lane_descriptors_error(err);
    }
    if (result == CURLE_ABORTED_BY_CALLBACK) {
        return ak_error_set(err, AK_E_NETWORK,
                            "the kept-alive connection closed before an answer came; the request was not repeated");
    }
    bool within = call->connected && !call->response.is_events && !call->response.content && !call->response.body.len;
    if (ak_head_is_too_large(result, call->curl_message, within, err)) {
        return AK_E_TOO_LARGE;
    }
    ak_status code = code_of(result);
    if (settings->local) {
        bool served = true;
        ak_status why = ak_local_explain(settings->local, code, &served, err);
        call->connected = call->connected && served; /* a socket that nobody read: nothing can have run */
        if (why != AK_OK) {
            return why;
        }
    }
    if (code == AK_E_TIMEOUT && !call->connected) {
        return connect_timeout(call, ak_now(), err); /* libcurl looked at its clock before us */
    }
    if (code == AK_E_CONNECT && settings->unix_socket) { /* libcurl would name a host and port that nobody asked for */
        long reason = 0;
        curl_easy_getinfo(call->lane->easy, CURLINFO_OS_ERRNO, &reason);
        return ak_error_set(err, code, "cannot connect to unix://%s%s%s", settings->unix_socket, reason ? ": " : "",
                            reason ? strerror((int)reason) : "");
    }
    const char *text = call->curl_message[0] ? call->curl_message : curl_easy_strerror(result);
    if (code == AK_E_TLS) {
        char *file = settings->text[AK_CLIENT_CA_FILE], *dir = settings->text[AK_CLIENT_CA_DIR];
        if (!file && !dir) { /* what libcurl was built with */
            curl_easy_getinfo(call->lane->easy, CURLINFO_CAINFO, &file);
            curl_easy_getinfo(call->lane->easy, CURLINFO_CAPATH, &dir);
        }
        return ak_error_set(err, code, "%s (trusting %s%s%s)", text, file ? file : "", file && dir ? " and " : "",
                            dir    ? dir
                            : file ? ""
                                   : "the system's certificates");
    }
    return ak_error_set(err, code, "%s", text);
}

static const char *phase_of(const ak_call *call) {
    if (!call->lane) {
        return "bind";
    }
    if (!call->connected) {
        return call->client->settings.resolves && !call->lane->opened_socket ? "resolve" : "connect";
    }
    if (call->response.status) {
        return call->transfer_ended && call->transfer_result == CURLE_OK ? "decode" : "receive";
    }
    curl_off_t sent = 0;
    curl_easy_getinfo(call->lane->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    bool sending = call->upload.active ? !call->upload.ended || call->upload.out.len : (uint64_t)sent < call->body_len;
    return sending ? "send" : "wait";
}

void ak_transfer_locate(const ak_call *call, ak_error *err) {
    err->operation = call->operation->name;
    err->phase = phase_of(call);
    err->http_status = (int32_t)call->response.status;
    err->libcurl = (int32_t)call->transfer_result;
    err->sent = call->response.status ? AK_SENT_ANSWERED : call->connected ? AK_SENT_SOME : AK_SENT_NOTHING;
}

void ak_transfer_release(ak_call *call) {
    ak_lane *lane = call->lane;
    if (!lane) {
        return;
    }
    if (call->pid != ak_process()) {
        call->lane = NULL; /* without the lock: a thread that is not here may have held it */
        ak_lane_abandon(lane);
        return;
    }
    pthread_mutex_lock(&call->wake_lock);
    call->lane = NULL;
    pthread_mutex_unlock(&call->wake_lock);
    if (call->owns_gate) {
        ak_client_gate_drop(call->client, call);
    }
    /* A cancel that came after the end has no effect. */
    bool cancelled = call->state != AK_STATE_DONE && atomic_load(&call->cancelled);
    bool clean = call->transfer_ended && call->transfer_result == CURLE_OK && !cancelled;
    if (clean) {
        ak_lane_finish(lane);
    }
    ak_client_return(call->client, lane, clean);
}
