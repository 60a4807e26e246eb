/*
 * instance.h: one start of bubblewrap: its processes, and how they ended.
 */
#ifndef AKL_INSTANCE_H
#define AKL_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cgroup.h"
#include "launch_plan.h"
#include "resources.h"
#include "run_result.h"
#include "watchdog.h"

struct instance {
    struct instance *next;
    pid_t outer; /* bwrap itself, a child of the spawner; 0 once reaped */
    pid_t inner; /* first process of the sandbox, a child of bwrap; 0: not known yet, or gone */
    int outer_status;
    int control_fd;           /* connected to the server's thread; owned by the spawner */
    int report_fd;            /* from the launcher */
    int complaint_fd;         /* what bwrap writes to its stderr */
    bool greeted;             /* the launcher has started */
    bool killed;              /* by instance_kill */
    bool ended;               /* outer and inner are gone */
    struct launch_report end; /* kind 0: not received */
    struct limits limits;
    struct watchdog watchdog;
    enum watchdog_finding excess; /* why it was killed */
    char leaf[CGROUP_NAME_CAP];   /* its cgroup; empty: none */
};

/* Starts bwrap, in a zeroed instance, for a shape and the descriptors received with it, which stay the caller's. False
 * with the reason in why. */
bool instance_start(struct instance *instance, struct resources *resources, const struct launch_shape *shape,
                    const int sent[LAUNCH_SENT_MAX], char *why, size_t why_cap);

/* Reads the pending reports of the launcher. */
void instance_read_reports(struct instance *instance);

/* Kills the sandbox: bwrap at once, its content when instance_reaped is called for bwrap. May be called repeatedly. */
void instance_kill(struct instance *instance);

/* Makes the sandbox's first process send SIGTERM to the command; kills the sandbox if the command does not run yet. */
void instance_terminate(struct instance *instance);

/* Call when waitpid has returned pid, the instance's outer or inner one. Sets ended when both have been reaped. others
 * is the list of all instances, including this one: a child that belongs to none of them belongs to this one, if its
 * first process never reported. */
void instance_reaped(struct instance *instance, pid_t pid, int status, const struct instance *others);

/* The prefix of a result's message when bubblewrap failed; bubblewrap's last line follows. */
#define INSTANCE_NOT_BUILT "the sandbox could not be built: "

/* The result, once ended is set. */
void instance_result(struct instance *instance, struct run_result *result);

/* Closes the descriptors that instance_start opened, and removes the cgroup. */
void instance_close(struct instance *instance, const struct resources *resources);

#endif
