/* fault_io.c: reads, writes and waits of one connection. Everything that can block ends when the server stops. */
#include "fault_internal.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the ends of a connection wait for the client to take what was sent, or to close. */
#define LINGER_MS 1000

static int poll_timeout(int64_t deadline) {
    if (deadline == FAULT_NO_DEADLINE) {
        return -1;
    }
    int64_t left = deadline - fault_now_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

fault_io fault_io_poll(fault_conn *conn, short events, int extra_fd, int64_t deadline, bool until_end) {
    for (;;) {
        if (until_end && conn->end_seen) {
            return IO_END;
        }
        /* Once noted, the client's end must not be asked for again: it stays readable, and the loop would spin. */
        struct pollfd fds[3] = {
            {.fd = conn->server->stop_fd, .events = POLLIN},
            {.fd = conn->fd, .events = (short)(events | (conn->end_seen ? 0 : POLLRDHUP))},
            {.fd = extra_fd, .events = POLLIN},
        };
        int ready = poll(fds, 3, poll_timeout(deadline));
        if (ready < 0 && errno != EINTR) {
            fault_log_error(conn, strerror(errno));
            return IO_GONE;
        }
        if (ready < 0) {
            continue;
        }
        if (fds[0].revents) {
            return IO_STOPPED;
        }
        short seen = fds[1].revents;
        if (seen & (POLLRDHUP | POLLHUP | POLLERR)) {
            fault_log_client_end(conn, seen & POLLERR ? FAULT_CLIENT_RESET : FAULT_CLIENT_FIN);
        }
        if (events && (seen & (events | POLLHUP | POLLERR))) {
            return IO_OK;
        }
        if (!events && (seen & (POLLHUP | POLLERR))) {
            return IO_GONE;
        }
        if (fds[2].revents) {
            return IO_EXTRA;
        }
        if (ready == 0 && fault_now_ms() >= deadline) {
            return IO_TIMEOUT;
        }
    }
}

/* One read; IO_TIMEOUT stands for "wait for *events and come again". */
static fault_io read_once(fault_conn *conn, unsigned char *into, size_t cap, size_t *got, short *events) {
    char why[sizeof conn->log->error] = "";
    ptrdiff_t n;
    *events = POLLIN;
    if (conn->tls) {
        n = fault_tls_read(conn->tls, into, cap, events, why, sizeof why);
    } else {
        n = recv(conn->fd, into, cap, MSG_DONTWAIT);
    }
    if (n > 0) {
        *got = (size_t)n;
        fault_log_received(conn, *got);
        return IO_OK;
    }
    if (n == 0) {
        fault_log_client_end(conn, FAULT_CLIENT_FIN);
        return IO_END;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return IO_TIMEOUT;
    }
    if (errno == ECONNRESET) {
        fault_log_client_end(conn, FAULT_CLIENT_RESET);
    }
    fault_log_error(conn, why[0] ? why : strerror(errno));
    return IO_GONE;
}

fault_io fault_io_fill(fault_conn *conn) {
    if (conn->in_pos < conn->in_len) {
        return IO_OK;
    }
    for (;;) {
        short events;
        size_t got = 0;
        if (atomic_load(&conn->server->stopping)) {
            return IO_STOPPED;
        }
        fault_io result = read_once(conn, conn->in, FAULT_IN_CAP, &got, &events);
        if (result == IO_OK) {
            conn->in_pos = 0;
            conn->in_len = got;
        }
        if (result != IO_TIMEOUT) {
            return result;
        }
        result = fault_io_poll(conn, events, -1, FAULT_NO_DEADLINE, false);
        if (result != IO_OK) {
            return result;
        }
    }
}

fault_io fault_io_send(fault_conn *conn, const unsigned char *bytes, size_t len) {
    while (len > 0) {
        char why[sizeof conn->log->error] = "";
        short events = POLLOUT;
        if (atomic_load(&conn->server->stopping)) {
            return IO_STOPPED;
        }
        ptrdiff_t n = conn->tls ? fault_tls_write(conn->tls, bytes, len, &events, why, sizeof why)
                                : send(conn->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            fault_log_sent(conn, (size_t)n);
            bytes += n;
            len -= (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            if (errno == ECONNRESET || errno == EPIPE) {
                fault_log_client_end(conn, FAULT_CLIENT_RESET);
            }
            fault_log_error(conn, why[0] ? why : strerror(errno));
            return IO_GONE;
        }
        fault_io result = fault_io_poll(conn, events, -1, FAULT_NO_DEADLINE, false);
        if (result != IO_OK) {
            return result;
        }
    }
    return IO_OK;
}

fault_io fault_io_sleep(fault_conn *conn, uint64_t ms) {
    int64_t limit = INT64_MAX / 2;
    int64_t wanted = ms > (uint64_t)limit ? limit : (int64_t)ms;
    fault_io result = fault_io_poll(conn, 0, -1, fault_now_ms() + wanted, false);
    return result == IO_TIMEOUT ? IO_OK : result;
}

fault_io fault_io_handshake(fault_conn *conn) {
    if (conn->tls || !conn->server->tls) {
        return IO_OK;
    }
    conn->tls = fault_tls_open(conn->server->tls, conn->fd);
    if (!conn->tls) {
        fault_log_error(conn, "no memory for the TLS session");
        return IO_GONE;
    }
    for (;;) {
        char why[sizeof conn->log->error] = "";
        short events = POLLIN;
        if (fault_tls_handshake(conn->tls, &events, why, sizeof why) >= 0) {
            fault_log_handshaken(conn);
            return IO_OK;
        }
        if (errno != EAGAIN) {
            fault_log_error(conn, why);
            return IO_GONE;
        }
        fault_io result = fault_io_poll(conn, events, -1, FAULT_NO_DEADLINE, false);
        if (result != IO_OK) {
            return result;
        }
    }
}

static void release_descriptor(fault_conn *conn) {
    fault_tls_close(conn->tls);
    conn->tls = NULL;
    close(conn->fd);
    conn->fd = -1;
    fault_log_ended(conn);
}

/* Throws away what the client still sends until it closes: close(2) with unread bytes would send a reset. */
static void drain(fault_conn *conn) {
    int64_t deadline = fault_now_ms() + LINGER_MS;
    while (fault_now_ms() < deadline) {
        ptrdiff_t n = recv(conn->fd, conn->in, FAULT_IN_CAP, MSG_DONTWAIT);
        if (n == 0) {
            fault_log_client_end(conn, FAULT_CLIENT_FIN);
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
            (n < 0 && fault_io_poll(conn, POLLIN, -1, deadline, false) != IO_OK)) {
            return;
        }
    }
}

void fault_io_close(fault_conn *conn, bool close_notify) {
    if (conn->fd < 0) {
        return;
    }
    if (conn->tls && close_notify) {
        fault_tls_notify(conn->tls);
    }
    /* Not left to close(2): a child that the test forked may hold a copy of the descriptor. */
    if (shutdown(conn->fd, SHUT_WR) == 0) {
        drain(conn);
    }
    release_descriptor(conn);
}

void fault_io_reset(fault_conn *conn) {
    int64_t deadline = fault_now_ms() + LINGER_MS;
    int unsent = 0;
    while (ioctl(conn->fd, SIOCOUTQNSD, &unsent) == 0 && unsent > 0 && fault_now_ms() < deadline &&
           fault_io_sleep(conn, 1) == IO_OK) {
    }
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    release_descriptor(conn);
}
