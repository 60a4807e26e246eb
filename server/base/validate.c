#include "validate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json_text.h"

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The length of the character that starts at text (one byte when it is not UTF-8). */
static int char_length(const char *text) {
    for (int n = 1; n <= 4; n++) {
        if (memchr(text, 0, (size_t)n) == NULL && ak_utf8_valid(text, (size_t)n)) {
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
    if (len > 63) {
        return "Sandbox name too long (max 63 characters)";
    }
    if (!is_alnum(name[0])) {
        return "Sandbox name must start with a letter or number";
    }
    if (!is_alnum(name[len - 1])) {
        return "Sandbox name must end with a letter or number";
    }
    for (const char *p = name; *p != '\0'; p++) {
        if (!is_alnum(*p) && *p != '-' && *p != '_') {
            (void)snprintf(message, VALIDATE_MESSAGE,
                           "Sandbox name contains invalid character '%.*s'. Only letters, numbers, hyphens, and "
                           "underscores are allowed",
                           char_length(p), p);
            return message;
        }
    }
    for (const char *p = name; p[1] != '\0'; p++) {
        if (!is_alnum(p[0]) && !is_alnum(p[1])) {
            return "Sandbox name cannot contain consecutive hyphens or underscores";
        }
    }
    return NULL;
}

bool validate_uuid(const char *text) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < sizeof form; i++) {
        if (form[i] == 'x' ? text[i] == '\0' || strchr("0123456789abcdefABCDEF", text[i]) == NULL
                           : text[i] != form[i]) {
            return false;
        }
    }
    return true;
}

const char *validate_image(const char *image, char message[VALIDATE_MESSAGE]) {
    if (image[0] == '\0') {
        return "Docker image name cannot be empty";
    }
    if (strlen(image) > 256) {
        return "Docker image name too long (max 256 characters)";
    }
    for (const char *p = image; *p != '\0'; p++) {
        if (!is_alnum(*p) && strchr("._/:@-", *p) == NULL) {
            (void)snprintf(
                message, VALIDATE_MESSAGE,
                "Docker image name contains invalid character '%.*s'. Only letters, numbers, and . _ / : @ - "
                "are allowed",
                char_length(p), p);
            return message;
        }
    }
    return NULL;
}

const char *validate_workdir(const char *workdir) {
    if (workdir[0] == '\0') {
        return "Working directory cannot be empty";
    }
    if (strlen(workdir) > 1024) {
        return "Working directory too long (max 1024 characters)";
    }
    if (workdir[0] != '/') {
        return "Working directory must be an absolute path";
    }
    if (strpbrk(workdir, "\r\n") != NULL) {
        return "Working directory contains invalid characters";
    }
    for (const char *part = workdir; (part = strchr(part, '/')) != NULL;) {
        part++;
        if (part[0] == '.' && part[1] == '.' && (part[2] == '/' || part[2] == '\0')) {
            return "Working directory cannot contain '..'";
        }
    }
    return NULL;
}

const char *validate_env(const char *const *env, char message[VALIDATE_MESSAGE]) {
    for (; *env != NULL; env++) {
        const char *equals = strchr(*env, '=');
        if (equals == NULL || equals == *env) {
            /* Not shown: an entry without its key could be a secret. */
            (void)snprintf(message, VALIDATE_MESSAGE, "Invalid env entry (%zu bytes): expected KEY=VALUE",
                           strlen(*env));
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
    if (len == 0 || (!is_alnum(url[len]) && url[len] != '[') || strlen(url) > 2048) {
        return false; /* a host that starts with '-' would be an option of ssh */
    }
    for (const char *p = url; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || strchr("`$;|&<>(){}'\"\\!*^", *p) != NULL) {
            return false;
        }
    }
    return url[0] != 'g' || strchr(url + len, ':') != NULL;
}

bool validate_git_ref(const char *ref) {
    size_t len = strlen(ref);
    if (len == 0 || len > 255 || strchr("-/.", ref[0]) != NULL || strchr("/.", ref[len - 1]) != NULL) {
        return false;
    }
    for (const char *p = ref; *p != '\0'; p++) {
        if (!is_alnum(*p) && strchr("/_.-", *p) == NULL) {
            return false;
        }
    }
    return strstr(ref, "..") == NULL && strstr(ref, "//") == NULL;
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
