#include "memfd_usage.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"

#define PLACES_TRIED 32
/* More than any program needs. Those above it are not examined, to bound the work, but each costs kernel memory.
 */
#define DESCRIPTORS_AT_MOST 65536
#define UNKNOWN_BYTES 16384

/* The device of memfds; 0 if it is unknown. */
static dev_t memfd_device(void) {
    static dev_t device;
    struct stat status;
    int fd = device == 0 ? memfd_create("device", MFD_CLOEXEC) : -1;
    if (fd >= 0) {
        device = fstat(fd, &status) == 0 ? status.st_dev : 0;
        close(fd);
    }
    return device;
}

void memfd_usage_clear(struct memfd_usage *memfds) {
    memset(memfds, 0, sizeof *memfds);
}

/* The slot of an inode, or a free slot for it; -1: not found and no free slot. */
static ssize_t find_place(const struct memfd_usage *memfds, ino_t inode) {
    for (size_t i = 0; i < PLACES_TRIED; i++) {
        size_t place = ((size_t)inode + i) & (MEMFD_USAGE_PLACES - 1);
        if (memfds->known[place] == inode || memfds->known[place] == 0) {
            return (ssize_t)place;
        }
    }
    return -1;
}

static bool is_known(const struct memfd_usage *memfds, ino_t inode) {
    ssize_t place = find_place(memfds, inode);
    return place >= 0 && memfds->known[place] == inode;
}

static void add_one(struct memfd_usage *memfds, const struct stat *status) {
    ssize_t place = find_place(memfds, status->st_ino);
    if (place >= 0 && memfds->known[place] == status->st_ino) {
        return;
    }
    if (place >= 0) {
        memfds->known[place] = status->st_ino;
    }
    memfds->bytes += (uint64_t)status->st_blocks * 512;
}

static void look_at(struct memfd_usage *memfds, int folder_fd, const char *descriptor) {
    struct stat status;
    if (memfds->descriptors++ >= DESCRIPTORS_AT_MOST) {
        memfds->bytes += UNKNOWN_BYTES;
    } else if (fstatat(folder_fd, descriptor, &status, 0) == 0 && S_ISREG(status.st_mode) &&
               status.st_dev == memfd_device()) {
        add_one(memfds, &status);
    }
}

void memfd_usage_add(struct memfd_usage *memfds, int proc_fd, const char *pid) {
    char path[300];
    snprintf(path, sizeof path, "%s/fd", pid);
    int folder_fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = folder_fd < 0 ? NULL : fdopendir(folder_fd);
    if (!folder) {
        close_if_open(folder_fd);
        return;
    }
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            look_at(memfds, folder_fd, entry->d_name);
        }
    }
    closedir(folder);
}

uint64_t memfd_usage_mapped_bytes(const struct memfd_usage *memfds, int proc_fd, const char *pid) {
    char path[300], line[512];
    uint64_t bytes = 0;
    bool counted = false;
    snprintf(path, sizeof path, "%s/smaps", pid);
    int fd = memfds->bytes == 0 ? -1 : openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    FILE *smaps = fd < 0 ? NULL : fdopen(fd, "r");
    if (!smaps) {
        close_if_open(fd);
        return 0;
    }
    while (fgets(line, sizeof line, smaps)) {
        uintmax_t inode;
        if (sscanf(line, "%*x-%*x %*s %*x %*x:%*x %ju", &inode) == 1) {
            counted = strstr(line, " /memfd:") && is_known(memfds, (ino_t)inode);
        } else if (counted && strncmp(line, "Pss:", 4) == 0) {
            bytes += strtoull(line + 4, NULL, 10) * 1024;
        }
    }
    fclose(smaps);
    return bytes;
}
