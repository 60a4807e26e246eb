/*
 * capture.h: the output of a command, collected up to a bound.
 */
#ifndef AKL_CAPTURE_H
#define AKL_CAPTURE_H

#include "command.h"

/* How much output is kept of one command; what comes after it is counted only. */
size_t capture_limit(void);

struct capture {
    char *bytes; /* to be freed; room for COMMAND_READ_MAX more than it holds, where what is past max goes */
    size_t len;
    size_t cap;
    size_t max;     /* the caller's */
    uint64_t total; /* with what was not kept */
};

/* Collects output until something else happens. False without memory. */
bool capture_collect(struct capture *capture, struct command *command, enum command_event *event);

/* Puts a text in the place of what was collected, which is nothing yet. */
void capture_set(struct capture *capture, const char *text);

#endif
