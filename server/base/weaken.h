/*
 * weaken.h: lets tests disable single controls, to show that a test fails without them.
 *
 * Only test binaries are compiled with AK_TEST_WEAKEN; elsewhere WEAKENED is the constant false and leaves nothing in
 * the binary.
 */
#ifndef AKL_WEAKEN_H
#define AKL_WEAKEN_H

#ifdef AK_TEST_WEAKEN
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Whether the environment variable AK_TEST_WEAKEN, a comma-separated list, names this control. */
static inline bool weakened(const char *control) {
    const char *wanted = getenv("AK_TEST_WEAKEN");
    size_t size = strlen(control);
    while (wanted) {
        if (strncmp(wanted, control, size) == 0 && (wanted[size] == ',' || wanted[size] == '\0')) {
            return true;
        }
        wanted = strchr(wanted, ',');
        wanted += wanted != NULL;
    }
    return false;
}
#define WEAKENED(control) weakened(control)
#else
#define WEAKENED(control) false
#endif

#endif
