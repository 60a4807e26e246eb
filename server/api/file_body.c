#include "file_body.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "json_text.h"

/* Read at once: a multiple of 3, so that base64 can be made piece by piece. */
#define PIECE 24576
/* The longest escape is 6 bytes for one. */
#define ESCAPED_MAX (PIECE * 6)

struct file_reader {
    int fd;
    bool base64;
    uint64_t size;     /* of the file */
    uint64_t raw_left; /* bytes of it that have not been read */
    uint64_t content;  /* length of its text in the reply */
    uint64_t sent;     /* how much of that has been made */
    enum { STAGE_HEAD, STAGE_CONTENT, STAGE_TAIL, STAGE_END } stage;
    uint64_t length; /* of the whole reply */
    size_t kept;     /* bytes at the start of raw: a character whose rest comes with the next piece */
    size_t out_pos;
    size_t out_len;
    char raw[PIECE + 4];
    char out[ESCAPED_MAX];
};

/* --- The file --- */

/* Reads the next piece behind what was kept, whole unless the file ends. -1 with errno; EPIPE when it has shrunk. */
static ssize_t read_piece(struct file_reader *reader) {
    size_t wanted = reader->raw_left < PIECE ? (size_t)reader->raw_left : PIECE;
    size_t done = 0;
    while (done < wanted) {
        ssize_t n = read(reader->fd, reader->raw + reader->kept + done, wanted - done);
        if (n == 0) {
            errno = EPIPE;
            return -1;
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    reader->raw_left -= done;
    return (ssize_t)(reader->kept + done);
}

static bool rewind_file(struct file_reader *reader) {
    reader->raw_left = reader->size;
    reader->kept = 0;
    return lseek(reader->fd, 0, SEEK_SET) == 0;
}

/* Of len bytes, those that are whole characters; what follows them is kept. False when it is no text. */
static bool whole_characters(struct file_reader *reader, size_t len, size_t *whole) {
    bool incomplete = false;
    *whole = ak_utf8_prefix(reader->raw, len, &incomplete);
    reader->kept = len - *whole;
    return reader->kept == 0 || (incomplete && reader->raw_left > 0);
}

static bool is_wanted(const atomic_bool *stop, int client_fd) {
    struct pollfd client = {.fd = client_fd, .events = POLLRDHUP};
    return !atomic_load(stop) && poll(&client, 1, 0) == 0;
}

/* Finds out whether the file is text, and how long it is as such. False with errno. */
static bool measure(struct file_reader *reader, const atomic_bool *stop, int client_fd) {
    bool text = true;
    while (text && reader->raw_left > 0) {
        if (!is_wanted(stop, client_fd)) {
            errno = ECANCELED;
            return false;
        }
        size_t whole = 0;
        ssize_t len = read_piece(reader);
        if (len < 0 && errno == EPIPE) { /* shorter by now: take it as it is */
            reader->size -= reader->raw_left;
            reader->raw_left = 0;
            len = (ssize_t)reader->kept;
        }
        if (len < 0) {
            return false;
        }
        text = whole_characters(reader, (size_t)len, &whole);
        reader->content += ak_json_escape(reader->raw, whole, NULL, 0);
        memmove(reader->raw, reader->raw + whole, reader->kept);
    }
    reader->base64 = !text;
    if (!text) {
        reader->content = (reader->size + 2) / 3 * 4;
    }
    return rewind_file(reader);
}

/* --- The reply --- */

static void put_head(struct file_reader *reader) {
    reader->out_len = (size_t)snprintf(reader->out, sizeof reader->out,
                                       "{\"success\":true,\"data\":{\"encoding\":\"%s\",\"content\":\"",
                                       reader->base64 ? "base64" : "utf8");
}

static void put_tail(struct file_reader *reader) {
    reader->out_len = (size_t)snprintf(reader->out, sizeof reader->out, "\",\"size\":%" PRIu64 "}}", reader->size);
}

/* Makes the next piece of the content. False when what is there no longer is what was measured. */
static bool put_content(struct file_reader *reader) {
    ssize_t len = read_piece(reader);
    size_t whole = len < 0 ? 0 : (size_t)len;
    if (len < 0 || (!reader->base64 && !whole_characters(reader, (size_t)len, &whole))) {
        return false;
    }
    if (reader->base64) {
        reader->out_len = ak_base64_encode(reader->raw, whole, reader->out, sizeof reader->out);
    } else {
        reader->out_len = ak_json_escape(reader->raw, whole, reader->out, sizeof reader->out);
        memmove(reader->raw, reader->raw + whole, reader->kept);
    }
    reader->sent += reader->out_len;
    return reader->sent <= reader->content && (reader->raw_left > 0 || reader->sent == reader->content);
}

/* Makes what comes next. */
static bool put_next(struct file_reader *reader) {
    reader->out_pos = 0;
    reader->out_len = 0;
    switch (reader->stage) {
    case STAGE_HEAD:
        put_head(reader);
        reader->stage = reader->raw_left > 0 ? STAGE_CONTENT : STAGE_TAIL;
        return true;
    case STAGE_CONTENT:
        if (!put_content(reader)) {
            return false;
        }
        reader->stage = reader->raw_left > 0 ? STAGE_CONTENT : STAGE_TAIL;
        return true;
    case STAGE_TAIL:
        put_tail(reader);
        reader->stage = STAGE_END;
        return true;
    default:
        return false;
    }
}

struct file_reader *file_reader_open(int fd, uint64_t size, const atomic_bool *stop, int client_fd) {
    struct file_reader *reader = malloc(sizeof *reader);
    if (reader == NULL) {
        (void)close(fd);
        errno = ENOMEM;
        return NULL;
    }
    memset(reader, 0, offsetof(struct file_reader, raw));
    reader->fd = fd;
    reader->size = size;
    reader->raw_left = size;
    if (!measure(reader, stop, client_fd)) {
        int error = errno;
        file_reader_close(reader);
        errno = error;
        return NULL;
    }
    put_head(reader);
    reader->length = reader->out_len + reader->content;
    put_tail(reader);
    reader->length += reader->out_len;
    reader->out_len = 0;
    return reader;
}

uint64_t file_reader_length(const struct file_reader *reader) {
    return reader->length;
}

ssize_t file_reader_read(struct file_reader *reader, char *buf, size_t cap) {
    while (reader->out_pos == reader->out_len) {
        if (!put_next(reader)) {
            return -1;
        }
    }
    size_t left = reader->out_len - reader->out_pos;
    size_t n = left < cap ? left : cap;
    memcpy(buf, reader->out + reader->out_pos, n);
    reader->out_pos += n;
    return (ssize_t)n;
}

void file_reader_close(struct file_reader *reader) {
    if (reader != NULL) {
        (void)close(reader->fd);
        free(reader);
    }
}
