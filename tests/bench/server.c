/*
 * server.c: ak-bench-server: an HTTP server whose answers were all made before the first request came. It costs as
 * little as one can, so that what is measured against it is the client.
 *
 * Prints "listening on URL", and ends when its stdin does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fixed.h"

#define REQUEST_CAP 65536
#define MAX_EVENTS 64

static void die(const char *what) {
    fprintf(stderr, "ak-bench-server: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- answers ------------------------------------------------------------------------------------------------------
 */

typedef struct {
    char *bytes;
    size_t len;
} text;

/* What goes out: the head, the block some times, the tail. A unary answer is all head. */
typedef struct {
    text head;
    text block;
    size_t repeats;
    text tail;
} answer;

static answer health, run, sandboxes, small_stream, large_stream, huge_stream, file, written, bad_request, not_found;

__attribute__((format(printf, 2, 3))) static void add(text *to, const char *format, ...) {
    va_list arguments;
    char *piece = NULL;
    va_start(arguments, format);
    int len = vasprintf(&piece, format, arguments);
    va_end(arguments);
    char *longer = len < 0 ? NULL : realloc(to->bytes, to->len + (size_t)len + 1);
    if (!longer) {
        die("out of memory");
    }
    memcpy(longer + to->len, piece, (size_t)len + 1);
    to->bytes = longer;
    to->len += (size_t)len;
    free(piece);
}

static void make_unary(answer *to, const char *status, const char *body) {
    add(&to->head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
        strlen(body), body);
}

static void make_sandboxes(void) {
    text body = {0};
    add(&body, "{\"success\":true,\"data\":[");
    for (int i = 0; i < FIXED_SANDBOXES; i++) {
        add(&body,
            "%s{\"name\":\"sandbox-%d\",\"uuid\":\"6f1c2a3b-0000-4000-8000-%012d\",\"status\":\"running\","
            "\"backend\":\"docker\",\"ip\":\"172.17.%d.%d\",\"image\":\"python:3.12-alpine\",\"vcpus\":2,"
            "\"memory_mb\":512,\"created_at\":\"2025-01-31T12:00:00.123456789+00:00\",\"placeholder_secrets\":false,"
            "\"labels\":{\"owner\":\"bench\",\"run\":\"%d\"},"
            "\"last_activity_at\":\"2025-01-31T12:00:00.123456789+00:00\"}",
            i ? "," : "", i, i, i / 250, i % 250, i);
    }
    add(&body, "]}");
    make_unary(&sandboxes, "200 OK", body.bytes);
    free(body.bytes);
}

/* An event whose output is lines of text, 80 bytes each but for the last; the escape of a line end is what most output
 * has. */
static void add_event(text *to, size_t bytes) {
    add(to, "event: output\ndata: {\"data\":\"");
    for (size_t at = 0; at < bytes;) {
        size_t line = bytes - at < 80 ? bytes - at : 80;
        add(to, "%.*s\\n", (int)line - 1,
            "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 abcdef");
        at += line;
    }
    add(to, "\",\"stream\":\"stdout\"}\n\n");
}

static void make_stream(answer *to, size_t events, size_t events_in_block, size_t bytes) {
    text start = {0};
    add(&start, "event: started\ndata: {\"command\":[\"cat\"],\"fast\":false,"
                "\"timestamp\":\"2025-01-31T12:00:00.123456789+00:00\"}\n\n");
    add(&to->tail, "event: done\ndata: {\"exit_code\":0,\"success\":true}\n\n");
    text event = {0};
    add_event(&event, bytes);
    for (size_t i = 0; i < events_in_block; i++) {
        add(&to->block, "%s", event.bytes);
    }
    to->repeats = events / events_in_block;
    add(&to->head,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nContent-Length: "
        "%zu\r\n\r\n%s",
        start.len + to->block.len * to->repeats + to->tail.len, start.bytes);
    free(start.bytes);
    free(event.bytes);
}

