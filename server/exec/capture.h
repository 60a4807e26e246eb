/*
 * capture.h: the output of a command, collected up to a limit.
 */
#ifndef AKL_CAPTURE_H
#define AKL_CAPTURE_H

#include "command.h"

/* How much output of one command is kept; the rest is only counted. */
size_t capture_limit(void);

struct capture {
    char *bytes; /* to be freed; has room for another COMMAND_READ_MAX bytes, for output past max */
    size_t len;
    size_t cap;
    size_t max;     /* the caller's */
    uint64_t total; /* including what was not kept */
};

/* Collects output until something else happens. False if out of memory. */
bool capture_collect(struct capture *capture, struct command *command, enum command_event *event);

/* Replaces the output, which must be empty. */
void capture_set(struct capture *capture, const char *text);

#endif
