#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "clients.h"
#include "clock.h"
#include "thread.h"
#include "value_limits.h"

#define CONNECTIONS_MAX 1024
/* libmicrohttpd's memory for one connection: bounds the size of a request's head and of the pieces of a stream. */
#define CONNECTION_MEMORY ((size_t)256 << 10)
#define LINGER_MS 2000
#define LINGER_BYTES ((uint64_t)64 << 20)

/* How long a client may be silent between requests, in each part of a request's head (whose single bytes are not seen),
 * within its body, and while it reads a reply. */
#ifndef HTTP_IDLE_MS
#define HTTP_IDLE_MS 60000
#endif

struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct clients clients;
    atomic_int active; /* requests in progress */
};

/* One request from its first line to the end of its reply. */
struct exchange {
    struct request request;
    struct client *client;
    const struct route *route;
    bool begun;        /* the head has been checked */
    unsigned refusal;  /* status decided by the head; 0: none */
    const char *why;   /* message of the refusal */
    uint64_t received; /* bytes of the body */
    bool active;       /* counted in http->active */
    bool linger;       /* replied without waiting for the body */
    int client_fd;
};

static const char too_large[] = "Request body exceeds the maximum size of 16777216 bytes";

/* --- Replies --- */

/* A body that is being sent. */
struct sending {
    struct client *client;
    struct body_source source;
    bool unhurried; /* the client may read as slowly as it likes */
};

