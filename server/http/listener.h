/*
 * listener.h: the listening socket, TCP or Unix.
 */
#ifndef AKL_LISTENER_H
#define AKL_LISTENER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Where to listen: exactly one of the three. */
struct listen_options {
    const char *host; /* TCP, without brackets; NULL: not TCP */
    const char *port;
    const char *unix_path; /* NULL: none */
    int fd;                /* a Unix socket that is listening already; -1: none */
    bool has_key;          /* requests need a key, so other machines may connect */
};

struct listener {
    int fd;
    bool passed;   /* with --listen-fd: closed only on exit, so that a cut client can tell that the server has ended */
    char url[256]; /* http://HOST:PORT or unix:///PATH */
    bool any_host; /* bound to a wildcard address, so its host names are unknown */
    char *unix_path;       /* absolute; NULL for TCP */
    struct stat unix_made; /* the socket file when it was created */
    int remover_fd;        /* see start_remover; only when started as root */
    pid_t remover_pid;
};

/* Opens, binds and listens; before privileges are dropped and before any thread. Loopback addresses only, unless a key
 * is set. A Unix socket gets mode 0600; an existing socket file is replaced only if no server accepts connections on
 * it. False with the reason on stderr. */
bool listener_open(struct listener *listener, const struct listen_options *options);

/* Removes the socket file and closes the socket. */
void listener_close(struct listener *listener);

#endif
