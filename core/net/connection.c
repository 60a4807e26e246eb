#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "polling.h"
#include "signals.h"

#define NS_PER_MS 1000000
#define READ_BUFFER_BYTES (64 * 1024L)
/* The timer, and the sockets of two address families. More are handled in the next turn. */
#define POLLED_EVENTS 4
#define SMALL_REQUEST_BYTES 4096
/* CURLMOPT_QUICK_EXIT of libcurl 8.20, which older headers lack and older libraries reject. */
#define MULTI_QUICK_EXIT ((CURLMoption)21)
/* With fewer left, creating a handle, resolving a name or starting TLS may fail for lack of descriptors. */
#define SPARE_DESCRIPTORS 4

/* Connections that libcurl may try in parallel; more are closed, too, except in a forked child. */
#define MAX_SOCKETS 8

struct ak_connection {
    ak_idle idle;
    CURLM *multi;
    CURL *easy;
    ak_poller poller;
    int64_t curl_timer; /* when libcurl must be called; AK_NEVER: no timer */
    int64_t armed;      /* when the poller's timer fires, at the latest */
    int sockets[MAX_SOCKETS];
    int parked; /* a socket in the poller that libcurl no longer watches; -1: none */
    bool in_multi;
    bool may_signal;         /* see signals.h */
    bool opened_socket;      /* the name is resolved: a connection is being made */
    bool out_of_descriptors; /* from socket(2); libcurl reports it as "could not connect" */
};

/* ---- libcurl's callbacks ---- */

/* libcurl no longer watches a socket, nearly always because the reply is complete. It stays in the poller, watched for
 * writing, for which an idle connection is always ready: so the descriptor stays readable after the end, without more
 * system calls than removing the socket would take. If the transfer continues without it, the next poll removes it. */
static void park_socket(ak_connection *connection, curl_socket_t fd) {
    if (connection->parked >= 0 && connection->parked != fd) {
        ak_poller_unwatch(&connection->poller, connection->parked);
    }
    connection->parked = ak_poller_watch(&connection->poller, fd, false, true, false) ? fd : -1;
}

static bool is_own_socket(const ak_connection *connection, int fd) {
    for (size_t i = 0; i < MAX_SOCKETS; i++) {
        if (connection->sockets[i] == fd) {
            return true;
        }
    }
    return false;
}

/* A descriptor that is not a connection belongs to the resolver threads, which report through it. libcurl closes it
 * without a callback, so it cannot be parked; and 8.20.0 never reads it, so that the poller would stay readable for the
 * whole transfer: it is watched edge-triggered, to wake once per report. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data) {
    (void)easy;
    (void)socket_data;
    ak_connection *connection = data;
    bool own = is_own_socket(connection, fd);
    if (what == CURL_POLL_REMOVE) {
        if (own) {
            park_socket(connection, fd);
        } else {
            ak_poller_unwatch(&connection->poller, fd);
        }
        return 0;
    }
    if (fd == connection->parked) {
        connection->parked = -1;
    }
    bool in = (what & CURL_POLL_IN) != 0, out = (what & CURL_POLL_OUT) != 0;
    return ak_poller_watch(&connection->poller, fd, in, out, !own) ? 0 : -1;
}

/* Only recorded: libcurl must not be called from its callback. */
static int on_timer(CURLM *multi, long timeout_ms, void *data) {
    (void)multi;
    ak_connection *connection = data;
    connection->curl_timer = timeout_ms < 0 ? AK_NEVER : ak_now() + (int64_t)timeout_ms * NS_PER_MS;
    return 0;
}

static curl_socket_t on_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    ak_connection *connection = data;
    int fd = ak_socket(address->family, address->socktype, address->protocol);
    if (fd < 0) {
        connection->out_of_descriptors = errno == EMFILE || errno == ENFILE;
        return CURL_SOCKET_BAD;
    }
    connection->opened_socket = true;
    for (size_t i = 0; i < MAX_SOCKETS; i++) {
        if (connection->sockets[i] < 0) {
            connection->sockets[i] = fd;
            break;
        }
    }
    return fd;
}

static int on_close_socket(void *data, curl_socket_t fd) {
    ak_connection *connection = data;
    for (size_t i = 0; i < MAX_SOCKETS; i++) {
        if (connection->sockets[i] == fd) {
            connection->sockets[i] = -1;
        }
    }
    if (fd == connection->parked) {
        connection->parked = -1; /* closing removes it from the poller */
    }
    return close(fd);
}

