#include "exec_request.h"

#include <stdlib.h>

#include "command_reply.h"
#include "fields.h"
#include "handlers.h"
#include "validate.h"

void exec_request_free(struct exec_request *exec) {
    fields_free_list(exec->command);
    fields_free_list(exec->env);
    free(exec->workdir);
}

bool exec_request_read(const struct request *request, struct exec_request *exec, struct reply *reply) {
    struct fields fields;
    size_t count = 0;
    size_t env_count = 0;
    char message[VALIDATE_MESSAGE];
    fields_parse(&fields, request->body, request->body_len);
    exec->command = fields_list(&fields, "command", true, &count);
    exec->env = fields_list(&fields, "env", false, &env_count);
    exec->workdir = fields_text(&fields, "workdir");
    bool sudo = fields_bool(&fields, "sudo", true, false);
    if (!fields.failed && count == 0) {
        fields_fail(&fields, "command is required");
    }
    if (!fields.failed && sudo) {
        reply_error(reply, 403,
                    "sudo execution is disabled for HTTP API. Set [api].allow_sudo_exec = true to enable it");
        return false;
    }
    const char *wrong = NULL;
    if (!fields.failed && exec->workdir) {
        wrong = validate_workdir(exec->workdir);
    }
    if (!fields.failed && !wrong) {
        wrong = validate_env((const char *const *)exec->env, message);
    }
    if (wrong) {
        fields_fail(&fields, wrong);
    }
    if (fields.failed) {
        reply_error(reply, 400, fields.error);
    }
    return !fields.failed;
}

struct sandbox *exec_request_sandbox(struct api *api, const struct request *request, struct reply *reply) {
    const char *name = request->segments[1];
    struct sandbox *sandbox = state_find(&api->state, name);
    if (!sandbox) {
        reply_errorf(reply, 500, SANDBOX_NOT_RUNNING, name, name);
    } else if (!command_reply_available(&api->executor, reply)) {
        state_release(sandbox);
        return NULL;
    }
    return sandbox;
}

struct kept_command exec_request_command(const struct exec_request *exec) {
    return (struct kept_command){
        .argv = (const char *const *)exec->command, .env = (const char *const *)exec->env, .workdir = exec->workdir};
}
