#include "state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "descriptor.h"
#include "fields.h"
#include "kept_root.h"
#include "kernel.h"
#include "tree.h"
#include "tree_copy.h"
#include "weaken.h"
#include "writer.h"

#define LOCK_FILE "lock"
#define META_MAX ((off_t)64 << 20)

static bool fail(const char *what, const char *why) {
    return complain("%s: %s", what, why);
}

/* --- Opening --- */

/* Creates dir and its missing parents. */
static bool make_path(const char *dir) {
    char *path = strdup(dir);
    if (!path) {
        return false;
    }
    bool ok = true;
    for (char *p = path + 1; ok && *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            ok = mkdir(path, 0700) == 0 || errno == EEXIST;
            *p = '/';
        }
    }
    ok = ok && (mkdir(path, 0700) == 0 || errno == EEXIST);
    int error = errno;
    free(path);
    errno = error;
    return ok;
}

static bool is_empty(int dir_fd) {
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        return false;
    }
    bool empty = true;
    const struct dirent *entry = NULL;
    while (empty && (entry = readdir(dir))) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    closedir(dir);
    return empty;
}

/* Sets the owner and mode of an open file or folder. */
static bool set_owner(int fd, uid_t uid, gid_t gid, mode_t mode) {
    return (uid == (uid_t)-1 || fchown(fd, uid, gid) == 0) && fchmod(fd, mode) == 0;
}

