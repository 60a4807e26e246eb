/*
 * sandbox.h: the record of one kept sandbox. state.h makes, finds and frees them.
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

/* What a room above keeps with a sandbox, and how it is freed with it. */
struct attachment {
    void (*free)(struct attachment *attachment);
};

struct sandbox {
    /* Fixed once the sandbox is there. */
    char name[SANDBOX_NAME_CAP];
    char uuid[CLOCK_UUID_CAP];
    char created_at[CLOCK_TIME_CAP];
    char *image;
    char *created_from_template; /* NULL: none */
    char *template_help_text;    /* NULL: none */
    enum profile profile;
    /* What may change, each time under meta_lock and with state_save; to be read under it, too. */
    pthread_mutex_t meta_lock;
    char *labels;      /* JSON object; NULL: none */
    char *description; /* NULL: none */
    uint32_t vcpus;
    uint32_t cpu_percent; /* what vcpus and profile come to; 100 is one CPU */
    uint64_t memory_mb;
    atomic_bool stopped;        /* runs no commands until it is started */
    uint64_t expires_at;        /* when it is removed, in seconds since 1970; 0: never */
    uint64_t auto_stop_seconds; /* without activity; 0: never */
    uint64_t auto_archive_seconds;
    uint64_t auto_delete_seconds;
    uint64_t archived_at; /* stopped, and not to be started before it is recovered, since then; 0: it is not */
    bool unfinished;      /* its creation has not been answered: the next server removes it */
    /* Belonging to state.c. */
    struct state *state;
    struct sandbox *next;
    size_t refs;
    atomic_bool removed; /* set before command_end_all, looked at under `lock` before a command starts, and under
                          * meta_lock before meta.json is replaced */
    struct timespec last_activity;
    /* Belonging to command.c. */
    pthread_mutex_t lock;                  /* guards commands */
    struct command *commands;              /* those that run in it now */
    struct attachment *_Atomic attachment; /* NULL: none; once it is there it stays */
};

#endif
