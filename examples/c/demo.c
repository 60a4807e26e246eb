/*
 * demo.c: a short tour against a running server: a stream, a sandbox that keeps its files, a command that fails.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentkernel.h>

static ak_error *err;

static void die(const char *what) {
    const char *message = "";
    size_t len = 0;
    ak_error_view(err, AK_ERROR_MESSAGE, &message, &len);
    fprintf(stderr, "%s: %s: %.*s\n", what, ak_status_name(ak_error_code(err)), (int)len, message);
    exit(1);
}

static ak_call *new_call(ak_client *client, int32_t operation) {
    ak_call *call = NULL;
    if (ak_call_new(client, operation, &call, err) < 0) {
        die("new call");
    }
    return call;
}

static void set_text(ak_call *call, int32_t key, const char *text) {
    ak_call_set_text(call, key, text, strlen(text), err);
}

/* Binds the words of a command, up to a NULL. */
static void set_command(ak_call *call, ...) {
    va_list words;
    va_start(words, call);
    for (const char *word; (word = va_arg(words, const char *));) {
        ak_call_add_text(call, AK_KEY_COMMAND, word, strlen(word), err);
    }
    va_end(words);
}

static void print_field(ak_call *call, int32_t key) {
    const char *data = NULL;
    size_t len = 0;
    if (ak_call_view(call, key, &data, &len, err) == AK_OK) {
        fwrite(data, 1, len, stdout);
        fflush(stdout);
    }
}

static void stream(ak_client *client) {
    printf("-- run_stream: output as the command writes it\n");
    ak_call *call = new_call(client, AK_OP_RUN_STREAM);
    set_command(call, "sh", "-c", "for i in 1 2 3; do echo \"line $i, uid $(id -u)\"; sleep 0.3; done", NULL);
    ak_status status;
    while ((status = ak_call_wait(call, -1, err)) == AK_ITEM || status == AK_AGAIN) {
        int64_t exit_code = 0;
        if (status == AK_ITEM) {
            print_field(call, AK_KEY_DATA);
            if (ak_call_int(call, AK_KEY_EXIT_CODE, &exit_code, err) == AK_OK) {
                printf("(exit code %" PRId64 ")\n", exit_code);
            }
        }
    }
    if (status != AK_DONE) {
        die("run_stream");
    }
    ak_call_free(call);
}

/* Runs a shell line in the sandbox. A failing command is an error that carries its exit code and output. */
static void exec(ak_client *client, const char *name, const char *line) {
    printf("-- exec: %s\n", line);
    ak_call *call = new_call(client, AK_OP_EXEC_IN_SANDBOX);
    set_text(call, AK_KEY_NAME, name);
    set_command(call, "sh", "-c", line, NULL);
    ak_status status;
    while ((status = ak_call_wait(call, -1, err)) == AK_ITEM || status == AK_AGAIN) {
        if (status == AK_ITEM) {
            print_field(call, AK_KEY_OUTPUT);
        }
    }
    if (status == AK_E_COMMAND) {
        int64_t exit_code = 0;
        const char *output = "";
        size_t len = 0;
        ak_error_int(err, AK_ERROR_EXIT_CODE, &exit_code);
        ak_error_view(err, AK_ERROR_OUTPUT, &output, &len);
        printf("%.*s(AK_E_COMMAND, exit code %" PRId64 ")\n", (int)len, output, exit_code);
    } else if (status != AK_DONE) {
        die("exec_in_sandbox");
    }
    ak_call_free(call);
}

static void by_name(ak_client *client, int32_t operation, const char *name) {
    printf("-- %s %s\n", ak_operation_name(operation), name);
    ak_call *call = new_call(client, operation);
    set_text(call, AK_KEY_NAME, name);
    ak_status status;
    do {
        status = ak_call_wait(call, -1, err);
    } while (status == AK_ITEM || status == AK_AGAIN);
    if (status != AK_DONE) {
        die(ak_operation_name(operation));
    }
    ak_call_free(call);
}

int main(void) {
    ak_client *client = NULL;
    err = ak_error_new();
    if (!err || ak_client_new(&client, err) < 0) {
        die("client");
    }
    stream(client);
    by_name(client, AK_OP_CREATE_SANDBOX, "demo");
    exec(client, "demo", "echo 'kept between commands' > note.txt; pwd");
    exec(client, "demo", "cat note.txt");
    exec(client, "demo", "echo 'no luck'; exit 3");
    by_name(client, AK_OP_REMOVE_SANDBOX, "demo");
    ak_client_free(client);
    ak_error_free(err);
    return 0;
}
