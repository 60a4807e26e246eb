#include "transfer.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"

#define NS_PER_MS 1000000
#define MS_PER_SECOND 1000
/* Turns of libcurl in one step; then control returns to the host, with the descriptor readable. */
#define MAX_ROUNDS 64
/* How much of a stream one turn accepts. libcurl keeps reading while bytes arrive, up to a hundred times its buffer;
 * for a reader of one record at a time that would hold megabytes in memory. */
#define FEED_BYTES (256 * 1024)
/* Turns of libcurl after the last record, to see whether the reply is complete and the connection can be kept. */
#define LAST_ROUNDS 4
/* How often a call checks whether another call's look-up of the name has ended. */
#define LOOKUP_POLL_NS (25 * (int64_t)NS_PER_MS)

/* ---- libcurl's callbacks ---- */

/* Called when a connection is established, before the request is sent. libcurl repeats a request when a kept-alive
 * connection turns out to be closed; a request that may have run must not be repeated. */
static int on_ready_to_send(void *data, char *remote, char *local, int remote_port, int local_port) {
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    ak_transfer *transfer = data;
    bool repeatable = (transfer->request->operation->flags & AK_OP_IDEMPOTENT) && !transfer->request->uploads;
    if (transfer->connected && !repeatable) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->connected = true;
    return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data) {
    (void)bytes;
    size_t len = size * count;
    return ak_reply_count_header(((ak_transfer *)data)->reply, len) ? len : 0;
}

static void begin_reply(ak_transfer *transfer) {
    CURL *easy = ak_connection_handle(transfer->connection);
    const char *type = NULL;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    ak_reply_begin(transfer->reply, status, type);
}

/* Whether this turn accepts len more bytes. */
static bool take_turn(ak_transfer *transfer, size_t len) {
    transfer->reply_paused = transfer->fed && transfer->fed + len > FEED_BYTES;
    transfer->fed += transfer->reply_paused ? 0 : len;
    return !transfer->reply_paused;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
    ak_transfer *transfer = data;
    size_t len = size * count;
    if (transfer->reply->head.status == 0) {
        begin_reply(transfer);
    }
    transfer->deadlines.idle = AK_NEVER;
    if (ak_reply_is_incremental(transfer->reply) && !take_turn(transfer, len)) {
        return CURL_WRITEFUNC_PAUSE;
    }
    return ak_reply_feed(transfer->reply, bytes, len) ? len : 0;
}

