#include "files_path.h"

#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "kept_root.h"
#include "value_rules.h"

/* sandboxes, NAME, files */
#define SEGMENTS_BEFORE 3

static bool fail(struct writer *wrong, const char *message, const char *about) {
    writer_text(wrong, message);
    writer_text(wrong, about);
    writer_raw(wrong, "", 1);
    return false;
}

/* The normalized path, which is never longer. */
static char *simplify(const char *text) {
    char *relative = malloc(strlen(text) + 1);
    char *to = relative;
    while (relative && *text != '\0') {
        size_t len = strcspn(text, "/");
        if (len > 0 && !(len == 1 && text[0] == '.')) {
            if (to != relative) {
                *to++ = '/';
            }
            memcpy(to, text, len);
            to += len;
        }
        text += len + (text[len] == '/');
    }
    if (to) {
        *to = '\0';
    }
    return relative;
}

bool files_path_set(struct files_path *path, const char *text, size_t len, struct writer *wrong) {
    *path = (struct files_path){0};
    if (memchr(text, 0, len)) {
        return fail(wrong, "invalid file path: NUL", "");
    }
    if (len > AK_FILE_PATH_MAX_BYTES) {
        return fail(wrong, "file path too long (max 4095 bytes)", "");
    }
    path->text = strndup(text, len);
    path->relative = path->text ? simplify(path->text) : NULL;
    if (!path->relative) {
        files_path_free(path);
        return fail(wrong, "out of memory", "");
    }
    return true;
}

/* Appends a segment, decoded. False if a '%' does not begin a valid escape. */
static bool append_decoded(struct writer *decoded, const char *segment, size_t len) {
    writer_raw(decoded, "/", 1);
    for (size_t i = 0; i < len; i++) {
        char byte = segment[i];
        if (byte == '%') {
            int value = i + 2 < len ? request_unhex(segment + i + 1) : -1;
            if (value < 0) {
                return false;
            }
            byte = (char)value;
            i += 2;
        }
        writer_raw(decoded, &byte, 1);
    }
    return true;
}

bool files_path_decode(struct files_path *path, const struct request *request, struct writer *wrong) {
    struct writer decoded = {0};
    const char *p = request->path;
    bool ok = true;
    *path = (struct files_path){0};
    for (size_t count = 0; ok && *p != '\0'; p += *p == '/') {
        size_t len = strcspn(p, "/");
        count += len > 0;
        if (len > 0 && count > SEGMENTS_BEFORE) {
            ok = append_decoded(&decoded, p, len);
        }
        p += len;
    }
    if (!ok) {
        fail(wrong, "invalid encoded file path", "");
    } else if (decoded.len == 0) {
        ok = fail(wrong, writer_ok(&decoded) ? "file path is required" : "out of memory", "");
    } else if (!writer_ok(&decoded)) {
        ok = fail(wrong, "out of memory", "");
    } else if (!ak_utf8_valid(decoded.text, decoded.len)) {
        ok = fail(wrong, "invalid encoded file path: not UTF-8", "");
    } else {
        ok = files_path_set(path, decoded.text, decoded.len, wrong);
    }
    writer_free(&decoded);
    return ok;
}

bool files_path_check(const struct files_path *path, const char *image_root, struct writer *wrong) {
    if (path->text[0] != '/') {
        return fail(wrong, "Sandbox path must be absolute, got: ", path->text);
    }
    size_t size = strlen(path->text);
    if (ak_file_path_climbs(path->text, size)) {
        return fail(wrong, "Path traversal not allowed: ", path->text);
    }
    if (ak_file_path_closed(path->text, size)) {
        return fail(wrong, "Cannot access system path: ", path->text);
    }
    char first[256];
    size_t len = strcspn(path->relative, "/");
    if (len >= sizeof first) {
        return fail(wrong, "file name too long (max 255 bytes): ", path->text);
    }
    memcpy(first, path->relative, len);
    first[len] = '\0';
    if (len > 0 && !kept_root_may_hold(first, image_root)) {
        return fail(wrong, "Cannot access system path: ", path->text);
    }
    return true;
}

void files_path_free(struct files_path *path) {
    free(path->text);
    free(path->relative);
    *path = (struct files_path){0};
}
