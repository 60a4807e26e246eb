#include "handlers.h"

void handle_health(struct api *api, struct request *request, struct reply *reply) {
    (void)api;
    (void)request;
    reply_text(reply, 200, "ok");
}

bool status_sandbox_usable(const struct api *api, const char **why) {
    bool usable = api->executor.spawner && spawner_alive(api->executor.spawner);
    *why = api->executor.probe.message;
    if (usable) {
        *why = api->executor.probe.warning[0] != '\0' ? api->executor.probe.warning : "ready";
    } else if (api->executor.spawner) {
        *why = "the process that starts sandboxes was killed";
    }
    return usable;
}

static void write_sandbox_status(struct writer *writer, const struct api *api) {
    const char *message = NULL;
    bool usable = status_sandbox_usable(api, &message);
    writer_open(writer, '{');
    writer_member_bool(writer, "usable", usable);
    writer_member_text(writer, "message", message);
    if (api->executor.spawner) {
        writer_member_text(writer, "memory", spawner_memory_mode(api->executor.spawner));
        writer_member_text(writer, "cpu", spawner_cpu_mode(api->executor.spawner));
    }
    if (api->executor.probe.version[0] != '\0') {
        writer_member_text(writer, "bubblewrap", api->executor.probe.version);
    }
    if (usable) {
        writer_member_text(writer, "bubblewrap_path", api->executor.probe.path);
    }
    writer_close(writer, '}');
}

void handle_get_status(struct api *api, struct request *request, struct reply *reply) {
    (void)request;
    struct writer *writer = &reply->body;
    reply_open(reply, 200);
    writer_open(writer, '{');
    writer_member_text(writer, "version", AKL_VERSION);
    writer_member_text(writer, "backend", "bubblewrap");
    writer_member_bool(writer, "api_key_configured", api->has_key);
    writer_name(writer, "sandbox");
    write_sandbox_status(writer, api);
    writer_close(writer, '}');
    reply_close(reply);
}
