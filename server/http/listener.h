/*
 * listener.h: the listening socket, TCP or Unix.
 */
#ifndef AKL_LISTENER_H
#define AKL_LISTENER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Where to listen: one of the three. */
struct listen_options {
    const char *host; /* TCP, without brackets; NULL: not so */
    const char *port;
    const char *unix_path; /* NULL: not so */
    int fd;                /* a Unix socket that listens already; -1: not so */
    bool has_key;          /* requests need a key: other machines may send some */
};

struct listener {
    int fd;
    bool passed; /* with --listen-fd: closed by the process's end only, so that who is cut off can see that we ended */
    char url[256];         /* http://HOST:PORT or unix:///PATH */
    bool any_host;         /* bound to a wildcard address, so the names it is reached by cannot be known */
    char *unix_path;       /* absolute; NULL for TCP */
    struct stat unix_made; /* the socket file as we made it */
    int remover_fd;        /* see start_remover; only when started as root */
    pid_t remover_pid;
};

/* Opens, binds and listens; before privileges are dropped and before any thread. Loopback addresses only, unless a key
 * is set. A Unix socket gets mode 0600; a socket file that is there already is replaced only when nobody answers on it.
 * False with the reason on stderr. */
bool listener_open(struct listener *listener, const struct listen_options *options);

/* Removes the socket file and closes the socket. */
void listener_close(struct listener *listener);

#endif
