#include "handlers.h"

void handle_health(struct server *server, struct request *request, struct reply *reply) {
    (void)server;
    (void)request;
    reply_text(reply, 200, "ok");
}

bool status_sandbox_usable(const struct server *server, const char **why) {
    bool usable = server->spawner != NULL && spawner_alive(server->spawner);
    *why = server->probe.message;
    if (usable) {
        *why = server->probe.warning[0] != '\0' ? server->probe.warning : "ready";
    } else if (server->spawner != NULL) {
        *why = "the process that starts sandboxes was killed";
    }
    return usable;
}

static void write_sandbox_status(struct writer *writer, const struct server *server) {
    const char *message = NULL;
    bool usable = status_sandbox_usable(server, &message);
    writer_open(writer, '{');
    writer_member_bool(writer, "usable", usable);
    writer_member_text(writer, "message", message);
    if (server->spawner != NULL) {
        writer_member_text(writer, "memory", spawner_memory_mode(server->spawner));
        writer_member_text(writer, "cpu", spawner_cpu_mode(server->spawner));
    }
    if (server->probe.version[0] != '\0') {
        writer_member_text(writer, "bubblewrap", server->probe.version);
    }
    writer_close(writer, '}');
}

void handle_status(struct server *server, struct request *request, struct reply *reply) {
    (void)request;
    struct writer *writer = &reply->body;
    reply_open(reply, 200);
    writer_open(writer, '{');
    writer_member_text(writer, "version", AKL_VERSION);
    writer_member_text(writer, "backend", "bubblewrap");
    writer_member_bool(writer, "api_key_configured", server->options.api_key != NULL);
    writer_name(writer, "sandbox");
    write_sandbox_status(writer, server);
    writer_close(writer, '}');
    reply_close(reply);
}
