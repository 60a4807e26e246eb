#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

bool output_file_open(struct output_file *file, int folder_fd) {
    *file = (struct output_file){.fd = openat(folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (file->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) {
        return file->fd >= 0;
    }
    /* This file system does not support O_TMPFILE. */
    char name[CLOCK_UUID_CAP];
    clock_uuid(name);
    file->fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd >= 0) {
        unlinkat(folder_fd, name, 0);
    }
    return file->fd >= 0;
}

size_t output_file_write(const struct output_file *file, const char *bytes, size_t len) {
    size_t limit = capture_limit();
    size_t room = file->len < limit ? limit - file->len : 0;
    size_t wanted = len < room ? len : room;
    size_t done = 0;
    ssize_t n = 1;
    /* On a full disk the rest is lost, as it is past the limit; the total includes it. */
    while (done < wanted && n > 0) {
        n = pwrite(file->fd, bytes + done, wanted - done, (off_t)(file->len + done));
        done += n > 0 ? (size_t)n : 0;
    }
    return done;
}

bool output_file_read(const struct output_file *file, struct capture *capture) {
    capture->bytes = malloc(file->len + 1);
    errno = ENOMEM;
    ssize_t n = 1;
    while (capture->bytes && capture->len < file->len && n > 0) {
        n = pread(file->fd, capture->bytes + capture->len, file->len - capture->len, (off_t)capture->len);
        capture->len += n > 0 ? (size_t)n : 0;
    }
    capture->total = file->total;
    return capture->bytes && n > 0;
}
