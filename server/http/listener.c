#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "complain.h"
#include "descriptor.h"
#include "kernel.h"

#define BACKLOG 512

static bool fail(const char *where, const char *why) {
    return complain("cannot listen on %s: %s", where, why);
}

/* --- TCP --- */

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static bool is_wildcard(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

/* Writes the URL with the port that the kernel assigned. */
static bool set_url(struct listener *listener) {
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[128];
    char port[16];
    if (getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return false;
    }
    const char *format = address.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s";
    snprintf(listener->url, sizeof listener->url, format, host, port);
    return true;
}

static bool open_tcp(struct listener *listener, const struct listen_options *options) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *info = NULL;
    int rc = getaddrinfo(options->host, options->port, &hints, &info);
    if (rc != 0) {
        return fail(options->host, gai_strerror(rc));
    }
    bool ok = false;
    int one = 1;
    if (!is_loopback(info->ai_addr) && !options->has_key) {
        fail(options->host,
             "other machines could run commands here. Set an API key (AGENTKERNEL_API_KEY or --api-key-file), "
             "or listen on 127.0.0.1");
    } else if ((listener->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0 ||
               setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
               (info->ai_family == AF_INET6 &&
                setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) ||
               bind(listener->fd, info->ai_addr, info->ai_addrlen) != 0 || listen(listener->fd, BACKLOG) != 0 ||
               !set_url(listener)) {
        char where[256];
        snprintf(where, sizeof where, "%s port %s", options->host, options->port);
        fail(where, strerror(errno));
    } else {
        listener->any_host = is_wildcard(info->ai_addr);
        ok = true;
    }
    freeaddrinfo(info);
    return ok;
}

/* --- Unix socket --- */

/* Removes a stale socket of an earlier server. False, after reporting the reason, if path must not be
 * touched. */
static bool clear_stale(const struct sockaddr_un *address) {
    const char *path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT || fail(path, strerror(errno));
    }
    if (!S_ISSOCK(status.st_mode)) {
        return fail(path, "there is a file of that name, and it is no socket");
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return fail(path, strerror(errno));
    }
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
    int error = rc == 0 ? 0 : errno;
    close(fd);
    /* The remover of a server that was just killed may unlink the socket as well. */
    if (error != ECONNREFUSED && error != ENOENT) {
        return fail(path, error == 0 || error == EAGAIN ? "another server is listening there" : strerror(error));
    }
    return unlink(path) == 0 || errno == ENOENT || fail(path, strerror(errno));
}

static bool is_socket(const char *path, const struct stat *made) {
    struct stat status;
    return lstat(path, &status) == 0 && status.st_ino == made->st_ino && status.st_dev == made->st_dev;
}

/* Unlinks path if it is still our socket. Another server may replace it between the check and the unlink, so it is
 * renamed first, and renamed back if it is not ours. */
static void remove_socket(const char *path, const struct stat *made) {
    char aside[PATH_MAX];
    int len = snprintf(aside, sizeof aside, "%s.%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof aside || !is_socket(path, made) || rename(path, aside) != 0) {
        return;
    }
    if (!is_socket(aside, made)) {
        (void)link(aside, path);
    }
    unlink(aside);
}

/* After root has become an unprivileged user, it may no longer be allowed to remove the socket from its folder. So a
 * process that stays root waits for the end of the pipe and removes it, even when the server was killed. It holds the
 * socket open, so that the next server's socket cannot get the same inode number. */
static bool start_remover(struct listener *listener) {
    int ends[2] = {-1, -1};
    int socket = open(listener->unix_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    pid_t pid = socket >= 0 && pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        dup2(ends[0], STDIN_FILENO);
        dup2(socket, STDOUT_FILENO);
        kernel_close_from(STDERR_FILENO);
        char byte;
        while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
        }
        remove_socket(listener->unix_path, &listener->unix_made);
        _exit(0);
    }
    close_if_open(socket);
    close_if_open(ends[0]);
    if (pid < 0) {
        close_if_open(ends[1]);
        return false;
    }
    listener->remover_fd = ends[1];
    listener->remover_pid = pid;
    return true;
}

static bool open_unix(struct listener *listener, const struct listen_options *options) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *cwd = options->unix_path[0] == '/' ? strdup("") : getcwd(NULL, 0);
    if (!cwd || asprintf(&listener->unix_path, "%s%s%s", cwd, cwd[0] == '\0' ? "" : "/", options->unix_path) < 0) {
        free(cwd);
        listener->unix_path = NULL;
        return fail(options->unix_path, strerror(errno));
    }
    free(cwd);
    if (strlen(listener->unix_path) >= sizeof address.sun_path) {
        return fail(listener->unix_path, "the path is too long for a Unix socket (max 107 bytes)");
    }
    memcpy(address.sun_path, listener->unix_path, strlen(listener->unix_path) + 1);
    if (!clear_stale(&address)) {
        return false;
    }
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177); /* the socket is never accessible to others, not even briefly */
    bool bound = listener->fd >= 0 && bind(listener->fd, (struct sockaddr *)&address, sizeof address) == 0;
    int error = errno;
    umask(mask);
    if (!bound) {
        return fail(listener->unix_path, strerror(error));
    }
    if (lstat(listener->unix_path, &listener->unix_made) != 0 || listen(listener->fd, BACKLOG) != 0 ||
        (geteuid() == 0 && !start_remover(listener))) {
        fail(listener->unix_path, strerror(errno));
        unlink(listener->unix_path);
        return false;
    }
    snprintf(listener->url, sizeof listener->url, "unix://%s", listener->unix_path);
    return true;
}

/* --- A listening socket that was passed --- */

static bool adopt(struct listener *listener, int fd) {
    struct sockaddr_un address = {0};
    socklen_t len = sizeof address - 1; /* a path of maximum length has no NUL */
    int listens = 0;
    socklen_t listens_len = sizeof listens;
    /* Unix only: for TCP the loopback rule would have to be checked again. */
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 || address.sun_family != AF_UNIX ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) != 0 || listens == 0) {
        return fail("--listen-fd", "no Unix socket that listens");
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return fail("--listen-fd", strerror(errno));
    }
    listener->fd = fd;
    listener->passed = true;
    snprintf(listener->url, sizeof listener->url, "unix://%s", address.sun_path);
    return true;
}

static bool open_any(struct listener *listener, const struct listen_options *options) {
    if (options->fd >= 0) {
        return adopt(listener, options->fd);
    }
    return options->unix_path ? open_unix(listener, options) : open_tcp(listener, options);
}

bool listener_open(struct listener *listener, const struct listen_options *options) {
    *listener = (struct listener){.fd = -1, .remover_fd = -1};
    if (!open_any(listener, options)) {
        free(listener->unix_path);
        listener->unix_path = NULL; /* not created here: not removed here */
        listener_close(listener);
        return false;
    }
    return true;
}

void listener_close(struct listener *listener) {
    if (listener->remover_pid > 0) {
        close(listener->remover_fd);
        while (waitpid(listener->remover_pid, NULL, 0) < 0 && errno == EINTR) {
        }
    } else if (listener->unix_path) {
        remove_socket(listener->unix_path, &listener->unix_made);
    }
    if (listener->fd >= 0 && !listener->passed) {
        close(listener->fd);
    }
    free(listener->unix_path);
    *listener = (struct listener){.fd = -1, .remover_fd = -1};
}
