#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptor.h"
#include "weaken.h"

/* openat2 fails with EAGAIN when a component is renamed meanwhile, which a command may do endlessly. */
#define TRIES_MAX 128

static int open_in_root(int root_fd, const char *path, int flags) {
    struct open_how how = {.flags = (uint64_t)(unsigned)flags, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    errno = ENOSYS;
    for (int i = 0; !WEAKENED("openat2") && i < TRIES_MAX; i++) {
        fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN) {
            break;
        }
    }
    return (int)fd;
}

/* Opens one component after the other, none of which may be a link. Modifies path. */
static int walk(int root_fd, char *path, int flags) {
    int fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *name = NULL;
    while (fd >= 0 && (name = strsep(&path, "/"))) {
        int wanted = path ? O_PATH | O_DIRECTORY | O_CLOEXEC : flags;
        int next = openat(fd, name, wanted | O_NOFOLLOW);
        close_if_open(fd);
        fd = next;
    }
    return fd;
}

int beneath_open(int root_fd, const char *path, int flags) {
    flags |= O_CLOEXEC;
    int fd = open_in_root(root_fd, path[0] == '\0' ? "." : path, flags);
    /* EPERM: returned by seccomp filters of container engines that are older than openat2. */
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
        return fd;
    }
#ifdef AK_TEST_WEAKEN
    if (WEAKENED("walk")) {
        return openat(root_fd, path[0] == '\0' ? "." : path, flags);
    }
#endif
    char *copy = strdup(path[0] == '\0' ? "." : path);
    if (!copy) {
        return -1;
    }
    fd = walk(root_fd, copy, flags);
    int error = errno;
    free(copy);
    errno = error;
    return fd;
}

bool beneath_is_root(int root_fd, int fd) {
    struct stat root;
    struct stat status;
    return fstat(root_fd, &root) != 0 || fstat(fd, &status) != 0 ||
           (root.st_dev == status.st_dev && root.st_ino == status.st_ino);
}

/* Opens folder `name` in parent_fd, which it closes, after creating it if it is missing. */
static int enter(int parent_fd, const char *name) {
    bool made = mkdirat(parent_fd, name, 0700) == 0;
    int fd = -1;
    if (made || errno == EEXIST) {
        fd = openat(parent_fd, name, (made ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd >= 0 && made) {
        fchmod(fd, 0755); /* mkdirat's mode is subject to the umask */
    }
    close_if_open(parent_fd);
    return fd;
}

/* Opens the deepest existing folder of the path; *rest points to the remaining part of folder. */
static int open_deepest(int root_fd, char *folder, char **rest) {
    size_t cut = strlen(folder);
    for (;;) {
        char kept = folder[cut];
        folder[cut] = '\0';
        int fd = beneath_open(root_fd, folder, O_PATH | O_DIRECTORY);
        folder[cut] = kept;
        *rest = folder + cut + (kept == '/');
        if (fd >= 0 || errno != ENOENT || cut == 0) {
            return fd;
        }
        while (cut > 0 && folder[cut - 1] != '/') {
            cut--;
        }
        cut -= cut > 0;
    }
}

/* Opens folder, whose string it modifies, and creates what is missing. */
static int open_or_make(int root_fd, char *folder, beneath_may_add *may_add, const void *context) {
    char *rest = NULL;
    int fd = open_deepest(root_fd, folder, &rest);
    char *name = NULL;
    while (fd >= 0 && *rest != '\0' && (name = strsep(&rest, "/"))) {
        if (beneath_is_root(root_fd, fd) && !may_add(name, context)) {
            close_if_open(fd);
            return -1;
        }
        fd = enter(fd, name);
        if (!rest) {
            break;
        }
    }
    return fd;
}

int beneath_open_parent(int root_fd, const char *path, bool make, beneath_may_add *may_add, const void *context) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup("");
    if (!folder) {
        return -1;
    }
    int fd =
        make ? open_or_make(root_fd, folder, may_add, context) : beneath_open(root_fd, folder, O_PATH | O_DIRECTORY);
    int error = errno;
    free(folder);
    errno = error;
    return fd;
}
