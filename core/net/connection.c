#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "signals.h"

#define NS_PER_MS 1000000
#define READ_BUFFER_BYTES (64 * 1024L)
/* The timer, and the sockets of two address families. More are left to the next turn. */
#define POLLED_EVENTS 4
#define SMALL_REQUEST_BYTES 4096
/* CURLMOPT_QUICK_EXIT of libcurl 8.20, which older headers do not have and older libraries refuse. */
#define MULTI_QUICK_EXIT ((CURLMoption)21)
/* With fewer left, making a handle, looking a name up or starting TLS may fail for want of them. */
#define SPARE_DESCRIPTORS 4

/* ---- libcurl's callbacks ---- */

/* libcurl is done with a socket, nearly always because the reply is whole. It stays in the poller, for writing, which
 * an idle connection is always ready for: so the descriptor stays readable after the end, at the price of no system
 * call more than taking it out. Where the transfer goes on without it, the next look at the poller takes it out. */
static void rest(ak_lane *lane, curl_socket_t fd) {
    if (lane->resting >= 0 && lane->resting != fd) {
        ak_poller_unwatch(&lane->poller, lane->resting);
    }
    lane->resting = ak_poller_watch(&lane->poller, fd, false, true, false) ? fd : -1;
}

static bool is_connection(const ak_lane *lane, int fd) {
    for (size_t i = 0; i < AK_LANE_SOCKETS; i++) {
        if (lane->sockets[i] == fd) {
            return true;
        }
    }
    return false;
}

/* What is no connection is what the threads that look names up report by. libcurl closes that without a word, so it
 * cannot rest; and 8.20.0 never reads it, so that the poller would be readable for as long as the transfer takes: it is
 * to wake us once for each report. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data) {
    (void)easy;
    (void)socket_data;
    ak_lane *lane = data;
    bool connection = is_connection(lane, fd);
    if (what == CURL_POLL_REMOVE) {
        if (connection) {
            rest(lane, fd);
        } else {
            ak_poller_unwatch(&lane->poller, fd);
        }
        return 0;
    }
    if (fd == lane->resting) {
        lane->resting = -1;
    }
    bool in = (what & CURL_POLL_IN) != 0, out = (what & CURL_POLL_OUT) != 0;
    return ak_poller_watch(&lane->poller, fd, in, out, !connection) ? 0 : -1;
}

/* Only noted: libcurl must not be called back from here. */
static int on_timer(CURLM *multi, long timeout_ms, void *data) {
    (void)multi;
    ak_lane *lane = data;
    lane->curl_timer = timeout_ms < 0 ? AK_NEVER : ak_now() + (int64_t)timeout_ms * NS_PER_MS;
    return 0;
}

static curl_socket_t on_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    ak_lane *lane = data;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        lane->out_of_descriptors = errno == EMFILE || errno == ENFILE;
        return CURL_SOCKET_BAD;
    }
    lane->opened_socket = true;
    for (size_t i = 0; i < AK_LANE_SOCKETS; i++) {
        if (lane->sockets[i] < 0) {
            lane->sockets[i] = fd;
            break;
        }
    }
    return fd;
}

static int on_close_socket(void *data, curl_socket_t fd) {
    ak_lane *lane = data;
    for (size_t i = 0; i < AK_LANE_SOCKETS; i++) {
        if (lane->sockets[i] == fd) {
            lane->sockets[i] = -1;
        }
    }
    if (fd == lane->resting) {
        lane->resting = -1; /* closing takes it out of the poller */
    }
    return close(fd);
}

/* ---- life ---- */

