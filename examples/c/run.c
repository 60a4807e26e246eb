/*
 * run.c: runs a command in a fresh sandbox and prints its output as it arrives.
 *
 *     example-run COMMAND [ARGUMENT ...]
 *
 * The server is AGENTKERNEL_BASE_URL, or http://localhost:18888. Exits with the command's exit code.
 */
#include <stdio.h>

#include <agentkernel_ops.h>

#define NOT_RUN 125 /* the exit code when none was received */

static int report(const ak_error *err) {
    ak_failure failure = {0};
    ak_failure_fill(err, &failure);
    fprintf(stderr, "%s: %s\n", ak_status_name(ak_error_code(err)), failure.message ? failure.message : "");
    ak_failure_free(&failure);
    return NOT_RUN;
}

/* Prints until the stream ends; the exit code is in its last event. */
static int print_output(ak_call *call, ak_error *err) {
    ak_event event = {0}; /* zeros again when the loop ends */
    int exit_code = NOT_RUN;
    ak_status status;
    while ((status = ak_event_next(call, &event, err)) == AK_ITEM) {
        if (event.data) {
            fwrite(event.data, 1, event.data_len, stdout);
            fflush(stdout);
        }
        if (event.message) {
            fprintf(stderr, "%s\n", event.message);
        }
        if (event.has.exit_code) {
            exit_code = (int)event.exit_code;
        }
    }
    return status == AK_DONE ? exit_code : report(err);
}

int main(int argc, char **argv) {
    const char *const *command = (const char *const *)argv + (argc > 0);
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    ak_call *call = NULL;
    int exit_code;
    if (ak_client_new(&client, err) < 0 || ak_run_stream(client, command, NULL, &call, err) < 0) {
        exit_code = report(err);
    } else {
        exit_code = print_output(call, err);
    }
    ak_call_free(call);
    ak_client_free(client);
    ak_error_free(err);
    return exit_code;
}
