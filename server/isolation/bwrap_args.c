#include "bwrap_args.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept_root.h"
#include "weaken.h"

#define SANDBOX_UID "1000"
#define ROOT_BYTES "4194304" /* links, mount points and a few small files */
#define SHM_BYTES (UINT64_C(64) << 20)
#define DEFAULT_MEMORY_BYTES (UINT64_C(4) << 30)

static const char *const root_links[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* Entries of an image's root that the sandbox creates itself. */
static const char *const own_entries[] = {"proc", "dev", "tmp", "sys", "run", "lost+found", &SANDBOX_HOME[1]};

static void push(struct bwrap_args *out, const char *argument) {
    if (out->count + 1 >= BWRAP_MAX_ARGS) {
        out->overflow = true;
        return;
    }
    /* bwrap takes char **, as every program does; nothing writes to them on this side of exec */
    union {
        const char *given;
        char *taken;
    } pointer = {argument};
    out->argv[out->count++] = pointer.taken;
    out->argv[out->count] = NULL;
}

static void push_text(struct bwrap_args *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void push_text(struct bwrap_args *out, const char *format, ...) {
    va_list arguments;
    char *start = out->text + out->text_used;
    size_t room = sizeof out->text - out->text_used;
    va_start(arguments, format);
    int size = vsnprintf(start, room, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= room) {
        out->overflow = true;
        return;
    }
    out->text_used += (size_t)size + 1;
    push(out, start);
}

static void push1(struct bwrap_args *out, const char *option, const char *value) {
    push(out, option);
    push(out, value);
}

static void push2(struct bwrap_args *out, const char *option, const char *from, const char *to) {
    push(out, option);
    push(out, from);
    push(out, to);
}

static void push_tmpfs(struct bwrap_args *out, const char *perms, uint64_t bytes, const char *where) {
    push1(out, "--perms", perms);
    if (!WEAKENED("sizes")) {
        push(out, "--size");
        push_text(out, "%" PRIu64, bytes);
    }
    push1(out, "--tmpfs", where);
}

static void push_dir(struct bwrap_args *out, const char *where) {
    push1(out, "--perms", "0755");
    push1(out, "--dir", where);
}

/* The parents of an entry below /etc: those that bwrap creates itself would be closed to other users. */
static void push_parents(struct bwrap_args *out, const char *path) {
    for (const char *slash = strchr(path + sizeof "/etc", '/'); slash; slash = strchr(slash + 1, '/')) {
        push1(out, "--perms", "0755");
        push(out, "--dir");
        push_text(out, "%.*s", (int)(slash - path), path);
    }
}

static void push_namespaces(struct bwrap_args *out, bool network) {
    push(out, "--unshare-user");
    if (!WEAKENED("disable-userns")) {
        push(out, "--disable-userns");
    }
    if (!WEAKENED("unshare-pid")) {
        push(out, "--unshare-pid");
        push(out, "--as-pid-1");
    }
    push(out, "--unshare-ipc");
    push(out, "--unshare-uts");
    push(out, "--unshare-cgroup-try");
    if (!network && !WEAKENED("unshare-net")) {
        push(out, "--unshare-net");
    }
    push1(out, "--uid", SANDBOX_UID);
    push1(out, "--gid", SANDBOX_UID);
    push1(out, "--hostname", "sandbox");
    if (!WEAKENED("die-with-parent")) {
        push(out, "--die-with-parent");
    }
    if (!WEAKENED("new-session")) {
        push(out, "--new-session");
    }
    if (!WEAKENED("cap-drop")) {
        push1(out, "--cap-drop", "ALL");
    } else {
        push1(out, "--cap-add", "ALL");
    }
    if (!WEAKENED("clearenv")) {
        push(out, "--clearenv");
    }
}

/* The host's programs: /usr, root folders that link there, and /opt. */
static void push_host_root(struct bwrap_args *out) {
    push2(out, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < sizeof root_links / sizeof root_links[0]; i++) {
        char path[16], target[PATH_MAX];
        snprintf(path, sizeof path, "/%s", root_links[i]);
        ssize_t size = readlink(path, target, sizeof target - 1);
        if (size > 0) {
            push(out, "--symlink");
            push_text(out, "%.*s", (int)size, target);
            push_text(out, "%s", path);
        } else if (errno == EINVAL) { /* a folder, on systems whose /usr is not merged */
            push(out, "--ro-bind-try");
            push_text(out, "%s", path);
            push_text(out, "%s", path);
        }
    }
    push2(out, "--ro-bind-try", "/opt", "/opt");
}

static bool is_own_entry(const char *name) {
    if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) {
        return true;
    }
    for (size_t i = 0; i < sizeof own_entries / sizeof own_entries[0]; i++) {
        if (strcmp(name, own_entries[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void push_image_entry(struct bwrap_args *out, DIR *root, const char *image_root, const char *name) {
    struct stat status;
    if (fstatat(dirfd(root), name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return;
    }
    if (S_ISLNK(status.st_mode)) {
        char target[PATH_MAX];
        ssize_t size = readlinkat(dirfd(root), name, target, sizeof target - 1);
        if (size > 0) {
            push(out, "--symlink");
            push_text(out, "%.*s", (int)size, target);
            push_text(out, "/%s", name);
        }
    } else if (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)) {
        push(out, "--ro-bind");
        push_text(out, "%s/%s", image_root, name);
        push_text(out, "/%s", name);
    }
}

/* Another root file system: its top-level entries one by one, so that all mount points lie on the sandbox's own
 * root. */
static bool push_image_root(struct bwrap_args *out, const char *image_root) {
    DIR *root = opendir(image_root);
    if (!root) {
        return false;
    }
    errno = 0;
    for (struct dirent *entry = readdir(root); entry; entry = readdir(root)) {
        if (!is_own_entry(entry->d_name)) {
            push_image_entry(out, root, image_root, entry->d_name);
        }
    }
    closedir(root);
    return true;
}

/* An image has its own /etc, to which nothing can be added because it is bound read-only. Only resolv.conf is the
 * host's, if the image has a plain file for it. */
static void push_image_etc(struct bwrap_args *out, const char *image_root, const int *fds) {
    for (size_t i = 0; i < ETC_FILES; i++) {
        char path[PATH_MAX];
        struct stat status;
        int size = snprintf(path, sizeof path, "%s%s", image_root, etc_files[i].path);
        if (fds[BWRAP_FD_ETC + i] >= 0 && etc_files[i].network_only && size > 0 && (size_t)size < sizeof path &&
            lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            push(out, "--ro-bind-data");
            push_text(out, "%d", BWRAP_FD_ETC + (int)i);
            push(out, etc_files[i].path);
        }
    }
}

static void push_etc(struct bwrap_args *out, const int *fds) {
    push_dir(out, "/etc");
    for (size_t i = 0; i < ETC_FILES; i++) {
        if (fds[BWRAP_FD_ETC + i] >= 0) {
            push_parents(out, etc_files[i].path);
            push1(out, "--perms", "0644");
            push(out, "--file");
            push_text(out, "%d", BWRAP_FD_ETC + (int)i);
            push(out, etc_files[i].path);
        }
    }
    for (size_t i = 0; etc_folders[i]; i++) {
        if (access(etc_folders[i], R_OK) == 0) {
            push_parents(out, etc_folders[i]);
            push2(out, "--ro-bind-try", etc_folders[i], etc_folders[i]);
        }
    }
    push2(out, "--symlink", "../usr/lib/os-release", "/etc/os-release");
    push2(out, "--symlink", "/proc/self/mounts", "/etc/mtab");
}

/* The sizes of file systems in memory are fractions of the memory limit, so that filling them fails before the limit
 * kills. */
static uint64_t part_of_memory(uint64_t memory_bytes, uint64_t divisor) {
    return (memory_bytes != 0 ? memory_bytes : DEFAULT_MEMORY_BYTES) / divisor;
}

static void push_kernel_folders(struct bwrap_args *out, uint64_t memory_bytes, bool with_tmp) {
    uint64_t shm_bytes = part_of_memory(memory_bytes, 8);
    if (!WEAKENED("mount-proc")) {
        push1(out, "--proc", "/proc");
    } else {
        push2(out, "--bind", "/proc", "/proc");
    }
    if (!WEAKENED("cover-proc")) {
        push2(out, "--ro-bind", "/proc/sys", "/proc/sys");
        push2(out, "--ro-bind-try", "/proc/irq", "/proc/irq");
        push2(out, "--ro-bind-try", "/proc/bus", "/proc/bus");
        push2(out, "--ro-bind-try", "/proc/fs", "/proc/fs");
    }
    push1(out, "--dev", "/dev");
    push_tmpfs(out, "1777", shm_bytes < SHM_BYTES ? shm_bytes : SHM_BYTES, "/dev/shm");
    if (with_tmp) {
        push_tmpfs(out, "1777", part_of_memory(memory_bytes, 4), "/tmp");
    }
}

/* The entries of a kept sandbox except its home: each is bound in the sandbox's own root, and none below another. */
static bool push_kept_entries(struct bwrap_args *out, int tree_fd, const char *image_root) {
    struct kept_entry entries[KEPT_ROOT_MAX];
    size_t count = kept_root_list(tree_fd, entries);
    for (size_t i = 0; count != (size_t)-1 && i < count; i++) {
        const char *name = entries[i].name;
        if (strcmp(name, KEPT_ROOT_HOME) != 0 && kept_root_may_hold(name, image_root)) {
            push(out, "--bind-try"); /* the files API may be removing it */
            push_text(out, "/proc/self/fd/%d/%s", BWRAP_FD_TREE, name);
            push_text(out, "/%s", name);
        }
    }
    return count != (size_t)-1;
}

/* in_tree: where the home is in the kept tree; NULL: there is no such tree. */
static void push_home(struct bwrap_args *out, const char *in_tree, uint64_t memory_bytes) {
    if (in_tree) {
        push(out, "--bind");
        push_text(out, "/proc/self/fd/%d%s", BWRAP_FD_TREE, in_tree);
        push(out, SANDBOX_HOME);
    } else {
        push_tmpfs(out, "0755", part_of_memory(memory_bytes, 2), SANDBOX_HOME);
    }
#ifdef AK_TEST_WEAKEN
    /* The mistake that X1 guards against: a mount point below the tree. */
    if (WEAKENED("tree-last")) {
        push1(out, "--dir", SANDBOX_HOME "/.local/bin");
    }
#endif
}

/* Programs and their configuration: the image's, or the host's. */
static bool push_programs(struct bwrap_args *out, const char *image_root, const int *fds) {
    if (!image_root) {
        push_dir(out, "/var");
        push_host_root(out);
        push_etc(out, fds);
        return true;
    }
    if (!push_image_root(out, image_root)) {
        return false;
    }
    push_image_etc(out, image_root, fds);
    return true;
}

bool bwrap_args_build(struct bwrap_args *out, const char *bwrap_path, const struct launch_shape *shape,
                      const int fds[BWRAP_FD_END], uint64_t memory_bytes, unsigned flags) {
    bool kept_tree = fds[BWRAP_FD_TREE] >= 0;
    bool whole_tree = kept_tree && shape->whole_tree;
    out->count = 0;
    out->text_used = 0;
    out->overflow = false;
    push(out, bwrap_path);
    push_namespaces(out, launch_shape_has_network(shape));
    push1(out, "--perms", "0755");
    push1(out, "--size", ROOT_BYTES);
    push1(out, "--tmpfs", "/");
    if (!push_programs(out, shape->image_root, fds)) {
        return false;
    }
    push_kernel_folders(out, memory_bytes, !whole_tree);
    if (whole_tree && !push_kept_entries(out, fds[BWRAP_FD_TREE], shape->image_root)) {
        return false;
    }
    push_dir(out, "/run");
    if (!shape->image_root) {
        push2(out, "--symlink", "../tmp", "/var/tmp");
    }
    push_dir(out, SANDBOX_HOME);
    if (WEAKENED("host-folders")) {
        push2(out, "--bind", getenv("HOME"), getenv("HOME"));
    }
    if (!WEAKENED("remount-ro")) {
        push1(out, "--remount-ro", "/dev");
        push1(out, "--remount-ro", "/");
    }
    push_home(out, !kept_tree ? NULL : whole_tree ? "/" KEPT_ROOT_HOME : "", memory_bytes);
    if (!WEAKENED("seccomp")) {
        push(out, "--seccomp");
        push_text(out, "%d", BWRAP_FD_SECCOMP);
    }
    push1(out, "--chdir", "/");
    push(out, "--");
    push(out, LAUNCH_SELF_PATH);
    push_text(out, "%u", flags);
    if (out->overflow) {
        errno = E2BIG;
    }
    return !out->overflow;
}
