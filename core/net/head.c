#include "head.h"

#include <stdlib.h>
#include <string.h>

/* CURLE_TOO_LARGE, which older libcurl headers lack although the loaded library may return it. */
#define CURL_TOO_LARGE 100
/* More than libcurl can have requested: it accepts headers of up to 100 kB. */
#define PROBE_BYTES ((size_t)512 * 1024)

/* Before CURLE_TOO_LARGE existed, libcurl reported headers beyond its limit as out of memory. So this probes whether
 * that much memory is available. */
static bool memory_is_available(void) {
    void *probe = malloc(PROBE_BYTES);
    free(probe);
    return probe != NULL;
}

/* Recognises errors that libcurl returns with the code of a broken connection. */
static bool names_head_error(const char *message) {
    static const char *const messages[] = {"Out of memory in chunked-encoding", /* a trailer */
                                           "CONNECT response too large"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (strcmp(message, messages[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool ak_head_is_too_large(CURLcode result, const char *message, bool within, ak_error *err) {
    bool named = names_head_error(message), out = within && result == CURLE_OUT_OF_MEMORY;
    if ((long)result != CURL_TOO_LARGE && !named && !(out && memory_is_available())) {
        return false;
    }
    bool says_more = message[0] && !named;
    ak_error_set(err, AK_E_TOO_LARGE, "the head of the reply is larger than libcurl takes%s%s%s", says_more ? " (" : "",
                 says_more ? message : "", says_more ? ")" : "");
    return true;
}
