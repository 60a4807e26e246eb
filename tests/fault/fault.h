/*
 * fault.h: a scripted server that sends exact bytes with delays, cuts and resets, and records exactly what it received.
 *
 * A script is a list of rules. A rule says when it applies (a connection was accepted, or the head of a request was
 * read), how often, and which steps to take. The same scripts can be written as JSON (README.md), which is how the
 * tests of other languages use the server through the executable ak-fault-server.
 *
 *     fault_script *script = fault_script_new();
 *     fault_on_request(script);
 *     fault_text(script, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
 *     fault_delay(script, 50);
 *     fault_reset(script);
 *     fault_server *server = fault_start(script);
 *     ... use fault_url(server) ...
 *     const fault_request *request = fault_request_at(server, 0);
 *     fault_stop(server);
 *
 * The server runs in its own threads with all signals blocked, so it neither raises SIGPIPE in the test nor runs the
 * test's handlers. It only listens on loopback or a Unix socket. All its waits end at fault_stop.
 *
 * Thread classes: a script belongs to one thread; functions that take a fault_server may be called by any thread until
 * fault_stop.
 */
#ifndef AK_FAULT_H
#define AK_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fault_script fault_script;
typedef struct fault_server fault_server;

/* As a number of times: without end. */
#define FAULT_ALWAYS UINT64_MAX
/* As an index: any. */
#define FAULT_ANY SIZE_MAX

/* ---- Scripts ---- */

/* A call that fails (no memory, a step outside a rule, a step after the end of the connection) marks the script, and
 * fault_start then prints the reason to stderr and returns NULL; so a test checks once. Byte and text arguments are
 * copied. */
fault_script *fault_script_new(void);
void fault_script_free(fault_script *script);

/* Reads a script written as JSON. On failure returns NULL with one line of reason in error. */
fault_script *fault_script_parse(const char *json, size_t len, char *error, size_t error_cap);

/* Where to listen. Default: TCP, 127.0.0.1, a free port. The host is "127.0.0.1", "::1" or another loopback address. */
void fault_listen_tcp(fault_script *script, const char *host, unsigned port);
void fault_listen_unix(fault_script *script, const char *path);

/* The port is taken but not listening: connections are refused. */
void fault_listen_refuse(fault_script *script);

/* The queue of connections is full and none is accepted: over TCP connecting neither succeeds nor fails. After
 * open_after_ms (-1: never) the server makes room and accepts, which a client notices at its next SYN, usually one
 * second after its first. */
void fault_listen_full(fault_script *script, int64_t open_after_ms);

/* Sizes of the kernel's buffers of each connection, in bytes; 0 leaves the system's. Small ones make a sender block
 * early. */
void fault_buffers(fault_script *script, size_t send_bytes, size_t receive_bytes);

/* How many bytes of each request's body are kept; all are counted. Default 16 MiB. */
void fault_keep(fault_script *script, size_t bytes);

typedef struct {
    bool client_certificate; /* refuse clients that have no certificate of the server's own authority */
    bool by_script;          /* no handshake before a handshake step (inside a CONNECT tunnel, for example) */
    bool expired;            /* the server's certificate expired yesterday */
    const char *name;        /* the only name in the certificate; NULL for localhost, 127.0.0.1 and ::1 */
} fault_tls_options;

/* Speaks TLS. Authority, certificates and keys are created at start. options may be NULL. */
void fault_tls_on(fault_script *script, const fault_tls_options *options);

/* ---- Rules ---- */

/* Begin a rule; what follows, up to the next rule, belongs to it. For every event the first rule that matches and is
 * not used up is applied. A rule is used once unless set by fault_times, so plain rules serve requests in order of
 * arrival, over any connection. A request that matches no rule gets a reply 500 and is counted as unmatched.
 */

/* The head of a request was read. Its body is read before the steps run, unless fault_read_head_only was called. After
 * the steps (and the rest of the body) the connection waits for its next request. */
void fault_on_request(fault_script *script);

/* A connection was accepted: nothing was read, and no TLS handshake was made. After the steps the connection continues
 * with the handshake, if TLS is on and no step made it, and with requests. */
void fault_on_accept(fault_script *script);

void fault_times(fault_script *script, uint64_t times);
/* Restrict the rule: the index of the connection in order of acceptance, of the request on its connection (both from
 * 0), the method, the request target; exact comparisons. */
