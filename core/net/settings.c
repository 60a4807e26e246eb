#include "settings.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "compat.h"
#include "rules.h"

#define MIB (1024 * 1024)
/* More than any setting needs. Everything in a request must fit into libcurl's limits. */
#define MAX_TEXT_BYTES (64 * 1024)
#define DEFAULT_BASE_URL "http://localhost:18888"

typedef struct {
    const char *name;
    const char *variable; /* of the environment, or NULL */
    bool is_text;
    bool is_file;    /* must be readable */
    bool is_program; /* must be absolute, and is not for the caller of a setuid program to choose */
    bool is_timeout;
    int64_t fallback;
} setting_row;

static const setting_row rows[AK_SETTING_COUNT] = {
    [AK_CLIENT_BASE_URL] = {"base_url", "AGENTKERNEL_BASE_URL", .is_text = true},
    [AK_CLIENT_API_KEY] = {"api_key", "AGENTKERNEL_API_KEY", .is_text = true},
    [AK_CLIENT_TIMEOUT_MS] = {"timeout_ms", .is_timeout = true, .fallback = 30000},
    [AK_CLIENT_CONNECT_TIMEOUT_MS] = {"connect_timeout_ms", .is_timeout = true, .fallback = 10000},
    [AK_CLIENT_IDLE_TIMEOUT_MS] = {"idle_timeout_ms", .is_timeout = true, .fallback = 60000},
    [AK_CLIENT_TOTAL_TIMEOUT_MS] = {"total_timeout_ms", .is_timeout = true, .fallback = AK_TIMEOUT_NONE},
    [AK_CLIENT_CA_FILE] = {"ca_file", "AGENTKERNEL_CA_FILE", .is_text = true, .is_file = true},
    [AK_CLIENT_CA_DIR] = {"ca_dir", "AGENTKERNEL_CA_DIR", .is_text = true, .is_file = true},
    [AK_CLIENT_CERT_FILE] = {"cert_file", "AGENTKERNEL_CERT_FILE", .is_text = true, .is_file = true},
    [AK_CLIENT_KEY_FILE] = {"key_file", "AGENTKERNEL_KEY_FILE", .is_text = true, .is_file = true},
    [AK_CLIENT_PROXY] = {"proxy", .is_text = true},
    [AK_CLIENT_NO_PROXY] = {"no_proxy", .is_text = true},
    [AK_CLIENT_MAX_REPLY_BYTES] = {"max_reply_bytes", .fallback = 64 * MIB},
    [AK_CLIENT_MAX_EVENT_BYTES] = {"max_event_bytes", .fallback = 64 * MIB},
    [AK_CLIENT_USER_AGENT] = {"user_agent", .is_text = true},
    [AK_CLIENT_MAX_IDLE] = {"max_idle", .fallback = 64},
    [AK_CLIENT_LOCAL_PROGRAM] = {"local_program", "AGENTKERNEL_LOCAL", .is_text = true, .is_program = true},
};

static const setting_row *row_of(int32_t setting) {
    return setting > 0 && setting < AK_SETTING_COUNT && rows[setting].name ? &rows[setting] : NULL;
}

/* ---- the base URL ---- */

/* 127.0.0.0/8, and 0.0.0.0, which connects to this machine too. */
static bool is_loopback_v4(uint32_t address) {
    return address >> 24 == 127 || address == 0;
}

static bool is_loopback_host(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return is_loopback_v4(ntohl(v4.s_addr));
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        uint32_t mapped;
        memcpy(&mapped, v6.s6_addr + 12, sizeof mapped);
        return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) ||
               (IN6_IS_ADDR_V4MAPPED(&v6) && is_loopback_v4(ntohl(mapped)));
    }
    static const char name[] = "localhost";
    size_t name_len = sizeof name - 1, len = strlen(host);
    len -= len > 0 && host[len - 1] == '.'; /* a final dot marks a fully qualified name */
    const char *tail = len < name_len ? host : host + len - name_len;
    return len >= name_len && strncasecmp(tail, name, name_len) == 0 && (tail == host || tail[-1] == '.');
}

static bool is_address(const char *host) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

typedef struct {
    char *url;
    char *unix_socket;
    ak_local *local;
    char *host;
    bool tls;
} base_url;

static void base_url_free(base_url *base) {
    free(base->url);
    free(base->unix_socket);
    ak_local_free(base->local);
    free(base->host);
}

/* For HTTP over a Unix socket the host in the URL has no meaning. */
static ak_status set_socket_host(base_url *base) {
    base->host = strdup("localhost");
    base->url = strdup("http://localhost");
    return base->host && base->url ? AK_OK : AK_E_MEMORY;
}

static ak_status parse_local(const char *text, base_url *base, ak_error *err) {
    if (text[strlen("local:")]) {
        return ak_error_set(err, AK_E_ARGUMENT, "base_url: nothing may follow local:");
    }
    ak_status status = ak_local_new(&base->local, err);
    return status == AK_OK ? set_socket_host(base) : status;
}

