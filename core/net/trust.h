/*
 * trust.h: which certificates are trusted where libcurl was built without a place for them, as a static one is.
 * Thread: any.
 */
#ifndef AK_TRUST_H
#define AK_TRUST_H

#include <stdbool.h>

#include "error.h"

/* NULL: none. Both are trusted if both are set. */
typedef struct {
    char *file;
    char *dir;
} ak_trust;

/* Whether libcurl has no place of its own, so that one must be chosen. */
bool ak_trust_is_needed(void);

/* Chooses as OpenSSL reads the environment: the file is SSL_CERT_FILE, else the first of the systems' that is there;
 * the folder is SSL_CERT_DIR, else, without a file, the first of the systems' that is there. What the environment names
 * is not replaced when it cannot be read: then nothing is trusted. root: put before the systems' paths ("" but in
 * tests). AK_OK, also with none found; AK_E_MEMORY. */
ak_status ak_trust_choose(ak_trust *trust, const char *root, ak_error *err);
void ak_trust_free(ak_trust *trust);

#endif