/* libmicrohttpd asks for a piece when the one before it has been sent, which shows that the client is reading. */
static ssize_t read_piece(void *context, uint64_t position, char *buf, size_t cap) {
    (void)position;
    struct sending *sending = context;
    /* The source may block. */
    if (!client_waits(sending->client)) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    ssize_t n = sending->source.read(sending->source.body, buf, cap);
    if (!sending->unhurried) {
        client_heard(sending->client);
    }
    return n >= 0 ? n : n == BODY_END ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void close_sending(void *context) {
    struct sending *sending = context;
    sending->source.close(sending->source.body);
    free(sending);
}

static enum MHD_Result add_headers(struct MHD_Response *response, const char *const (*headers)[2]) {
    enum MHD_Result result = MHD_YES;
    for (; result == MHD_YES && (*headers)[0]; headers++) {
        result = MHD_add_response_header(response, (*headers)[0], (*headers)[1]);
    }
    return result;
}

/* Sends a response and takes ownership of it. */
static enum MHD_Result queue(struct MHD_Connection *connection, const struct reply *reply,
                             struct MHD_Response *response) {
    static const char *const json[][2] = {{"Content-Type", "application/json"}, {NULL, NULL}};
    static const char *const events[][2] = {{"Content-Type", "text/event-stream"},
                                            {"Cache-Control", "no-cache"},
                                            {"X-Accel-Buffering", "no"},
                                            {NULL, NULL}};
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result = add_headers(response, reply->events ? events : json);
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, reply->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_source(struct MHD_Connection *connection, struct client *client,
                                   const struct reply *reply) {
    struct sending *sending = malloc(sizeof *sending);
    if (!sending) {
        reply->source.close(reply->source.body);
        return MHD_NO;
    }
    *sending = (struct sending){.client = client, .source = reply->source, .unhurried = reply->events};
    _Static_assert(BODY_LENGTH_UNKNOWN == MHD_SIZE_UNKNOWN, "one is the other");
    struct MHD_Response *response =
        MHD_create_response_from_callback(reply->source.length, BODY_PIECE_MAX, read_piece, sending, close_sending);
    if (!response) {
        close_sending(sending);
    }
    return queue(connection, reply, response);
}

/* Sends a complete body at once. */
static enum MHD_Result send_text(struct MHD_Connection *connection, struct reply *reply) {
    static char no_memory[] = "{\"success\":false,\"error\":\"out of memory\"}";
    bool ok = writer_ok(&reply->body);
    struct MHD_Response *response =
        ok ? MHD_create_response_from_buffer(reply->body.len, reply->body.text, MHD_RESPMEM_MUST_FREE)
           : MHD_create_response_from_buffer(sizeof no_memory - 1, no_memory, MHD_RESPMEM_PERSISTENT);
    if (!ok || !response) {
        writer_free(&reply->body);
    }
    reply->status = ok ? reply->status : 500;
    return queue(connection, reply, response);
}

static enum MHD_Result send_error(struct MHD_Connection *connection, unsigned status, const char *message) {
    struct reply reply = {0};
    reply_error(&reply, status, message);
    return send_text(connection, &reply);
}

static enum MHD_Result answer(struct http *http, struct MHD_Connection *connection, struct exchange *exchange) {
    struct reply reply = {0};
    /* Commands may be silent for as long as they like. */
    if (!client_waits(exchange->client)) {
        return MHD_NO;
    }
    exchange->active = true;
    atomic_fetch_add(&http->active, 1);
    exchange->route->handle(http->options.api, &exchange->request, &reply);
    if (!reply.events) {
        client_heard(exchange->client);
    }
    if (!reply.source.read && writer_ok(&reply.body) && reply.body.len > BODY_PIECE_MAX) {
        reply_send_in_pieces(&reply);
    }
    if (!reply.source.read) {
        return send_text(connection, &reply);
    }
    writer_free(&reply.body);
    return send_source(connection, exchange->client, &reply);
}

/* --- Requests --- */

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    (void)value;
    size_t *count = context;
    *count += strcasecmp(name, "Host") == 0;
    return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void refuse(struct exchange *exchange, unsigned status, const char *why) {
    if (exchange->refusal == 0) {
        exchange->refusal = status;
        exchange->why = why;
    }
}

/* Checks the head of a request: authorization and route. */
static void check_head(const struct http *http, struct MHD_Connection *connection, const char *version,
                       struct exchange *exchange) {
    struct authorize_headers headers = {.host = header(connection, "Host"),
                                        .http_1_0 = strcmp(version, "HTTP/1.0") == 0,
                                        .origin = header(connection, "Origin"),
                                        .fetch_site = header(connection, "Sec-Fetch-Site"),
                                        .authorization = header(connection, "Authorization")};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_host, &headers.host_count);
    exchange->route = router_find(&http->options.routes, &exchange->request);
    const char *why = NULL;
    unsigned status =
        authorize_request(&http->options.access, &headers, exchange->route && exchange->route->public, &why);
    if (status != 0) {
        refuse(exchange, status, why);
    }
    if (!exchange->route || !exchange->route->handle) {
        refuse(exchange, 404, "Not found");
    }
}

/* The head has arrived, the body has not. Replies at once if waiting for the body is pointless; otherwise a refusal is
 * delayed until the body has been read (and discarded), so that the connection can be reused. */
static enum MHD_Result begin(const struct http *http, struct MHD_Connection *connection, const char *method,
                             const char *version, struct exchange *exchange) {
    exchange->begun = true;
    client_heard(exchange->client);
    exchange->request.method = method;
    exchange->client_fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    exchange->request.client_fd = exchange->client_fd;
    check_head(http, connection, version, exchange);
    const char *length = header(connection, "Content-Length");
    bool large = length && strtoull(length, NULL, 10) > AK_MAX_BODY_BYTES;
    if (large) {
        refuse(exchange, 413, too_large);
    }
    if (exchange->refusal != 0 && (large || header(connection, "Expect"))) {
        exchange->linger = true;
        return send_error(connection, exchange->refusal, exchange->why);
    }
    return MHD_YES;
}

static enum MHD_Result append_body(struct exchange *exchange, const char *bytes, size_t len) {
    exchange->received += len;
    client_heard(exchange->client);
    if (exchange->received > AK_MAX_BODY_BYTES) {
        refuse(exchange, 413, too_large);
        request_drop_body(&exchange->request);
    }
    if (exchange->refusal != 0 || !exchange->route->takes_body) {
        return MHD_YES;
    }
    if (!request_append(&exchange->request, bytes, len)) {
        refuse(exchange, 500, "out of memory");
    }
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **slot) {
    (void)url;
    struct http *http = context;
    struct exchange *exchange = *slot;
    if (!exchange) {
        return MHD_NO; /* it could not be allocated */
    }
    if (!exchange->begun) {
        return begin(http, connection, method, version, exchange);
    }
    if (*upload_size > 0) {
        size_t len = *upload_size;
        *upload_size = 0;
        return append_body(exchange, upload, len);
    }
    if (exchange->refusal != 0) {
        return send_error(connection, exchange->refusal, exchange->why);
    }
    return answer(http, connection, exchange);
}

/* Called with the first line of a request, before libmicrohttpd changes it. */
static void *start_exchange(void *context, const char *target, struct MHD_Connection *connection) {
    (void)context;
    struct client *client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct exchange *exchange = client ? calloc(1, sizeof *exchange) : NULL;
    if (!exchange || !request_set_target(&exchange->request, target)) {
        free(exchange);
        return NULL;
    }
    exchange->client = client;
    client_heard(client);
    return exchange;
}

/* libmicrohttpd would decode the path, and newer versions reject paths that they cannot decode or that contain a NUL.
 * This server splits it first and decodes it later: http_request.c. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

/* Closing a connection while the client is still sending resets it, and the client may lose the reply. So the client is
 * given some time to read it. */
static void linger(int fd) {
    char buf[16384];
    uint64_t total = 0;
    int64_t deadline = clock_monotonic_ms() + LINGER_MS;
    shutdown(fd, SHUT_WR);
    while (total < LINGER_BYTES) {
        int64_t left = deadline - clock_monotonic_ms();
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&readable, 1, (int)left) <= 0) {
            return;
        }
        ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n <= 0 && !(n < 0 && (errno == EAGAIN || errno == EINTR))) {
            return;
        }
        total += n > 0 ? (uint64_t)n : 0;
    }
}

