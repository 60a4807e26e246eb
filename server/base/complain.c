#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool complain(const char *format, ...) {
    char *message = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&message, format, args);
    va_end(args);
    /* One write, so that lines of several processes do not mix. */
    fprintf(stderr, "agentkernel-local: %s\n", len >= 0 ? message : "out of memory");
    free(len >= 0 ? message : NULL);
    return false;
}
