/* fault.c: the server's life: start, accepting, stop. */
#include "fault_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for OpenSSL and the sanitizers; hundreds of connections fit into little memory. */
#define STACK_BYTES ((size_t)512 << 10)

/* ---- Accepting ---- */

static void join_finished(fault_server *server) {
    pthread_mutex_lock(&server->lock);
    fault_conn *conn = server->finished;
    server->finished = NULL;
    pthread_mutex_unlock(&server->lock);
    while (conn) {
        fault_conn *next = conn->next_finished;
        pthread_join(conn->thread, NULL);
        free(conn);
        conn = next;
    }
}

static bool start_thread(pthread_t *thread, void *(*run)(void *), void *arg) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool started =
        pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 && pthread_create(thread, &attributes, run, arg) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* Starts the thread of an accepted connection. On failure the connection is closed, and its log says so. */
static void start_connection(fault_server *server, int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails harmlessly on Unix sockets */
    fault_connection *log = fault_log_accept(server);
    fault_conn *conn = calloc(1, sizeof *conn);
    unsigned char *in = malloc(FAULT_IN_CAP);
    if (!log || !conn || !in) {
        close(fd);
        free(conn);
        free(in);
        return;
    }
    *conn = (fault_conn){.server = server, .log = log, .index = log->index, .fd = fd, .in = in};
    pthread_mutex_lock(&server->lock); /* the thread that ends at once must find its own id stored */
    server->live++;
    bool started = start_thread(&conn->thread, fault_conn_main, conn);
    server->live -= started ? 0 : 1;
    pthread_mutex_unlock(&server->lock);
    if (!started) {
        fault_log_error(conn, "no thread for the connection");
        fault_log_ended(conn);
        close(fd);
        free(in);
        free(conn);
    }
}

static int open_timeout(const fault_server *server) {
    if (server->open_at == FAULT_NO_DEADLINE) {
        return -1;
    }
    int64_t left = server->open_at - fault_now_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void accept_one(fault_server *server) {
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        start_connection(server, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        struct pollfd stop = {.fd = server->stop_fd, .events = POLLIN};
        poll(&stop, 1, 10); /* until a descriptor is free; the listening socket stays readable */
    }
}

static void *accept_main(void *arg) {
    fault_server *server = arg;
    bool closed = server->script->mode != LISTEN_ACCEPT;
    while (!atomic_load(&server->stopping)) {
        struct pollfd fds[2] = {{.fd = server->stop_fd, .events = POLLIN},
                                {.fd = closed ? -1 : server->listen_fd, .events = POLLIN}};
        int ready = poll(fds, 2, open_timeout(server));
        if (ready > 0 && fds[1].revents) {
            accept_one(server);
        }
        if (server->open_at <= fault_now_ms()) {
            fault_listen_open(server);
            closed = false;
        }
        join_finished(server);
    }
    return NULL;
}

/* ---- Start ---- */

/* Why a script cannot run, or NULL. */
static const char *check_script(const fault_script *script) {
    if (!script) {
        return "no memory for the script";
    }
    if (script->failure) {
        return script->failure;
    }
    for (size_t i = 0; i < script->rule_count; i++) {
        if (script->rules[i].open_loops > 0) {
            return "a loop has no end";
        }
    }
    return NULL;
}

static bool init_lock(fault_server *server) {
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&server->lock, NULL) != 0) {
        return false;
    }
    if (pthread_condattr_init(&attributes) != 0) {
        pthread_mutex_destroy(&server->lock);
        return false;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    bool made = pthread_cond_init(&server->changed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!made) {
        pthread_mutex_destroy(&server->lock);
    }
    return made;
}

/* The threads of the server inherit a mask that blocks all signals: the test's handlers run in the test's threads, and
 * a write of OpenSSL to a closed connection leaves its SIGPIPE pending in a thread that never takes it. */
static bool start_acceptor(fault_server *server) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    server->accepting = start_thread(&server->acceptor, accept_main, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return server->accepting;
}