static ak_status parse_unix(const char *text, base_url *base, ak_error *err) {
    const char *path = text + strlen("unix://");
    if (path[0] != '/' || strlen(path) < 2) {
        return ak_error_set(err, AK_E_ARGUMENT,
                            "base_url: unix:// needs an absolute path, such as unix:///run/ak.sock");
    }
    /* The kernel's limit for a socket's path, with its NUL. */
    if (strlen(path) >= 108) {
        return ak_error_set(err, AK_E_ARGUMENT, "base_url: the path of the Unix socket is longer than 107 bytes");
    }
    base->unix_socket = strdup(path);
    return base->unix_socket ? set_socket_host(base) : AK_E_MEMORY;
}

/* The part of a parsed URL, copied with malloc; NULL when it is absent. */
static char *url_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
        return NULL;
    }
    char *copy = strdup(text);
    curl_free(text);
    return copy;
}

/* AK_E_ARGUMENT with the message when the URL has that part. */
static ak_status refuse_part(CURLU *url, CURLUPart part, const char *message, ak_error *err) {
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, 0);
    curl_free(text);
    if (code == CURLUE_OUT_OF_MEMORY) {
        return AK_E_MEMORY;
    }
    return code == CURLUE_OK ? ak_error_set(err, AK_E_ARGUMENT, "%s", message) : AK_OK;
}

static ak_status check_http(CURLU *url, const char *text, ak_error *err) {
    static const char secret[] = "base_url: must not hold a user or password; use the API key setting";
    static const struct {
        CURLUPart part;
        const char *message;
    } refused[] = {{CURLUPART_USER, secret}, {CURLUPART_PASSWORD, secret}};
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS);
    if (code != CURLUE_OK) {
        return code == CURLUE_OUT_OF_MEMORY ? AK_E_MEMORY : ak_error_set(err, AK_E_ARGUMENT, "base_url: not a URL");
    }
    /* Not checked by libcurl, which treats an empty one as none: the paths of all requests would become part of it. */
    if (strpbrk(text, "?#")) {
        return ak_error_set(err, AK_E_ARGUMENT, "base_url: must not hold a query or fragment");
    }
    ak_status status = AK_OK;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0] && status == AK_OK; i++) {
        status = refuse_part(url, refused[i].part, refused[i].message, err);
    }
    return status;
}

static ak_status parse_http(const char *text, base_url *base, ak_error *err) {
    CURLU *url = curl_url();
    if (!url) {
        return AK_E_MEMORY;
    }
    ak_status status = check_http(url, text, err);
    if (status == AK_OK) {
        base->host = url_part(url, CURLUPART_HOST);
        base->url = strdup(text);
        status = base->host && base->url ? AK_OK : AK_E_MEMORY;
    }
    curl_url_cleanup(url);
    if (status == AK_OK) {
        for (size_t len = strlen(base->url); len && base->url[len - 1] == '/'; len--) {
            base->url[len - 1] = '\0';
        }
        size_t len = strlen(base->host);
        if (len > 2 && base->host[0] == '[') {
            memmove(base->host, base->host + 1, len - 2);
            base->host[len - 2] = '\0';
        }
    }
    return status;
}

static ak_status set_base_url(ak_settings *settings, const char *text, ak_error *err) {
    base_url base = {0};
    ak_status status;
    if (strncasecmp(text, "unix://", 7) == 0) {
        status = parse_unix(text, &base, err);
    } else if (strncasecmp(text, "local:", 6) == 0) {
        status = parse_local(text, &base, err);
    } else if (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0) {
        base.tls = text[4] == 's' || text[4] == 'S';
        status = parse_http(text, &base, err);
    } else {
        status =
            ak_error_set(err, AK_E_ARGUMENT, "base_url: must begin with http://, https:// or unix://, or be local:");
    }
    if (status != AK_OK) {
        base_url_free(&base);
        return status == AK_E_MEMORY ? ak_error_memory(err) : status;
    }
    free(settings->url);
    free(settings->unix_socket);
    ak_local_free(settings->local);
    free(settings->host);
    settings->url = base.url;
    settings->unix_socket = base.unix_socket;
    settings->local = base.local;
    settings->host = base.host;
    settings->tls = base.tls;
    settings->loopback = base.unix_socket || base.local || is_loopback_host(base.host);
    settings->resolves = !settings->loopback && !is_address(base.host);
    return AK_OK;
}

/* ---- setting and reading ---- */

static ak_status check_text(const setting_row *row, const char *text, size_t len, ak_error *err) {
    ak_status status = ak_rule_check_wire_text(row->name, text, len, err);
    if (status != AK_OK) {
        return status;
    }
    if (len > MAX_TEXT_BYTES) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: too long (max %d bytes)", row->name, MAX_TEXT_BYTES);
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return ak_error_set(err, AK_E_ARGUMENT, "%s: must not contain control characters", row->name);
        }
    }
    return AK_OK;
}

