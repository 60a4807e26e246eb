#include "kept_root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "descriptor.h"

/* Entries that every sandbox creates itself, and those of the host's programs. */
static const char *const always[] = {".", "..", "proc", "dev", "sys", "run", "lost+found"};
static const char *const with_host[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "etc", "var"};

static bool is_among(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool kept_root_may_hold(const char *name, const char *image_root) {
    if (strcmp(name, KEPT_ROOT_HOME) == 0 || strcmp(name, KEPT_ROOT_TMP) == 0) {
        return true;
    }
    if (name[0] == '\0' || is_among(name, always, sizeof always / sizeof always[0])) {
        return false;
    }
    if (!image_root) {
        return !is_among(name, with_host, sizeof with_host / sizeof with_host[0]);
    }
    char path[PATH_MAX];
    struct stat status;
    int size = snprintf(path, sizeof path, "%s/%s", image_root, name);
    return size > 0 && (size_t)size < sizeof path && lstat(path, &status) < 0 && errno == ENOENT;
}

bool kept_root_fill(int root_fd) {
    /* Whatever the umask: commands expect the usual modes. No other user can enter the state folder. */
    return mkdirat(root_fd, KEPT_ROOT_HOME, 0700) == 0 && fchmodat(root_fd, KEPT_ROOT_HOME, 0755, 0) == 0 &&
           mkdirat(root_fd, KEPT_ROOT_TMP, 0700) == 0 && fchmodat(root_fd, KEPT_ROOT_TMP, 01777, 0) == 0;
}

size_t kept_root_list(int root_fd, struct kept_entry entries[KEPT_ROOT_MAX]) {
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        close_if_open(fd);
        return (size_t)-1;
    }
    size_t count = 0;
    const struct dirent *entry = NULL;
    while (count < KEPT_ROOT_MAX && (entry = readdir(dir))) {
        struct stat status;
        if (is_among(entry->d_name, always, 2) ||
            fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))) {
            continue;
        }
        snprintf(entries[count].name, sizeof entries[count].name, "%s", entry->d_name);
        entries[count++].is_folder = S_ISDIR(status.st_mode);
    }
    closedir(dir);
    return count;
}
