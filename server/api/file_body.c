#include "file_body.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "descriptor.h"
#include "json_text.h"

/* Bytes read at once: a multiple of 3, so that base64 can be encoded piece by piece. */
#define PIECE 24576
/* The longest escape is 6 bytes for one. */
#define ESCAPED_MAX (PIECE * 6)

struct file_body {
    int fd;
    bool base64;
    uint64_t size;     /* of the file */
    uint64_t raw_left; /* bytes of it that have not been read */
    uint64_t content;  /* length of its text in the reply */
    uint64_t sent;     /* how much of that has been generated */
    enum { STAGE_HEAD, STAGE_CONTENT, STAGE_TAIL, STAGE_END } stage;
    size_t kept; /* bytes at the start of raw: a character whose rest comes with the next piece */
    size_t out_pos;
    size_t out_len;
    char raw[PIECE + 4];
    char out[ESCAPED_MAX];
};

/* --- The file --- */

/* Reads the next piece behind the kept bytes, complete unless the file ends. -1 with errno; EPIPE when it has
 * shrunk. */
static ssize_t read_piece(struct file_body *body) {
    size_t wanted = body->raw_left < PIECE ? (size_t)body->raw_left : PIECE;
    size_t done = 0;
    while (done < wanted) {
        ssize_t n = read(body->fd, body->raw + body->kept + done, wanted - done);
        if (n == 0) {
            errno = EPIPE;
            return -1;
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    body->raw_left -= done;
    return (ssize_t)(body->kept + done);
}

static bool rewind_file(struct file_body *body) {
    body->raw_left = body->size;
    body->kept = 0;
    return lseek(body->fd, 0, SEEK_SET) == 0;
}

/* Finds the complete characters in len bytes; what follows them is kept. False if it is not text. */
static bool whole_characters(struct file_body *body, size_t len, size_t *whole) {
    bool incomplete = false;
    *whole = ak_utf8_prefix(body->raw, len, &incomplete);
    body->kept = len - *whole;
    return body->kept == 0 || (incomplete && body->raw_left > 0);
}

static bool is_wanted(const atomic_bool *stop, int client_fd) {
    struct pollfd client = {.fd = client_fd, .events = POLLRDHUP};
    return !atomic_load(stop) && poll(&client, 1, 0) == 0;
}

/* Determines whether the file is text, and its length as such. False with errno. */
static bool measure(struct file_body *body, const atomic_bool *stop, int client_fd) {
    bool text = true;
    while (text && body->raw_left > 0) {
        if (!is_wanted(stop, client_fd)) {
            errno = ECANCELED;
            return false;
        }
        size_t whole = 0;
        ssize_t len = read_piece(body);
        if (len < 0 && errno == EPIPE) { /* it has shrunk: use the new length */
            body->size -= body->raw_left;
            body->raw_left = 0;
            len = (ssize_t)body->kept;
        }
        if (len < 0) {
            return false;
        }
        text = whole_characters(body, (size_t)len, &whole);
        body->content += ak_json_escape(body->raw, whole, NULL, 0);
        memmove(body->raw, body->raw + whole, body->kept);
    }
    body->base64 = !text;
    if (!text) {
        body->content = (body->size + 2) / 3 * 4;
    }
    return rewind_file(body);
}

/* --- The reply --- */

static void put_head(struct file_body *body) {
    body->out_len =
        (size_t)snprintf(body->out, sizeof body->out, "{\"success\":true,\"data\":{\"encoding\":\"%s\",\"content\":\"",
                         body->base64 ? "base64" : "utf8");
}

static void put_tail(struct file_body *body) {
    body->out_len = (size_t)snprintf(body->out, sizeof body->out, "\",\"size\":%" PRIu64 "}}", body->size);
}

/* Generates the next piece of the content. False if the file no longer matches the measured length. */
static bool put_content(struct file_body *body) {
    ssize_t len = read_piece(body);
    size_t whole = len < 0 ? 0 : (size_t)len;
    if (len < 0 || (!body->base64 && !whole_characters(body, (size_t)len, &whole))) {
        return false;
    }
    if (body->base64) {
        body->out_len = ak_base64_encode(body->raw, whole, body->out, sizeof body->out);
    } else {
        body->out_len = ak_json_escape(body->raw, whole, body->out, sizeof body->out);
        memmove(body->raw, body->raw + whole, body->kept);
    }
    body->sent += body->out_len;
    return body->sent <= body->content && (body->raw_left > 0 || body->sent == body->content);
}

/* Generates the next piece of the reply. */
static bool put_next(struct file_body *body) {
    body->out_pos = 0;
    body->out_len = 0;
    switch (body->stage) {
    case STAGE_HEAD:
        put_head(body);
        body->stage = body->raw_left > 0 ? STAGE_CONTENT : STAGE_TAIL;
        return true;
    case STAGE_CONTENT:
        if (!put_content(body)) {
            return false;
        }
        body->stage = body->raw_left > 0 ? STAGE_CONTENT : STAGE_TAIL;
        return true;
    case STAGE_TAIL:
        put_tail(body);
        body->stage = STAGE_END;
        return true;
    default:
        return false;
    }
}

static ssize_t read_body(void *context, char *buf, size_t cap) {
    struct file_body *body = context;
    while (body->out_pos == body->out_len) {
        if (!put_next(body)) {
            return BODY_BROKEN;
        }
    }
    size_t left = body->out_len - body->out_pos;
    size_t n = left < cap ? left : cap;
    memcpy(buf, body->out + body->out_pos, n);
    body->out_pos += n;
    return (ssize_t)n;
}

static void close_body(void *context) {
    struct file_body *body = context;
    close_if_open(body->fd);
    free(body);
}

bool file_body_open(struct body_source *source, int fd, uint64_t size, const atomic_bool *stop, int client_fd) {
    struct file_body *body = malloc(sizeof *body);
    if (!body) {
        close(fd);
        errno = ENOMEM;
        return false;
    }
    memset(body, 0, offsetof(struct file_body, raw));
    body->fd = fd;
    body->size = size;
    body->raw_left = size;
    if (!measure(body, stop, client_fd)) {
        int error = errno;
        close_body(body);
        errno = error;
        return false;
    }
    put_head(body);
    uint64_t length = body->out_len + body->content;
    put_tail(body);
    length += body->out_len;
    body->out_len = 0;
    *source = (struct body_source){read_body, close_body, body, length};
    return true;
}
