#include "watchdog.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"
#include "kept_root.h"
#include "memfd_usage.h"
#include "weaken.h"

#define NEAR_MS 50 /* at half the limit and above */
#define FAR_MS 200
#define COST_FACTOR 10       /* sampling takes at most this fraction of the time, */
#define LONGEST_MS 1000      /* but the interval is never longer than this */
#define BYTES_PER_INODE 1024 /* what an empty file costs the kernel */
#define AGAIN_MS 10
#define LIVING_CAP 80

struct usage {
    uint64_t bytes;
    uint64_t processes; /* or threads */
    struct memfd_usage *memfds;
};

int64_t watchdog_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void watchdog_start(struct watchdog *watchdog, uint64_t memory_bytes, uint64_t max_processes, int tree_fd) {
    *watchdog = (struct watchdog){.memory_bytes = WEAKENED("watchdog") ? 0 : memory_bytes,
                                  .max_processes = WEAKENED("watchdog") ? 0 : max_processes,
                                  .due_ms = INT64_MAX,
                                  .root_fd = -1,
                                  .tree_fd = -1};
    if (tree_fd >= 0 && !WEAKENED("disk-reserve")) {
        watchdog->tree_fd = fcntl(tree_fd, F_DUPFD_CLOEXEC, 0);
        watchdog->reserve = disk_reserve(tree_fd);
    }
    if (watchdog->memory_bytes != 0 || watchdog->max_processes != 0 || watchdog->tree_fd >= 0) {
        watchdog->due_ms = watchdog_now_ms() + NEAR_MS;
    }
}

static size_t read_file(int folder_fd, const char *pid, const char *name, char *text, size_t cap) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", pid, name);
    int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, cap - 1);
    close_if_open(fd);
    text[size > 0 ? size : 0] = '\0';
    return size > 0 ? (size_t)size : 0;
}

/* Resident bytes; pages that processes share are counted for each. */
static uint64_t resident_bytes(const struct memfd_usage *memfds, int proc_fd, const char *pid) {
    (void)memfds;
    char text[128];
    unsigned long long total, resident;
    if (read_file(proc_fd, pid, "statm", text, sizeof text) == 0 || sscanf(text, "%llu %llu", &total, &resident) != 2) {
        return 0;
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t kilobytes_of(const char *text, const char *name) {
    const char *line = strstr(text, name);
    return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

/* The proportional set size of this process, without files and without the memfds that were counted. Expensive, because
 * the kernel walks all its pages. */
static uint64_t share_bytes(const struct memfd_usage *memfds, int proc_fd, const char *pid) {
    char text[2048];
    if (read_file(proc_fd, pid, "smaps_rollup", text, sizeof text) == 0) {
        return resident_bytes(memfds, proc_fd, pid);
    }
    uint64_t share = kilobytes_of(text, "\nPss:") * 1024;
    uint64_t others = kilobytes_of(text, "\nPss_File:") * 1024 + memfd_usage_mapped_bytes(memfds, proc_fd, pid);
    return share - (others < share ? others : share) + kilobytes_of(text, "\nSwapPss:") * 1024;
}

static bool has_memory(int proc_fd, const char *name) {
    char text[128];
    return read_file(proc_fd, name, "statm", text, sizeof text) > 0 && strtoull(text, NULL, 10) > 0;
}

/* The folder in /proc with a process's memory and descriptors: its own, as long as its first thread lives, else that of
 * another thread. */
static void find_living(int proc_fd, const char *pid, char name[LIVING_CAP]) {
    char tasks[LIVING_CAP];
    snprintf(name, LIVING_CAP, "%.32s", pid);
    if (has_memory(proc_fd, name)) {
        return;
    }
    snprintf(tasks, sizeof tasks, "%.32s/task", pid);
    int fd = openat(proc_fd, tasks, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        close_if_open(fd);
        return;
    }
    bool found = false;
    for (struct dirent *entry = readdir(folder); entry && !found; entry = readdir(folder)) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            snprintf(name, LIVING_CAP, "%.32s/task/%.32s", pid, entry->d_name);
            found = has_memory(proc_fd, name);
        }
    }
    closedir(folder);
}

/* The 18th field after the name, which may contain anything. */
static uint64_t threads_of(int proc_fd, const char *pid) {
    char text[1024];
    unsigned long threads = 1;
    read_file(proc_fd, pid, "stat", text, sizeof text);
    const char *name_end = strrchr(text, ')');
    if (!name_end || sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lu",
                            &threads) != 1) {
        return 1;
    }
    return threads;
}

