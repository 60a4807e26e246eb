/*
 * files.c: /sandboxes/{name}/files: reading, writing and deleting a kept sandbox's files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "command_reply.h"
#include "fields.h"
#include "file_body.h"
#include "file_store.h"
#include "files_path.h"
#include "handlers.h"
#include "json_text.h"

/* Files up to this size are read before the reply begins, so that a concurrent write cannot truncate it. */
#define WHOLE_MAX ((uint64_t)1 << 20)
/* Commands cannot create larger ones. */
#define READ_MAX ((uint64_t)2 << 30)
#define FILES_MAX 10000

/* One request about files. */
struct file_call {
    struct api *api;
    struct file_store store; /* its sandbox is a reference; NULL: there is no such sandbox */
    struct files_path path;
};

/* --- Common --- */

static void reply_wrong(struct reply *reply, unsigned status, const struct writer *wrong) {
    reply_error(reply, status, writer_ok(wrong) ? wrong->text : "out of memory");
}

/* "<before><path><after>" as an error. */
static void reply_about(struct reply *reply, unsigned status, const char *before, const struct files_path *path,
                        const char *after) {
    struct writer text = {0};
    writer_text(&text, before);
    writer_text(&text, path->text);
    writer_text(&text, after);
    writer_raw(&text, "", 1);
    reply_wrong(reply, status, &text);
    writer_free(&text);
}

/* "<before><path>: why", from errno. */
static void reply_failed(struct reply *reply, unsigned status, const char *before, const struct files_path *path) {
    char after[160];
    snprintf(after, sizeof after, ": %s", file_store_error(errno));
    reply_about(reply, status, before, path, after);
}

/* "<before><path>" as data. */
static void reply_done(struct reply *reply, const char *before, const struct files_path *path) {
    struct writer text = {0};
    writer_text(&text, before);
    writer_text(&text, path->text);
    reply_open(reply, 200);
    writer_string(&reply->body, writer_ok(&text) ? text.text : "", text.len);
    reply_close(reply);
    reply->body.failed = reply->body.failed || !writer_ok(&text);
    writer_free(&text);
}

/* Finds the sandbox. False if its name is invalid. */
static bool open_call(struct file_call *call, struct api *api, const struct request *request, struct reply *reply) {
    *call = (struct file_call){.api = api};
    if (!sandbox_check_name(request, reply)) {
        return false;
    }
    call->store.sandbox = state_find(&api->state, request->segments[1]);
    if (call->store.sandbox) {
        call->store.image_root = image_roots_find(api->executor.images, call->store.sandbox->image);
    }
    return true;
}

static void close_call(struct file_call *call) {
    files_path_free(&call->path);
    state_release(call->store.sandbox);
}

/* Opens the call and checks the path in the request's target. */
static bool open_path_call(struct file_call *call, struct api *api, const struct request *request,
                           struct reply *reply) {
    struct writer wrong = {0};
    bool ok = open_call(call, api, request, reply);
    if (ok && (!files_path_decode(&call->path, request, &wrong) ||
               !files_path_check(&call->path, call->store.image_root, &wrong))) {
        reply_wrong(reply, 400, &wrong);
        ok = false;
    }
    writer_free(&wrong);
    return ok;
}

/* Records the operation. */
static void note(const struct file_call *call, const char *type) {
    struct sandbox *sandbox = call->store.sandbox;
    audit_file(&sandbox->state->audit, type, sandbox, call->path.text);
    if (!atomic_load(&sandbox->removed)) {
        state_touch(sandbox);
    }
}

/* Whether the sandbox exists and is running. */
static bool is_running(const struct file_call *call, const struct request *request, unsigned status,
                       struct reply *reply) {
    const struct sandbox *sandbox = call->store.sandbox;
    const char *name = request->segments[1];
    if (!sandbox || atomic_load(&sandbox->stopped)) {
        reply_errorf(reply, status, SANDBOX_NOT_RUNNING, name, name);
        return false;
    }
    return true;
}

/* --- Reading --- */

