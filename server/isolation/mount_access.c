#include "mount_access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Covers and binds for one folder: no path has more nested closed folders. */
#define MAX_STEPS 32

/* How much of a path a user may traverse. */
enum { WHOLE_PATH = 0, UNKNOWN = -1 };

struct folder {
    int fd; /* O_PATH, opened before anything was covered */
    char path[PATH_MAX];
};

/* In a child that has become identity: the length of the first part of path that it may not enter, WHOLE_PATH when
 * there is none. */
static int walk_as(const struct identity *identity, char *path) {
    if (setgroups(0, NULL) < 0 || setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) < 0) {
        return UNKNOWN;
    }
    for (size_t i = 1;; i++) {
        char here = path[i];
        if (here == '/' || here == '\0') {
            path[i] = '\0';
            if (access(path, X_OK) < 0) {
                return (int)i;
            }
            path[i] = here;
        }
        if (here == '\0') {
            return WHOLE_PATH;
        }
    }
}

/* walk_as, in a child. */
static int closed_part(const struct identity *identity, const char *path) {
    int answer[2], length = UNKNOWN;
    if (pipe2(answer, O_CLOEXEC) < 0) {
        return UNKNOWN;
    }
    pid_t pid = fork();
    if (pid == 0) {
        char copy[PATH_MAX];
        snprintf(copy, sizeof copy, "%s", path);
        length = walk_as(identity, copy);
        _exit(write(answer[1], &length, sizeof length) == (ssize_t)sizeof length ? 0 : 1);
    }
    close(answer[1]);
    if (pid >= 0) {
        if (read(answer[0], &length, sizeof length) != (ssize_t)sizeof length) {
            length = UNKNOWN;
        }
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(answer[0]);
    return length;
}

static bool open_folder(struct folder *folder, const char *given, char *why, size_t why_cap) {
    char link[32];
    folder->fd = open(given, O_PATH | O_DIRECTORY | O_CLOEXEC);
    ssize_t size = -1;
    if (folder->fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder->fd);
        size = readlink(link, folder->path, sizeof folder->path - 1);
    }
    if (size <= 0) {
        snprintf(why, why_cap, "%.300s: %s", given, strerror(errno));
        return false;
    }
    folder->path[size] = '\0';
    return true;
}

/* Whether the path still leads to the folder, rather than into a cover. */
static bool is_in_place(const struct folder *folder) {
    struct stat wanted, found;
    return fstat(folder->fd, &wanted) == 0 && stat(folder->path, &found) == 0 && wanted.st_dev == found.st_dev &&
           wanted.st_ino == found.st_ino;
}

static bool cover(const char *path, int length) {
    char closed[PATH_MAX];
    snprintf(closed, sizeof closed, "%.*s", length, path);
    return mount("tmpfs", closed, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m") == 0;
}

static bool put_in_place(const struct folder *folder) {
    char path[PATH_MAX], source[32];
    snprintf(path, sizeof path, "%s", folder->path);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
            return false;
        }
        *slash = '/';
    }
    snprintf(source, sizeof source, "/proc/self/fd/%d", folder->fd);
    return (mkdir(path, 0755) == 0 || errno == EEXIST) && mount(source, path, NULL, MS_BIND | MS_REC, NULL) == 0;
}

static bool make_folder_reachable(const struct identity *identity, const struct folder *folder, char *why,
                                  size_t why_cap) {
    const char *problem = NULL;
    for (int step = 0; step < MAX_STEPS && !problem; step++) {
        if (!is_in_place(folder)) {
            problem = put_in_place(folder) ? NULL : strerror(errno);
            continue;
        }
        int length = closed_part(identity, folder->path);
        if (length == WHOLE_PATH) {
            return true;
        }
        if (length == UNKNOWN) {
            problem = "cannot find out whether it can be reached";
        } else if (folder->path[length] == '\0') {
            problem = "it is closed itself";
        } else if (!cover(folder->path, length)) {
            problem = strerror(errno);
        }
    }
    snprintf(why, why_cap, "%.300s is out of reach for user %u: %s", folder->path, identity->uid,
             problem ? problem : "too many closed folders above it");
    return false;
}

/* Whether all folders are currently reachable. */
static bool all_reachable(const struct identity *identity, const struct folder *folders, size_t count,
                          const struct folder **first) {
    for (size_t i = 0; i < count; i++) {
        if (closed_part(identity, folders[i].path) != WHOLE_PATH) {
            *first = &folders[i];
            return false;
        }
    }
    return true;
}

static bool enter_own_namespace(const struct identity *identity, const struct folder *first, char *why,
                                size_t why_cap) {
    /* Slave: later mounts of the host propagate to here, but not the reverse. */
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) == 0) {
        return true;
    }
    snprintf(why, why_cap,
             "%.300s lies below a folder that is closed to user %u, and this process may not make a mount namespace to "
             "change that (%s): use a folder elsewhere, such as /var/lib/agentkernel-local",
             first->path, identity->uid, strerror(errno));
    return false;
}

static void close_folders(struct folder *folders, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (folders[i].fd >= 0) {
            close(folders[i].fd);
            folders[i].fd = -1;
        }
    }
}

static bool open_folders(struct folder *folders, const char *const *given, size_t count, char *why, size_t why_cap) {
    for (size_t i = 0; i < count; i++) {
        if (!open_folder(&folders[i], given[i], why, why_cap)) {
            close_folders(folders, i + 1);
            return false;
        }
    }
    return true;
}

bool mount_access_grant(const struct identity *identity, const char *const *given, char *why, size_t why_cap) {
    size_t count = 0;
    while (given && given[count]) {
        count++;
    }
    struct folder *folders = calloc(count + 1, sizeof *folders);
    if (!folders) {
        snprintf(why, why_cap, "out of memory");
        return false;
    }
    const struct folder *first = NULL;
    bool done = open_folders(folders, given, count, why, why_cap);
    if (done && !all_reachable(identity, folders, count, &first)) {
        done = enter_own_namespace(identity, first, why, why_cap);
        /* Again, because only what was opened in this namespace can be bound in it. */
        close_folders(folders, count);
        done = done && open_folders(folders, given, count, why, why_cap);
        for (size_t i = 0; done && i < count; i++) {
            done = make_folder_reachable(identity, &folders[i], why, why_cap);
        }
    }
    close_folders(folders, count);
    free(folders);
    return done;
}
