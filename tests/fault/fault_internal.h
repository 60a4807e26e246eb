/* fault_internal.h: what the files of the fault server share. */
#ifndef AK_FAULT_INTERNAL_H
#define AK_FAULT_INTERNAL_H

#include "fault.h"

#include <pthread.h>
#include <stdatomic.h>

#define FAULT_MAX_LOOPS 8
#define FAULT_MAX_FILLERS 16
#define FAULT_IN_CAP 65536U
#define FAULT_NO_DEADLINE INT64_MAX

typedef enum {
    STEP_SEND,
    STEP_REPEAT,
    STEP_DELAY,
    STEP_WAIT_RELEASE,
    STEP_WAIT_CLOSE,
    STEP_WAIT_DATA,
    STEP_READ,
    STEP_HANDSHAKE,
    STEP_CLOSE,
    STEP_CUT,
    STEP_RESET,
    STEP_LOOP_BEGIN,
    STEP_LOOP_END
} fault_step_kind;

typedef struct {
    fault_step_kind kind;
    unsigned char *bytes; /* SEND, REPEAT; owned */
    size_t len;
    uint64_t count;    /* REPEAT, LOOP_BEGIN: times; DELAY: ms; READ: bytes of the body */
    size_t piece;      /* SEND: bytes per write, 0 for all at once */
    uint64_t pause_ms; /* SEND: between the pieces */
} fault_step;

typedef struct {
    bool on_accept;
    bool head_only;
    uint64_t left; /* uses; guarded by the server's lock once it runs */
    size_t connection;
    size_t request;
    char *method;
    char *target;
    fault_step *steps;
    size_t step_count;
    size_t step_cap;
    size_t open_loops;
    bool ended;       /* the last step ended the connection */
    bool sse_chunked; /* framing of fault_sse_event */
} fault_rule;

typedef enum { LISTEN_ACCEPT, LISTEN_FULL, LISTEN_REFUSE } fault_listen_mode;

struct fault_script {
    char *host;
    unsigned port;
    char *unix_path;
    fault_listen_mode mode;
    int64_t open_after_ms;
    size_t send_buffer;
    size_t receive_buffer;
    size_t keep;
    bool tls;
    fault_tls_options tls_options; /* its name is owned */
    fault_rule *rules;
    size_t rule_count;
    size_t rule_cap;
    const char *failure; /* first failure of a builder call; static text */
};

/* fault_script.c */
/* Marks the script as failed unless it already is. */
void fault_script_fail(fault_script *script, const char *why);
/* The rule being built, or NULL (and a failed script) when there is none or its connection has ended. */
fault_rule *fault_script_rule(fault_script *script);

/* A growing string of bytes. Once an append failed for lack of memory, failed stays true and later ones do nothing. */
typedef struct {
    unsigned char *at;
    size_t len;
    size_t cap;
    bool failed;
} fault_buffer;

/* fault_buffer.c */
void fault_buffer_add(fault_buffer *buffer, const void *bytes, size_t len);
void fault_buffer_text(fault_buffer *buffer, const char *text);
void fault_buffer_number(fault_buffer *buffer, uint64_t number, bool hexadecimal);
void fault_buffer_chunk(fault_buffer *buffer, const void *bytes, size_t len);
void fault_buffer_event(fault_buffer *buffer, const char *type, const char *data);
void fault_buffer_free(fault_buffer *buffer);

/* A whole reply, or with body NULL only its head. */
void fault_buffer_reply(fault_buffer *buffer, int status, const char *headers, const char *content_type,
                        const void *body, size_t len, fault_framing framing);

typedef struct fault_record {
    fault_request pub;
    fault_buffer raw;
    fault_buffer body; /* only when chunked; else the body is part of raw */
    bool chunked;
    bool finished; /* unchanged from now on */
    char *method;
    char *target;
    struct fault_record *next_snapshot;
} fault_record;

typedef struct fault_tls fault_tls;
typedef struct fault_tls_session fault_tls_session;

typedef struct fault_conn {
    fault_server *server;
    fault_connection *log; /* the server's record of it, guarded by its lock */
    size_t index;          /* immutable copies for use without the lock */
    size_t requests;
    int fd;
    bool end_seen; /* the client's end was recorded */
    fault_tls_session *tls;
    unsigned char *in; /* read from the client and not yet part of a request */
    size_t in_pos;
    size_t in_len;
    fault_record *request; /* the one being served, NULL between requests */
    enum { BODY_DONE, BODY_LENGTH, BODY_CHUNK_SIZE, BODY_CHUNK_DATA, BODY_CHUNK_END, BODY_TRAILER } body_state;
    uint64_t body_left;
    char line[1024]; /* of chunked framing, being read */
    size_t line_len; /* also: how much of the head's blank line was seen */
    pthread_t thread;
    struct fault_conn *next_finished;
} fault_conn;

