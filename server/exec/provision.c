#include "provision.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec_request.h"
#include "execute.h"
#include "json_text.h"
#include "text.h"
#include "validate.h"

/* --- What is asked for --- */

void source_read(struct fields *fields, struct source *source) {
    char *url = fields_text(fields, "source_url");
    source->ref = fields_text(fields, "source_ref");
    if (url != NULL && url[0] != '\0') {
        source->url = strdup(strncmp(url, "git:", 4) == 0 ? url + 4 : url);
        if (source->url == NULL) {
            fields_fail(fields, "out of memory");
        } else if (!validate_git_url(source->url)) {
            fields_fail(fields, "Invalid source_url: use https://, ssh:// or git@host:path, without white space or "
                                "characters of the shell");
        }
    }
    free(url);
    source->init_script = fields_text(fields, "init_script");
    if (source->ref != NULL && source->url == NULL) {
        fields_fail(fields, "source_ref requires source_url");
    } else if (source->ref != NULL && !validate_git_ref(source->ref)) {
        fields_fail(fields, "Invalid source_ref: use the name of a branch or tag, or a commit");
    }
}

void source_free(struct source *source) {
    free(source->url);
    free(source->ref);
    free(source->init_script);
}

bool source_any(const struct source *source) {
    return source->url != NULL || (source->init_script != NULL && source->init_script[0] != '\0');
}

/* --- Commands --- */

/* Runs one in the sandbox's home and fills the reply as for exec. */
static void run(struct server *server, const struct request *request, struct sandbox *sandbox, char **argv, char **env,
                struct reply *reply) {
    struct exec_request exec = {.command = argv, .env = env};
    struct command_spec spec;
    if (exec_request_spec(server, &exec, sandbox, &spec, reply)) {
        execute(server, request, &spec, sandbox, reply);
        (void)close(spec.tree_fd);
    }
}

static void run_git(struct server *server, const struct request *request, struct sandbox *sandbox, char **argv,
                    struct reply *reply) {
    static char no_prompt[] = "GIT_TERMINAL_PROMPT=0";
    static char ssh[] = "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new";
    char *env[] = {no_prompt, ssh, NULL};
    run(server, request, sandbox, argv, env, reply);
}

/* Turns the reply of an exec that failed into that of the creation: "Failed to <what> <which>: <output>". no_program:
 * what to say when there was no such program. */
static void explain(struct reply *reply, const char *what, const char *which, const char *no_program) {
    ak_json_value root;
    ak_json_value member;
    int64_t exit_code = 0;
    size_t len = 0;
    if (reply->status != 409 || !writer_ok(&reply->body) ||
        !ak_json_parse(reply->body.text, reply->body.len, &root, NULL) ||
        !ak_json_member(&root, "exit_code", 9, &member) || !ak_json_int64(&member, &exit_code)) {
        return; /* no matter of git */
    }
    if (exit_code == 127 && no_program != NULL) {
        reply_error(reply, 422, no_program);
        return;
    }
    char *output = ak_json_member(&root, "output", 6, &member) ? fields_decode(&member, &len) : NULL;
    if (output != NULL) {
        text_hide_passwords(output);
    }
    reply_errorf(reply, 500, "Failed to %s %s: %s", what, which, output == NULL ? "out of memory" : output);
    free(output);
}

static bool clone_source(struct server *server, const struct request *request, struct sandbox *sandbox,
                         const struct source *source, struct reply *reply) {
    static const char no_git[] = "source_url needs git, which is not installed here";
    char git[] = "git";
    char clone[] = "clone";
    char checkout[] = "checkout";
    char quiet[] = "--quiet";
    char end[] = "--";
    char here[] = ".";
    char *clone_argv[] = {git, clone, quiet, end, source->url, here, NULL};
    char *checkout_argv[] = {git, checkout, quiet, source->ref, end, NULL};
    run_git(server, request, sandbox, clone_argv, reply);
    if (reply->status != 200) {
        char *shown = strdup(source->url);
        if (shown != NULL) {
            text_hide_passwords(shown);
        }
        explain(reply, "clone", shown == NULL ? "the repository" : shown, no_git);
        free(shown);
        return false;
    }
    if (source->ref != NULL) {
        run_git(server, request, sandbox, checkout_argv, reply);
        if (reply->status != 200) {
            explain(reply, "checkout", source->ref, no_git);
            return false;
        }
    }
    return true;
}

static bool run_script(struct server *server, const struct request *request, struct sandbox *sandbox, char *script,
                       struct reply *reply) {
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char *argv[] = {shell, option, script, NULL};
    char *env[] = {NULL};
    run(server, request, sandbox, argv, env, reply);
    if (reply->status != 200) {
        explain(reply, "run", "init_script", NULL);
        return false;
    }
    return true;
}

bool source_fetch(struct server *server, const struct request *request, struct sandbox *sandbox,
                  const struct source *source, struct reply *reply) {
    return (source->url == NULL || clone_source(server, request, sandbox, source, reply)) &&
           (source->init_script == NULL || source->init_script[0] == '\0' ||
            run_script(server, request, sandbox, source->init_script, reply));
}
