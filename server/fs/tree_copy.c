#include "tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "file_copy.h"
#include "kernel.h"
#include "tree.h"
#include "weaken.h"

/* The content of a tree was created by commands: no link in it is followed (X2). */
#define NO_LINK (WEAKENED("nofollow") ? 0 : AT_SYMLINK_NOFOLLOW)
#define O_NO_LINK (WEAKENED("nofollow") ? 0 : O_NOFOLLOW)

/* Holds the first name of every file with several hard links until the copy is complete. */
#define LINKS "links"
#define TREE "tree"

/* A directory that is being copied. */
struct level {
    struct level *up;
    size_t depth;
    int from_fd; /* -1: closed; reopened as the parent of the one below */
    int to_fd;
    struct stat status; /* of the original, as it was found */
    bool opened_up;     /* its permissions were changed to read it */
    char *names;        /* its subdirectories, each with a NUL; copied after everything else */
    size_t names_len;
    size_t names_cap;
    size_t next; /* the next one to copy */
};

struct copy {
    struct copy *next; /* in the list of copies in progress */
    struct stat source;
    struct level *level;
    int links_fd; /* -1: none yet */
    int target_fd;
    struct file_copy file;
};

static bool is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Errors that result from commands changing the tree meanwhile: the entry is skipped. */
static bool is_gone(int error) {
    /* ENXIO: a socket was opened. */
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EEXIST || error == ENXIO;
}

static void close_fd(int *fd) {
    close_if_open(*fd);
    *fd = -1;
}

/* --- Turns --- */

/* While a tree is copied, permissions of the original may be changed temporarily (open_up), so a tree is copied by one
 * thread at a time: two would see and restore each other's changes. */
static pthread_mutex_t turns_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_is_over = PTHREAD_COND_INITIALIZER;
static struct copy *turns;

static bool is_copied_now(const struct stat *source) {
    const struct copy *copy = turns;
    while (copy && (copy->source.st_dev != source->st_dev || copy->source.st_ino != source->st_ino)) {
        copy = copy->next;
    }
    return copy;
}

/* Waits for other copies of the same tree, each of which ends when it may not continue (file_copy.h). */
static bool take_turn(struct copy *copy, int from_fd) {
    if (fstat(from_fd, &copy->source) != 0) {
        return false;
    }
    pthread_mutex_lock(&turns_lock);
    while (is_copied_now(&copy->source)) {
        pthread_cond_wait(&turn_is_over, &turns_lock);
    }
    copy->next = turns;
    turns = copy;
    pthread_mutex_unlock(&turns_lock);
    return true;
}

static void end_turn(struct copy *copy) {
    pthread_mutex_lock(&turns_lock);
    struct copy **link = &turns;
    while (*link != copy) {
        link = &(*link)->next;
    }
    *link = copy->next;
    pthread_cond_broadcast(&turn_is_over);
    pthread_mutex_unlock(&turns_lock);
}

/* --- Opening --- */

/* Opens an entry whose permissions do not allow it. An O_PATH descriptor ensures that it is not replaced meanwhile. -1
 * with errno. *status is its state before. */
static int open_up(int dir_fd, const char *name, mode_t kind, mode_t needed, struct stat *status) {
    char path[32];
    int fd = -1;
    int held_fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", held_fd);
    errno = held_fd < 0 ? errno : ENOENT;
    if (held_fd >= 0 && fstat(held_fd, status) == 0 && (status->st_mode & S_IFMT) == kind &&
        chmod(path, (status->st_mode & 07777) | needed) == 0) {
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    close_fd(&held_fd);
    return fd;
}

#define TO_READ_DIRECTORY (S_IRUSR | S_IXUSR)

/* Opens a directory of the tree, as it is in *status. -1 with errno. */
static int open_directory(int dir_fd, const char *name, struct stat *status, bool *opened_up) {
    *opened_up = false;
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NO_LINK | O_CLOEXEC);
    bool enterable = fd >= 0 && fstat(fd, status) == 0 && (status->st_mode & S_IXUSR) != 0;
    if (enterable || (fd < 0 && errno != EACCES)) {
        return fd;
    }
    close_fd(&fd);
    fd = open_up(dir_fd, name, S_IFDIR, TO_READ_DIRECTORY, status);
    *opened_up = fd >= 0;
    return fd;
}

/* The same for a file. */
static int open_file(int dir_fd, const char *name, struct stat *status) {
    int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NO_LINK | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) {
        fd = open_up(dir_fd, name, S_IFREG, S_IRUSR, status);
        if (fd >= 0) {
            fchmod(fd, status->st_mode & 07777);
        }
    }
    if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
        close_fd(&fd); /* the entry has been replaced */
        errno = ENOENT;
    }
    return fd;
}

/* --- Links --- */

