#include "head.h"

#include <stdlib.h>
#include <string.h>

/* CURLE_TOO_LARGE, which the header of an older libcurl does not have while the library that is loaded may. */
#define CURL_TOO_LARGE 100
/* More than libcurl can have wanted: it takes headers of up to 100 kB. */
#define PROBE_BYTES ((size_t)512 * 1024)

/* Before CURLE_TOO_LARGE came, libcurl told what is too large for it as memory that is out. So the question is whether
 * there is as much as it takes. */
static bool memory_is_there(void) {
    void *probe = malloc(PROBE_BYTES);
    free(probe);
    return probe != NULL;
}

/* With the code of any broken connection. */
static bool names_a_head(const char *message) {
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
    bool named = names_a_head(message), out = within && result == CURLE_OUT_OF_MEMORY;
    if ((long)result != CURL_TOO_LARGE && !named && !(out && memory_is_there())) {
        return false;
    }
    bool says_more = message[0] && !named;
    ak_error_set(err, AK_E_TOO_LARGE, "the head of the reply is larger than libcurl takes%s%s%s", says_more ? " (" : "",
                 says_more ? message : "", says_more ? ")" : "");
    return true;
}