static CURLcode set_tls(CURL *easy, const ak_settings *settings) {
    CURLcode code = CURLE_OK;
    char *const *text = settings->text;
    AK_SET(code, easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (text[AK_CLIENT_CA_FILE] || text[AK_CLIENT_CA_DIR]) {
        /* Both are cleared first: else the system's certificates in the other place stay trusted. */
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (text[AK_CLIENT_CA_FILE]) {
        AK_SET(code, easy, CURLOPT_CAINFO, text[AK_CLIENT_CA_FILE]);
    }
    if (text[AK_CLIENT_CA_DIR]) {
        AK_SET(code, easy, CURLOPT_CAPATH, text[AK_CLIENT_CA_DIR]);
    }
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
        /* A proxy named in the environment cannot reach our loopback, and would be shown the API key. */
        AK_SET(code, easy, CURLOPT_PROXY, "");
    }
    if (text[AK_CLIENT_NO_PROXY]) {
        AK_SET(code, easy, CURLOPT_NOPROXY, text[AK_CLIENT_NO_PROXY]);
    }
    return code;
}

static CURLcode set_options(ak_lane *lane, const ak_settings *settings, CURLSH *share) {
    CURLcode code = CURLE_OK;
    CURL *easy = lane->easy;
    AK_SET(code, easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    AK_SET(code, easy, CURLOPT_PROTOCOLS_STR, "http,https");
    AK_SET(code, easy, CURLOPT_FOLLOWLOCATION, 0L);
    AK_SET(code, easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    AK_SET(code, easy, CURLOPT_NOSIGNAL, 1L);
    AK_SET(code, easy, CURLOPT_PATH_AS_IS, 1L);
    /* Else closing a lane waits for a name that is still being looked up, which can take seconds. See below, too. */
    AK_SET(code, easy, CURLOPT_QUICK_EXIT, 1L);
    AK_SET(code, easy, CURLOPT_BUFFERSIZE, READ_BUFFER_BYTES);
    AK_SET(code, easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    AK_SET(code, easy, CURLOPT_OPENSOCKETDATA, lane);
    AK_SET(code, easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    AK_SET(code, easy, CURLOPT_CLOSESOCKETDATA, lane);
    if (share) {
        AK_SET(code, easy, CURLOPT_SHARE, share);
    }
    if (settings->unix_socket) {
        AK_SET(code, easy, CURLOPT_UNIX_SOCKET_PATH, settings->unix_socket);
    }
    code = code == CURLE_OK ? set_tls(easy, settings) : code;
    code = code == CURLE_OK ? set_proxy(easy, settings) : code;
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, 1L);
    curl_multi_setopt(lane->multi, MULTI_QUICK_EXIT, 1L); /* the same since the threads are the multi handle's */
    return code;
}

ak_status ak_lane_new(const ak_settings *settings, CURLSH *share, ak_lane **out, ak_error *err) {
    *out = NULL;
    ak_lane *lane = calloc(1, sizeof *lane);
    if (!lane) {
        return ak_error_memory(err);
    }
    for (size_t i = 0; i < AK_LANE_SOCKETS; i++) {
        lane->sockets[i] = -1;
    }
    lane->resting = -1;
    lane->curl_timer = lane->armed = AK_NEVER;
    /* A proxy may speak TLS, too, and come from the environment. */
    lane->may_signal = settings->tls || !settings->loopback || settings->text[AK_CLIENT_PROXY];
    if (!ak_poller_open(&lane->poller)) {
        bool full = errno == EMFILE || errno == ENFILE;
        ak_lane_free(lane);
        return full ? ak_lane_descriptors_error(err)
                    : ak_error_set(err, AK_E_MEMORY, "cannot make a poller: %s", strerror(errno));
    }
    lane->multi = curl_multi_init();
    lane->easy = curl_easy_init();
    if (!lane->multi || !lane->easy) {
        ak_status status = ak_lane_init_error(lane, err);
        ak_lane_free(lane);
        return status;
    }
    CURLcode code = set_options(lane, settings, share);
    if (code != CURLE_OK) {
        ak_lane_free(lane);
        return ak_lane_option_error(code, err);
    }
    *out = lane;
    return AK_OK;
}

ak_status ak_lane_option_error(CURLcode code, ak_error *err) {
    return code == CURLE_OUT_OF_MEMORY
               ? ak_error_memory(err)
               : ak_error_set(err, AK_E_ARGUMENT, "this libcurl cannot do what is asked: %s", curl_easy_strerror(code));
}

ak_status ak_lane_descriptors_error(ak_error *err) {
    return ak_error_set(err, AK_E_DESCRIPTORS, "out of file descriptors (a call in flight needs five)");
}

ak_status ak_lane_init_error(const ak_lane *lane, ak_error *err) {
    return ak_lane_lacks_descriptors(lane) ? ak_lane_descriptors_error(err) : ak_error_memory(err);
}

/* libcurl says what it could not do for want of a descriptor (make a handle, look a name up, read the file of
 * certificates), not why, and by then has closed what it did get. So the question is whether there are as many as it
 * takes. */
bool ak_lane_lacks_descriptors(const ak_lane *lane) {
    int probes[SPARE_DESCRIPTORS];
    size_t count = 0;
    while (count < SPARE_DESCRIPTORS && (probes[count] = fcntl(lane->poller.fd, F_DUPFD_CLOEXEC, 0)) >= 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        close(probes[i]);
    }
    return count < SPARE_DESCRIPTORS;
}

void ak_lane_free(ak_lane *lane) {
    if (!lane) {
        return;
    }
    ak_signal_guard guard;
    ak_signals_hold(&guard, lane->may_signal);
    if (lane->in_multi) {
        curl_multi_remove_handle(lane->multi, lane->easy);
    }
    curl_multi_cleanup(lane->multi);
    curl_easy_cleanup(lane->easy);
    ak_signals_release(&guard);
    ak_poller_close(&lane->poller);
    free(lane);
}

void ak_lane_abandon(ak_lane *lane) {
    for (size_t i = 0; i < AK_LANE_SOCKETS; i++) {
        if (lane->sockets[i] >= 0) {
            close(lane->sockets[i]);
        }
    }
    ak_poller_close(&lane->poller);
}

int ak_lane_connection(const ak_lane *lane) {
    int fd = -1;
    for (size_t i = 0; i < AK_LANE_SOCKETS && fd < 0; i++) {
        fd = lane->sockets[i];
    }
    return fd;
}

/* ---- a transfer ---- */

bool ak_lane_start(ak_lane *lane) {
    lane->opened_socket = false;
    lane->out_of_descriptors = false;
    lane->in_multi = curl_multi_add_handle(lane->multi, lane->easy) == CURLM_OK;
    return lane->in_multi;
}

void ak_lane_finish(ak_lane *lane) {
    if (lane->in_multi) {
        ak_signal_guard guard;
        ak_signals_hold(&guard, lane->may_signal);
        curl_multi_remove_handle(lane->multi, lane->easy);
        ak_signals_release(&guard);
        lane->in_multi = false;
    }
}

static bool take_end(ak_lane *lane, CURLcode *result) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(lane->multi, &left));) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return true;
        }
    }
    return false;
}

