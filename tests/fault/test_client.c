/* test_client.c: the bare client of the fault server's tests. */
#include "test_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

fault_script *client_script(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    return script;
}

fault_server *client_server(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static socklen_t address_of(const fault_server *server, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    if (fault_unix_path(server)) {
        struct sockaddr_un *local = (struct sockaddr_un *)address;
        local->sun_family = AF_UNIX;
        size_t len = strlen(fault_unix_path(server));
        assert_true(len < sizeof local->sun_path);
        memcpy(local->sun_path, fault_unix_path(server), len + 1);
        return sizeof *local;
    }
    if (strchr(fault_url(server), '[')) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
        v6->sin6_family = AF_INET6;
        v6->sin6_addr = in6addr_loopback;
        v6->sin6_port = htons((in_port_t)fault_port(server));
        return sizeof *v6;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4->sin_port = htons((in_port_t)fault_port(server));
    return sizeof *v4;
}

int client_try_connect(const fault_server *server, int ms, int *fd) {
    struct sockaddr_storage address;
    socklen_t len = address_of(server, &address);
    *fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    if (connect(*fd, (struct sockaddr *)&address, len) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    struct pollfd made = {.fd = *fd, .events = POLLOUT};
    if (poll(&made, 1, ms) == 0) {
        return -1;
    }
    int problem = 0;
    socklen_t size = sizeof problem;
    assert_int_equal(getsockopt(*fd, SOL_SOCKET, SO_ERROR, &problem, &size), 0);
    return problem;
}

int client_connect(const fault_server *server) {
    int fd;
    assert_int_equal(client_try_connect(server, CLIENT_WAIT_MS, &fd), 0);
    return fd;
}

bool client_wait(int fd, short events, int ms) {
    struct pollfd one = {.fd = fd, .events = events};
    return poll(&one, 1, ms) == 1;
}

void client_send(int fd, const void *bytes, size_t len) {
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            assert_true(client_wait(fd, POLLOUT, CLIENT_WAIT_MS));
            continue;
        }
        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

void client_text(int fd, const char *text) {
    client_send(fd, text, strlen(text));
}

size_t client_send_until_full(int fd, size_t most, int ms) {
    static const char ZEROS[65536];
    size_t sent = 0;
    while (sent < most) {
        size_t len = most - sent < sizeof ZEROS ? most - sent : sizeof ZEROS;
        ssize_t n = send(fd, ZEROS, len, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
        } else if (errno != EAGAIN || !client_wait(fd, POLLOUT, ms)) {
            break;
        }
    }
    return sent;
}

int client_read_all(int fd, char *into, size_t cap, size_t *len) {
    *len = 0;
    while (*len < cap) {
        ssize_t n = recv(fd, into + *len, cap - *len, 0);
        if (n < 0 && errno == EAGAIN) {
            assert_true(client_wait(fd, POLLIN, CLIENT_WAIT_MS));
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : 0;
        }
        *len += (size_t)n;
    }
    fail_msg("more bytes than expected");
    return -1;
}

int client_expect_all(int fd, const char *text) {
    size_t cap = strlen(text) + 4096;
    char *got = calloc(1, cap + 1);
    size_t len;
    assert_non_null(got);
    int end = client_read_all(fd, got, cap, &len);
    assert_string_equal(got, text);
    assert_int_equal(len, strlen(text));
    free(got);
    return end;
}

void client_expect(int fd, const char *text) {
    size_t len = strlen(text);
    char *got = calloc(1, len + 1);
    assert_non_null(got);
    for (size_t at = 0; at < len;) {
        ssize_t n = recv(fd, got + at, len - at, 0);
        if (n < 0 && errno == EAGAIN) {
            assert_true(client_wait(fd, POLLIN, CLIENT_WAIT_MS));
            continue;
        }
        assert_true(n > 0);
        at += (size_t)n;
    }
    assert_string_equal(got, text);
    free(got);
}

void client_expect_silence(int fd, int ms) {
    assert_false(client_wait(fd, POLLIN, ms));
}
