/*
 * weaken.h: lets tests take single controls away, to see that something notices.
 *
 * Only test binaries are compiled with AK_TEST_WEAKEN; in the others WEAKENED is the constant false and nothing of this
 * is left in the binary.
 */
#ifndef AKL_WEAKEN_H
#define AKL_WEAKEN_H

#ifdef AK_TEST_WEAKEN
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether the environment variable AK_TEST_WEAKEN is this control's name. */
static inline bool weakened(const char *control) {
    const char *wanted = getenv("AK_TEST_WEAKEN");
    return wanted != NULL && strcmp(wanted, control) == 0;
}
#define WEAKENED(control) weakened(control)
#else
#define WEAKENED(control) false
#endif

#endif
