#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "complain.h"
#include "descriptor.h"
#include "json_text.h"
#include "sandbox.h"
#include "text.h"

#define FILE_NOW "audit.jsonl"
#define FILE_BEFORE "audit.1.jsonl"
/* How much of a command's arguments an entry contains. */
#define ARGUMENTS_MAX 4096

static int open_log(int dir_fd, const char *name, int flags) {
    return openat(dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
}

bool audit_open(struct audit *audit, int dir_fd) {
    audit->dir_fd = dir_fd;
    audit->fd = open_log(dir_fd, FILE_NOW, O_RDWR | O_CREAT | O_APPEND);
    audit->opened = true;
    pthread_mutex_init(&audit->lock, NULL); /* with default attributes it cannot fail on Linux */
    struct stat status;
    char last = '\n';
    bool ok = audit->fd >= 0 && fstat(audit->fd, &status) == 0;
    if (ok && !S_ISREG(status.st_mode)) {
        errno = EINVAL;
        ok = false;
    }
    ok = ok && (status.st_size == 0 || pread(audit->fd, &last, 1, status.st_size - 1) == 1) &&
         (last == '\n' || write(audit->fd, "\n", 1) == 1);
    if (!ok) {
        return complain(FILE_NOW ": %s", strerror(errno));
    }
    audit->size = (uint64_t)status.st_size + (last != '\n');
    return true;
}

void audit_close(struct audit *audit) {
    if (!audit->opened) {
        return;
    }
    close_if_open(audit->fd);
    pthread_mutex_destroy(&audit->lock);
    audit->opened = false;
}

/* --- Writing --- */

/* Starts a new file when this one is full. */
static void rotate(struct audit *audit) {
    if (audit->size < AUDIT_FILE_MAX || renameat(audit->dir_fd, FILE_NOW, audit->dir_fd, FILE_BEFORE) != 0) {
        return;
    }
    int fd = open_log(audit->dir_fd, FILE_NOW, O_RDWR | O_CREAT | O_APPEND);
    if (fd >= 0) {
        close(audit->fd);
        audit->fd = fd;
        audit->size = 0;
    }
}

static void append(struct audit *audit, struct writer *entry) {
    writer_close(entry, '}');
    writer_raw(entry, "\n", 1);
    pthread_mutex_lock(&audit->lock);
    rotate(audit);
    ssize_t n = writer_ok(entry) ? write(audit->fd, entry->text, entry->len) : 0;
    if (n > 0 && (size_t)n < entry->len && ftruncate(audit->fd, (off_t)audit->size) == 0) {
        n = 0; /* the disk is full: no entry rather than a partial one */
    }
    audit->size += n > 0 ? (uint64_t)n : 0;
    pthread_mutex_unlock(&audit->lock);
    writer_free(entry);
}

static void begin(struct writer *entry, const char *type) {
    char now[CLOCK_TIME_CAP];
    clock_now(now, sizeof now);
    char *zone = strchr(now, '+');
    if (zone) {
        snprintf(zone, 2, "Z");
    }
    writer_open(entry, '{');
    writer_member_text(entry, "timestamp", now);
    writer_member_uint(entry, "pid", (uint64_t)getpid());
    writer_name(entry, "user");
    writer_text(entry, "null");
    writer_member_text(entry, "type", type);
}

void audit_created(struct audit *audit, const struct sandbox *sandbox) {
    struct writer entry = {0};
    begin(&entry, "sandbox_created");
    writer_member_text(&entry, "name", sandbox->name);
    writer_member_text(&entry, "image", sandbox->image);
    writer_member_text(&entry, "backend", "bubblewrap");
    if (sandbox->labels && strlen(sandbox->labels) <= ARGUMENTS_MAX) {
        writer_name(&entry, "labels");
        writer_text(&entry, sandbox->labels);
    }
    append(audit, &entry);
}

void audit_sandbox(struct audit *audit, const char *type, const struct sandbox *sandbox) {
    struct writer entry = {0};
    begin(&entry, type);
    writer_member_text(&entry, "name", sandbox->name);
    if (strcmp(type, "sandbox_started") == 0) {
        writer_member_text(&entry, "profile", profile_name(sandbox->profile));
    }
    append(audit, &entry);
}

void audit_command(struct audit *audit, const struct sandbox *sandbox, const char *const *argv, const int *exit_code) {
    struct writer entry = {0};
    size_t left = ARGUMENTS_MAX;
    begin(&entry, "command_executed");
    writer_member_text(&entry, "sandbox", sandbox->name);
    writer_name(&entry, "command");
    writer_open(&entry, '[');
    for (; *argv && left > 0; argv++) {
        size_t len = strlen(*argv);
        char *shown = strndup(*argv, len < left ? len : ak_utf8_prefix(*argv, left, NULL));
        if (shown) {
            text_hide_passwords(shown);
        }
        writer_element(&entry);
        writer_string(&entry, shown ? shown : "", shown ? strlen(shown) : 0);
        free(shown);
        left -= len < left ? len + 1 : left; /* each counts one more, so that the number of empty ones is bounded */
    }
    writer_close(&entry, ']');
    if (*argv) {
        writer_member_bool(&entry, "truncated", true);
    }
    if (exit_code) {
        writer_member_int(&entry, "exit_code", *exit_code);
    } else {
        writer_name(&entry, "exit_code");
        writer_text(&entry, "null");
    }
    append(audit, &entry);
}

void audit_file(struct audit *audit, const char *type, const struct sandbox *sandbox, const char *path) {
    struct writer entry = {0};
    begin(&entry, type);
    writer_member_text(&entry, "sandbox", sandbox->name);
    writer_member_text(&entry, "path", path);
    append(audit, &entry);
}

/* --- Reading --- */

/* Reads the current content of a file. NULL with errno. */
static char *read_all(int fd, size_t *len) {
    struct stat status;
    char *text = fstat(fd, &status) == 0 ? malloc((size_t)status.st_size + 1) : NULL;
    ssize_t n = text ? 1 : -1;
    *len = 0;
    while (n > 0 && *len < (size_t)status.st_size) {
        n = pread(fd, text + *len, (size_t)status.st_size - *len, (off_t)*len);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Whether a line is an entry about the sandbox. */
static bool is_about(const char *line, size_t len, const char *sandbox) {
    ak_json_value entry;
    ak_json_value name;
    size_t name_len = strlen(sandbox);
    /* Most lines are about other sandboxes: those are not parsed. */
    return memmem(line, len, sandbox, name_len) && ak_json_parse(line, len, &entry, NULL) &&
           (ak_json_member(&entry, "sandbox", 7, &name) || ak_json_member(&entry, "name", 4, &name)) &&
           ak_json_equals(&name, sandbox, name_len);
}

/* Writes the entries of one file, which it closes. A missing file has none. */
static bool write_entries(int fd, const char *sandbox, struct writer *writer) {
    size_t len = 0;
    char *text = fd < 0 ? NULL : read_all(fd, &len);
    const char *line = text;
    const char *newline = NULL;
    while (text && (newline = memchr(line, '\n', len - (size_t)(line - text)))) {
        size_t size = (size_t)(newline - line);
        if (is_about(line, size, sandbox)) {
            writer_element(writer);
            writer_raw(writer, line, size);
        }
        line = newline + 1;
    }
    close_if_open(fd);
    bool ok = text || fd < 0;
    free(text);
    return ok;
}

bool audit_write(struct audit *audit, const char *sandbox, struct writer *writer) {
    pthread_mutex_lock(&audit->lock); /* so that the files are not rotated between the two opens */
    int before_fd = open_log(audit->dir_fd, FILE_BEFORE, O_RDONLY);
    int now_fd = open_log(audit->dir_fd, FILE_NOW, O_RDONLY);
    pthread_mutex_unlock(&audit->lock);
    writer_open(writer, '[');
    bool ok = write_entries(before_fd, sandbox, writer);
    ok = write_entries(now_fd, sandbox, writer) && ok;
    writer_close(writer, ']');
    return ok;
}