static void end_exchange(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code) {
    (void)connection;
    struct http *http = context;
    struct exchange *exchange = *slot;
    *slot = NULL;
    if (!exchange) {
        return;
    }
    if (exchange->linger && code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        linger(exchange->client_fd);
    }
    if (exchange->active) {
        atomic_fetch_sub(&http->active, 1);
    }
    client_heard(exchange->client);
    request_free(&exchange->request);
    free(exchange);
}

/* A connection was opened, or is about to be closed. If the client cannot be allocated, there is no exchange. */
static void note_connection(void *context, struct MHD_Connection *connection, void **slot,
                            enum MHD_ConnectionNotificationCode code) {
    struct clients *clients = context;
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = clients_add(clients, fd);
        if (!*slot) {
            shutdown(fd, SHUT_RDWR);
        }
    } else if (*slot) {
        clients_remove(clients, *slot);
        *slot = NULL;
    }
}

/* --- Start and stop --- */

static struct MHD_Daemon *start_daemon(struct http *http) {
    /* poll, not select: descriptors above 1024 are normal with two of them per command. */
    return MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL, NULL,
        handle, http, MHD_OPTION_LISTEN_SOCKET, http->options.listen_fd, MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_URI_LOG_CALLBACK, start_exchange, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_exchange, http, MHD_OPTION_NOTIFY_CONNECTION, note_connection, &http->clients,
        MHD_OPTION_END);
}

struct http *http_start(const struct http_options *options) {
    struct http *http = calloc(1, sizeof *http);
    if (!http || !clients_start(&http->clients, HTTP_IDLE_MS)) {
        free(http);
        return NULL;
    }
    http->options = *options;
    http->daemon = start_daemon(http);
    if (!http->daemon) {
        int error = errno;
        clients_stop(&http->clients);
        free(http);
        errno = error;
        return NULL;
    }
    return http;
}

void http_stop_accepting(struct http *http) {
    MHD_quiesce_daemon(http->daemon);
}

void http_drain_requests(struct http *http, int timeout_ms) {
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    const struct timespec pause = {.tv_nsec = 5000000};
    while (atomic_load(&http->active) > 0 && clock_monotonic_ms() < deadline) {
        nanosleep(&pause, NULL);
    }
}

void http_stop(struct http *http) {
    MHD_stop_daemon(http->daemon);
    clients_stop(&http->clients);
    free(http);
}
