#include "disk.h"

#include <linux/magic.h>
#include <sys/statfs.h>

#include "weaken.h"

#define DISK_RESERVE_BYTES (UINT64_C(1) << 30)
#define DISK_RESERVE_FILES UINT64_C(16384)

struct disk_space disk_free(int fd) {
    struct statfs status;
    struct disk_space space = {UINT64_MAX, UINT64_MAX};
    if (fstatfs(fd, &status) == 0) {
        space.bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
        space.files = status.f_files == 0 ? UINT64_MAX : (uint64_t)status.f_ffree; /* 0: allocated on demand */
    }
    return space;
}

bool disk_is_memory(int fd) {
    struct statfs status;
    return fstatfs(fd, &status) == 0 && (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

static uint64_t part(uint64_t usual, uint64_t available) {
    return usual < available / 2 ? usual : available / 2;
}

struct disk_space disk_reserve(int fd) {
    struct disk_space space = disk_free(fd);
    if (WEAKENED("disk-reserve")) {
        return (struct disk_space){0, 0};
    }
    return (struct disk_space){part(DISK_RESERVE_BYTES, space.bytes), part(DISK_RESERVE_FILES, space.files)};
}

bool disk_is_low(struct disk_space free, struct disk_space reserve) {
    return free.bytes < reserve.bytes || free.files < reserve.files;
}
