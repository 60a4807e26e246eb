/*
 * resources.h: resources shared by all sandboxes, opened once when the spawner starts.
 */
#ifndef AKL_RESOURCES_H
#define AKL_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "bwrap_program.h"
#include "cgroup.h"
#include "etc.h"

/* All descriptors are O_CLOEXEC. */
struct resources {
    struct bwrap_program bwrap; /* not closed here */
    pid_t spawner_pid;
    int null_fd;
    int launcher_fd;
    int filter_fds[2];      /* by enum seccomp_unix */
    int etc_fds[ETC_FILES]; /* -1: the host's, opened each time */
    bool scopes;            /* Landlock can deny abstract unix sockets */
    bool counts_tasks;      /* RLIMIT_NPROC counts each sandbox separately */
    struct cgroup cgroup;   /* not closed here */
};

/* False with the reason in why. */
bool resources_open(struct resources *resources, const struct bwrap_program *bwrap, const struct cgroup *cgroup,
                    char *why, size_t why_cap);
void resources_close(struct resources *resources);

#endif
