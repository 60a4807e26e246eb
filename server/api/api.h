/*
 * api.h: the context of the handlers, what they share, and the table of operations.
 */
#ifndef AKL_API_H
#define AKL_API_H

#include "detached.h"
#include "executor.h"
#include "router.h"
#include "state.h"

struct api {
    struct state state;
    struct executor executor;
    struct detached_threads detached;
    bool has_key;       /* requests need a key */
    int64_t started_ms; /* on the monotonic clock */
};

extern const struct routes api_routes;

/* The default image. Only a name, unless --image maps it. */
#define SANDBOX_DEFAULT_IMAGE "alpine:3.24"

/* More than any machine has, and small enough that the number of bytes does not overflow. */
#define SANDBOX_MEMORY_MB_MAX ((uint64_t)1 << 40)
#define SANDBOX_VCPUS_MAX 10000

/* Writes a sandbox as SandboxInfo. */
void sandbox_write_info(struct writer *writer, struct sandbox *sandbox);

/* A reference to the sandbox named in the path; NULL if the reply is an error (400, 404). */
struct sandbox *sandbox_find(struct api *api, const struct request *request, struct reply *reply);

/* Whether commands can be run now, and the reason or a warning: status.c. */
bool status_sandbox_usable(const struct api *api, const char **why);

/* Checks the name in the path. False if the reply is an error. */
bool sandbox_check_name(const struct request *request, struct reply *reply);

#endif
