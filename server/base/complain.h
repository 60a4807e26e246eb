/*
 * complain.h: messages on stderr, one line each. The server has no other log.
 */
#ifndef AKL_COMPLAIN_H
#define AKL_COMPLAIN_H

#include <stdbool.h>

/* Writes the program's name and a message as one line. Returns false, for callers that fail with it. */
__attribute__((format(printf, 1, 2))) bool complain(const char *format, ...);

#endif
