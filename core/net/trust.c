#include "trust.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "buffer.h"
#include "compat.h"

/* Debian, Ubuntu, Alpine, Arch and Gentoo; Fedora and RHEL, by their old name and by the new one; SUSE; the BSDs. */
static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
                                    "/etc/ssl/cert.pem"};
static const char *const folders[] = {"/etc/ssl/certs", "/etc/pki/tls/certs"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool ak_trust_is_needed(void) {
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return !info->cainfo && !info->capath;
}

/* A variable of the environment; NULL when it is unset, empty, or a setuid program's caller's. */
static const char *variable(const char *name) {
    const char *value = ak_is_privileged() ? NULL : getenv(name);
    return value && *value ? value : NULL;
}

/* An empty file is as good as none. */
static bool is_usable(const char *path, bool folder) {
    struct stat status;
    return stat(path, &status) == 0 && access(path, folder ? R_OK | X_OK : R_OK) == 0 &&
           (folder ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode) && status.st_size > 0);
}

/* The first path that is usable, copied with malloc; NULL: none, with AK_OK. */
static ak_status find(const char *root, const char *const *paths, size_t count, bool folder, char **found) {
    *found = NULL;
    for (size_t i = 0; i < count; i++) {
        ak_buffer path = {0};
        if (!ak_buffer_append_text(&path, root) || !ak_buffer_append_text(&path, paths[i]) ||
            !ak_buffer_terminate(&path)) {
            ak_buffer_free(&path);
            return AK_E_MEMORY;
        }
        if (is_usable(path.data, folder)) {
            *found = path.data;
            return AK_OK;
        }
        ak_buffer_free(&path);
    }
    return AK_OK;
}

static ak_status copy(const char *text, char **found) {
    *found = strdup(text);
    return *found ? AK_OK : AK_E_MEMORY;
}

ak_status ak_trust_choose(ak_trust *trust, const char *root, ak_error *err) {
    *trust = (ak_trust){0};
    const char *file = variable("SSL_CERT_FILE"), *dir = variable("SSL_CERT_DIR");
    ak_status status = file ? copy(file, &trust->file) : find(root, files, COUNT(files), false, &trust->file);
    if (status == AK_OK && dir) {
        status = copy(dir, &trust->dir);
    } else if (status == AK_OK && !trust->file) {
        status = find(root, folders, COUNT(folders), true, &trust->dir);
    }
    if (status != AK_OK) {
        ak_trust_free(trust);
        return ak_error_memory(err);
    }
    return AK_OK;
}

void ak_trust_free(ak_trust *trust) {
    free(trust->file);
    free(trust->dir);
    *trust = (ak_trust){0};
}