static size_t on_upload(char *buf, size_t size, size_t count, void *data) {
    ak_transfer *transfer = data;
    ak_upload *upload = &transfer->request->upload;
    size_t n = ak_upload_take(upload, buf, size * count);
    if (n == 0 && !upload->ended) {
        transfer->upload_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    return n;
}

/* ---- starting ---- */

static CURLcode set_method(ak_transfer *transfer, CURL *easy) {
    CURLcode code = CURLE_OK;
    char method[8] = "";
    size_t len = 0;
    const char *text = ak_request_method(transfer->request, &len);
    memcpy(method, text, len < sizeof method ? len : 0);
    bool special = strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0;
    if (transfer->request->uploads) {
        AK_SET(code, easy, CURLOPT_UPLOAD, 1L);
        AK_SET(code, easy, CURLOPT_READFUNCTION, on_upload);
        AK_SET(code, easy, CURLOPT_READDATA, transfer);
        AK_SET(code, easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ak_upload_body_size(&transfer->request->upload));
    } else if (transfer->request->body) {
        AK_SET(code, easy, CURLOPT_POST, 1L);
        AK_SET(code, easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->request->body_len);
        AK_SET(code, easy, CURLOPT_POSTFIELDS, transfer->request->body);
    } else {
        AK_SET(code, easy, CURLOPT_HTTPGET, 1L);
        special = special || strcmp(method, "POST") == 0;
    }
    AK_SET(code, easy, CURLOPT_CUSTOMREQUEST, special ? method : NULL);
    return code;
}

static int64_t setting_or_bound(const ak_transfer *transfer, int32_t key, int32_t setting) {
    int64_t value = ak_request_int(transfer->request, key, AK_TIMEOUT_DEFAULT);
    return value == AK_TIMEOUT_DEFAULT ? transfer->client->settings.integer[setting] : value;
}

/* A time from now in nanoseconds; AK_NEVER for none. */
static int64_t after(int64_t now, int64_t timeout_ms) {
    bool never = timeout_ms == AK_TIMEOUT_NONE || timeout_ms > (INT64_MAX / 2 - now) / NS_PER_MS;
    return never ? AK_NEVER : now + timeout_ms * NS_PER_MS;
}

/* Sets the deadlines; AK_E_TIMEOUT when one is 0. */
static ak_status set_deadlines(ak_transfer *transfer, int64_t *connect_ms, ak_error *err) {
    bool streams = transfer->request->operation->flags & AK_OP_STREAMS;
    int64_t total_ms = streams ? setting_or_bound(transfer, AK_KEY_TOTAL_TIMEOUT_MS, AK_CLIENT_TOTAL_TIMEOUT_MS)
                               : setting_or_bound(transfer, AK_KEY_TIMEOUT_MS, AK_CLIENT_TIMEOUT_MS);
    int64_t idle_ms =
        streams ? setting_or_bound(transfer, AK_KEY_IDLE_TIMEOUT_MS, AK_CLIENT_IDLE_TIMEOUT_MS) : AK_TIMEOUT_NONE;
    *connect_ms = setting_or_bound(transfer, AK_KEY_CONNECT_TIMEOUT_MS, AK_CLIENT_CONNECT_TIMEOUT_MS);
    int64_t now = ak_now();
    transfer->deadlines.started = now;
    transfer->deadlines.connect = after(now, *connect_ms);
    transfer->deadlines.total = after(now, total_ms);
    transfer->deadlines.idle_ns =
        idle_ms == AK_TIMEOUT_NONE || idle_ms > INT64_MAX / 4 / NS_PER_MS ? AK_NEVER : idle_ms * NS_PER_MS;
    transfer->deadlines.idle = AK_NEVER;
    if (total_ms == 0 || *connect_ms == 0) {
        return ak_error_set(err, AK_E_TIMEOUT, "the timeout is 0: there is no time to send the request");
    }
    return AK_OK;
}

static CURLcode set_call_options(ak_transfer *transfer, int64_t connect_ms) {
    CURL *easy = ak_connection_handle(transfer->connection);
    CURLcode code = CURLE_OK;
    transfer->message[0] = '\0';
    AK_SET(code, easy, CURLOPT_ERRORBUFFER, transfer->message);
    AK_SET(code, easy, CURLOPT_URL, transfer->request->url.data);
    bool streams = (transfer->request->operation->flags & AK_OP_STREAMS) != 0;
    bool has_body = transfer->request->body || transfer->request->uploads;
    AK_SET(code, easy, CURLOPT_HTTPHEADER, ak_client_headers(transfer->client, streams, has_body));
    AK_SET(code, easy, CURLOPT_HEADERFUNCTION, on_header);
    AK_SET(code, easy, CURLOPT_HEADERDATA, transfer);
    AK_SET(code, easy, CURLOPT_WRITEFUNCTION, on_body);
    AK_SET(code, easy, CURLOPT_WRITEDATA, transfer);
    AK_SET(code, easy, CURLOPT_PREREQFUNCTION, on_ready_to_send);
    AK_SET(code, easy, CURLOPT_PREREQDATA, transfer);
    bool bounded = connect_ms != AK_TIMEOUT_NONE && connect_ms < INT_MAX;
    AK_SET(code, easy, CURLOPT_CONNECTTIMEOUT_MS, bounded ? (long)connect_ms : (long)INT_MAX);
    return code == CURLE_OK ? set_method(transfer, easy) : code;
}

/* Starts the transfer when the name is known, or no other call is resolving it. AK_AGAIN: try again soon. */
static ak_status start_after_lookup(ak_transfer *transfer, ak_error *err) {
    bool owner = false;
    switch (ak_pool_lookup(&transfer->client->pool, transfer, transfer->deadlines.started, &owner)) {
    case AK_LOOKUP_WAIT:
        transfer->waits_for_lookup = true;
        return AK_AGAIN;
    case AK_LOOKUP_FAILED:
        return ak_error_set(err, AK_E_RESOLVE, "Could not resolve host: %s", transfer->client->settings.host);
    case AK_LOOKUP_PROCEED:
        break;
    }
    transfer->waits_for_lookup = false;
    transfer->owns_lookup = owner;
    return ak_connection_start(transfer->connection) ? AK_OK : ak_connection_init_error(transfer->connection, err);
}

/* The server of local: has another socket after a restart. */
static ak_status reach_server(ak_transfer *transfer, ak_error *err) {
    char path[AK_LOCAL_PATH_CAP];
    if (!transfer->client->settings.local) {
        return AK_OK;
    }
    const ak_local_program *chosen = &transfer->client->settings.program;
    ak_status status = ak_local_reach(transfer->client->settings.local, chosen, path, err);
    if (status != AK_OK) {
        return status;
    }
    CURLcode code = curl_easy_setopt(ak_connection_handle(transfer->connection), CURLOPT_UNIX_SOCKET_PATH, path);
    return code == CURLE_OK ? AK_OK : ak_connection_option_error(code, err);
}

static void set_connection(ak_transfer *transfer, ak_connection *connection) {
    pthread_mutex_lock(&transfer->wake_lock);
    transfer->connection = connection;
    pthread_mutex_unlock(&transfer->wake_lock);
}

ak_status ak_transfer_start(ak_transfer *transfer, ak_error *err) {
    int64_t connect_ms = 0;
    transfer->ended = false;
    transfer->result = CURLE_OK;
    ak_status status = set_deadlines(transfer, &connect_ms, err);
    if (status != AK_OK) {
        return status;
    }
    ak_connection *connection = NULL;
    status = ak_pool_borrow(&transfer->client->pool, &connection, err);
    if (status != AK_OK) {
        return status;
    }
    set_connection(transfer, connection);
    CURLcode code = set_call_options(transfer, connect_ms);
    if (code != CURLE_OK) {
        return ak_connection_option_error(code, err);
    }
    status = reach_server(transfer, err);
    status = status == AK_OK ? start_after_lookup(transfer, err) : status;
    return status < 0 ? status : AK_OK;
}

/* ---- driving ---- */

static int64_t earliest(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* When nothing is pending: fails if a deadline has passed, else arms the timer for the next. */
static ak_status check_deadlines(ak_transfer *transfer, ak_error *err) {
    ak_deadlines *deadlines = &transfer->deadlines;
    int64_t now = ak_now();
    if (transfer->reply->head.status && deadlines->idle == AK_NEVER && deadlines->idle_ns != AK_NEVER) {
        deadlines->idle = now + deadlines->idle_ns; /* idle since now */
    }
    int64_t connect = transfer->connected ? AK_NEVER : deadlines->connect;
    if (now >= deadlines->total) {
        return ak_error_set(err, AK_E_TIMEOUT, "%s did not end within its timeout (%lld ms)",
                            transfer->request->operation->name,
                            (long long)((deadlines->total - deadlines->started) / NS_PER_MS));
    }
    if (now >= connect) {
        return ak_transfer_connect_timeout(transfer, now, err);
    }
    if (now >= deadlines->idle) {
        return ak_error_set(err, AK_E_TIMEOUT, "the stream was silent for longer than its idle timeout (%lld ms)",
                            (long long)(deadlines->idle_ns / NS_PER_MS));
    }
    int64_t next = earliest(earliest(deadlines->total, connect), deadlines->idle);
    ak_connection_arm(transfer->connection, transfer->waits_for_lookup ? earliest(next, now + LOOKUP_POLL_NS) : next);
    return AK_AGAIN;
}

static void report_lookup(ak_transfer *transfer) {
    if (transfer->owns_lookup && (ak_connection_knows_address(transfer->connection) || transfer->ended)) {
        bool failed = transfer->ended && transfer->result == CURLE_COULDNT_RESOLVE_HOST &&
                      !ak_transfer_lacks_descriptors(transfer); /* not a failure of the name */
        if (ak_connection_knows_address(transfer->connection) || failed) {
            ak_pool_lookup_ended(&transfer->client->pool, transfer, !failed);
        } else {
            ak_pool_lookup_dropped(&transfer->client->pool, transfer);
        }
        transfer->owns_lookup = false;
    }
}

/* Another call is resolving the name; only the timer can have fired. */
static ak_status drive_waiting(ak_transfer *transfer, ak_error *err) {
    ak_connection_settle(transfer->connection);
    ak_status status = start_after_lookup(transfer, err);
    return status == AK_AGAIN ? check_deadlines(transfer, err) : status;
}

/* The delay in milliseconds that the server requests before a retry; -1: none. */
static int64_t retry_after(CURL *easy) {
    struct curl_header *header = NULL;
    /* Not CURLINFO_RETRY_AFTER, which newer versions of libcurl limit to six hours. */
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return -1;
    }
    const char *text = header->value;
    int64_t seconds = 0;
    if (isdigit((unsigned char)*text)) {
        size_t digits = strspn(text, "0123456789");
        seconds = text[digits] == '\0' && digits <= 18 ? strtoll(text, NULL, 10) : 0;
    } else if (isalpha((unsigned char)*text)) { /* every form of a date begins with the day of the week */
        time_t then = curl_getdate(text, NULL);
        seconds = then < 0 ? 0 : (int64_t)then - (int64_t)time(NULL);
    }
    return seconds > 0 && seconds < INT64_MAX / MS_PER_SECOND ? seconds * MS_PER_SECOND : -1;
}

static void end_reply(ak_transfer *transfer) {
    CURL *easy = ak_connection_handle(transfer->connection);
    ak_reply_head head = {.retry_after_ms = retry_after(easy)};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &head.status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &head.content_type);
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &head.redirect);
    ak_reply_end(transfer->reply, &head, transfer->result == CURLE_OK);
}

