/*
 * settings.h: the settings of a client: one table row per setting; an argument overrides the environment, which
 * overrides the default.
 */
#ifndef AK_SETTINGS_H
#define AK_SETTINGS_H

#include <stdbool.h>

#include "error.h"
#include "local.h"
#include "trust.h"

/* One past the last AK_CLIENT_* number. */
#define AK_SETTING_COUNT (AK_CLIENT_LOCAL_PROGRAM + 1)

typedef struct {
    char *text[AK_SETTING_COUNT];      /* NULL: unset */
    int64_t integer[AK_SETTING_COUNT]; /* AK_TIMEOUT_DEFAULT was replaced by the default */
    ak_local_program program;          /* of local:, that was chosen; owned by text */
    /* Derived from the base URL. */
    char *url;         /* http(s)://host[:port][/prefix], no slash at the end */
    char *unix_socket; /* path, or NULL */
    ak_local *local;   /* this process's own server, or NULL */
    char *host;        /* for look-ups and messages; without brackets */
    bool loopback;
    bool tls;
    bool resolves;  /* host is a name that must be resolved */
    ak_trust trust; /* instead of libcurl's built-in certificates, which some lack; the settings win */
} ak_settings;

ak_status ak_settings_init(ak_settings *settings, ak_error *err);
void ak_settings_free(ak_settings *settings);

/* The certificates to trust: those that were set, else the chosen ones; both NULL: libcurl's. Owned by the settings. */
static inline ak_trust ak_settings_trust(const ak_settings *settings) {
    ak_trust set = {settings->text[AK_CLIENT_CA_FILE], settings->text[AK_CLIENT_CA_DIR]};
    return set.file || set.dir ? set : settings->trust;
}

ak_status ak_settings_set_text(ak_settings *settings, int32_t setting, const char *text, size_t len, ak_error *err);
ak_status ak_settings_set_int(ak_settings *settings, int32_t setting, int64_t value, ak_error *err);
ak_status ak_settings_get_text(const ak_settings *settings, int32_t setting, const char **text, ak_error *err);
ak_status ak_settings_get_int(const ak_settings *settings, int32_t setting, int64_t *value, ak_error *err);

#endif
