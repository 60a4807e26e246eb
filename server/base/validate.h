/*
 * validate.h: the rules of value_rules.h, and some of the server's own. Each function returns NULL if the value is
 * valid, else the message for a 400; some messages are formatted in the caller's buffer.
 */
#ifndef AKL_VALIDATE_H
#define AKL_VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

#define VALIDATE_MESSAGE 320

/* 1-63 of A-Z a-z 0-9 - _; first and last a letter or digit; no two adjacent - or _. */
const char *validate_sandbox_name(const char *name, char message[VALIDATE_MESSAGE]);

/* Whether text is a UUID in the canonical form, in upper or lower case. */
bool validate_uuid(const char *text);

/* 1-256 of A-Z a-z 0-9 . _ / : @ - */
const char *validate_image(const char *image, char message[VALIDATE_MESSAGE]);

/* 1-1024 bytes, absolute, no CR, LF or NUL, no ".." component. */
const char *validate_workdir(const char *workdir);

/* KEY=VALUE entries, each with a key. */
const char *validate_env(const char *const *env, char message[VALIDATE_MESSAGE]);

/* https://, ssh:// or git@host:path, at most 2048 bytes, no characters that are special to a shell or git. */
bool validate_git_url(const char *url);

/* 1-255 of A-Z a-z 0-9 / _ . - that git accepts as the name of a branch, tag or commit. */
bool validate_git_ref(const char *ref);

/* A time to live in seconds; see ak_ttl_parse. */
const char *validate_ttl(const char *text, uint64_t *seconds, char message[VALIDATE_MESSAGE]);

enum backend_check { BACKEND_OURS, BACKEND_KNOWN, BACKEND_UNKNOWN };

/* Whether a backend is this server's own (or automatic), one of the full server's, or unknown. */
enum backend_check validate_backend(const char *backend);

/* The full server's backends, for error texts. */
#define VALIDATE_BACKENDS                                                                                              \
    "bubblewrap, docker, podman, firecracker, apple, hyperlight, cloudhypervisor, kubernetes, nomad, daytona, "        \
    "runloop, "                                                                                                        \
    "e2b, modal, agentcomputer"

#endif
