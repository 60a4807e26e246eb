/*
 * detached.h: commands in kept sandboxes that run without a caller: each has a thread that stores its output.
 *
 * The output is stored in two unnamed files in the state folder, out of the sandbox's reach, that disappear with their
 * descriptors. A sandbox remembers its commands, including those that have ended, as long as it exists; when there are
 * too many, a new one replaces the one that ended first. None of them outlives the server.
 */
#ifndef AKL_DETACHED_H
#define AKL_DETACHED_H

#include "capture.h"
#include "executor.h"
#include "kept_command.h"

/* How many run at once, and how many a sandbox remembers. */
#define DETACHED_RUNNING_MAX 256
#define DETACHED_KEPT_MAX 64

/* The threads of all sandboxes. */
struct detached_threads {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t running;
};

#define DETACHED_THREADS_INITIALIZER                                                                                   \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

/* The state of a detached command. */
struct detached_info {
    const char *id;
    const char *const *argv;
    const char *started_at;
    bool running;
    int exit_code; /* valid once it has ended */
    bool out_of_memory;
};

/* Called with one command; what info points to is valid until it returns. */
typedef void detached_visitor(const struct detached_info *info, void *context);

enum detached_start {
    DETACHED_STARTED,
    DETACHED_TOO_MANY,      /* running in total */
    DETACHED_TOO_MANY_HERE, /* in this sandbox */
    DETACHED_NOT_RUNNING,   /* the sandbox is stopped, or was removed since it was found */
    DETACHED_UNUSABLE,      /* the sandbox's files cannot be opened; see why */
    DETACHED_FAILED         /* see why */
};

/* Starts a command and calls visit with its initial state: it may have ended and been dropped when this returns. */
enum detached_start detached_start(struct detached_threads *threads, const struct executor *executor,
                                   const struct kept_command *command, struct sandbox *sandbox, detached_visitor *visit,
                                   void *context, char why[256]);

/* Calls visit with the sandbox's command of this id, or (NULL) with all of them, oldest first. False if there is none.
 */
bool detached_visit(struct sandbox *sandbox, const char *id, detached_visitor *visit, void *context);

enum detached_read { DETACHED_READ, DETACHED_UNKNOWN, DETACHED_UNREADABLE };

/* Reads what a command has written so far to stdout or stderr, into a capture that is all zero and to be freed. errno
 * is the reason if it is unreadable. */
enum detached_read detached_read_log(struct sandbox *sandbox, const char *id, bool errors, struct capture *capture);

/* Ends a command: SIGTERM, a little time, SIGKILL. Returns when none of its processes is left. False if the sandbox has
 * no command of that id; one that has ended already keeps its result. */
bool detached_end(struct sandbox *sandbox, const char *id);

/* Waits until no thread is left. Call when the server stops (stop_fd is readable). */
void detached_wait(struct detached_threads *threads);

#endif