/* Sums over the processes; their memfds are counted if usage has room for them. */
static void add_processes(int root_fd, uint64_t (*bytes_of)(const struct memfd_usage *, int, const char *),
                          struct usage *usage, const struct memfd_usage *counted, bool count_threads) {
    char name[LIVING_CAP];
    int proc_fd = openat(root_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *proc = proc_fd < 0 ? NULL : fdopendir(proc_fd);
    if (!proc) {
        close_if_open(proc_fd);
        return;
    }
    for (struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            usage->processes += count_threads ? threads_of(proc_fd, entry->d_name) : 1;
            find_living(proc_fd, entry->d_name, name);
            usage->bytes += bytes_of(counted, proc_fd, name);
            if (usage->memfds) {
                memfd_usage_add(usage->memfds, proc_fd, name);
            }
        }
    }
    closedir(proc);
}

/* The content of a file system that was created for this sandbox. Its tree may be on a tmpfs as well; but that one is
 * the host's, with other files, and subject to the rule for disks. */
static uint64_t tmpfs_bytes(const struct watchdog *watchdog, const char *name) {
    struct statfs status;
    struct stat own, tree;
    int fd = openat(watchdog->root_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool counts = fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC && fstat(fd, &own) == 0 &&
                  (watchdog->tree_fd < 0 || fstat(watchdog->tree_fd, &tree) < 0 || tree.st_dev != own.st_dev);
    close_if_open(fd);
    return counts ? (uint64_t)(status.f_blocks - status.f_bfree) * (uint64_t)status.f_bsize +
                        (uint64_t)(status.f_files - status.f_ffree) * BYTES_PER_INODE
                  : 0;
}

static uint64_t scratch_bytes(const struct watchdog *watchdog) {
    return tmpfs_bytes(watchdog, "tmp") + tmpfs_bytes(watchdog, "dev/shm") + tmpfs_bytes(watchdog, &SANDBOX_HOME[1]);
}

static enum watchdog_finding look_inside(const struct watchdog *watchdog, bool *near) {
    static struct memfd_usage memfds;
    struct usage rough = {.memfds = &memfds}, exact = {.memfds = NULL};
    memfd_usage_clear(&memfds);
    add_processes(watchdog->root_fd, resident_bytes, &rough, &memfds, watchdog->max_processes != 0);
    uint64_t scratch = scratch_bytes(watchdog) + memfds.bytes;
    *near = *near || rough.bytes + scratch > watchdog->memory_bytes / 2;
    if (watchdog->max_processes != 0 &&
        rough.processes > watchdog->max_processes + 1) { /* the launcher is one of them */
        return WATCHDOG_TOO_MANY_PROCESSES;
    }
    if (watchdog->memory_bytes == 0 || rough.bytes + scratch <= watchdog->memory_bytes) {
        return WATCHDOG_FINE;
    }
    add_processes(watchdog->root_fd, share_bytes, &exact, &memfds, false);
    return exact.bytes + scratch > watchdog->memory_bytes ? WATCHDOG_TOO_MUCH_MEMORY : WATCHDOG_FINE;
}

/* Between vfork and exec two processes share their memory, which is counted for both: an excess must be seen twice. */
static enum watchdog_finding confirm(struct watchdog *watchdog, enum watchdog_finding finding) {
    bool first = finding == WATCHDOG_TOO_MUCH_MEMORY && !watchdog->suspected;
    watchdog->suspected = first;
    return first ? WATCHDOG_FINE : finding;
}

static enum watchdog_finding look_at_disk(const struct watchdog *watchdog, bool *near) {
    struct disk_space space = disk_free(watchdog->tree_fd);
    *near = disk_is_low((struct disk_space){space.bytes / 2, space.files / 2}, watchdog->reserve);
    return disk_is_low(space, watchdog->reserve) ? WATCHDOG_DISK_FULL : WATCHDOG_FINE;
}

enum watchdog_finding watchdog_look(struct watchdog *watchdog, pid_t first) {
    int64_t begin = watchdog_now_ms();
    bool near = false, inside = watchdog->memory_bytes != 0 || watchdog->max_processes != 0;
    enum watchdog_finding finding = watchdog->tree_fd >= 0 ? look_at_disk(watchdog, &near) : WATCHDOG_FINE;
    if (inside && watchdog->root_fd < 0 && first != 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%d/root", (int)first);
        watchdog->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (finding == WATCHDOG_FINE && watchdog->root_fd >= 0) {
        finding = confirm(watchdog, look_inside(watchdog, &near));
    }
    near = near || (inside && watchdog->root_fd < 0); /* it is being built */
    int64_t now = watchdog_now_ms(), pause = near ? NEAR_MS : FAR_MS, cost = (now - begin) * COST_FACTOR;
    pause = cost > pause ? cost : pause;
    watchdog->due_ms = now + (watchdog->suspected ? AGAIN_MS : pause < LONGEST_MS ? pause : LONGEST_MS);
    return finding;
}

void watchdog_end(struct watchdog *watchdog) {
    if (watchdog->root_fd >= 0) {
        close(watchdog->root_fd);
        watchdog->root_fd = -1;
    }
    if (watchdog->tree_fd >= 0) {
        close(watchdog->tree_fd);
        watchdog->tree_fd = -1;
    }
}