/* Replies with a small file. Takes ownership of the descriptor. False with errno. */
static bool reply_whole(int fd, size_t size, struct reply *reply) {
    char *bytes = malloc(size + 1);
    size_t len = 0;
    ssize_t n = bytes ? 1 : -1;
    while (n > 0 && len < size) {
        n = read(fd, bytes + len, size - len);
        len += n > 0 ? (size_t)n : 0;
    }
    int error = errno;
    close(fd);
    if (n >= 0) {
        bool text = ak_utf8_valid(bytes, len);
        reply_open(reply, 200);
        writer_open(&reply->body, '{');
        writer_member_text(&reply->body, "encoding", text ? "utf8" : "base64");
        writer_name(&reply->body, "content");
        if (text) {
            writer_string(&reply->body, bytes, len);
        } else {
            writer_base64(&reply->body, bytes, len);
        }
        writer_member_uint(&reply->body, "size", len);
        writer_close(&reply->body, '}');
        reply_close(reply);
    }
    free(bytes);
    errno = error;
    return n >= 0;
}

static void read_file(const struct file_call *call, const struct request *request, struct reply *reply) {
    uint64_t size = 0;
    int fd = file_store_open(&call->store, call->path.relative, &size);
    if (fd >= 0 && size > READ_MAX) {
        close(fd);
        reply_about(reply, 413, "File exceeds the maximum size of 2147483648 bytes: ", &call->path, "");
        return;
    }
    bool ok = fd >= 0;
    if (ok && size <= WHOLE_MAX) {
        ok = reply_whole(fd, (size_t)size, reply);
    } else if (ok) {
        reply->status = 200;
        ok = file_body_open(&reply->source, fd, size, &call->api->state.dir.stopping, request->client_fd);
    }
    if (ok) {
        note(call, "file_read");
    } else {
        reply_failed(reply, 404, "Failed to read ", &call->path);
    }
}

void handle_read_file(struct api *api, struct request *request, struct reply *reply) {
    struct file_call call;
    if (open_path_call(&call, api, request, reply) && is_running(&call, request, 404, reply)) {
        read_file(&call, request, reply);
    }
    close_call(&call);
}

/* --- Writing --- */

struct content {
    char *bytes;
    size_t len;
};

/* Decodes a base64 string. False, latched, if it is invalid. */
static bool decode_base64(struct fields *fields, const ak_json_value *value, struct content *content) {
    size_t size = 0;
    if (!ak_base64_check_string(value, &size)) {
        fields_fail(fields, "Invalid base64: content must be standard base64 with padding and nothing else");
        return false;
    }
    content->bytes = malloc(size + 1);
    if (!content->bytes) {
        fields_fail(fields, "out of memory");
        return false;
    }
    ak_base64_reader reader;
    size_t n = 0;
    ak_base64_reader_init(&reader, value);
    while (content->len < size &&
           ak_base64_reader_read(&reader, content->bytes + content->len, size - content->len, &n) && n > 0) {
        content->len += n;
    }
    return true;
}

/* Reads the body of a single write. */
static bool read_content(const struct request *request, struct content *content, struct reply *reply) {
    struct fields fields;
    ak_json_value value;
    ak_json_value encoding;
    fields_parse(&fields, request->body, request->body_len);
    bool found = fields_value(&fields, "content", true, AK_JSON_STRING, &value);
    bool base64 =
        fields_value(&fields, "encoding", false, AK_JSON_STRING, &encoding) && ak_json_equals(&encoding, "base64", 6);
    if (found && !fields.failed && base64) {
        decode_base64(&fields, &value, content);
    } else if (found && !fields.failed) {
        content->bytes = fields_bytes(&fields, &value, &content->len);
    }
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    }
    return !fields.failed;
}

void handle_write_file(struct api *api, struct request *request, struct reply *reply) {
    struct file_call call;
    struct content content = {0};
    if (open_path_call(&call, api, request, reply) && read_content(request, &content, reply) &&
        is_running(&call, request, 500, reply)) {
        if (file_store_write(&call.store, call.path.relative, content.bytes, content.len)) {
            char before[48];
            snprintf(before, sizeof before, "Wrote %zu bytes to ", content.len);
            reply_done(reply, before, &call.path);
            note(&call, "file_written");
        } else {
            reply_failed(reply, 500, "Failed to write ", &call.path);
        }
    }
    free(content.bytes);
    close_call(&call);
}

