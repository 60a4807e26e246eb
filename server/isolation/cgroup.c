#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"

#define SERVER_LEAF "agentkernel-server"
#define LEAF_PREFIX "agentkernel-run-"
#define CPU_PERIOD_US 100000

static bool read_at(int folder_fd, const char *path, char *text, size_t cap) {
    int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t size = read(fd, text, cap - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    return size >= 0;
}

/* O_CREAT does nothing on a cgroup file system; the tree of the tests consists of plain files. */
static bool write_at(int folder_fd, const char *path, const char *text) {
    int fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return false;
    }
    ssize_t size = write(fd, text, strlen(text));
    close(fd);
    return size == (ssize_t)strlen(text);
}

static bool has_word(const char *text, const char *word) {
    size_t size = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        if ((at == text || at[-1] == ' ') && strchr(" \n", at[size])) {
            return true;
        }
    }
    return false;
}

/* Opens the cgroup of this process; -1 if there is no cgroup v2. */
static int open_own(void) {
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    char text[PATH_MAX], path[PATH_MAX + 32];
    if (!read_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof text)) {
        return -1;
    }
    /* v2 is the line without controllers */
    char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!line) {
        return -1;
    }
    line += *line == '\n' ? 4 : 3;
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        snprintf(path, sizeof path, "%s%s/cgroup.controllers", mounts[i], line);
        if (access(path, R_OK) == 0) {
            *strrchr(path, '/') = '\0';
            return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
    }
    return -1;
}

/* The subtree is usable if it is writable and its root contains no other process. */
static bool move_to_own_leaf(int root_fd) {
    char text[64], self[16];
    if (faccessat(root_fd, ".", W_OK, 0) < 0 || faccessat(root_fd, "cgroup.procs", W_OK, 0) < 0 ||
        faccessat(root_fd, "cgroup.subtree_control", W_OK, 0) < 0) {
        return false;
    }
    snprintf(self, sizeof self, "%d\n", (int)getpid());
    if (!read_at(root_fd, "cgroup.procs", text, sizeof text) || strcmp(text, self) != 0) {
        return false;
    }
    return (mkdirat(root_fd, SERVER_LEAF, 0755) == 0 || errno == EEXIST) &&
           write_at(root_fd, SERVER_LEAF "/cgroup.procs", "0");
}

/* Removes leaves of a server that was killed, except those that still have processes. */
static void remove_old_leaves(int root_fd) {
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *root = fd < 0 ? NULL : fdopendir(fd);
    if (!root) {
        close_if_open(fd);
        return;
    }
    for (struct dirent *entry = readdir(root); entry; entry = readdir(root)) {
        if (strncmp(entry->d_name, LEAF_PREFIX, strlen(LEAF_PREFIX)) == 0) {
            unlinkat(root_fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(root);
}

void cgroup_open(struct cgroup *cgroup, const char *root) {
    char controllers[256];
    bool own = !root;
    *cgroup = (struct cgroup){.root_fd = -1};
    if (!own && root[0] == '\0') {
        return;
    }
    int root_fd = own ? open_own() : open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0) {
        return;
    }
    if (!read_at(root_fd, "cgroup.controllers", controllers, sizeof controllers) || !has_word(controllers, "memory") ||
        (own && !move_to_own_leaf(root_fd)) || !write_at(root_fd, "cgroup.subtree_control", "+memory")) {
        close(root_fd);
        return;
    }
    cgroup->root_fd = root_fd;
    cgroup->has_cpu = has_word(controllers, "cpu") && write_at(root_fd, "cgroup.subtree_control", "+cpu");
    cgroup->has_pids = has_word(controllers, "pids") && write_at(root_fd, "cgroup.subtree_control", "+pids");
    remove_old_leaves(root_fd);
}

void cgroup_close(struct cgroup *cgroup) {
    if (cgroup->root_fd >= 0) {
        close(cgroup->root_fd);
        cgroup->root_fd = -1;
    }
}

static bool set_limits(const struct cgroup *cgroup, int leaf_fd, const struct limits *limits) {
    char text[64];
    bool done = true;
    if (limits->memory_bytes != 0) {
        snprintf(text, sizeof text, "%" PRIu64, limits->memory_bytes);
        done = write_at(leaf_fd, "memory.max", text);
        write_at(leaf_fd, "memory.swap.max", "0"); /* missing on kernels without swap */
        done = done && write_at(leaf_fd, "memory.oom.group", "1");
    }
    if (limits->cpus > 0 && cgroup->has_cpu) {
        snprintf(text, sizeof text, "%" PRIu64 " %d", (uint64_t)(limits->cpus * CPU_PERIOD_US), CPU_PERIOD_US);
        done = done && write_at(leaf_fd, "cpu.max", text);
    }
    if (limits->max_processes != 0 && cgroup->has_pids) {
        snprintf(text, sizeof text, "%" PRIu64, limits->max_processes + 2); /* bwrap and the launcher */
        done = done && write_at(leaf_fd, "pids.max", text);
    }
    return done;
}

int cgroup_make_leaf(struct cgroup *cgroup, const struct limits *limits, char name[CGROUP_NAME_CAP]) {
    snprintf(name, CGROUP_NAME_CAP, LEAF_PREFIX "%d-%u", (int)getpid(), cgroup->next++);
    if (mkdirat(cgroup->root_fd, name, 0755) < 0) {
        return -1;
    }
    int entry_fd = -1;
    int leaf_fd = openat(cgroup->root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (leaf_fd >= 0 && set_limits(cgroup, leaf_fd, limits)) {
        entry_fd = openat(leaf_fd, "cgroup.procs", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    }
    int error = errno;
    close_if_open(leaf_fd);
    if (entry_fd < 0) {
        cgroup_remove_leaf(cgroup, name);
        errno = error;
    }
    return entry_fd;
}

bool cgroup_ran_out_of_memory(const struct cgroup *cgroup, const char *name) {
    char path[CGROUP_NAME_CAP + 32], text[512];
    snprintf(path, sizeof path, "%s/memory.events", name);
    if (!read_at(cgroup->root_fd, path, text, sizeof text)) {
        return false;
    }
    const char *line = strstr(text, "oom_kill ");
    return line && strtoul(line + strlen("oom_kill "), NULL, 10) > 0;
}

void cgroup_remove_leaf(const struct cgroup *cgroup, const char *name) {
    unlinkat(cgroup->root_fd, name, AT_REMOVEDIR);
}