/* The key of a file with several hard links: inode number and birth time, because inode numbers are reused. */
static bool name_link(int fd, const char *name, int flags, char *text, size_t cap) {
    struct kernel_statx status;
    if (!kernel_birth(fd, name, flags, &status)) {
        return false;
    }
    snprintf(text, cap, "%jx-%jx-%x", (uintmax_t)status.inode, (uintmax_t)status.born_seconds,
             (unsigned)status.born_nanoseconds);
    return true;
}

static bool open_links(struct copy *copy) {
    if (copy->links_fd < 0 && (mkdirat(copy->target_fd, LINKS, 0700) == 0 || errno == EEXIST)) {
        copy->links_fd = openat(copy->target_fd, LINKS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    return copy->links_fd >= 0;
}

/* Links the file if the copy already has it under another name. */
static bool link_to_earlier(const struct copy *copy, const char *link, const char *name) {
    return copy->links_fd >= 0 && linkat(copy->links_fd, link, copy->level->to_fd, name, 0) == 0;
}

/* Records the file for its other names. */
static bool remember_link(struct copy *copy, const char *link, const char *name) {
    return open_links(copy) &&
           (linkat(copy->level->to_fd, name, copy->links_fd, link, 0) == 0 || errno == EMLINK || errno == EEXIST);
}

/* --- One entry --- */

static bool copy_file(struct copy *copy, const char *name) {
    struct stat status;
    char link[64];
    int to_fd = -1;
    int from_fd = open_file(copy->level->from_fd, name, &status);
    if (from_fd < 0) {
        return false;
    }
    bool many = status.st_nlink > 1 && name_link(from_fd, "", AT_EMPTY_PATH, link, sizeof link);
    bool ok = many && link_to_earlier(copy, link, name);
    if (!ok) {
        to_fd = openat(copy->level->to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        const struct timespec times[2] = {status.st_atim, status.st_mtim};
        ok = to_fd >= 0 && file_copy_data(&copy->file, from_fd, to_fd, status.st_size) &&
             fchmod(to_fd, status.st_mode & 07777) == 0 && futimens(to_fd, times) == 0 &&
             (!many || remember_link(copy, link, name));
    }
    close_fd(&to_fd);
    close_fd(&from_fd);
    return ok;
}

/* Symbolic links and FIFOs, which have no content. */
static bool copy_special(struct copy *copy, const char *name, const struct stat *status) {
    char link[64];
    char target[PATH_MAX];
    int from_fd = copy->level->from_fd;
    int to_fd = copy->level->to_fd;
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    bool many = status->st_nlink > 1 && name_link(from_fd, name, AT_SYMLINK_NOFOLLOW, link, sizeof link);
    if (many && link_to_earlier(copy, link, name)) {
        return true;
    }
    if (S_ISLNK(status->st_mode)) {
        ssize_t len = readlinkat(from_fd, name, target, sizeof target - 1);
        if (len < 0) {
            errno = errno == EINVAL ? ENOENT : errno; /* no longer a link */
            return false;
        }
        target[len] = '\0';
        if (symlinkat(target, to_fd, name) != 0) {
            return false;
        }
    } else if (mkfifoat(to_fd, name, 0600) != 0 || fchmodat(to_fd, name, status->st_mode & 07777, 0) != 0) {
        return false;
    }
    return utimensat(to_fd, name, times, AT_SYMLINK_NOFOLLOW) == 0 && (!many || remember_link(copy, link, name));
}

/* Adds a directory to be copied later. */
static bool add_name(struct level *level, const char *name) {
    size_t len = strlen(name) + 1;
    if (level->names_cap - level->names_len < len) {
        size_t cap = level->names_cap * 2 + NAME_MAX + 1;
        char *names = realloc(level->names, cap);
        if (!names) {
            return false;
        }
        level->names = names;
        level->names_cap = cap;
    }
    memcpy(level->names + level->names_len, name, len);
    level->names_len += len;
    return true;
}

static bool copy_entry(struct copy *copy, const char *name) {
    struct stat status;
    bool ok = fstatat(copy->level->from_fd, name, &status, NO_LINK) == 0;
    if (ok && S_ISDIR(status.st_mode)) {
        return add_name(copy->level, name);
    }
    if (ok && S_ISREG(status.st_mode)) {
        ok = copy_file(copy, name);
    } else if (ok && (S_ISLNK(status.st_mode) || S_ISFIFO(status.st_mode))) {
        ok = copy_special(copy, name, &status);
    }
    return ok || is_gone(errno);
}

/* --- Directories --- */

/* Copies a directory except for its subdirectories. */
static bool scan(struct copy *copy) {
    int fd = openat(copy->level->from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        close_fd(&fd);
        return false;
    }
    bool ok = true;
    const struct dirent *entry = NULL;
    while (ok && (errno = 0, entry = readdir(dir))) {
        ok = is_dot(entry->d_name) || (file_copy_may_go_on(&copy->file, 0) && copy_entry(copy, entry->d_name));
    }
    ok = ok && errno == 0;
    int error = errno;
    closedir(dir);
    errno = error;
    return ok;
}

/* Restores the permissions of a directory, unless a command has changed them since. */
static void close_up(const struct level *level) {
    struct stat now;
    mode_t before = level->status.st_mode & 07777;
    if (fstat(level->from_fd, &now) == 0 && (now.st_mode & 07777) == (before | TO_READ_DIRECTORY)) {
        fchmod(level->from_fd, before);
    }
}

static void free_level(struct level *level) {
    if (level->opened_up && level->from_fd >= 0) {
        close_up(level);
    }
    close_fd(&level->from_fd);
    close_fd(&level->to_fd);
    free(level->names);
    free(level);
}

/* Creates the copy of a directory and starts copying into it. */
static bool enter(struct copy *copy, int from_parent_fd, const char *from_name, int to_parent_fd, const char *to_name) {
    struct level *level = calloc(1, sizeof *level);
    if (!level) {
        return false;
    }
    level->to_fd = -1;
    level->from_fd = open_directory(from_parent_fd, from_name, &level->status, &level->opened_up);
    if (level->from_fd >= 0 && mkdirat(to_parent_fd, to_name, 0700) == 0) {
        level->to_fd = openat(to_parent_fd, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (level->to_fd < 0) {
        int error = errno;
        free_level(level);
        errno = error;
        return false;
    }
    level->up = copy->level;
    level->depth = copy->level ? copy->level->depth + 1 : 0;
    copy->level = level;
    return scan(copy);
}

/* Enters the next subdirectory. At great depth only the lowest directories are kept open. */
static bool descend(struct copy *copy) {
    struct level *level = copy->level;
    const char *name = level->names + level->next;
    level->next += strlen(name) + 1;
    if (!enter(copy, level->from_fd, name, level->to_fd, name)) {
        return copy->level == level && is_gone(errno);
    }
    if (level->depth >= TREE_COPY_OPEN) {
        close_fd(&level->from_fd);
        close_fd(&level->to_fd);
    }
    return true;
}

/* Opens the original of the directory above again. It is identified by its inode number: a directory that was moved has
 * another parent, outside of the copy. */
static bool open_above(const struct level *level) {
    struct level *up = level->up;
    struct stat now;
    up->from_fd = openat(level->from_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (up->from_fd < 0) {
        return false;
    }
    bool same = fstat(up->from_fd, &now) == 0 && now.st_dev == up->status.st_dev && now.st_ino == up->status.st_ino;
    if (!same) {
        close_fd(&up->from_fd);
        errno = ESTALE;
    }
    return same;
}

/* Finishes the current directory and returns to its parent. */
static bool ascend(struct copy *copy) {
    struct level *level = copy->level;
    struct level *up = level->up;
    const struct timespec times[2] = {level->status.st_atim, level->status.st_mtim};
    bool ok = true;
    if (up && up->from_fd < 0) {
        up->to_fd = openat(level->to_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ok = up->to_fd >= 0 && open_above(level);
    }
    ok = ok && fchmod(level->to_fd, level->status.st_mode & 07777) == 0 && futimens(level->to_fd, times) == 0;
    int error = errno;
    copy->level = up;
    free_level(level);
    errno = error;
    return ok;
}

/* Restores the permissions of directories that were not finished. */
static void give_up(struct copy *copy) {
    while (copy->level) {
        struct level *level = copy->level;
        if (level->up && level->up->from_fd < 0 && level->from_fd >= 0) {
            open_above(level);
        }
        copy->level = level->up;
        free_level(level);
    }
}

static bool remove_links(struct copy *copy) {
    static const atomic_bool never_stop;
    close_fd(&copy->links_fd);
    return tree_remove(copy->target_fd, LINKS, &never_stop) || errno == ENOENT;
}

bool tree_copy(int from_fd, int to_fd, const atomic_bool *stop) {
    struct copy *copy = calloc(1, sizeof *copy);
    if (!copy) {
        return false;
    }
    copy->links_fd = -1;
    copy->target_fd = to_fd;
    if (!take_turn(copy, from_fd)) {
        int error = errno;
        free(copy);
        errno = error;
        return false;
    }
    file_copy_begin(&copy->file, to_fd, stop);
    bool ok = enter(copy, from_fd, ".", to_fd, TREE);
    while (ok && copy->level) {
        struct level *level = copy->level;
        ok = level->next < level->names_len ? descend(copy) : ascend(copy);
    }
    int error = errno;
    give_up(copy);
    end_turn(copy);
    errno = error;
    ok = ok && remove_links(copy) && syncfs(to_fd) == 0;
    error = errno;
    close_fd(&copy->links_fd);
    free(copy);
    errno = error;
    return ok;
}
