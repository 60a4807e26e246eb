/*
 * agentkernel_posix.h: functions that need more than one call, or local files, for C and C++, built on
 * agentkernel_ops.h.
 *
 * SPDX-License-Identifier: MIT
 *
 * Every function is static inline, as there; nothing is exported. Requires POSIX: with -std=c99 or c11 instead of gnu99
 * or gnu11, add -D_XOPEN_SOURCE=700.
 *
 * FILES are transferred piece by piece, so that the caller can show progress:
 *
 *     ak_transfer *transfer = NULL;
 *     ak_status status = ak_upload_begin(client, "box", "data", "/tmp/data", NULL, &transfer, err);
 *     while (status >= 0 && (status = ak_transfer_next(transfer, err)) == AK_ITEM) {
 *         printf("%lld bytes\n", (long long)transfer->done);
 *     }
 *     ak_transfer_free(transfer);
 *
 * or at once, with ak_upload and ak_download.
 */
#ifndef AGENTKERNEL_POSIX_H
#define AGENTKERNEL_POSIX_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <agentkernel_ops.h>

/* realpath, of X/Open, and O_CLOEXEC, of POSIX.1-2008. */
#if defined __linux__ && !defined _GNU_SOURCE && !defined _DEFAULT_SOURCE && !defined _BSD_SOURCE &&                   \
    (!defined _XOPEN_SOURCE || !defined O_CLOEXEC)
#error "agentkernel_posix.h needs POSIX: add -D_XOPEN_SOURCE=700, or choose gnu99 or gnu11 instead of c99 or c11"
#endif

#ifdef __cplusplus
#define AK_POSIX_CAST(type, value) static_cast<type>(value)
#define AK_POSIX_ZEROS                                                                                                 \
    {}