void fault_only_connection(fault_script *script, size_t index);
void fault_only_request(fault_script *script, size_t index);
void fault_only_method(fault_script *script, const char *method);
void fault_only_target(fault_script *script, const char *target);
void fault_read_head_only(fault_script *script);

/* ---- Steps ---- */

void fault_send(fault_script *script, const void *bytes, size_t len);
void fault_text(fault_script *script, const char *text);
/* The same in pieces of `piece` bytes, each a separate write, with a pause between them. */
void fault_send_pieces(fault_script *script, const void *bytes, size_t len, size_t piece, uint64_t pause_ms);
/* `count` times the same bytes, at full speed and in constant memory. */
void fault_repeat(fault_script *script, const void *unit, size_t len, uint64_t count);
/* One chunk of the chunked transfer coding, and its end. */
void fault_chunk(fault_script *script, const void *bytes, size_t len);
void fault_last_chunk(fault_script *script);

typedef enum { FAULT_LENGTH, FAULT_CHUNKED, FAULT_UNTIL_CLOSE } fault_framing;

/* A whole reply. headers is NULL or lines that each end in CRLF. Content-Length, Transfer-Encoding, Connection and
 * Content-Type are only added where headers has no such line. FAULT_UNTIL_CLOSE needs a fault_close after it. */
void fault_reply(fault_script *script, int status, const char *headers, const void *body, size_t len,
                 fault_framing framing);
/* A reply of type application/json with Content-Length. */
void fault_reply_json(fault_script *script, int status, const char *json);

/* The head of an SSE reply, its events, its end. framing is FAULT_CHUNKED (each event one chunk) or FAULT_UNTIL_CLOSE.
 * type may be NULL; each line of data becomes a data field. */
void fault_sse_begin(fault_script *script, fault_framing framing);
void fault_sse_event(fault_script *script, const char *type, const char *data);
void fault_sse_end(fault_script *script);

void fault_delay(fault_script *script, uint64_t ms);

/* Wait until fault_release grants a permit, which this step consumes. Ends early only when the connection breaks. */
void fault_wait_release(fault_script *script);
/* Silent until the client closes (or the server stops). Reads nothing. */
void fault_wait_close(fault_script *script);
/* Until the client has sent something that is not read yet. Reads nothing. */
void fault_wait_data(fault_script *script);

/* Read the rest of the request's body, or that many bytes of it. For rules with fault_read_head_only. */
void fault_read_body(fault_script *script);
void fault_read_bytes(fault_script *script, uint64_t bytes);

/* Make the TLS handshake now. */
void fault_handshake(fault_script *script);

/* Ends of the connection; no step may follow them in the rule.
 * close: close_notify where TLS is on, then FIN. What the client still sends is discarded for up to a second, so that
 * the kernel does not turn the FIN into a reset. cut: the same without close_notify. reset: sent bytes leave the
 * machine's send queue first (for up to a second), then RST. Unix sockets have no RST: their clients see the end of the
 * stream, or ECONNRESET when the server had not read all they sent. */
void fault_close(fault_script *script);
void fault_cut(fault_script *script);
void fault_reset(fault_script *script);

/* Repeat the steps between the two `count` times, FAULT_ALWAYS for until the connection ends. Nests up to 8 deep. */
void fault_loop_begin(fault_script *script, uint64_t count);
void fault_loop_end(fault_script *script);

/* ---- Servers ---- */

/* Starts a server and takes ownership of the script, also on failure. Once it returns, clients may connect. NULL on
 * failure, with the reason on stderr. */
fault_server *fault_start(fault_script *script);
/* The same, from JSON text. */
fault_server *fault_start_json(const char *json);
/* The same as fault_start with the reason in error, and nothing on stderr. */
fault_server *fault_start_or_say(fault_script *script, char *error, size_t error_cap);

/* Ends all connections, waits and threads of the server, and frees everything it returned. NULL is allowed. */
void fault_stop(fault_server *server);

/* "http://127.0.0.1:PORT", "https://..." with TLS, "http://localhost" for a Unix socket. No trailing slash. */
const char *fault_url(const fault_server *server);
unsigned fault_port(const fault_server *server);         /* 0 for a Unix socket */
const char *fault_unix_path(const fault_server *server); /* NULL for TCP */