static bool start(fault_server *server, char *error, size_t error_cap) {
    fault_script *script = server->script;
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->release_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    if (server->stop_fd < 0 || server->release_fd < 0) {
        snprintf(error, error_cap, "eventfd: %s", strerror(errno));
        return false;
    }
    if (script->tls && !(server->tls = fault_tls_new(&script->tls_options, error, error_cap))) {
        return false;
    }
    if (!fault_listen(server, error, error_cap)) {
        return false;
    }
    if (!start_acceptor(server)) {
        snprintf(error, error_cap, "no thread for the server");
        return false;
    }
    return true;
}

fault_server *fault_start_or_say(fault_script *script, char *error, size_t error_cap) {
    const char *why = check_script(script);
    fault_server *server = why ? NULL : calloc(1, sizeof *server);
    if (!server || !init_lock(server)) {
        snprintf(error, error_cap, "%s", why ? why : "no memory for the server");
        free(server);
        fault_script_free(script);
        return NULL;
    }
    server->script = script;
    server->listen_fd = server->stop_fd = server->release_fd = -1;
    if (!start(server, error, error_cap)) {
        fault_stop(server);
        return NULL;
    }
    return server;
}

fault_server *fault_start(fault_script *script) {
    char why[256];
    fault_server *server = fault_start_or_say(script, why, sizeof why);
    if (!server) {
        fprintf(stderr, "fault server: %s\n", why);
    }
    return server;
}

fault_server *fault_start_json(const char *json) {
    char why[256];
    fault_script *script = fault_script_parse(json, strlen(json), why, sizeof why);
    if (!script) {
        fprintf(stderr, "fault server: %s\n", why);
        return NULL;
    }
    return fault_start(script);
}

/* ---- Stop ---- */

static void stop_threads(fault_server *server) {
    uint64_t one = 1;
    atomic_store(&server->stopping, true);
    if (server->stop_fd >= 0 && write(server->stop_fd, &one, sizeof one) != (ssize_t)sizeof one) {
        abort(); /* an eventfd that counts to one cannot refuse */
    }
    if (server->accepting) {
        pthread_join(server->acceptor, NULL);
    }
    pthread_mutex_lock(&server->lock);
    while (server->live > 0) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    join_finished(server);
}

static void free_log(fault_server *server) {
    for (size_t i = 0; i < server->connection_count; i++) {
        free(server->connections[i]);
    }
    for (size_t i = 0; i < server->request_count; i++) {
        fault_record_free(server->requests[i]);
    }
    while (server->snapshots) {
        fault_record *next = server->snapshots->next_snapshot;
        fault_record_free(server->snapshots);
        server->snapshots = next;
    }
    free(server->connections);
    free(server->requests);
}

void fault_stop(fault_server *server) {
    if (!server) {
        return;
    }
    stop_threads(server);
    fault_listen_close(server);
    fault_tls_free(server->tls);
    if (server->stop_fd >= 0) {
        close(server->stop_fd);
    }
    if (server->release_fd >= 0) {
        close(server->release_fd);
    }
    free_log(server);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    fault_script_free(server->script);
    free(server);
}

/* ---- What a test asks for ---- */

const char *fault_url(const fault_server *server) {
    return server->url;
}

unsigned fault_port(const fault_server *server) {
    return server->port;
}

const char *fault_unix_path(const fault_server *server) {
    return server->script->unix_path;
}

const char *fault_tls_path(const fault_server *server, fault_tls_file which) {
    return server->tls ? fault_tls_file_path(server->tls, which) : NULL;
}

void fault_release(fault_server *server, uint64_t count) {
    /* An eventfd holds a little less than 2^64; half of it is "always" and leaves room for more releases. */
    uint64_t permits = count > UINT64_MAX / 2 ? UINT64_MAX / 2 : count;
    if (permits > 0 && write(server->release_fd, &permits, sizeof permits) != (ssize_t)sizeof permits) {
        return; /* full: all pass anyway */
    }
}