/* Opens a folder below dir_fd, and creates it if it is missing. */
static int open_below(int dir_fd, const char *name, uid_t uid, gid_t gid) {
    if (mkdirat(dir_fd, name, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && !set_owner(fd, uid, gid, 0700)) {
        close_if_open(fd);
        return -1;
    }
    return fd;
}

bool state_dir_open(struct state_dir *dir, const char *path, uid_t uid, gid_t gid) {
    *dir = (struct state_dir){.top_fd = -1, .sandboxes_fd = -1, .snapshots_fd = -1, .work_fd = -1, .lock_fd = -1};
    if (!make_path(path) || (dir->top_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        return fail(path, strerror(errno));
    }
    /* A folder that was passed by mistake must keep its owner and mode. */
    if (faccessat(dir->top_fd, LOCK_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && !is_empty(dir->top_fd)) {
        return fail(path, "the folder holds something else; give an empty or a new one with --state");
    }
    if (!set_owner(dir->top_fd, uid, gid, 0700)) {
        return fail(path, strerror(errno));
    }
    dir->lock_fd = openat(dir->top_fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (dir->lock_fd < 0 || !set_owner(dir->lock_fd, uid, gid, 0600)) {
        return fail(path, strerror(errno));
    }
    if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return fail(path, errno == EWOULDBLOCK ? "another agentkernel-local uses this state folder" : strerror(errno));
    }
    dir->sandboxes_fd = open_below(dir->top_fd, "sandboxes", uid, gid);
    dir->work_fd = open_below(dir->top_fd, "work", uid, gid);
    dir->snapshots_fd = open_below(dir->top_fd, "snapshots", uid, gid);
    if (dir->sandboxes_fd < 0 || dir->snapshots_fd < 0 || dir->work_fd < 0) {
        return fail(path, strerror(errno));
    }
    return true;
}

void state_dir_close(struct state_dir *dir) {
    close_if_open(dir->top_fd);
    close_if_open(dir->sandboxes_fd);
    close_if_open(dir->snapshots_fd);
    close_if_open(dir->work_fd);
    close_if_open(dir->lock_fd);
}

/* --- Sweeping --- */

bool state_dir_sweep(struct state_dir *dir) {
    int fd = openat(dir->work_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *work = fd < 0 ? NULL : fdopendir(fd);
    if (!work) {
        return fail("work", strerror(errno));
    }
    bool ok = true;
    const struct dirent *entry = NULL;
    while ((entry = readdir(work))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dir->work_fd, entry->d_name, 0) != 0 &&
            !tree_remove(dir->work_fd, entry->d_name, &dir->stopping)) {
            ok = fail(entry->d_name, strerror(errno));
        }
    }
    closedir(work);
    return ok;
}

/* --- meta.json --- */

/* The state since its creation; members that are unset are left out. */
static void write_life(const struct sandbox *sandbox, struct writer *writer) {
    if (atomic_load(&sandbox->stopped)) {
        writer_member_bool(writer, "stopped", true);
    }
    if (sandbox->unfinished) {
        writer_member_bool(writer, "unfinished", true);
    }
    if (sandbox->expires_at != 0) {
        writer_member_uint(writer, "expires_at", sandbox->expires_at);
    }
    if (sandbox->auto_stop_seconds != 0) {
        writer_member_uint(writer, "auto_stop_seconds", sandbox->auto_stop_seconds);
    }
    if (sandbox->archived_at != 0) {
        writer_member_uint(writer, "archived_at", sandbox->archived_at);
    }
    if (sandbox->auto_archive_seconds != 0) {
        writer_member_uint(writer, "auto_archive_seconds", sandbox->auto_archive_seconds);
    }
    if (sandbox->auto_delete_seconds != 0) {
        writer_member_uint(writer, "auto_delete_seconds", sandbox->auto_delete_seconds);
    }
}

void state_dir_write_meta(const struct sandbox *sandbox, struct writer *writer) {
    writer_open(writer, '{');
    writer_member_text(writer, "name", sandbox->name);
    writer_member_text(writer, "uuid", sandbox->uuid);
    writer_member_text(writer, "created_at", sandbox->created_at);
    writer_member_text(writer, "image", sandbox->image);
    if (sandbox->created_from_template) {
        writer_member_text(writer, "created_from_template", sandbox->created_from_template);
    }
    if (sandbox->template_help_text) {
        writer_member_text(writer, "template_help_text", sandbox->template_help_text);
    }
    writer_member_text(writer, "profile", profile_name(sandbox->profile));
    writer_member_uint(writer, "vcpus", sandbox->vcpus);
    writer_member_uint(writer, "cpu_percent", sandbox->cpu_percent);
    writer_member_uint(writer, "memory_mb", sandbox->memory_mb);
    if (sandbox->labels) {
        writer_name(writer, "labels");
        writer_text(writer, sandbox->labels);
    }
    if (sandbox->description) {
        writer_member_text(writer, "description", sandbox->description);
    }
    write_life(sandbox, writer);
    writer_close(writer, '}');
    writer_raw(writer, "\n", 1);
}

/* Moves a string of the file into a field of fixed size. */
static bool take(struct fields *fields, const char *name, char *field, size_t cap) {
    char *text = fields_required_text(fields, name);
    bool ok = text && (size_t)snprintf(field, cap, "%s", text) < cap;
    free(text);
    return ok;
}

bool state_dir_parse(struct sandbox *sandbox, const char *text, size_t len) {
    struct fields fields;
    fields_parse(&fields, text, len);
    uint64_t vcpus = 0;
    uint64_t cpu_percent = 0;
    char profile[16];
    bool ok = take(&fields, "name", sandbox->name, sizeof sandbox->name) &&
              take(&fields, "uuid", sandbox->uuid, sizeof sandbox->uuid) &&
              take(&fields, "created_at", sandbox->created_at, sizeof sandbox->created_at) &&
              take(&fields, "profile", profile, sizeof profile) && profile_parse(profile, &sandbox->profile) &&
              fields_uint(&fields, "vcpus", UINT32_MAX, &vcpus) &&
              fields_uint(&fields, "cpu_percent", UINT32_MAX, &cpu_percent) &&
              fields_uint(&fields, "memory_mb", INT64_MAX, &sandbox->memory_mb);
    sandbox->vcpus = (uint32_t)vcpus;
    sandbox->cpu_percent = (uint32_t)cpu_percent;
    sandbox->image = fields_required_text(&fields, "image");
    sandbox->created_from_template = fields_text(&fields, "created_from_template");
    sandbox->template_help_text = fields_text(&fields, "template_help_text");
    sandbox->labels = fields_map(&fields, "labels");
    sandbox->description = fields_text(&fields, "description");
    atomic_store(&sandbox->stopped, fields_bool(&fields, "stopped", false, false));
    sandbox->unfinished = fields_bool(&fields, "unfinished", false, false);
    fields_uint(&fields, "expires_at", INT64_MAX, &sandbox->expires_at);
    fields_uint(&fields, "auto_stop_seconds", INT64_MAX, &sandbox->auto_stop_seconds);
    fields_uint(&fields, "archived_at", INT64_MAX, &sandbox->archived_at);
    fields_uint(&fields, "auto_archive_seconds", INT64_MAX, &sandbox->auto_archive_seconds);
    fields_uint(&fields, "auto_delete_seconds", INT64_MAX, &sandbox->auto_delete_seconds);
    return ok && !fields.failed;
}

char *state_dir_load(int dir_fd, const char *name, size_t *len, struct timespec *changed) {
    int flags = WEAKENED("plain-files") ? 0 : O_NOFOLLOW | O_NONBLOCK;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | flags);
    struct stat status;
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &status) == 0) {
        errno = EFBIG; /* or not a plain file */
        text = status.st_size > META_MAX || !S_ISREG(status.st_mode) ? NULL : malloc((size_t)status.st_size + 1);
    }
    ssize_t n = 1;
    *len = 0;
    while (text && n > 0 && *len < (size_t)status.st_size) {
        n = read(fd, text + *len, (size_t)status.st_size - *len);
        *len += n > 0 ? (size_t)n : 0;
    }
    close_if_open(fd);
    if (text && n < 0) {
        free(text);
        return NULL;
    }
    if (text) {
        *changed = status.st_mtim;
    }
    return text;
}

