#include "runtime_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "complain.h"
#include "descriptor.h"
#include "kernel.h"
#include "local_protocol.h"
#include "tree.h"

/* Commands of a server that was killed may write for a moment longer. */
#define REMOVE_TRIES 100
#define REMOVE_PAUSE_NS 50000000
/* How long the end of the server waits; removing a large folder continues after it. */
#define CLOSE_TIMEOUT_MS 200

enum { JANITOR_LIFELINE_FD, JANITOR_FOLDER_FD, JANITOR_BESIDE_FD, JANITOR_END };

static const atomic_bool never_stop;

/* --- Removing --- */

/* Empties the state as the user it belongs to: root must not follow links that commands have left there. */
static bool empty_state(int folder_fd, const struct stat *state) {
    if (geteuid() != 0 || state->st_uid == 0) {
        return tree_remove(folder_fd, AK_LOCAL_STATE, &never_stop) || errno == ENOENT;
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) == 0 && setresgid(state->st_gid, state->st_gid, state->st_gid) == 0 &&
            setresuid(state->st_uid, state->st_uid, state->st_uid) == 0) {
            tree_remove(folder_fd, AK_LOCAL_STATE, &never_stop); /* all but the folder itself */
        }
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return unlinkat(folder_fd, AK_LOCAL_STATE, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

/* Only what a server creates is removed; a folder with other things is kept. */
static bool remove_folder(int beside_fd, const char *name, int folder_fd) {
    struct stat state;
    unlinkat(folder_fd, AK_LOCAL_SOCKET, 0);
    if (fstatat(folder_fd, AK_LOCAL_STATE, &state, AT_SYMLINK_NOFOLLOW) == 0 && !empty_state(folder_fd, &state)) {
        return false;
    }
    return unlinkat(beside_fd, name, AT_REMOVEDIR) == 0;
}

/* The path of an open descriptor. */
static bool path_of(int fd, char *path, size_t cap) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, cap - 1);
    path[size > 0 ? size : 0] = '\0';
    return size > 0 && path[0] == '/';
}

/* --- Leftovers of other servers --- */

static void sweep_one(int beside_fd, const char *name) {
    struct stat status;
    int fd = openat(beside_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        remove_folder(beside_fd, name, fd);
    }
    close(fd);
}

static void sweep(int beside_fd) {
    int fd = openat(beside_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry = NULL;
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, AK_LOCAL_FOLDER_PREFIX, strlen(AK_LOCAL_FOLDER_PREFIX)) == 0) {
            sweep_one(beside_fd, entry->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* --- The janitor --- */

/* Keeps only the descriptors that it needs: sockets and locks must be released with the server. */
static bool keep_descriptors(int lifeline_fd, int folder_fd, int beside_fd) {
    const int wanted[JANITOR_END] = {lifeline_fd, folder_fd, beside_fd};
    int parked[JANITOR_END];
    for (int i = 0; i < JANITOR_END; i++) {
        parked[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, JANITOR_END);
        if (parked[i] < 0) {
            return false;
        }
    }
    for (int i = 0; i < JANITOR_END; i++) {
        if (dup2(parked[i], i) < 0) {
            return false;
        }
    }
    kernel_close_from(JANITOR_END);
    return true;
}

static _Noreturn void be_janitor(int lifeline_fd, int folder_fd, int beside_fd, const char *name) {
    const struct timespec pause = {.tv_nsec = REMOVE_PAUSE_NS};
    sigset_t all;
    char byte;
    prctl(PR_SET_NAME, "akl-janitor", 0, 0, 0);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (!keep_descriptors(lifeline_fd, folder_fd, beside_fd)) {
        _exit(1);
    }
    sweep(JANITOR_BESIDE_FD);
    while (read(JANITOR_LIFELINE_FD, &byte, 1) < 0 && errno == EINTR) {
    }
    for (int i = 0; i < REMOVE_TRIES && !remove_folder(JANITOR_BESIDE_FD, name, JANITOR_FOLDER_FD) && errno != ENOENT;
         i++) {
        nanosleep(&pause, NULL);
    }
    _exit(0);
}

static bool start_janitor(struct runtime_dir *folder, int fd, int beside_fd, const char *name) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        be_janitor(ends[0], fd, beside_fd, name);
    }
    int error = errno;
    close(ends[0]);
    if (pid < 0) {
        close(ends[1]);
        errno = error;
        return false;
    }
    folder->janitor = pid;
    folder->janitor_fd = ends[1];
    return true;
}

bool runtime_dir_keep(struct runtime_dir *folder, int fd) {
    char path[PATH_MAX];
    *folder = (struct runtime_dir){.janitor_fd = -1};
    char *slash = path_of(fd, path, sizeof path) ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : "";
    if (strncmp(name, AK_LOCAL_FOLDER_PREFIX, strlen(AK_LOCAL_FOLDER_PREFIX)) != 0) {
        return complain("--folder-fd: no folder whose name begins with " AK_LOCAL_FOLDER_PREFIX);
    }
    *slash = '\0';
    /* The working directory is inherited from the owner; keeping it would prevent unmounting it. */
    (void)chdir("/");
    int beside_fd = open(path[0] == '\0' ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = beside_fd >= 0 && start_janitor(folder, fd, beside_fd, name);
    if (!ok) {
        complain("--folder-fd: %s: %s", path, strerror(errno));
    }
    close_if_open(beside_fd);
    return ok;
}

char *runtime_dir_state_dir(int fd) {
    char path[PATH_MAX];
    char *dir = NULL;
    return path_of(fd, path, sizeof path) && asprintf(&dir, "%s/" AK_LOCAL_STATE, path) >= 0 ? dir : NULL;
}

bool runtime_dir_let_through(int fd, gid_t gid) {
    return fchown(fd, (uid_t)-1, gid) == 0 && fchmod(fd, S_IRWXU | S_IXGRP) == 0;
}

void runtime_dir_close(struct runtime_dir *folder) {
    if (folder->janitor <= 0) {
        return;
    }
    close(folder->janitor_fd);
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int waited = 0; waited < CLOSE_TIMEOUT_MS && waitpid(folder->janitor, NULL, WNOHANG) == 0; waited += 5) {
        nanosleep(&pause, NULL);
    }
    folder->janitor = 0;
}
