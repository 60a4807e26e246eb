#include "watchdog.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "spawner.h"

#define NEAR_MS 50 /* at half the limit and above */
#define FAR_MS 200
#define COST_FACTOR 10       /* looking takes at most this part of the time */
#define BYTES_PER_INODE 1024 /* what an empty file costs the kernel */
#define TMPFS_KIND 0x01021994

struct usage {
    uint64_t bytes;
    uint64_t processes;
};

int64_t watchdog_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void watchdog_start(struct watchdog *watchdog, uint64_t memory_bytes, uint64_t max_processes) {
    bool needed = memory_bytes != 0 || max_processes != 0;
    *watchdog = (struct watchdog){.memory_bytes = memory_bytes,
                                  .max_processes = max_processes,
                                  .due_ms = needed ? watchdog_now_ms() + NEAR_MS : INT64_MAX,
                                  .root_fd = -1};
}

static size_t read_file(int folder_fd, const char *pid, const char *name, char *text, size_t cap) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", pid, name);
    int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd == -1 ? -1 : read(fd, text, cap - 1);
    if (fd != -1) {
        close(fd);
    }
    text[size > 0 ? size : 0] = '\0';
    return size > 0 ? (size_t)size : 0;
}

/* Resident bytes; pages that processes share are counted for each. */
static uint64_t resident_bytes(int proc_fd, const char *pid) {
    char text[128];
    unsigned long long total, resident;
    if (read_file(proc_fd, pid, "statm", text, sizeof text) == 0 || sscanf(text, "%llu %llu", &total, &resident) != 2) {
        return 0;
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t kilobytes_of(const char *text, const char *name) {
    const char *line = strstr(text, name);
    return line != NULL ? strtoull(line + strlen(name), NULL, 10) : 0;
}

/* This process's share of what it has in memory, without files: dear, because the kernel walks all its pages. */
static uint64_t share_bytes(int proc_fd, const char *pid) {
    char text[2048];
    if (read_file(proc_fd, pid, "smaps_rollup", text, sizeof text) == 0) {
        return resident_bytes(proc_fd, pid);
    }
    uint64_t share = kilobytes_of(text, "\nPss:"), files = kilobytes_of(text, "\nPss_File:");
    return (share - (files < share ? files : share) + kilobytes_of(text, "\nSwapPss:")) * 1024;
}

static void add_processes(int root_fd, uint64_t (*bytes_of)(int, const char *), struct usage *usage) {
    int proc_fd = openat(root_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *proc = proc_fd == -1 ? NULL : fdopendir(proc_fd);
    if (proc == NULL) {
        if (proc_fd != -1) {
            close(proc_fd);
        }
        return;
    }
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            usage->processes++;
            usage->bytes += bytes_of(proc_fd, entry->d_name);
        }
    }
    closedir(proc);
}

static uint64_t tmpfs_bytes(int root_fd, const char *name) {
    struct statfs status;
    int fd = openat(root_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool is_tmpfs = fd != -1 && fstatfs(fd, &status) == 0 && status.f_type == TMPFS_KIND;
    if (fd != -1) {
        close(fd);
    }
    return is_tmpfs ? (uint64_t)(status.f_blocks - status.f_bfree) * (uint64_t)status.f_bsize +
                          (uint64_t)(status.f_files - status.f_ffree) * BYTES_PER_INODE
                    : 0;
}

static uint64_t scratch_bytes(int root_fd) {
    return tmpfs_bytes(root_fd, "tmp") + tmpfs_bytes(root_fd, "dev/shm") + tmpfs_bytes(root_fd, &SANDBOX_HOME[1]);
}

static enum watchdog_finding look(const struct watchdog *watchdog, bool *near) {
    struct usage rough = {0, 0}, exact = {0, 0};
    uint64_t scratch = scratch_bytes(watchdog->root_fd);
    add_processes(watchdog->root_fd, resident_bytes, &rough);
    *near = rough.bytes + scratch > watchdog->memory_bytes / 2;
    if (watchdog->max_processes != 0 &&
        rough.processes > watchdog->max_processes + 1) { /* the launcher is one of them */
        return WATCHDOG_TOO_MANY_PROCESSES;
    }
    if (watchdog->memory_bytes == 0 || rough.bytes + scratch <= watchdog->memory_bytes) {
        return WATCHDOG_FINE;
    }
    add_processes(watchdog->root_fd, share_bytes, &exact);
    return exact.bytes + scratch > watchdog->memory_bytes ? WATCHDOG_TOO_MUCH_MEMORY : WATCHDOG_FINE;
}

enum watchdog_finding watchdog_look(struct watchdog *watchdog, pid_t first) {
    int64_t begin = watchdog_now_ms();
    bool near = true;
    enum watchdog_finding finding = WATCHDOG_FINE;
    if (watchdog->root_fd == -1 && first != 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%d/root", (int)first);
        watchdog->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (watchdog->root_fd != -1) {
        finding = look(watchdog, &near);
    }
    int64_t now = watchdog_now_ms(), pause = near ? NEAR_MS : FAR_MS, cost = (now - begin) * COST_FACTOR;
    watchdog->due_ms = now + (cost > pause ? cost : pause);
    return finding;
}

void watchdog_end(struct watchdog *watchdog) {
    if (watchdog->root_fd != -1) {
        close(watchdog->root_fd);
        watchdog->root_fd = -1;
    }
}