/* What the poller has, but for a connection that only rests: that is over now. */
static size_t take_ready(ak_lane *lane, ak_poller_event *events, size_t cap, bool *woken) {
    size_t kept = 0;
    size_t n = ak_poller_ready(&lane->poller, events, cap, woken);
    if (*woken) {
        lane->armed = AK_NEVER;
    }
    for (size_t i = 0; i < n; i++) {
        if (events[i].fd == lane->resting) {
            ak_poller_unwatch(&lane->poller, lane->resting);
            lane->resting = -1;
        } else {
            events[kept++] = events[i];
        }
    }
    return kept;
}

void ak_lane_settle(ak_lane *lane) {
    ak_poller_event events[POLLED_EVENTS];
    bool woken = false;
    take_ready(lane, events, POLLED_EVENTS, &woken);
}

static CURLMcode act(ak_lane *lane, const ak_poller_event *events, size_t n) {
    int running = 0;
    CURLMcode code = CURLM_OK;
    ak_signal_guard guard;
    ak_signals_hold(&guard, lane->may_signal);
    if (n == 0) {
        lane->curl_timer = AK_NEVER;
        code = curl_multi_socket_action(lane->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (size_t i = 0; i < n && code == CURLM_OK; i++) {
        int mask = (events[i].readable ? CURL_CSELECT_IN : 0) | (events[i].writable ? CURL_CSELECT_OUT : 0) |
                   (events[i].failed ? CURL_CSELECT_ERR : 0);
        code = curl_multi_socket_action(lane->multi, events[i].fd, mask, &running);
    }
    ak_signals_release(&guard);
    return code;
}

ak_lane_result ak_lane_drive(ak_lane *lane, CURLcode *result) {
    ak_poller_event events[POLLED_EVENTS];
    bool woken = false;
    size_t n = 0;
    /* A timer that is due comes alone: it may change what is watched, and the sockets are looked at in the next turn.
     */
    bool due = lane->curl_timer != AK_NEVER && lane->curl_timer <= ak_now();
    if (!due) {
        n = take_ready(lane, events, POLLED_EVENTS, &woken);
        if (n == 0) {
            return woken ? AK_LANE_PROGRESS : AK_LANE_IDLE;
        }
    }
    CURLMcode code = act(lane, events, n);
    if (code != CURLM_OK) {
        *result = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
        return AK_LANE_ENDED;
    }
    return take_end(lane, result) ? AK_LANE_ENDED : AK_LANE_PROGRESS;
}

void ak_lane_arm(ak_lane *lane, int64_t deadline) {
    int64_t when = deadline < lane->curl_timer ? deadline : lane->curl_timer;
    /* A timer that fires too early is one wake for nothing, of which there is at most one per deadline; setting it
     * costs several system calls' time, in every call. */
    if (when < lane->armed) {
        ak_poller_arm(&lane->poller, when);
        lane->armed = when;
    }
}

void ak_lane_stay_readable(ak_lane *lane) {
    curl_off_t sent = 0;
    curl_easy_getinfo(lane->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    /* A peer that answers without reading can leave a connection that takes no bytes, but not with a small request. */
    if (lane->resting < 0 || (sent > SMALL_REQUEST_BYTES && !ak_poller_wait(lane->poller.fd, 0))) {
        ak_poller_kick(&lane->poller);
    }
}