struct fault_server {
    fault_script *script;
    char url[160];
    unsigned port;
    int listen_fd;
    int stop_fd;    /* eventfd; readable once the server stops, never read */
    int release_fd; /* eventfd as a semaphore: the permits of fault_release */
    atomic_bool stopping;
    int fillers[FAULT_MAX_FILLERS]; /* connections of the server itself that fill the queue */
    size_t filler_count;
    int64_t open_at; /* when a full queue opens, FAULT_NO_DEADLINE for never */
    bool unlink_path;
    fault_tls *tls;
    pthread_t acceptor;
    bool accepting;

    pthread_mutex_t lock; /* guards all below, and the rules' counts */
    pthread_cond_t changed;
    uint64_t counts[FAULT_COUNTERS];
    fault_connection **connections;
    size_t connection_count;
    size_t connection_cap;
    fault_record **requests;
    size_t request_count;
    size_t request_cap;
    fault_record *snapshots;
    size_t live; /* connection threads that are not in `finished` yet */
    fault_conn *finished;
};

/* fault_listen.c */
bool fault_listen(fault_server *server, char *error, size_t error_cap);
/* Makes room in a full queue. */
void fault_listen_open(fault_server *server);
void fault_listen_close(fault_server *server);

/* fault_log.c; all take the server's lock. */
fault_connection *fault_log_accept(fault_server *server);
void fault_log_client_end(fault_conn *conn, fault_client_end how);
void fault_log_error(fault_conn *conn, const char *text);
void fault_log_sent(fault_conn *conn, size_t len);
void fault_log_received(fault_conn *conn, size_t len);
void fault_log_waiting(fault_conn *conn, bool waiting);
void fault_log_handshaken(fault_conn *conn);
void fault_log_ended(fault_conn *conn);
fault_rule *fault_log_pick_accept(fault_conn *conn);
/* Puts the request being read into the log. With whole set finds its rule, NULL when none matches. False when out of
 * memory; the record is then freed. */
bool fault_log_head(fault_conn *conn, bool whole, fault_rule **rule);
/* Adds bytes that followed the head; content: they belong to the body itself, not to its framing. */
void fault_log_body(fault_conn *conn, const unsigned char *bytes, size_t len, bool content);
/* Nothing more will be read of the connection's request; it becomes immutable. */
void fault_log_finish(fault_conn *conn, bool complete, bool malformed);
void fault_record_free(fault_record *record);

/* fault_io.c */
typedef enum { IO_OK, IO_TIMEOUT, IO_EXTRA, IO_END, IO_GONE, IO_STOPPED } fault_io;
/* Waits for events on the connection, for extra_fd (or -1) to be readable, and to the deadline. With no events: IO_GONE
 * when the connection breaks. The client's end is recorded at once; with until_end it also returns IO_END. */
fault_io fault_io_poll(fault_conn *conn, short events, int extra_fd, int64_t deadline, bool until_end);
fault_io fault_io_fill(fault_conn *conn);
fault_io fault_io_send(fault_conn *conn, const unsigned char *bytes, size_t len);
fault_io fault_io_sleep(fault_conn *conn, uint64_t ms);
fault_io fault_io_handshake(fault_conn *conn);
void fault_io_close(fault_conn *conn, bool close_notify);
void fault_io_reset(fault_conn *conn);

/* fault_request.c */
/* Reads the next request's head, logs it, and finds its rule (NULL: none matches). */
fault_io fault_request_read_head(fault_conn *conn, fault_rule **rule);
/* Reads up to `most` bytes of the body. */
fault_io fault_request_read_body(fault_conn *conn, uint64_t most);

/* fault_conn.c */
void *fault_conn_main(void *conn);

/* fault_tls.c */
fault_tls *fault_tls_new(const fault_tls_options *options, char *error, size_t error_cap);
void fault_tls_free(fault_tls *tls);
const char *fault_tls_file_path(const fault_tls *tls, fault_tls_file which);
fault_tls_session *fault_tls_open(fault_tls *tls, int fd);
void fault_tls_close(fault_tls_session *session);
/* As read(2) and write(2) on a non-blocking descriptor, except that *events is set to what to wait for on EAGAIN and
 * that other errors set a reason in error. */
ptrdiff_t fault_tls_handshake(fault_tls_session *session, short *events, char *error, size_t error_cap);
ptrdiff_t fault_tls_read(fault_tls_session *session, void *into, size_t cap, short *events, char *error,
                         size_t error_cap);
ptrdiff_t fault_tls_write(fault_tls_session *session, const void *from, size_t len, short *events, char *error,
                          size_t error_cap);
void fault_tls_notify(fault_tls_session *session);

#endif
