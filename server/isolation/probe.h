/*
 * probe.h: finds bubblewrap and tries it once, at start: without it commands are refused, never run unsandboxed.
 */
#ifndef AKL_PROBE_H
#define AKL_PROBE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROBE_TEXT_CAP 512

struct probe_result {
    bool usable;
    int fd;                       /* of the bwrap that was tried; see bwrap_program.h */
    char path[PATH_MAX];          /* its path; empty if there is none */
    char version[32];             /* "0.8.0"; empty when unknown */
    char message[PROBE_TEXT_CAP]; /* not usable: one line with the cause and the fix */
    char warning[PROBE_TEXT_CAP]; /* usable with a limitation: one line; else empty */
};

/* Opens the bwrap in the server's own folder, where packages may put one. It and the folder must belong to root or to
 * starter, the user that the server was started by, and must not be writable by others; else, the message says so.
 * Called before privileges are dropped: only root may enter /root. Without one, fd is -1. The caller closes it. */
void probe_open_beside(uid_t starter, struct probe_result *beside);

/* Looks for bwrap in folders (NULL-terminated; NULL: a fixed list of system folders, never PATH), and as the last
 * resort takes the one of probe_open_beside (NULL: none), whose descriptor stays the caller's. Refuses one that is
 * setuid or has file capabilities, and builds one complete sandbox with it. Takes at most about a minute, usually some
 * tens of milliseconds. Called after privileges were dropped, before any thread exists. Returns result->usable. */
bool probe_bubblewrap(const char *const *folders, struct probe_result *beside, struct probe_result *result);

/* The host's settings for user namespaces; -1: no such setting. */
struct probe_host {
    long apparmor_restricts; /* kernel.apparmor_restrict_unprivileged_userns */
    long userns_clone;       /* kernel.unprivileged_userns_clone */
    long max_namespaces;     /* user.max_user_namespaces */
    bool container;          /* inside docker, podman or the like */
};

/* The cause of bwrap's error message and its fix, as one line. Pure. */
void probe_classify(const char *complaint, const struct probe_host *host, char *message, size_t cap);

#endif