ak_status ak_transfer_yield(ak_transfer *transfer, ak_error *err) {
    ak_status status = check_deadlines(transfer, err);
    ak_connection_hand_back(transfer->connection);
    return status;
}

ak_status ak_transfer_drive(ak_transfer *transfer, ak_error *err) {
    if (transfer->waits_for_lookup) {
        ak_status status = drive_waiting(transfer, err);
        if (status != AK_OK) {
            return status;
        }
    }
    transfer->fed = 0;
    if (transfer->reply_paused) {
        transfer->reply_paused = false;
        curl_easy_pause(ak_connection_handle(transfer->connection), CURLPAUSE_CONT);
    }
    for (int round = 0; round < MAX_ROUNDS; round++) {
        ak_progress result = ak_connection_drive(transfer->connection, &transfer->result);
        transfer->ended = result == AK_PROGRESS_ENDED;
        report_lookup(transfer);
        if (transfer->ended) {
            end_reply(transfer);
        }
        if (transfer->ended || transfer->fed) {
            return AK_OK;
        }
        if (result == AK_PROGRESS_NONE) {
            return check_deadlines(transfer, err);
        }
    }
    return ak_transfer_yield(transfer, err);
}

void ak_transfer_resume_upload(ak_transfer *transfer) {
    if (transfer->upload_paused) {
        transfer->upload_paused = false;
        curl_easy_pause(ak_connection_handle(transfer->connection), CURLPAUSE_CONT);
    }
}

