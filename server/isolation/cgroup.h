/*
 * cgroup.h: one cgroup v2 leaf per command, where a delegated subtree has the memory controller.
 *
 * A service manager delegates one (systemd: Delegate=yes, with User= or as a user's own service or scope). Everywhere
 * else the watchdog is used. cgroup v1 is never used: it needs root.
 */
#ifndef AKL_CGROUP_H
#define AKL_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "launch.h"

struct cgroup {
    int root_fd; /* -1: no cgroup */
    bool has_cpu;
    bool has_pids;
    unsigned next;
};

#define CGROUP_NAME_CAP 48

/* Opens the subtree: root, as in struct spawner_options. For the server's own cgroup the calling process, the only one
 * in it, moves to a leaf of its own, because a cgroup with processes cannot have limited children. Called before any
 * fork. On failure root_fd stays -1. */
void cgroup_open(struct cgroup *cgroup, const char *root);
void cgroup_close(struct cgroup *cgroup);

/* Creates a leaf with these limits and returns a descriptor to which a process writes "0" to enter it; -1 with
 * errno. */
int cgroup_make_leaf(struct cgroup *cgroup, const struct limits *limits, char name[CGROUP_NAME_CAP]);

/* Whether the OOM killer has killed a process of this leaf. */
bool cgroup_ran_out_of_memory(const struct cgroup *cgroup, const char *name);

/* Removes a leaf whose processes have ended. */
void cgroup_remove_leaf(const struct cgroup *cgroup, const char *name);

#endif