bool state_dir_read(struct state_dir *dir, const char *name, struct sandbox *sandbox) {
    char path[SANDBOX_NAME_CAP + 16];
    snprintf(path, sizeof path, "%s/meta.json", name);
    size_t len = 0;
    char *text = state_dir_load(dir->sandboxes_fd, path, &len, &sandbox->last_activity);
    if (!text && errno == ENOENT) {
        tree_remove(dir->sandboxes_fd, name, &dir->stopping);
        return fail(name, "sandbox without meta.json removed");
    }
    if (!text) {
        return fail(name, strerror(errno));
    }
    bool ok = state_dir_parse(sandbox, text, len) && strcmp(sandbox->name, name) == 0;
    free(text);
    return ok || fail(name, "sandbox left out: its meta.json is damaged");
}

/* --- Creating and removing --- */

bool state_dir_store(int dir_fd, const char *name, const char *text, size_t len) {
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    size_t done = 0;
    ssize_t n = 0;
    while (done < len && (n = write(fd, text + done, len - done)) >= 0) {
        done += (size_t)n;
    }
    bool ok = n >= 0 && fsync(fd) == 0;
    close_if_open(fd);
    return ok;
}

/* Creates an empty tree. */
static bool make_tree(int fd) {
    int tree_fd =
        mkdirat(fd, "tree", 0700) == 0 ? openat(fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    bool ok = tree_fd >= 0 && kept_root_fill(tree_fd);
    close_if_open(tree_fd);
    return ok;
}

/* Fills the new folder work/UUID. */
static bool fill(struct state_dir *dir, int fd, const struct sandbox *sandbox, int source_fd) {
    struct writer writer = {0};
    state_dir_write_meta(sandbox, &writer);
    bool ok = source_fd < 0 ? make_tree(fd) : tree_copy(source_fd, fd, &dir->stopping);
    if (ok) {
        errno = ENOMEM;
    }
    ok = ok && writer_ok(&writer) && state_dir_store(fd, "meta.json.new", writer.text, writer.len) &&
         renameat(fd, "meta.json.new", fd, "meta.json") == 0 && fsync(fd) == 0;
    int error = errno;
    writer_free(&writer);
    errno = error;
    return ok;
}

bool state_dir_make(struct state_dir *dir, const struct sandbox *sandbox, int source_fd) {
    int fd = mkdirat(dir->work_fd, sandbox->uuid, 0700) == 0
                 ? openat(dir->work_fd, sandbox->uuid, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                 : -1;
    if (fd < 0) {
        return false;
    }
    bool ok = fill(dir, fd, sandbox, source_fd) &&
              kernel_rename(dir->work_fd, sandbox->uuid, dir->sandboxes_fd, sandbox->name, KERNEL_NOREPLACE) == 0;
    int error = errno;
    close(fd);
    if (ok) {
        fsync(dir->sandboxes_fd); /* it exists; a failed sync is not a reason to fail */
    } else {
        state_dir_delete(dir, sandbox);
    }
    errno = error;
    return ok;
}

bool state_dir_rewrite(struct state_dir *dir, const struct sandbox *sandbox, struct timespec last_activity) {
    struct writer writer = {0};
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, last_activity};
    int fd = openat(dir->sandboxes_fd, sandbox->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    state_dir_write_meta(sandbox, &writer);
    /* Left by a server that was killed at this point. */
    bool ok = fd >= 0 && (unlinkat(fd, "meta.json.new", 0) == 0 || errno == ENOENT);
    if (ok) {
        errno = ENOMEM;
    }
    ok = ok && writer_ok(&writer) && state_dir_store(fd, "meta.json.new", writer.text, writer.len) &&
         utimensat(fd, "meta.json.new", times, AT_SYMLINK_NOFOLLOW) == 0 &&
         renameat(fd, "meta.json.new", fd, "meta.json") == 0 && fsync(fd) == 0;
    int error = errno;
    writer_free(&writer);
    close_if_open(fd);
    errno = error;
    return ok;
}

bool state_dir_unname(struct state_dir *dir, const struct sandbox *sandbox) {
    if (kernel_rename(dir->sandboxes_fd, sandbox->name, dir->work_fd, sandbox->uuid, KERNEL_NOREPLACE) != 0) {
        return false;
    }
    fsync(dir->sandboxes_fd);
    return true;
}

bool state_dir_delete(struct state_dir *dir, const struct sandbox *sandbox) {
    return tree_remove(dir->work_fd, sandbox->uuid, &dir->stopping);
}