void ak_transfer_drain(ak_transfer *transfer) {
    for (int round = 0; round < LAST_ROUNDS && !transfer->ended; round++) {
        ak_progress result = ak_connection_drive(transfer->connection, &transfer->result);
        transfer->ended = result == AK_PROGRESS_ENDED;
        if (result == AK_PROGRESS_NONE) {
            return;
        }
    }
}

void ak_transfer_stay_readable(ak_transfer *transfer) {
    if (transfer->connection) {
        ak_connection_stay_readable(transfer->connection);
    }
}

int ak_transfer_fd(const ak_transfer *transfer) {
    return transfer->connection ? ak_connection_fd(transfer->connection) : -1;
}

void ak_transfer_wake(ak_transfer *transfer) {
    pthread_mutex_lock(&transfer->wake_lock);
    if (transfer->connection) {
        ak_connection_wake(transfer->connection);
    }
    pthread_mutex_unlock(&transfer->wake_lock);
}

/* ---- life ---- */

void ak_transfer_init(ak_transfer *transfer, ak_client *client, ak_request *request, ak_reply *reply) {
    transfer->client = client;
    transfer->request = request;
    transfer->reply = reply;
    pthread_mutex_init(&transfer->wake_lock, NULL);
}

void ak_transfer_release(ak_transfer *transfer, bool keep, bool forked) {
    ak_connection *connection = transfer->connection;
    if (!connection) {
        return;
    }
    if (forked) {
        transfer->connection = NULL; /* without the lock: a thread that does not exist here may hold it */
        ak_connection_abandon(connection);
        return;
    }
    set_connection(transfer, NULL);
    if (transfer->owns_lookup) {
        ak_pool_lookup_dropped(&transfer->client->pool, transfer);
    }
    bool clean = transfer->ended && transfer->result == CURLE_OK && keep;
    if (clean) {
        ak_connection_finish(connection);
    }
    ak_pool_return(&transfer->client->pool, connection, clean);
}

void ak_transfer_free(ak_transfer *transfer) {
    pthread_mutex_destroy(&transfer->wake_lock);
}
