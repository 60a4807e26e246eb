/*
 * probe_classify.c: turns bubblewrap's error messages into advice.
 */
#include <stdio.h>
#include <string.h>

#include "probe.h"

enum trouble { TROUBLE_OTHER, TROUBLE_NAMESPACE, TROUBLE_EXHAUSTED, TROUBLE_PROC, TROUBLE_ROOT, TROUBLE_PROGRAM };

/* In this order: the first that occurs in the message is used. */
static const struct {
    const char *words;
    enum trouble trouble;
} signs[] = {
    {"namespaces exceeded", TROUBLE_EXHAUSTED},
    {"No space left on device", TROUBLE_EXHAUSTED},
    {"new namespace", TROUBLE_NAMESPACE},
    {"uid map", TROUBLE_NAMESPACE},
    {"gid map", TROUBLE_NAMESPACE},
    {"RTM_NEWADDR", TROUBLE_NAMESPACE},
    {"RTM_NEWLINK", TROUBLE_NAMESPACE},
    {"/ slave", TROUBLE_NAMESPACE},
    {"unshare user ns", TROUBLE_NAMESPACE},
    {"mount proc", TROUBLE_PROC},
    {"pivot_root", TROUBLE_ROOT},
    {"execvp", TROUBLE_PROGRAM},
    {"memfd_noexec", TROUBLE_PROGRAM},
};

static enum trouble find_trouble(const char *complaint) {
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strstr(complaint, signs[i].words)) {
            return signs[i].trouble;
        }
    }
    return TROUBLE_OTHER;
}

static const char *explain_namespaces(const struct probe_host *host) {
    if (host->max_namespaces == 0) {
        return "user namespaces are switched off: set the sysctl user.max_user_namespaces to 10000 or so";
    }
    if (host->userns_clone == 0) {
        return "user namespaces are switched off for plain users: set the sysctl kernel.unprivileged_userns_clone to 1";
    }
    if (host->apparmor_restricts > 0) {
        return "AppArmor keeps bwrap from user namespaces: load a profile that allows userns for it (on Ubuntu install "
               "apparmor-profiles and load bwrap-userns-restrict), or set the sysctl "
               "kernel.apparmor_restrict_unprivileged_userns to 0";
    }
    if (host->container) {
        return "this container may not make namespaces: start it with --security-opt seccomp=unconfined --security-opt "
               "apparmor=unconfined --security-opt systempaths=unconfined, or run outside of it";
    }
    return "the kernel or a security module keeps plain users from making namespaces: allow user namespaces for bwrap";
}

static const char *explain(enum trouble trouble, const struct probe_host *host) {
    switch (trouble) {
    case TROUBLE_NAMESPACE:
        return explain_namespaces(host);
    case TROUBLE_EXHAUSTED:
        return host->max_namespaces == 0 ? explain_namespaces(host)
                                         : "no more namespaces are allowed: raise the sysctls user.max_*_namespaces";
    case TROUBLE_PROC:
        return "/proc cannot be mounted, as is usual inside a container: start it with --security-opt "
               "systempaths=unconfined, or run outside of it";
    case TROUBLE_ROOT:
        return "the root file system cannot be exchanged, as in a chroot or an initramfs: run outside of it";
    case TROUBLE_PROGRAM:
        return "programs in memory cannot be executed: set the sysctl vm.memfd_noexec to 0 or 1";
    case TROUBLE_OTHER:
        break;
    }
    return "bubblewrap cannot build a sandbox here";
}

void probe_classify(const char *complaint, const struct probe_host *host, char *message, size_t cap) {
    snprintf(message, cap, "%s (%.200s)", explain(find_trouble(complaint), host), complaint);
}