typedef enum { FAULT_CA_FILE, FAULT_CLIENT_CERTIFICATE_FILE, FAULT_CLIENT_KEY_FILE } fault_tls_file;
/* PEM files created at start and removed by fault_stop. NULL without TLS. */
const char *fault_tls_path(const fault_server *server, fault_tls_file which);

/* Lets `count` release waits pass, now or when they are reached; FAULT_ALWAYS lets all pass from now on. */
void fault_release(fault_server *server, uint64_t count);

/* ---- What happened ---- */

typedef enum {
    FAULT_CONNECTIONS,    /* connections accepted */
    FAULT_REQUESTS,       /* requests in the log: their heads were read, or the client ended within one */
    FAULT_COMPLETE,       /* requests that were read to their last byte */
    FAULT_UNMATCHED,      /* requests that matched no rule */
    FAULT_CLIENT_ENDED,   /* connections that the client closed or reset first, or while the server was still closing */
    FAULT_ENDED,          /* connections whose descriptor the server has closed */
    FAULT_WAITING,        /* connections that are in a release wait now */
    FAULT_SENT_BYTES,     /* bytes passed to the kernel or to TLS, over all connections */
    FAULT_RECEIVED_BYTES, /* bytes read from the kernel or TLS, over all connections */
    FAULT_COUNTERS
} fault_counter;

uint64_t fault_count(fault_server *server, fault_counter counter);
/* Waits until the counter is at least `least`. False after timeout_ms. */
bool fault_await(fault_server *server, fault_counter counter, uint64_t least, int timeout_ms);

/* Milliseconds of CLOCK_MONOTONIC: the clock of all times below. */
int64_t fault_now_ms(void);

typedef struct {
    size_t connection; /* index of its connection, in order of acceptance */
    size_t index;      /* on that connection */
    long rule;         /* index of the rule that was applied, -1 for none */
    const char *method;
    const char *target;       /* both "" when the request line is malformed */
    const unsigned char *raw; /* exactly the received bytes: head and body with its framing */
    size_t raw_len;
    size_t head_len;           /* of raw: request line, headers, blank line; 0 when the client ended within the head */
    const unsigned char *body; /* without chunked framing */
    size_t body_len;
    uint64_t body_total; /* more than body_len when limited by fault_keep */
    bool complete;       /* read to its last byte */
    bool malformed;      /* not HTTP, or broken chunked framing */
    int64_t head_ms;     /* when the head was read */
    int64_t end_ms;      /* when its last byte was read; -1 if not complete */
} fault_request;

/* A request by its place in the log (order of arrival of the heads); NULL past the end. A request that is still being
 * read is returned in its current state. Both pointer and content stay unchanged until fault_stop. */
const fault_request *fault_request_at(fault_server *server, size_t index);

/* A header of a request; the first of its name, case-insensitive. NULL value when there is none. Surrounding blanks are
 * removed. The value is not terminated. */
bool fault_header(const fault_request *request, const char *name, const char **value, size_t *len);
bool fault_header_is(const fault_request *request, const char *name, const char *value);
/* How many headers of that name there are. */
size_t fault_header_count(const fault_request *request, const char *name);
bool fault_body_is(const fault_request *request, const char *text);

typedef enum { FAULT_CLIENT_OPEN, FAULT_CLIENT_FIN, FAULT_CLIENT_RESET } fault_client_end;

typedef struct {
    size_t index;
    size_t requests;
    uint64_t sent;     /* bytes, as FAULT_SENT_BYTES */
    uint64_t received; /* bytes, as FAULT_RECEIVED_BYTES */
    int64_t accepted_ms;
    fault_client_end client_end; /* how the client ended first; close(2) with unread bytes is a reset */
    int64_t client_end_ms;       /* when the server noticed, at once unless it was computing; -1 for not (yet) */
    int64_t ended_ms;            /* when the server closed its descriptor; -1 for not yet */
    bool handshaken;             /* the TLS handshake was made */
    char error[160];             /* what failed on the connection, if anything: an errno's text or a TLS reason */
} fault_connection;

/* A connection by its index. False past the end. */
bool fault_connection_at(fault_server *server, size_t index, fault_connection *out);

#endif
