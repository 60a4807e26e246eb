/*
 * sandbox.h: the record of one kept sandbox. state.h creates, finds and frees them.
 */
#ifndef AKL_SANDBOX_H
#define AKL_SANDBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "clock.h"
#include "profile.h"

#define SANDBOX_NAME_CAP 64

struct command;
struct state;

/* Data that a layer above attaches to a sandbox, and the function that frees it. */
struct attachment {
    void (*free)(struct attachment *attachment);
};

struct sandbox {
    /* Constant once the sandbox exists. */
    char name[SANDBOX_NAME_CAP];
    char uuid[CLOCK_UUID_CAP];
    char created_at[CLOCK_TIME_CAP];
    char *image;
    char *created_from_template; /* NULL: none */
    char *template_help_text;    /* NULL: none */
    enum profile profile;
    /* May change: under meta_lock and with state_save; also read under meta_lock. */
    pthread_mutex_t meta_lock;
    char *labels;      /* JSON object; NULL: none */
    char *description; /* NULL: none */
    uint32_t vcpus;
    uint32_t cpu_percent; /* from vcpus and profile; 100 is one CPU */
    uint64_t memory_mb;
    atomic_bool stopped;        /* runs no commands until it is started */
    uint64_t expires_at;        /* when it is removed, in seconds since 1970; 0: never */
    uint64_t auto_stop_seconds; /* without activity; 0: never */
    uint64_t auto_archive_seconds;
    uint64_t auto_delete_seconds;
    uint64_t archived_at; /* stopped since then, and not to be started before it is recovered; 0: not archived */
    bool unfinished;      /* its creation has not completed: the next server removes it */
    /* Private to state.c. */
    struct state *state;
    struct sandbox *next;
    size_t refs;
    atomic_bool removed; /* set before command_end_all, checked under `lock` before a command starts, and under
                          * meta_lock before meta.json is replaced */
    struct timespec last_activity;
    /* Private to command.c. */
    pthread_mutex_t lock;                  /* guards commands */
    struct command *commands;              /* running in it now */
    struct attachment *_Atomic attachment; /* NULL: none; once set it stays */
};

#endif
