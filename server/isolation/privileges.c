#include "privileges.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mount_access.h"
#include "weaken.h"

/* systemd's range for dynamic users; no distribution assigns these. */
#define FIRST_UID 61184u
#define LAST_UID 65519u

static bool read_uid(int proc_fd, const char *pid, unsigned *uid) {
    char path[300], text[1024];
    snprintf(path, sizeof path, "%s/status", pid);
    int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *line = strstr(text, "\nUid:");
    return line && sscanf(line, "\nUid: %u", uid) == 1;
}

/* Marks the users of the range that have a process. */
static void mark_running(bool *running) {
    DIR *proc = opendir("/proc");
    if (!proc) {
        return;
    }
    for (struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
        unsigned uid;
        if (isdigit((unsigned char)entry->d_name[0]) && read_uid(dirfd(proc), entry->d_name, &uid) &&
            uid >= FIRST_UID && uid <= LAST_UID) {
            running[uid - FIRST_UID] = true;
        }
    }
    closedir(proc);
}

/* Whether an id exists in this user namespace. */
static bool is_mapped(const char *map_path, unsigned id) {
    unsigned inside, outside, count;
    bool mapped = false;
    FILE *map = fopen(map_path, "re");
    while (map && !mapped && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3) {
        mapped = id >= inside && id - inside < count;
    }
    if (map) {
        fclose(map);
    }
    return mapped;
}

static bool find_unused(struct identity *identity) {
    bool running[LAST_UID - FIRST_UID + 1] = {false};
    mark_running(running);
    for (unsigned id = FIRST_UID; id <= LAST_UID; id++) {
        if (!running[id - FIRST_UID] && !getpwuid(id) && !getgrgid(id)) {
            identity->uid = id;
            identity->gid = id;
            return true;
        }
    }
    return false;
}

bool privileges_choose(const char *state_dir, struct identity *identity, char *why, size_t why_cap) {
    struct stat status;
    *identity = (struct identity){false, (uid_t)-1, (gid_t)-1};
    if (geteuid() != 0 || WEAKENED("drop-root")) {
        return true;
    }
    identity->change = true;
    if (stat(state_dir, &status) == 0 && status.st_uid != 0) {
        identity->uid = status.st_uid;
        identity->gid = status.st_gid != 0 ? status.st_gid : status.st_uid;
    } else if (!find_unused(identity)) {
        snprintf(why, why_cap, "no unused user between %u and %u", FIRST_UID, LAST_UID);
        return false;
    }
    if (!is_mapped("/proc/self/uid_map", identity->uid) || !is_mapped("/proc/self/gid_map", identity->gid)) {
        snprintf(why, why_cap, "user %u does not exist in this user namespace: start the server as a plain user",
                 identity->uid);
        return false;
    }
    return true;
}

/* Capabilities that survived the change of user, by the caller's secure bits, would make bubblewrap refuse to run. */
static bool drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &header, none) == 0;
}

static bool change_user(const struct identity *identity) {
    if (setgroups(0, NULL) < 0 || setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) < 0) {
        return false;
    }
    if (setresuid(0, 0, 0) == 0) {
        errno = EPERM; /* root can be regained: not permanent */
        return false;
    }
    return true;
}

static bool harden(void) {
    struct rlimit files, core;
    bool limited = false;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        /* 1 is less than any core, and the only limit that applies to cores piped to a host program; see seccomp.c */
        rlim_t most = core.rlim_max < 1 ? core.rlim_max : 1;
        limited = setrlimit(RLIMIT_CORE, &(struct rlimit){most, most}) == 0;
    }
    return limited && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool privileges_drop(const struct identity *identity, const char *const *folders, char *why, size_t why_cap) {
    if (identity->change) {
        if (!mount_access_grant(identity, folders, why, why_cap)) {
            return false;
        }
        if (!change_user(identity)) {
            snprintf(why, why_cap, "cannot become user %u: %s", identity->uid, strerror(errno));
            return false;
        }
    }
    if (!drop_capabilities() || !harden()) {
        snprintf(why, why_cap, "cannot give up privileges: %s", strerror(errno));
        return false;
    }
    return true;
}

void privileges_reset_signals(void) {
    sigset_t none;
    if (WEAKENED("reset-signals")) {
        return;
    }
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