ak_status ak_settings_set_text(ak_settings *settings, int32_t setting, const char *text, size_t len, ak_error *err) {
    const setting_row *row = row_of(setting);
    if (!row || !row->is_text) {
        return ak_error_set(err, AK_E_ARGUMENT, "no text setting with the number %d", (int)setting);
    }
    ak_status status = check_text(row, text, len, err);
    if (status != AK_OK) {
        return status;
    }
    char *copy = NULL;
    if (len) {
        copy = strndup(text, len);
        if (!copy) {
            return ak_error_memory(err);
        }
    }
    if (copy && row->is_file && access(copy, R_OK) != 0) {
        status = ak_error_set(err, AK_E_ARGUMENT, "%s: cannot read %s", row->name, copy);
    } else if (copy && row->is_program && copy[0] != '/') {
        status = ak_error_set(err, AK_E_ARGUMENT, "%s: must be an absolute path, not %s", row->name, copy);
    } else if (setting == AK_CLIENT_BASE_URL) {
        status = set_base_url(settings, copy ? copy : DEFAULT_BASE_URL, err);
    }
    if (status != AK_OK) {
        free(copy);
        return status;
    }
    free(settings->text[setting]);
    settings->text[setting] = copy;
    if (row->is_program) {
        settings->program = (ak_local_program){copy, row->name};
    }
    return AK_OK;
}

ak_status ak_settings_set_int(ak_settings *settings, int32_t setting, int64_t value, ak_error *err) {
    const setting_row *row = row_of(setting);
    if (!row || row->is_text) {
        return ak_error_set(err, AK_E_ARGUMENT, "no integer setting with the number %d", (int)setting);
    }
    if (row->is_timeout) {
        ak_status status = ak_rule_check_int(AK_RULE_TIMEOUT, row->name, value, err);
        if (status != AK_OK) {
            return status;
        }
    } else if (value < 0 || (value == 0 && setting != AK_CLIENT_MAX_IDLE)) {
        return ak_error_set(err, AK_E_ARGUMENT, "%s: must be positive", row->name);
    }
    settings->integer[setting] = row->is_timeout && value == AK_TIMEOUT_DEFAULT ? row->fallback : value;
    return AK_OK;
}

ak_status ak_settings_get_text(const ak_settings *settings, int32_t setting, const char **text, ak_error *err) {
    const setting_row *row = row_of(setting);
    *text = NULL;
    if (!row || !row->is_text) {
        return ak_error_set(err, AK_E_ARGUMENT, "no text setting with the number %d", (int)setting);
    }
    if (setting == AK_CLIENT_API_KEY) {
        return ak_error_set(err, AK_E_ARGUMENT, "the API key can be set, not read");
    }
    *text = settings->text[setting];
    if (!*text && setting == AK_CLIENT_BASE_URL) {
        *text = DEFAULT_BASE_URL;
    }
    return *text ? AK_OK : AK_ABSENT;
}

ak_status ak_settings_get_int(const ak_settings *settings, int32_t setting, int64_t *value, ak_error *err) {
    const setting_row *row = row_of(setting);
    *value = 0;
    if (!row || row->is_text) {
        return ak_error_set(err, AK_E_ARGUMENT, "no integer setting with the number %d", (int)setting);
    }
    *value = settings->integer[setting];
    return AK_OK;
}

/* Takes a setting from the environment, if it is there. */
static ak_status read_variable(ak_settings *settings, int32_t setting, ak_error *err) {
    const setting_row *row = &rows[setting];
    const char *value = row->variable ? getenv(row->variable) : NULL;
    if (!value || !*value || (row->is_program && ak_is_privileged())) {
        return AK_OK;
    }
    ak_status status = ak_settings_set_text(settings, setting, value, strlen(value), err);
    if (status == AK_OK && row->is_program) {
        settings->program.by = row->variable;
    } else if (status == AK_E_ARGUMENT && err) {
        char message[AK_ERROR_MESSAGE_CAP];
        memcpy(message, err->message, sizeof message);
        ak_error_set(err, status, "%s in the environment: %s", row->variable, message);
    }
    return status;
}

ak_status ak_settings_init(ak_settings *settings, ak_error *err) {
    *settings = (ak_settings){0};
    ak_status status = set_base_url(settings, DEFAULT_BASE_URL, err);
    if (status == AK_OK && ak_trust_is_needed()) {
        status = ak_trust_choose(&settings->trust, "", err);
    }
    for (int32_t i = 1; i < AK_SETTING_COUNT && status == AK_OK; i++) {
        settings->integer[i] = rows[i].fallback;
        status = read_variable(settings, i, err);
    }
    if (status != AK_OK) {
        ak_settings_free(settings);
    }
    return status;
}

void ak_settings_free(ak_settings *settings) {
    for (int32_t i = 1; i < AK_SETTING_COUNT; i++) {
        if (settings->text[i]) {
            ak_wipe(settings->text[i], strlen(settings->text[i])); /* one of them is the key */
        }
        free(settings->text[i]);
    }
    free(settings->url);
    free(settings->unix_socket);
    ak_local_free(settings->local);
    free(settings->host);
    ak_trust_free(&settings->trust);
    *settings = (ak_settings){0};
}