extern "C" {
#else
#define AK_POSIX_CAST(type, value) ((type)(value))
#define AK_POSIX_ZEROS                                                                                                 \
    { 0 }
#endif

/* A status of these functions only: errno has the reason that the local file failed; err is not written. */
#define AK_E_FILE (-100)

/* --- Detached commands --- */

static inline int64_t ak_posix_now_ms(void) {
    struct timespec now = AK_POSIX_ZEROS;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return AK_POSIX_CAST(int64_t, now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

static inline void ak_posix_sleep_ms(int64_t ms) {
    struct timespec left = AK_POSIX_ZEROS;
    left.tv_sec = AK_POSIX_CAST(time_t, ms / 1000);
    left.tv_nsec = AK_POSIX_CAST(long, ms % 1000 * 1000000);
    (void)nanosleep(&left, NULL); /* a signal makes the next poll come sooner */
}

/* Waits until a detached command has ended, polling with increasing intervals of at most one second.
 *
 * within_ms: milliseconds, or AK_TIMEOUT_NONE; the last poll may take a second more. result: the ended command; may be
 * NULL. AK_OK, AK_E_TIMEOUT when it is still running, or an error of ak_detached_status. Thread: any. */
static inline ak_status ak_detached_wait(ak_client *client, const char *name, const char *id, int64_t within_ms,
                                         ak_detached *result, ak_error *err) {
    const int64_t first_pause = 10, second = 1000, half_minute = 30000;
    const int64_t start = ak_posix_now_ms();
    ak_detached own = AK_POSIX_ZEROS;
    ak_detached *seen = result ? result : &own;
    int64_t pause = first_pause;
    ak_status status = AK_OK;
    for (bool last = false;;) {
        ak_detached_status_options look = AK_POSIX_ZEROS;
        const int64_t spent = ak_posix_now_ms() - start;
        const int64_t left = within_ms == AK_TIMEOUT_NONE ? INT64_MAX : within_ms > spent ? within_ms - spent : 0;
        if (left < half_minute) {
            /* A poll after the last one gets a timeout of 0, which sets the error. */
            look.timeout_ms = last ? AK_ZERO : left > second ? left : second;
            last = left == 0;
        }
        status = ak_detached_status(client, name, id, &look, seen, err);
        if (status < 0 || !seen->status || strcmp(seen->status, "running") != 0) {
            break;
        }
        ak_posix_sleep_ms(pause < left ? pause : left);
        pause = pause * 2 < second ? pause * 2 : second;
    }
    ak_detached_free(&own);
    return status;
}

/* --- Files --- */

/* A file transfer. */
typedef struct ak_transfer {
    int64_t done; /* bytes transferred */
    /* Private to the functions below. */
    ak_call *call;
    int fd;
    bool is_upload;
    char *to;           /* of a download: the target, */
    char *part;         /* and the temporary name until it is complete */
    size_t held, taken; /* of an upload: bytes in the piece, and how many of them were accepted */
    char piece[65536];
} ak_transfer;

/* Ends a transfer in any state: an unfinished one has no effect, except that the server may have received all of an
 * upload. NULL is allowed. */
static inline void ak_transfer_free(ak_transfer *transfer) {
    const int error = errno;
    if (transfer) {
        ak_call_free(transfer->call);
        if (transfer->fd >= 0) {
            (void)close(transfer->fd);
        }
        if (transfer->part) {
            (void)unlink(transfer->part);
        }
        free(transfer->part);
        free(transfer->to);
        free(transfer);
    }
    errno = error;
}

static inline ak_transfer *ak_posix_transfer(void) {
    ak_transfer *transfer = AK_POSIX_CAST(ak_transfer *, calloc(1, sizeof(ak_transfer)));
    if (transfer) {
        transfer->fd = -1;
    }
    return transfer;
}

/* Returns a transfer, or ends it on an error. */
static inline ak_status ak_posix_begun(ak_transfer *begun, ak_status status, ak_transfer **transfer) {
    if (status < 0) {
        ak_transfer_free(begun);
        begun = NULL;
    }
    *transfer = begun;
    return status;
}

/* Starts copying the local file `from` to `path` in a sandbox. A regular file that is too large is refused with the
 * first piece, before anything is sent. Free it with ak_transfer_free. AK_OK, AK_E_FILE, or an error of
 * ak_file_write_new. Thread: any. */
static inline ak_status ak_upload_begin(ak_client *client, const char *name, const char *from, const char *path,
                                        const ak_file_write_options *options, ak_transfer **transfer, ak_error *err) {
    ak_file_write_options set = AK_POSIX_ZEROS;
    struct stat file;
    ak_transfer *upload = ak_posix_transfer();
    if (!upload) {
        return ak_posix_begun(upload, AK_E_MEMORY, transfer);
    }
    upload->is_upload = true;
    upload->fd = open(from, O_RDONLY | O_CLOEXEC);
    if (upload->fd < 0 || fstat(upload->fd, &file) != 0) {
        return ak_posix_begun(upload, AK_E_FILE, transfer);
    }
    if (options) {
        set = *options;
    }
    if (set.size == 0 && S_ISREG(file.st_mode)) {
        set.size = file.st_size == 0 ? AK_ZERO : AK_POSIX_CAST(int64_t, file.st_size);
    }
    return ak_posix_begun(upload, ak_file_write_new(client, name, path, NULL, 0, &set, &upload->call, err), transfer);
}

/* A new copy of the path to replace: a link is kept, and its target is replaced. NULL with errno on failure; EINVAL: it
 * exists and is not a regular file. */
static inline char *ak_posix_target(const char *to) {
    struct stat there;
    if (stat(to, &there) != 0) {
        return errno == ENOENT ? strdup(to) : NULL;
    }
    if (!S_ISREG(there.st_mode)) {
        errno = S_ISDIR(there.st_mode) ? EISDIR : EINVAL;
        return NULL;
    }
    return realpath(to, NULL);
}

/* Starts copying `path` in a sandbox to the local file `to`, which is replaced when the download is complete, and else
 * unchanged; a link is kept, and an existing target that is not a regular file is refused. Free it with
 * ak_transfer_free. AK_OK, AK_E_FILE, or an error of ak_file_read_new. Thread: any. */
static inline ak_status ak_download_begin(ak_client *client, const char *name, const char *path, const char *to,
                                          const ak_file_read_options *options, ak_transfer **transfer, ak_error *err) {
    static const char suffix[] = ".part-XXXXXX";
    ak_transfer *download = ak_posix_transfer();
    if (!download) {
        return ak_posix_begun(download, AK_E_MEMORY, transfer);
    }
    download->to = ak_posix_target(to);
    if (!download->to) {
        return ak_posix_begun(download, errno == ENOMEM ? AK_E_MEMORY : AK_E_FILE, transfer);
    }
    const size_t len = strlen(download->to);
    download->part = AK_POSIX_CAST(char *, malloc(len + sizeof suffix));
    if (!download->part) {
        return ak_posix_begun(download, AK_E_MEMORY, transfer);
    }
    memcpy(download->part, download->to, len);
    memcpy(download->part + len, suffix, sizeof suffix);
    download->fd = mkstemp(download->part);
    if (download->fd < 0) {
        free(download->part);
        download->part = NULL;
        return ak_posix_begun(download, AK_E_FILE, transfer);
    }
    (void)fcntl(download->fd, F_SETFD, FD_CLOEXEC);
    return ak_posix_begun(download, ak_file_read_new(client, name, path, options, &download->call, err), transfer);
}

static inline ak_status ak_posix_upload_next(ak_transfer *upload, ak_error *err) {
    if (upload->taken == upload->held) {
        ssize_t n;
        do {
            n = read(upload->fd, upload->piece, sizeof upload->piece);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            return AK_E_FILE;
        }
        upload->held = AK_POSIX_CAST(size_t, n);
        upload->taken = 0;
    }
    const bool ends = upload->held == 0; /* writing 0 bytes ends the content */
    size_t taken = 0;
    ak_status status;
    while ((status = ak_call_write(upload->call, upload->piece + upload->taken, upload->held - upload->taken, &taken,
                                   err)) == AK_AGAIN) {
        (void)ak_call_wait(upload->call, -1, err);
    }
    upload->taken += taken;
    upload->done += AK_POSIX_CAST(int64_t, taken);
    return status != AK_OK ? status : ends ? ak_ops_wait(upload->call, err) : AK_ITEM;
}

/* Whether a file may be written at this offset. Beyond the process's limit that would raise SIGXFSZ, which ends
 * programs. */
static inline bool ak_posix_may_write(int64_t at) {
    struct rlimit limit = AK_POSIX_ZEROS;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        AK_POSIX_CAST(rlim_t, at) >= limit.rlim_cur) {
        errno = EFBIG;
        return false;
    }
    return true;
}

static inline bool ak_posix_write_all(int fd, int64_t at, const char *bytes, size_t len) {
    size_t done = 0;
    while (done < len) {
        const ssize_t n =
            ak_posix_may_write(at + AK_POSIX_CAST(int64_t, done)) ? write(fd, bytes + done, len - done) : -1;
        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? AK_POSIX_CAST(size_t, n) : 0;
    }
    return true;
}

/* Renames the complete file to its target. */
static inline bool ak_posix_place(ak_transfer *download) {
    struct stat there;
    const bool replaces = stat(download->to, &there) == 0;
    const mode_t mode = replaces ? there.st_mode & 0777 : 0644; /* not mkstemp's 0600 */
    const bool set = fchmod(download->fd, mode) == 0;
    const bool closed = close(download->fd) == 0;
    download->fd = -1;
    if (!set || !closed || rename(download->part, download->to) != 0) {
        return false;
    }
    free(download->part);
    download->part = NULL;
    return true;
}

static inline ak_status ak_posix_download_next(ak_transfer *download, ak_error *err) {
    size_t len = 0;
    ak_status status;
    while ((status = ak_call_read(download->call, download->piece, sizeof download->piece, &len, err)) == AK_AGAIN) {
        (void)ak_call_wait(download->call, -1, err);
    }
    if (status == AK_OK) {
        if (!ak_posix_write_all(download->fd, download->done, download->piece, len)) {
            return AK_E_FILE;
        }
        download->done += AK_POSIX_CAST(int64_t, len);
        return AK_ITEM;
    }
    return status == AK_DONE && !ak_posix_place(download) ? AK_E_FILE : status;
}

/* Transfers the next piece: AK_ITEM, with the progress in done, AK_DONE when the file is complete, AK_E_FILE, or an
 * error of ak_call_write or ak_call_read, after which it can only be freed. Thread: one. */
static inline ak_status ak_transfer_next(ak_transfer *transfer, ak_error *err) {
    return transfer->is_upload ? ak_posix_upload_next(transfer, err) : ak_posix_download_next(transfer, err);
}

/* Transfers all pieces, and frees the transfer. */
static inline ak_status ak_posix_transfer_all(ak_transfer *transfer, ak_status status, ak_error *err) {
    while (status >= 0 && (status = ak_transfer_next(transfer, err)) == AK_ITEM) {
    }
    ak_transfer_free(transfer);
    return status == AK_DONE ? AK_OK : status;
}

/* Copies a file into a sandbox: see ak_upload_begin. AK_OK, AK_E_FILE, or an error of ak_file_write. Thread: any. */
static inline ak_status ak_upload(ak_client *client, const char *name, const char *from, const char *path,
                                  const ak_file_write_options *options, ak_error *err) {
    ak_transfer *transfer = NULL;
    const ak_status status = ak_upload_begin(client, name, from, path, options, &transfer, err);
    return ak_posix_transfer_all(transfer, status, err);
}

/* Copies a file out of a sandbox: see ak_download_begin. AK_OK, AK_E_FILE, or an error of ak_file_read. Thread: any. */
static inline ak_status ak_download(ak_client *client, const char *name, const char *path, const char *to,
                                    const ak_file_read_options *options, ak_error *err) {
    ak_transfer *transfer = NULL;
    const ak_status status = ak_download_begin(client, name, path, to, options, &transfer, err);
    return ak_posix_transfer_all(transfer, status, err);
}

#ifdef __cplusplus
}
#endif

#undef AK_POSIX_CAST
#undef AK_POSIX_ZEROS

#endif /* AGENTKERNEL_POSIX_H */
