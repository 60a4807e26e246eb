/* fault_listen.c: the listening socket in its three kinds: one that accepts, one that is full, one that refuses. */
#include "fault_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A connection that is not made within this time over loopback found the queue full. */
#define FULL_MS 200

static bool fail(char *error, size_t error_cap, const char *what) {
    snprintf(error, error_cap, "%s: %s", what, strerror(errno));
    return false;
}

/* The address to bind. False, with a reason, when it is none of loopback. */
static bool resolve(const fault_script *script, struct sockaddr_storage *address, socklen_t *len, char *error,
                    size_t error_cap) {
    const char *host = script->host ? script->host : "127.0.0.1";
    memset(address, 0, sizeof *address);
    if (script->unix_path) {
        struct sockaddr_un *local = (struct sockaddr_un *)address;
        size_t path_len = strlen(script->unix_path);
        if (path_len == 0 || path_len >= sizeof local->sun_path) {
            snprintf(error, error_cap, "the path of the socket is empty or too long");
            return false;
        }
        local->sun_family = AF_UNIX;
        memcpy(local->sun_path, script->unix_path, path_len + 1);
        *len = sizeof *local;
        return true;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 && ntohl(v4->sin_addr.s_addr) >> 24 == 127) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((in_port_t)script->port);
        *len = sizeof *v4;
        return true;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((in_port_t)script->port);
        *len = sizeof *v6;
        return true;
    }
    snprintf(error, error_cap, "%s is no loopback address", host);
    return false;
}

/* IPv4 and IPv6 addresses have their port at the same place. */
static unsigned local_port(int fd) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    bool known = getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    return known ? ntohs(((const struct sockaddr_in *)&address)->sin_port) : 0;
}

/* Connects until the queue takes no more. */
static bool fill_queue(fault_server *server, char *error, size_t error_cap) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(server->listen_fd, (struct sockaddr *)&address, &len) != 0) {
        return fail(error, error_cap, "getsockname");
    }
    while (server->filler_count < FAULT_MAX_FILLERS) {
        int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            return fail(error, error_cap, "socket");
        }
        int result = connect(fd, (struct sockaddr *)&address, len);
        int problem = result == 0 ? 0 : errno;
        server->fillers[server->filler_count++] = fd;
        struct pollfd made = {.fd = fd, .events = POLLOUT};
        if (problem == EAGAIN || (problem == EINPROGRESS && poll(&made, 1, FULL_MS) == 0)) {
            return true;
        }
        if (problem != 0 && problem != EINPROGRESS) {
            errno = problem;
            return fail(error, error_cap, "connect");
        }
    }
    snprintf(error, error_cap, "the queue of connections cannot be filled here");
    return false;
}

static void close_fillers(fault_server *server) {
    for (size_t i = 0; i < server->filler_count; i++) {
        if (server->fillers[i] >= 0) {
            close(server->fillers[i]);
            server->fillers[i] = -1;
        }
    }
}

void fault_listen_open(fault_server *server) {
    close_fillers(server);
    /* The queue is first in, first out, and all but the last of ours are in it: that one found it full. */
    for (size_t i = 0; i + 1 < server->filler_count; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
        }
    }
    listen(server->listen_fd, SOMAXCONN);
    server->open_at = FAULT_NO_DEADLINE;
}

static void describe(fault_server *server) {
    const fault_script *script = server->script;
    const char *scheme = script->tls ? "https" : "http";
    if (script->unix_path) {
        snprintf(server->url, sizeof server->url, "%s://localhost", scheme);
        return;
    }
    const char *host = script->host ? script->host : "127.0.0.1";
    bool v6 = strchr(host, ':') != NULL;
    server->port = local_port(server->listen_fd);
    snprintf(server->url, sizeof server->url, "%s://%s%s%s:%u", scheme, v6 ? "[" : "", host, v6 ? "]" : "",
             server->port);
}

/* Buffers set on the listening socket pass to its connections, before TCP's window is agreed. */
static void size_buffers(const fault_server *server) {
    int send_bytes = (int)server->script->send_buffer;
    int receive_bytes = (int)server->script->receive_buffer;
    if (send_bytes > 0) {
        setsockopt(server->listen_fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    }
    if (receive_bytes > 0) {
        setsockopt(server->listen_fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
}

bool fault_listen(fault_server *server, char *error, size_t error_cap) {
    struct sockaddr_storage address;
    socklen_t len;
    int on = 1;
    if (!resolve(server->script, &address, &len, error, error_cap)) {
        return false;
    }
    server->listen_fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->listen_fd < 0) {
        return fail(error, error_cap, "socket");
    }
    setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    size_buffers(server);
    if (bind(server->listen_fd, (struct sockaddr *)&address, len) != 0) {
        return fail(error, error_cap, "bind");
    }
    server->unlink_path = address.ss_family == AF_UNIX;
    fault_listen_mode mode = server->script->mode;
    if (mode != LISTEN_REFUSE && listen(server->listen_fd, mode == LISTEN_FULL ? 0 : SOMAXCONN) != 0) {
        return fail(error, error_cap, "listen");
    }
    describe(server);
    server->open_at = FAULT_NO_DEADLINE;
    if (mode == LISTEN_FULL && server->script->open_after_ms >= 0) {
        server->open_at = fault_now_ms() + server->script->open_after_ms;
    }
    return mode != LISTEN_FULL || fill_queue(server, error, error_cap);
}

void fault_listen_close(fault_server *server) {
    close_fillers(server);
    if (server->listen_fd >= 0) {
        close(server->listen_fd);
    }
    if (server->unlink_path) {
        unlink(server->script->unix_path);
    }
}