/* ---- life ---- */

static CURLcode set_trust(CURL *easy, const ak_settings *settings) {
    CURLcode code = CURLE_OK;
    ak_trust trust = ak_settings_trust(settings);
    if (trust.file || trust.dir) {
        /* Both are cleared first: else the system's certificates in the other one stay trusted. */
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (trust.file) {
        AK_SET(code, easy, CURLOPT_CAINFO, trust.file);
    }
    if (trust.dir) {
        AK_SET(code, easy, CURLOPT_CAPATH, trust.dir);
    }
    /* For a proxy that speaks TLS, which not every libcurl can have; without them it is not trusted. */
    if (settings->trust.file) {
        curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, settings->trust.file);
    }
    if (settings->trust.dir) {
        curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, settings->trust.dir);
    }
    return code;
}

static CURLcode set_tls(CURL *easy, const ak_settings *settings) {
    char *const *text = settings->text;
    CURLcode code = set_trust(easy, settings);
    AK_SET(code, easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (text[AK_CLIENT_CERT_FILE]) {
        AK_SET(code, easy, CURLOPT_SSLCERT, text[AK_CLIENT_CERT_FILE]);
    }
    if (text[AK_CLIENT_KEY_FILE]) {
        AK_SET(code, easy, CURLOPT_SSLKEY, text[AK_CLIENT_KEY_FILE]);
    }
    return code;
}

static CURLcode set_proxy(CURL *easy, const ak_settings *settings) {
    CURLcode code = CURLE_OK;
    char *const *text = settings->text;
    if (text[AK_CLIENT_PROXY]) {
        AK_SET(code, easy, CURLOPT_PROXY, text[AK_CLIENT_PROXY]);
    } else if (settings->loopback) {
        /* A proxy from the environment cannot reach this machine's loopback, and would see the API key. */
        AK_SET(code, easy, CURLOPT_PROXY, "");
    }
    if (text[AK_CLIENT_NO_PROXY]) {
        AK_SET(code, easy, CURLOPT_NOPROXY, text[AK_CLIENT_NO_PROXY]);
    }
    return code;
}

static CURLcode set_options(ak_connection *connection, const ak_settings *settings, CURLSH *share) {
    CURLcode code = CURLE_OK;
    CURL *easy = connection->easy;
    AK_SET(code, easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    AK_SET(code, easy, CURLOPT_PROTOCOLS_STR, "http,https");
    AK_SET(code, easy, CURLOPT_FOLLOWLOCATION, 0L);
    AK_SET(code, easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    AK_SET(code, easy, CURLOPT_NOSIGNAL, 1L);
    AK_SET(code, easy, CURLOPT_PATH_AS_IS, 1L);
    /* Else closing waits for a name that is still being resolved, which can take seconds. See also below. */
    AK_SET(code, easy, CURLOPT_QUICK_EXIT, 1L);
    AK_SET(code, easy, CURLOPT_BUFFERSIZE, READ_BUFFER_BYTES);
    AK_SET(code, easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    AK_SET(code, easy, CURLOPT_OPENSOCKETDATA, connection);
    AK_SET(code, easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    AK_SET(code, easy, CURLOPT_CLOSESOCKETDATA, connection);
    if (share) {
        AK_SET(code, easy, CURLOPT_SHARE, share);
    }
    if (settings->unix_socket) {
        AK_SET(code, easy, CURLOPT_UNIX_SOCKET_PATH, settings->unix_socket);
    }
    code = code == CURLE_OK ? set_tls(easy, settings) : code;
    code = code == CURLE_OK ? set_proxy(easy, settings) : code;
    curl_multi_setopt(connection->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(connection->multi, CURLMOPT_SOCKETDATA, connection);
    curl_multi_setopt(connection->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(connection->multi, CURLMOPT_TIMERDATA, connection);
    curl_multi_setopt(connection->multi, CURLMOPT_MAXCONNECTS, 1L);
    curl_multi_setopt(connection->multi, MULTI_QUICK_EXIT, 1L); /* the same for threads of the multi handle */
    return code;
}

ak_status ak_connection_new(const ak_settings *settings, CURLSH *share, ak_connection **out, ak_error *err) {
    *out = NULL;
    ak_connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        return ak_error_memory(err);
    }
    for (size_t i = 0; i < MAX_SOCKETS; i++) {
        connection->sockets[i] = -1;
    }
    connection->parked = -1;
    connection->curl_timer = connection->armed = AK_NEVER;
    /* A proxy may use TLS, too, and may come from the environment. */
    connection->may_signal = settings->tls || !settings->loopback || settings->text[AK_CLIENT_PROXY];
    if (!ak_poller_open(&connection->poller)) {
        bool full = errno == EMFILE || errno == ENFILE;
        ak_connection_free(connection);
        return full ? ak_connection_descriptors_error(err)
                    : ak_error_set(err, AK_E_MEMORY, "cannot make a poller: %s", strerror(errno));
    }
    connection->multi = curl_multi_init();
    connection->easy = curl_easy_init();
    if (!connection->multi || !connection->easy) {
        ak_status status = ak_connection_init_error(connection, err);
        ak_connection_free(connection);
        return status;
    }
    CURLcode code = set_options(connection, settings, share);
    if (code != CURLE_OK) {
        ak_connection_free(connection);
        return ak_connection_option_error(code, err);
    }
    *out = connection;
    return AK_OK;
}

ak_status ak_connection_option_error(CURLcode code, ak_error *err) {
    return code == CURLE_OUT_OF_MEMORY
               ? ak_error_memory(err)
               : ak_error_set(err, AK_E_ARGUMENT, "this libcurl cannot do what is asked: %s", curl_easy_strerror(code));
}

ak_status ak_connection_descriptors_error(ak_error *err) {
    return ak_error_set(err, AK_E_DESCRIPTORS, "out of file descriptors (a call in flight needs five)");
}

/* libcurl reports which operation failed for lack of a descriptor (creating a handle, resolving a name, reading the
 * certificate file), not why, and has closed those it did get by then. So this probes whether enough are available. */
static bool descriptors_are_few(const ak_connection *connection) {
    int probes[SPARE_DESCRIPTORS];
    size_t count = 0;
    while (count < SPARE_DESCRIPTORS && (probes[count] = fcntl(connection->poller.fd, F_DUPFD_CLOEXEC, 0)) >= 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        close(probes[i]);
    }
    return count < SPARE_DESCRIPTORS;
}

/* A failure of socket(2) was recorded when it happened, and an established connection needs no more descriptors. */
bool ak_connection_lacks_descriptors(const ak_connection *connection, bool connected, CURLcode result) {
    bool noted = connection->out_of_descriptors || connected || result == CURLE_COULDNT_CONNECT;
    return noted ? connection->out_of_descriptors : descriptors_are_few(connection);
}

ak_status ak_connection_init_error(const ak_connection *connection, ak_error *err) {
    return descriptors_are_few(connection) ? ak_connection_descriptors_error(err) : ak_error_memory(err);
}

void ak_connection_free(ak_connection *connection) {
    if (!connection) {
        return;
    }
    ak_signal_guard guard;
    ak_signals_hold(&guard, connection->may_signal);
    if (connection->in_multi) {
        curl_multi_remove_handle(connection->multi, connection->easy);
    }
    curl_multi_cleanup(connection->multi);
    curl_easy_cleanup(connection->easy);
    ak_signals_release(&guard);
    ak_poller_close(&connection->poller);
    free(connection);
}

void ak_connection_abandon(ak_connection *connection) {
    for (size_t i = 0; i < MAX_SOCKETS; i++) {
        if (connection->sockets[i] >= 0) {
            close(connection->sockets[i]);
        }
    }
    ak_poller_close(&connection->poller);
}

int ak_connection_socket(const ak_connection *connection) {
    int fd = -1;
    for (size_t i = 0; i < MAX_SOCKETS && fd < 0; i++) {
        fd = connection->sockets[i];
    }
    return fd;
}

/* ---- a transfer ---- */

bool ak_connection_start(ak_connection *connection) {
    connection->opened_socket = false;
    connection->out_of_descriptors = false;
    connection->in_multi = curl_multi_add_handle(connection->multi, connection->easy) == CURLM_OK;
    return connection->in_multi;
}

void ak_connection_finish(ak_connection *connection) {
    if (connection->in_multi) {
        ak_signal_guard guard;
        ak_signals_hold(&guard, connection->may_signal);
        curl_multi_remove_handle(connection->multi, connection->easy);
        ak_signals_release(&guard);
        connection->in_multi = false;
    }
}

static bool read_result(ak_connection *connection, CURLcode *result) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(connection->multi, &left));) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return true;
        }
    }
    return false;
}

/* Returns the poller's events, except of a parked connection, which is removed. */
static size_t take_ready(ak_connection *connection, ak_poller_event *events, size_t cap, bool *woken) {
    size_t kept = 0;
    size_t n = ak_poller_ready(&connection->poller, events, cap, woken);
    if (*woken) {
        connection->armed = AK_NEVER;
    }
    for (size_t i = 0; i < n; i++) {
        if (events[i].fd == connection->parked) {
            ak_poller_unwatch(&connection->poller, connection->parked);
            connection->parked = -1;
        } else {
            events[kept++] = events[i];
        }
    }
    return kept;
}

void ak_connection_settle(ak_connection *connection) {
    ak_poller_event events[POLLED_EVENTS];
    bool woken = false;
    take_ready(connection, events, POLLED_EVENTS, &woken);
}

static CURLMcode act(ak_connection *connection, const ak_poller_event *events, size_t n) {
    int running = 0;
    CURLMcode code = CURLM_OK;
    ak_signal_guard guard;
    ak_signals_hold(&guard, connection->may_signal);
    if (n == 0) {
        connection->curl_timer = AK_NEVER;
        code = curl_multi_socket_action(connection->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (size_t i = 0; i < n && code == CURLM_OK; i++) {
        int mask = (events[i].readable ? CURL_CSELECT_IN : 0) | (events[i].writable ? CURL_CSELECT_OUT : 0) |
                   (events[i].failed ? CURL_CSELECT_ERR : 0);
        code = curl_multi_socket_action(connection->multi, events[i].fd, mask, &running);
    }
    ak_signals_release(&guard);
    return code;
}

ak_progress ak_connection_drive(ak_connection *connection, CURLcode *result) {
    ak_poller_event events[POLLED_EVENTS];
    bool woken = false;
    size_t n = 0;
    /* A due timer is handled alone: it may change what is watched. The sockets are handled in the next turn. */
    bool due = connection->curl_timer != AK_NEVER && connection->curl_timer <= ak_now();
    if (!due) {
        n = take_ready(connection, events, POLLED_EVENTS, &woken);
        if (n == 0) {
            return woken ? AK_PROGRESS_SOME : AK_PROGRESS_NONE;
        }
    }
    CURLMcode code = act(connection, events, n);
    if (code != CURLM_OK) {
        *result = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
        return AK_PROGRESS_ENDED;
    }
    return read_result(connection, result) ? AK_PROGRESS_ENDED : AK_PROGRESS_SOME;
}

void ak_connection_arm(ak_connection *connection, int64_t deadline) {
    int64_t when = deadline < connection->curl_timer ? deadline : connection->curl_timer;
    /* A timer that fires too early costs one spurious wake-up, at most one per deadline; setting it takes the time of
     * several system calls, in every call. */
    if (when < connection->armed) {
        ak_poller_arm(&connection->poller, when);
        connection->armed = when;
    }
}

void ak_connection_stay_readable(ak_connection *connection) {
    curl_off_t sent = 0;
    curl_easy_getinfo(connection->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    /* A peer that replies without reading can leave a connection that is not writable, but not with a small request. */
    if (connection->parked < 0 || (sent > SMALL_REQUEST_BYTES && !ak_poll_readable(connection->poller.fd, 0))) {
        ak_poller_wake(&connection->poller);
    }
}

void ak_connection_hand_back(ak_connection *connection) {
    ak_poller_wake(&connection->poller);
    connection->armed = 1;
}

void ak_connection_wake(ak_connection *connection) {
    ak_poller_wake(&connection->poller);
}

void ak_connection_renumber(ak_connection *connection) {
    static atomic_int next = 100;
    int least = atomic_fetch_add(&next, 1);
    if (least > 900) {
        atomic_store(&next, 100);
    }
    int fresh = fcntl(connection->poller.fd, F_DUPFD_CLOEXEC, least);
    if (fresh >= 0) {
        close(connection->poller.fd);
        connection->poller.fd = fresh;
    }
}

CURL *ak_connection_handle(const ak_connection *connection) {
    return connection->easy;
}

int ak_connection_fd(const ak_connection *connection) {
    return connection->poller.fd;
}

bool ak_connection_knows_address(const ak_connection *connection) {
    return connection->opened_socket;
}

ak_idle *ak_connection_idle(ak_connection *connection) {
    return &connection->idle;
}
