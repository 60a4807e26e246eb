/*
 * demo.c: a short tour against a running server: a stream, a sandbox that keeps its files, a command that fails.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <agentkernel_ops.h>

static ak_error *err;

static void die(const char *what) {
    ak_failure failure = {0};
    ak_failure_fill(err, &failure);
    fprintf(stderr, "%s: %s: %s\n", what, ak_status_name(ak_error_code(err)), failure.message ? failure.message : "");
    exit(1);
}

static void stream(ak_client *client) {
    const char *line = "for i in 1 2 3; do echo \"line $i, uid $(id -u)\"; sleep 0.3; done";
    ak_call *call = NULL;
    ak_event event = {0};
    ak_status status;
    printf("-- run_stream: output as the command writes it\n");
    if (ak_run_stream(client, (const char *const[]){"sh", "-c", line, NULL}, NULL, &call, err) < 0) {
        die("run_stream");
    }
    while ((status = ak_event_next(call, &event, err)) == AK_ITEM) {
        if (event.data) {
            fwrite(event.data, 1, event.data_len, stdout);
            fflush(stdout);
        }
        if (event.has.exit_code) {
            printf("(exit code %" PRId64 ")\n", event.exit_code);
        }
    }
    if (status != AK_DONE) {
        die("run_stream");
    }
    ak_call_free(call);
}

/* Runs a shell line in the sandbox. A failing command is an error that has its exit code and output. */
static void exec(ak_client *client, const char *name, const char *line) {
    ak_run_result result = {0};
    ak_failure failure = {0};
    printf("-- exec: %s\n", line);
    ak_status status = ak_sandbox_exec(client, name, (const char *const[]){"sh", "-c", line, NULL}, NULL, &result, err);
    if (status == AK_OK) {
        fwrite(result.output, 1, result.output_len, stdout);
    } else if (status == AK_E_COMMAND && ak_failure_fill(err, &failure) == AK_OK) {
        fwrite(failure.output, 1, failure.output_len, stdout);
        printf("(AK_E_COMMAND, exit code %" PRId64 ")\n", failure.exit_code);
    } else {
        die("exec_in_sandbox");
    }
    fflush(stdout);
    ak_failure_free(&failure);
    ak_run_result_free(&result);
}

int main(void) {
    ak_client *client = NULL;
    err = ak_error_new();
    if (!err || ak_client_new(&client, err) < 0) {
        die("client");
    }
    stream(client);
    printf("-- create_sandbox demo\n");
    if (ak_sandbox_create(client, "demo", &(ak_sandbox_create_options){.profile = "moderate"}, NULL, err) < 0) {
        die("create_sandbox");
    }
    exec(client, "demo", "echo 'kept between commands' > note.txt; pwd");
    exec(client, "demo", "cat note.txt");
    exec(client, "demo", "echo 'no luck'; exit 3");
    printf("-- remove_sandbox demo\n");
    if (ak_sandbox_remove(client, "demo", NULL, err) < 0) {
        die("remove_sandbox");
    }
    ak_client_free(client);
    ak_error_free(err);
    return 0;
}
