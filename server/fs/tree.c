#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "kernel.h"
#include "weaken.h"

/* The content of a tree was created by commands: no link in it is followed (X2). */
#define NO_LINK (WEAKENED("nofollow") ? 0 : AT_SYMLINK_NOFOLLOW)

/*
 * Directories are not descended into: a directory found inside another is moved to the top level under a new name and
 * processed later. So depth costs nothing, and every entry is touched once or twice.
 */
struct removal {
    int top_fd;
    uint64_t moved; /* counter for the names of directories that were moved up */
    const atomic_bool *stop;
};

static bool is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Opens a directory after granting its owner all permissions. */
static int open_dir(int parent_fd, const char *name) {
    struct stat status;
    if (fstatat(parent_fd, name, &status, NO_LINK) != 0) {
        return -1;
    }
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    if ((status.st_mode & S_IRWXU) != S_IRWXU && fchmodat(parent_fd, name, 0700, AT_SYMLINK_NOFOLLOW) != 0) {
        return -1;
    }
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | (WEAKENED("nofollow") ? 0 : O_NOFOLLOW) | O_CLOEXEC);
}

static bool is_directory(int dir_fd, const struct dirent *entry) {
    if (entry->d_type != DT_UNKNOWN && !WEAKENED("nofollow")) {
        return entry->d_type == DT_DIR;
    }
    struct stat status;
    return fstatat(dir_fd, entry->d_name, &status, NO_LINK) == 0 && S_ISDIR(status.st_mode);
}

/* Moves directory `name` to the top level. This rewrites its "..", which takes write permission. */
static bool move_up(struct removal *removal, int dir_fd, const char *name) {
    char up[32];
    snprintf(up, sizeof up, ".moved-%ju", (uintmax_t)removal->moved++);
    if (kernel_rename(dir_fd, name, removal->top_fd, up, KERNEL_NOREPLACE) == 0) {
        return true;
    }
    if (errno == EEXIST) {
        return true; /* the name is taken: the next pass tries the next one */
    }
    return fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW) == 0 &&
           kernel_rename(dir_fd, name, removal->top_fd, up, KERNEL_NOREPLACE) == 0;
}

static int empty_dir(struct removal *removal, int parent_fd, const char *name, bool is_top);

/* Handles one entry of a directory: directories at the top level are emptied, others are moved up. */
static bool remove_entry(struct removal *removal, int dir_fd, const struct dirent *entry, bool is_top) {
    if (!is_directory(dir_fd, entry)) {
        return unlinkat(dir_fd, entry->d_name, 0) == 0 || errno == ENOENT;
    }
    if (!is_top) {
        return move_up(removal, dir_fd, entry->d_name);
    }
    return empty_dir(removal, dir_fd, entry->d_name, false) >= 0 &&
           (unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY);
}

/* Makes one pass over a directory. Returns the number of entries seen, -1 on failure. */
static int empty_dir(struct removal *removal, int parent_fd, const char *name, bool is_top) {
    int fd = is_top ? openat(removal->top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open_dir(parent_fd, name);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        close_if_open(fd);
        return -1;
    }
    int met = 0;
    int error = 0;
    const struct dirent *entry = NULL;
    while (error == 0 && (errno = 0, entry = readdir(dir))) {
        if (is_dot(entry->d_name)) {
            continue;
        }
        met = 1;
        if (atomic_load(removal->stop)) {
            error = ECANCELED;
        } else if (!remove_entry(removal, dirfd(dir), entry, is_top)) {
            error = errno;
        }
    }
    if (error == 0) {
        error = errno;
    }
    closedir(dir);
    errno = error;
    return error == 0 ? met : -1;
}

bool tree_remove(int parent_fd, const char *name, const atomic_bool *stop) {
    struct removal removal = {.top_fd = open_dir(parent_fd, name), .stop = stop};
    if (removal.top_fd < 0) {
        return false;
    }
    int met = 0;
    while ((met = empty_dir(&removal, -1, NULL, true)) > 0) {
    }
    close_if_open(removal.top_fd);
    return met == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) == 0;
}
