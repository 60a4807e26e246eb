#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "command_reply.h"
#include "text.h"
#include "validate.h"

/* --- Request --- */

void source_read(struct fields *fields, struct source *source) {
    char *url = fields_text(fields, "source_url");
    source->ref = fields_text(fields, "source_ref");
    if (url && url[0] != '\0') {
        source->url = strdup(strncmp(url, "git:", 4) == 0 ? url + 4 : url);
        if (!source->url) {
            fields_fail(fields, "out of memory");
        } else if (!validate_git_url(source->url)) {
            fields_fail(fields, "Invalid source_url: use https://, ssh:// or git@host:path, without white space or "
                                "characters of the shell");
        }
    }
    free(url);
    source->init_script = fields_text(fields, "init_script");
    if (source->ref && !source->url) {
        fields_fail(fields, "source_ref requires source_url");
    } else if (source->ref && !validate_git_ref(source->ref)) {
        fields_fail(fields, "Invalid source_ref: use the name of a branch or tag, or a commit");
    }
}

void source_free(struct source *source) {
    free(source->url);
    free(source->ref);
    free(source->init_script);
}

/* --- Result --- */

/* "Failed to <what> <which>: <output>" */
static void reply_failed(struct reply *reply, const char *what, const char *which, const struct capture *output) {
    char *text = strndup(output->bytes, output->len);
    if (text) {
        text_hide_passwords(text);
    }
    reply_errorf(reply, 500, "Failed to %s %s: %s", what, which, text ? text : "out of memory");
    free(text);
}

static void explain(struct reply *reply, const struct source *source, enum provision_step step,
                    const struct capture *output) {
    char *url = step == PROVISION_CLONE ? strdup(source->url) : NULL;
    switch (step) {
    case PROVISION_CLONE:
        if (url) {
            text_hide_passwords(url);
        }
        reply_failed(reply, "clone", url ? url : "the repository", output);
        break;
    case PROVISION_CHECKOUT:
        reply_failed(reply, "checkout", source->ref, output);
        break;
    default:
        reply_failed(reply, "run", "init_script", output);
        break;
    }
    free(url);
}

/* Whether the command itself failed, rather than running it. */
static bool has_failed(const struct executed *executed) {
    return executed->outcome == EXECUTE_ENDED && executed->result.kind != END_TOO_BIG &&
           executed->result.kind != END_SANDBOX_FAILED;
}

bool source_fetch(struct api *api, const struct request *request, struct sandbox *sandbox, const struct source *source,
                  struct reply *reply) {
    struct executed executed;
    enum provision_step step = provision(&api->executor, sandbox, source, request->client_fd, &executed);
    if (step != PROVISION_DONE && !has_failed(&executed)) {
        command_reply(reply, sandbox, &executed);
    } else if (step != PROVISION_DONE && step != PROVISION_SCRIPT && executed.result.exit_code == 127) {
        reply_error(reply, 422, "source_url needs git, which is not installed here");
    } else if (step != PROVISION_DONE) {
        explain(reply, source, step, &executed.output);
    }
    executed_free(&executed);
    return step == PROVISION_DONE;
}