/* The base64 of the bytes 0 to 255, 0 to 255 and so on, up to where it begins again. */
static void add_file_base64(text *to) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned i = 0; i < 3 * 256; i += 3) {
        unsigned group = (i & 255) << 16 | ((i + 1) & 255) << 8 | ((i + 2) & 255);
        add(to, "%c%c%c%c", alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63],
            alphabet[group & 63]);
    }
}

static void make_file(void) {
    static const char start[] = "{\"success\":true,\"data\":{\"encoding\":\"base64\",\"content\":\"";
    for (int i = 0; i < 125; i++) {
        add_file_base64(&file.block);
    }
    file.repeats = FIXED_FILE_BASE64_BYTES / file.block.len;
    add(&file.tail, "\",\"size\":%d}}", FIXED_FILE_BYTES);
    add(&file.head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        sizeof start - 1 + FIXED_FILE_BASE64_BYTES + file.tail.len, start);
    make_unary(&written, "200 OK", "{\"success\":true,\"data\":\"Wrote 12000000 bytes to /tmp/x\"}");
    make_unary(&bad_request, "400 Bad Request", "{\"success\":false,\"error\":\"The file is too short\"}");
}

static void make_answers(void) {
    make_unary(&health, "200 OK", "{\"success\":true,\"data\":\"ok\"}");
    make_unary(&run, "200 OK", "{\"success\":true,\"data\":{\"output\":\"hello\\n\"}}");
    make_unary(&not_found, "404 Not Found", "{\"success\":false,\"error\":\"Not found\"}");
    make_sandboxes();
    make_stream(&small_stream, FIXED_SMALL_EVENTS, 1000, FIXED_SMALL_BYTES);
    make_stream(&large_stream, FIXED_LARGE_EVENTS, 16, FIXED_LARGE_BYTES);
    make_stream(&huge_stream, FIXED_HUGE_EVENTS, 16, FIXED_LARGE_BYTES);
    make_file();
}

/* ---- connections --------------------------------------------------------------------------------------------------
 */

typedef struct {
    int fd;
    size_t have;
    char request[REQUEST_CAP + 1]; /* NUL-terminated */
    bool uploads;                  /* the request's head is gone, its body is thrown away while it comes */
    bool chunked;
    size_t body; /* what it has, or, chunked, has had so far */
    size_t body_left;
    const answer *reply; /* going out; NULL: none */
    size_t piece;        /* 0: the head, then the blocks, then the tail */
    size_t offset;       /* in it */
} connection;

static text piece_of(const answer *reply, size_t piece) {
    return piece == 0 ? reply->head : piece <= reply->repeats ? reply->block : reply->tail;
}

/* Sends as much as goes. False: the client has gone. */
static bool send_some(connection *c) {
    while (c->reply) {
        struct iovec parts[2];
        size_t last = c->reply->repeats + 1;
        text now = piece_of(c->reply, c->piece);
        text next = c->piece < last ? piece_of(c->reply, c->piece + 1) : (text){0};
        parts[0] = (struct iovec){now.bytes + c->offset, now.len - c->offset};
        parts[1] = (struct iovec){next.bytes, next.len};
        ssize_t sent = writev(c->fd, parts, next.len ? 2 : 1);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        c->offset += (size_t)sent;
        while (c->piece <= last && c->offset >= piece_of(c->reply, c->piece).len) {
            c->offset -= piece_of(c->reply, c->piece).len;
            c->piece++;
        }
        if (c->piece > last) {
            c->reply = NULL;
        }
    }
    return true;
}

static const answer *answer_to(const char *request, const char *body) {
    if (strncmp(request, "GET /health ", 12) == 0) {
        return &health;
    }
    if (strncmp(request, "POST /run ", 10) == 0) {
        return &run;
    }
    if (strncmp(request, "GET /sandboxes ", 15) == 0) {
        return &sandboxes;
    }
    if (strncmp(request, "POST /run/stream ", 17) == 0) {
        return strstr(body, "\"" FIXED_SMALL "\"")   ? &small_stream
               : strstr(body, "\"" FIXED_LARGE "\"") ? &large_stream
               : strstr(body, "\"" FIXED_HUGE "\"")  ? &huge_stream
                                                     : &not_found;
    }
    return strncmp(request, "GET " FIXED_FILE_PATH " ", sizeof "GET " FIXED_FILE_PATH) == 0 ? &file : &not_found;
}

