/*
 * child.h: one sandbox as the spawner sees it: the bwrap that it started, and what is known of the end.
 */
#ifndef AKL_CHILD_H
#define AKL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"
#include "launch_plan.h"
#include "resources.h"
#include "run_result.h"
#include "watchdog.h"

struct child {
    struct child *next;
    pid_t outer; /* bwrap itself, our child; 0 once reaped */
    pid_t inner; /* first process of the sandbox, bwrap's child; 0: not known yet, or gone */
    int outer_status;
    int control_fd;           /* to the server's thread; owned by whoever made the child */
    int report_fd;            /* from the launcher */
    int complaint_fd;         /* what bwrap writes to its stderr */
    bool greeted;             /* the launcher ran */
    bool killed;              /* by child_kill */
    bool ended;               /* outer and inner are gone */
    struct launch_report end; /* kind 0: none came */
    struct limits limits;
    struct watchdog watchdog;
    enum watchdog_finding excess; /* what it was killed for */
    char leaf[CGROUP_NAME_CAP];   /* its cgroup; empty: none */
};

/* Starts bwrap, in a child whose fields are all zero, for a shape and the descriptors that came with it, which stay the
 * caller's. False with the reason in why. */
bool child_start(struct child *child, struct resources *resources, const struct launch_shape *shape,
                 const int sent[LAUNCH_SENT_MAX], char *why, size_t why_cap);

/* Reads what the launcher has reported so far. */
void child_read_reports(struct child *child);

/* Kills the sandbox: bwrap at once, what is in it when child_reaped is told of bwrap's end. Any number of times. */
void child_kill(struct child *child);

/* Has the sandbox's first process send SIGTERM to the command; kills the sandbox when that does not run yet. */
void child_terminate(struct child *child);

/* Tells that waitpid returned pid, which is the child's outer or inner one. Sets ended, when both are gone. others is
 * the list of all children, this one included: what is nobody's is this one's, when its own first process never said
 * hello. */
void child_reaped(struct child *child, pid_t pid, int status, const struct child *others);

/* What a result's message begins with when bubblewrap failed; its complaint follows. */
#define CHILD_NOT_BUILT "the sandbox could not be built: "

/* How it ended, once it did. */
void child_result(struct child *child, struct run_result *result);

/* Closes the descriptors that child_start opened, and removes the cgroup. */
void child_close(struct child *child, const struct resources *resources);

#endif
