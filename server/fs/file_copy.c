#include "file_copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Bytes copied between two checks of the disk and of *stop. */
#define CHUNK ((off_t)16 << 20)

void file_copy_begin(struct file_copy *copy, int to_fd, const atomic_bool *stop) {
    copy->stop = stop;
    copy->disk_fd = to_fd;
    copy->reserve = disk_reserve(to_fd);
}

bool file_copy_may_go_on(const struct file_copy *copy, uint64_t bytes) {
    if (atomic_load(copy->stop)) {
        errno = ECANCELED;
        return false;
    }
    struct disk_space free = disk_free(copy->disk_fd);
    bool low = free.bytes < bytes || disk_is_low((struct disk_space){free.bytes - bytes, free.files}, copy->reserve);
    if (low) {
        errno = ENOSPC;
    }
    return !low;
}

/* Whether another way of copying may still work. */
static bool is_unsupported(int error) {
    return error == EXDEV || error == ENOSYS || error == EINVAL || error == EOPNOTSUPP || error == EPERM ||
           error == ETXTBSY || error == EBADF;
}

/* Copies one piece by reading and writing. Returns its size; 0 at end of file, -1 with errno. */
static ssize_t copy_by_hand(struct file_copy *copy, int from_fd, int to_fd, off_t offset, size_t len) {
    ssize_t n = pread(from_fd, copy->buf, len < sizeof copy->buf ? len : sizeof copy->buf, offset);
    ssize_t done = 0;
    while (done < n) {
        ssize_t written = pwrite(to_fd, copy->buf + done, (size_t)(n - done), offset + done);
        if (written < 0) {
            return -1;
        }
        done += written;
    }
    return n;
}

/* Copies a piece without holes, at most up to the end of the file. */
static bool copy_piece(struct file_copy *copy, int from_fd, int to_fd, off_t offset, off_t end, bool *by_hand) {
    ssize_t n = 1;
    while (offset < end && n > 0) {
        off_t left = end - offset < CHUNK ? end - offset : CHUNK;
        off_t from = offset;
        off_t to = offset;
        if (!file_copy_may_go_on(copy, (uint64_t)left)) {
            return false;
        }
        n = *by_hand ? copy_by_hand(copy, from_fd, to_fd, offset, (size_t)left)
                     : copy_file_range(from_fd, &from, to_fd, &to, (size_t)left, 0);
        if (n < 0 && !*by_hand && is_unsupported(errno)) {
            *by_hand = true;
            n = 1;
            continue;
        }
        offset += n > 0 ? n : 0;
    }
    return n >= 0;
}

bool file_copy_data(struct file_copy *copy, int from_fd, int to_fd, off_t size) {
    bool by_hand = false;
    if (size == 0 || ioctl(to_fd, FICLONE, from_fd) == 0) {
        return true;
    }
    off_t offset = 0;
    while (offset < size) {
        off_t data = lseek(from_fd, offset, SEEK_DATA);
        if (data < 0 && errno == ENXIO) {
            break; /* a hole up to the end */
        }
        off_t hole = data < 0 ? size : lseek(from_fd, data, SEEK_HOLE);
        data = data < 0 ? offset : data; /* a file system without support for holes */
        hole = hole < 0 || hole > size ? size : hole;
        if (data >= size) {
            break;
        }
        if (!copy_piece(copy, from_fd, to_fd, data, hole, &by_hand)) {
            return false;
        }
        offset = hole;
    }
    return ftruncate(to_fd, size) == 0;
}