static void begin_answer(connection *c, const answer *reply) {
    c->reply = reply;
    c->piece = c->offset = 0;
}

static void drop_bytes(connection *c, size_t count) {
    c->have -= count;
    memmove(c->request, c->request + count, c->have + 1);
}

/* A client waits for the answer, so the end of a chunked body is the end of what has come. Bodies have no line ends of
 * their own. */
static void take_chunks(connection *c) {
    static const char last[] = "\r\n0\r\n\r\n";
    size_t len = sizeof last - 1;
    if (c->have < len) {
        return;
    }
    bool ended = memcmp(c->request + c->have - len, last, len) == 0;
    size_t count = ended ? c->have : c->have - len;
    c->body += count;
    c->uploads = !ended;
    drop_bytes(c, count);
}

static void take_upload(connection *c) {
    if (c->chunked) {
        take_chunks(c);
    } else {
        size_t count = c->have < c->body_left ? c->have : c->body_left;
        c->body_left -= count;
        c->uploads = c->body_left > 0;
        drop_bytes(c, count);
    }
    if (!c->uploads) {
        begin_answer(c, c->body > FIXED_FILE_BASE64_BYTES ? &written : &bad_request);
    }
}

static const char *find_header(const char *head, const char *end, const char *name) {
    const char *found = strcasestr(head, name);
    return found && found < end ? found + strlen(name) : NULL;
}

/* Starts the answer when the whole request is there. */
static void take_request(connection *c) {
    char *end = strstr(c->request, "\r\n\r\n");
    if (!end) {
        return;
    }
    const char *length = find_header(c->request, end, "\r\nContent-Length:");
    size_t head = (size_t)(end + 4 - c->request), body = length ? strtoul(length, NULL, 10) : 0;
    if (strncmp(c->request, "PUT " FIXED_FILE_PATH " ", sizeof "PUT " FIXED_FILE_PATH) == 0) {
        c->uploads = true;
        c->chunked = !length;
        c->body = c->body_left = body;
        drop_bytes(c, head);
        take_upload(c);
    } else if (c->have >= head + body) {
        begin_answer(c, answer_to(c->request, end + 4));
        drop_bytes(c, head + body);
    }
}

static bool serve(connection *c) {
    while (!c->reply) {
        ssize_t got = read(c->fd, c->request + c->have, REQUEST_CAP - c->have);
        if (got <= 0) {
            return got < 0 && (errno == EAGAIN || errno == EINTR);
        }
        c->have += (size_t)got;
        c->request[c->have] = '\0';
        if (c->uploads) {
            take_upload(c);
        } else {
            take_request(c);
        }
    }
    return send_some(c);
}

static void accept_one(int listener, int poller) {
    const int yes = 1;
    connection *c = calloc(1, sizeof *c);
    if (!c) {
        die("out of memory");
    }
    c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (c->fd < 0) {
        free(c);
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* Edge-triggered, once for both: no epoll_ctl while it lives. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = c}};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 512) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        die("cannot listen");
    }
    printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(void) {
    static char listener_mark, stdin_mark;
    signal(SIGPIPE, SIG_IGN);
    make_answers();
    int listener = listen_on_loopback();
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &listener_mark}};
    struct epoll_event end = {.events = EPOLLIN, .data = {.ptr = &stdin_mark}};
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &end) != 0) {
        die("cannot poll (stdin must be a pipe)");
    }
    for (;;) {
        struct epoll_event events[MAX_EVENTS];
        int n = epoll_wait(poller, events, MAX_EVENTS, -1);
        for (int i = 0; i < n; i++) {
            void *mark = events[i].data.ptr;
            if (mark == &stdin_mark) {
                return 0;
            }
            if (mark == &listener_mark) {
                accept_one(listener, poller);
            } else if (!serve(mark)) {
                close(((connection *)mark)->fd);
                free(mark);
            }
        }
    }
}
