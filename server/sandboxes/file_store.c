#include "file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "clock.h"
#include "descriptor.h"
#include "kept_root.h"
#include "weaken.h"

const char *file_store_error(int error) {
    switch (error) {
    case EISDIR:
        return "is a folder";
    case EINVAL:
        return "not a regular file";
    case EACCES:
        return "permission denied";
    case EDQUOT:
        return "the sandbox's root has too many entries";
    case ELOOP:
        return "too many links";
    case ESHUTDOWN:
        return "the sandbox is not running";
    default:
        return strerror(error);
    }
}

/* --- Reading --- */

int file_store_open(const struct file_store *store, const char *path, uint64_t *size) {
    int tree_fd = state_open_tree(store->sandbox);
    if (tree_fd < 0) {
        return -1;
    }
    /* A FIFO is opened without waiting for a writer, and a leased file without waiting for the lease. */
    int flags = WEAKENED("plain-files") ? O_RDONLY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
    int fd = beneath_open(tree_fd, path, flags);
    close_if_open(tree_fd);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        errno = errno == ENXIO ? EINVAL : errno; /* a socket was opened */
    } else if (S_ISREG(status.st_mode) || WEAKENED("plain-files")) {
        *size = (uint64_t)status.st_size;
        return fd;
    } else {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    }
    close_if_open(fd);
    return -1;
}

/* --- Places --- */

/* The folder that a file is in. */
struct place {
    int tree_fd;
    int folder_fd;
    const char *name;
    const char *image_root;
};

/* "" when the path is the root. */
static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether an entry may be created in the root folder. */
static bool may_add(const char *name, const void *context) {
    const struct place *place = context;
    struct kept_entry entries[KEPT_ROOT_MAX];
    if (!kept_root_may_hold(name, place->image_root)) {
        errno = EACCES;
        return false;
    }
    size_t count = kept_root_list(place->tree_fd, entries);
    if (count != (size_t)-1 && count >= KEPT_ROOT_MAX) {
        errno = EDQUOT;
    }
    return count < KEPT_ROOT_MAX;
}

/* Opens the place that a path currently leads to. Holds sandbox->lock until close_place, so that the tree is not
 * removed meanwhile. False with errno. */
static bool open_place(struct place *place, const struct file_store *store, const char *path, bool make) {
    struct sandbox *sandbox = store->sandbox;
    *place =
        (struct place){.tree_fd = -1, .folder_fd = -1, .name = last_component(path), .image_root = store->image_root};
    pthread_mutex_lock(&sandbox->lock);
    if (atomic_load(&sandbox->removed) || atomic_load(&sandbox->stopped)) {
        errno = ESHUTDOWN;
        return false;
    }
    place->tree_fd = state_open_tree(sandbox);
    if (place->tree_fd >= 0 && place->name[0] != '\0') {
        place->folder_fd = beneath_open_parent(place->tree_fd, path, make, may_add, place);
    } else if (place->tree_fd >= 0) {
        errno = EISDIR;
    }
    return place->folder_fd >= 0;
}

static void close_place(struct place *place, const struct file_store *store) {
    int error = errno;
    close_if_open(place->tree_fd);
    close_if_open(place->folder_fd);
    pthread_mutex_unlock(&store->sandbox->lock);
    errno = error;
}

/* --- Writing --- */

static bool write_all(int fd, const char *bytes, size_t len) {
    size_t done = 0;
    ssize_t n = 0;
    while (done < len && ((n = write(fd, bytes + done, len - done)) >= 0 || errno == EINTR)) {
        done += n > 0 ? (size_t)n : 0;
    }
    return done == len;
}

/* Moves a finished file to its place. */
static bool put(const struct place *place, int work_fd, const char *name, int fd) {
    struct stat status;
    mode_t mode = 0644;
    bool there = fstatat(place->folder_fd, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && beneath_is_root(place->tree_fd, place->folder_fd) && !may_add(place->name, place)) {
        return false;
    }
    if (there && S_ISREG(status.st_mode)) {
        mode = status.st_mode & 0777;
    } else if (there && !S_ISLNK(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    return fchmod(fd, mode) == 0 && renameat(work_fd, name, place->folder_fd, place->name) == 0;
}

bool file_store_write(const struct file_store *store, const char *path, const void *bytes, size_t len) {
    int work_fd = store->sandbox->state->dir.work_fd;
    char name[CLOCK_UUID_CAP];
    clock_uuid(name);
    int fd = openat(work_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool ok = write_all(fd, bytes, len);
    if (ok) {
        struct place place;
        ok = open_place(&place, store, path, true) && put(&place, work_fd, name, fd);
        close_place(&place, store);
    }
    int error = errno;
    close(fd);
    if (!ok) {
        unlinkat(work_fd, name, 0);
    }
    errno = error;
    return ok;
}

/* --- Deleting --- */

bool file_store_delete(const struct file_store *store, const char *path) {
    struct place place;
    struct stat status;
    bool ok = open_place(&place, store, path, false);
    if (ok) {
        ok = fstatat(place.folder_fd, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    }
    if (ok && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        ok = false;
    }
    ok = ok && unlinkat(place.folder_fd, place.name, 0) == 0;
    close_place(&place, store);
    return ok || errno == ENOENT || errno == ENOTDIR;
}
