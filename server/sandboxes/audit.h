/*
 * audit.h: the log of operations on sandboxes, kept across restarts: GET /sandboxes/{name}/logs.
 *
 *   DIR/audit.jsonl     one entry per line, oldest first
 *   DIR/audit.1.jsonl   earlier entries
 *
 * A file that has grown to AUDIT_FILE_MAX replaces the older one, so there are never more than two and the oldest
 * entries are dropped first. An entry is written with one call before the reply to its operation: a server that is
 * killed loses none of those, and a partial line, which only a full disk or a power failure leaves, is skipped. Long
 * argument lists are truncated, and passwords in URLs are removed. Entries refer to a sandbox by name: a new sandbox
 * with an old name has the old one's entries, too, as with the full server. Thread class of every function: any.
 */
#ifndef AKL_AUDIT_H
#define AKL_AUDIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "writer.h"

struct sandbox;

#define AUDIT_FILE_MAX ((uint64_t)4 << 20)

struct audit {
    bool opened;
    pthread_mutex_t lock;
    int dir_fd; /* the state's; not closed here */
    int fd;
    uint64_t size;
};

/* Opens the log in the state folder. False with the reason on stderr; audit_close is allowed then, too. */
bool audit_open(struct audit *audit, int dir_fd);
void audit_close(struct audit *audit);

/* sandbox_created */
void audit_created(struct audit *audit, const struct sandbox *sandbox);

/* sandbox_started, sandbox_stopped, sandbox_removed */
void audit_sandbox(struct audit *audit, const char *type, const struct sandbox *sandbox);

/* command_executed; exit_code NULL: not recorded. */
void audit_command(struct audit *audit, const struct sandbox *sandbox, const char *const *argv, const int *exit_code);

/* file_written, file_read, file_deleted */
void audit_file(struct audit *audit, const char *type, const struct sandbox *sandbox, const char *path);

/* Writes the entries about a sandbox as an array. False if out of memory or if the log cannot be read. */
bool audit_write(struct audit *audit, const char *sandbox, struct writer *writer);

#endif