void handle_delete_file(struct api *api, struct request *request, struct reply *reply) {
    struct file_call call;
    if (open_path_call(&call, api, request, reply) && is_running(&call, request, 500, reply)) {
        if (file_store_delete(&call.store, call.path.relative)) {
            reply_done(reply, "Deleted ", &call.path);
            note(&call, "file_deleted");
        } else {
            reply_failed(reply, 500, "Failed to delete ", &call.path);
        }
    }
    close_call(&call);
}

/* --- Several --- */

/* Reads the path in the name of a map's member. False if the reply is an error. */
static bool parse_key(struct file_call *call, struct fields *fields, const ak_json_value *key, struct reply *reply) {
    struct writer wrong = {0};
    size_t len = 0;
    files_path_free(&call->path);
    char *text = fields_bytes(fields, key, &len);
    if (!text) {
        reply_error(reply, 400, fields->error);
        return false;
    }
    bool ok = files_path_set(&call->path, text, len, &wrong);
    if (!ok) {
        reply_wrong(reply, 400, &wrong);
    } else if (!files_path_check(&call->path, call->store.image_root, &wrong)) {
        char *why = writer_ok(&wrong) ? wrong.text : NULL;
        struct writer whole = {0};
        writer_text(&whole, call->path.text);
        writer_text(&whole, ": ");
        writer_text(&whole, why ? why : "out of memory");
        writer_raw(&whole, "", 1);
        reply_wrong(reply, 400, &whole);
        writer_free(&whole);
        ok = false;
    }
    writer_free(&wrong);
    free(text);
    return ok;
}

/* Checks all members before anything is written. */
static bool check_files(struct file_call *call, struct fields *fields, const ak_json_value *files,
                        struct reply *reply) {
    ak_json_iter iter;
    ak_json_value key;
    ak_json_value value;
    size_t count = ak_json_count(files);
    if (count == 0 || count > FILES_MAX) {
        reply_errorf(reply, 400, count == 0 ? "files map is empty" : "files map has too many entries (max %d)",
                     FILES_MAX);
        return false;
    }
    ak_json_iter_init(&iter, files);
    while (ak_json_iter_next(&iter, &key, &value)) {
        size_t len = 0;
        char *bytes = fields_bytes(fields, &value, &len); /* only to check it */
        free(bytes);
        if (!bytes) {
            reply_error(reply, 400, fields->error);
            return false;
        }
        if (!parse_key(call, fields, &key, reply)) {
            return false;
        }
    }
    return true;
}

static void write_files(struct file_call *call, struct fields *fields, const ak_json_value *files,
                        struct reply *reply) {
    ak_json_iter iter;
    ak_json_value key;
    ak_json_value value;
    uint64_t written = 0;
    ak_json_iter_init(&iter, files);
    while (ak_json_iter_next(&iter, &key, &value)) {
        size_t len = 0;
        char *bytes = fields_bytes(fields, &value, &len);
        bool taken = bytes && parse_key(call, fields, &key, reply);
        bool ok = taken && file_store_write(&call->store, call->path.relative, bytes, len);
        if (taken && !ok) {
            reply_failed(reply, 500, "Failed to write ", &call->path);
        } else if (!taken) {
            reply_error(reply, 500, "out of memory");
        }
        free(bytes);
        if (!ok) {
            return;
        }
        written++;
        note(call, "file_written");
    }
    reply_open(reply, 200);
    writer_open(&reply->body, '{');
    writer_member_uint(&reply->body, "written", written);
    writer_close(&reply->body, '}');
    reply_close(reply);
}

void handle_write_files(struct api *api, struct request *request, struct reply *reply) {
    struct file_call call;
    if (open_call(&call, api, request, reply)) {
        struct fields fields;
        ak_json_value files;
        fields_parse(&fields, request->body, request->body_len);
        if (!fields_value(&fields, "files", true, AK_JSON_OBJECT, &files)) {
            reply_error(reply, 400, fields.error);
        } else if (check_files(&call, &fields, &files, reply) && is_running(&call, request, 500, reply)) {
            write_files(&call, &fields, &files, reply);
        }
    }
    close_call(&call);
}
