#include "validate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json_text.h"
#include "value_rules.h"

/* The length of the character at text (one byte if it is not UTF-8). */
static int char_length(const char *text) {
    for (int n = 1; n <= 4; n++) {
        if (!memchr(text, 0, (size_t)n) && ak_utf8_valid(text, (size_t)n)) {
            return n;
        }
    }
    return 1;
}

const char *validate_sandbox_name(const char *name, char message[VALIDATE_MESSAGE]) {
    size_t len = strlen(name);
    if (len == 0) {
        return "Sandbox name cannot be empty";
    }
    if (len > AK_NAME_MAX_BYTES) {
        return "Sandbox name too long (max 63 characters)";
    }
    if (!ak_is_alphanumeric(name[0])) {
        return "Sandbox name must start with a letter or number";
    }
    if (!ak_is_alphanumeric(name[len - 1])) {
        return "Sandbox name must end with a letter or number";
    }
    const char *wrong = name + ak_name_span(name, len);
    if (*wrong != '\0') {
        snprintf(message, VALIDATE_MESSAGE,
                 "Sandbox name contains invalid character '%.*s'. Only letters, numbers, hyphens, and "
                 "underscores are allowed",
                 char_length(wrong), wrong);
        return message;
    }
    if (ak_name_doubled(name, len) < len) {
        return "Sandbox name cannot contain consecutive hyphens or underscores";
    }
    return NULL;
}

bool validate_uuid(const char *text) {
    return ak_is_uuid(text, strlen(text));
}

const char *validate_image(const char *image, char message[VALIDATE_MESSAGE]) {
    size_t len = strlen(image);
    if (len == 0) {
        return "Docker image name cannot be empty";
    }
    if (len > AK_IMAGE_MAX_BYTES) {
        return "Docker image name too long (max 256 characters)";
    }
    const char *wrong = image + ak_image_span(image, len);
    if (*wrong != '\0') {
        snprintf(message, VALIDATE_MESSAGE,
                 "Docker image name contains invalid character '%.*s'. Only letters, numbers, and . _ / : @ - "
                 "are allowed",
                 char_length(wrong), wrong);
        return message;
    }
    return NULL;
}

const char *validate_workdir(const char *workdir) {
    size_t len = strlen(workdir);
    if (len == 0) {
        return "Working directory cannot be empty";
    }
    if (len > AK_WORKDIR_MAX_BYTES) {
        return "Working directory too long (max 1024 characters)";
    }
    if (workdir[0] != '/') {
        return "Working directory must be an absolute path";
    }
    if (strpbrk(workdir, "\r\n")) {
        return "Working directory contains invalid characters";
    }
    return ak_path_has(workdir, len, "..") ? "Working directory cannot contain '..'" : NULL;
}

const char *validate_env(const char *const *env, char message[VALIDATE_MESSAGE]) {
    for (; *env; env++) {
        size_t len = strlen(*env);
        if (!ak_is_env_entry(*env, len)) {
            /* The entry is not shown: without a key it could be a secret. */
            snprintf(message, VALIDATE_MESSAGE, "Invalid env entry (%zu bytes): expected KEY=VALUE", len);
            return message;
        }
    }
    return NULL;
}

bool validate_git_url(const char *url) {
    static const char *const starts[] = {"https://", "ssh://", "git@"};
    size_t len = 0;
    for (size_t i = 0; len == 0 && i < sizeof starts / sizeof starts[0]; i++) {
        len = strncmp(url, starts[i], strlen(starts[i])) == 0 ? strlen(starts[i]) : 0;
    }
    if (len == 0 || (!ak_is_alphanumeric(url[len]) && url[len] != '[') || strlen(url) > 2048) {
        return false; /* a host that starts with '-' would be an option of ssh */
    }
    for (const char *p = url; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || strchr("`$;|&<>(){}'\"\\!*^", *p)) {
            return false;
        }
    }
    return url[0] != 'g' || strchr(url + len, ':');
}

bool validate_git_ref(const char *ref) {
    size_t len = strlen(ref);
    if (len == 0 || len > 255 || strchr("-/.", ref[0]) || strchr("/.", ref[len - 1])) {
        return false;
    }
    for (const char *p = ref; *p != '\0'; p++) {
        if (!ak_is_alphanumeric(*p) && !strchr("/_.-", *p)) {
            return false;
        }
    }
    return !strstr(ref, "..") && !strstr(ref, "//");
}

enum backend_check validate_backend(const char *backend) {
    static const char *const ours[] = {"", "auto", "automatic", "bubblewrap"};
    static const char *const known[] = {
        "docker", "podman",     "firecracker",      "apple",         "hyperlight", "cloudhypervisor",
        "nomad",  "kubernetes", "cloud-hypervisor", "k8s",           "daytona",    "runloop",
        "e2b",    "modal",      "agentcomputer",    "agent-computer"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcasecmp(backend, ours[i]) == 0) {
            return BACKEND_OURS;
        }
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(backend, known[i]) == 0) {
            return BACKEND_KNOWN;
        }
    }
    return BACKEND_UNKNOWN;
}

const char *validate_ttl(const char *text, uint64_t *seconds, char message[VALIDATE_MESSAGE]) {
    size_t where = 0;
    ak_ttl_fault fault = ak_ttl_parse(text, strlen(text), seconds, &where);
    const char *shown = (unsigned char)text[where] < 128 ? text + where : "?";
    switch (fault) {
    case AK_TTL_OK:
        return NULL;
    case AK_TTL_EMPTY:
        return "TTL string is empty";
    case AK_TTL_NO_NUMBER:
        snprintf(message, VALIDATE_MESSAGE, "unexpected '%.1s' in \"%.64s\"", shown, text);
        break;
    case AK_TTL_NO_UNIT:
        snprintf(message, VALIDATE_MESSAGE, "trailing digits without unit in \"%.64s\"", text);
        break;
    case AK_TTL_WRONG_UNIT:
        snprintf(message, VALIDATE_MESSAGE, "Unknown TTL unit '%.1s' in \"%.64s\"", shown, text);
        break;
    case AK_TTL_ZERO:
        snprintf(message, VALIDATE_MESSAGE, "TTL resolves to 0 seconds: \"%.64s\"", text);
        break;
    case AK_TTL_TOO_LONG:
        snprintf(message, VALIDATE_MESSAGE, "TTL is too long: \"%.64s\"", text);
        break;
    }
    return message;
}
