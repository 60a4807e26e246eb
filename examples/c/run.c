/*
 * run.c: runs a command in a fresh sandbox and prints its output as it comes.
 *
 *     example-run COMMAND [ARGUMENT ...]
 *
 * The server is AGENTKERNEL_BASE_URL, or http://localhost:18888. Exits with the command's exit code.
 */
#include <stdio.h>
#include <string.h>

#include <agentkernel.h>

static int report(const ak_error *err) {
    char message[1024];
    size_t len = 0;
    ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message, &len);
    fprintf(stderr, "%s: %.*s\n", ak_status_name(ak_error_code(err)), (int)len, message);
    return 125;
}

/* Prints until the stream ends; the exit code is in its last event. */
static int print_output(ak_call *call, ak_error *err) {
    char buf[64 * 1024];
    int64_t exit_code = 0;
    for (;;) {
        size_t len = 0;
        ak_status status = ak_call_read(call, buf, sizeof buf, &len, err);
        if (status == AK_AGAIN) {
            status = ak_call_wait(call, -1, err);
        }
        if (status == AK_OK) {
            fwrite(buf, 1, len, stdout);
            fflush(stdout);
        } else if (status == AK_ITEM) { /* any event: the last one has the exit code, read goes on to the next */
            ak_call_int(call, AK_KEY_EXIT_CODE, &exit_code, err);
        } else if (status != AK_AGAIN) {
            return status == AK_DONE ? (int)exit_code : report(err);
        }
    }
}

int main(int argc, char **argv) {
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    ak_call *call = NULL;
    if (ak_client_new(&client, err) < 0 || ak_call_new(client, AK_OP_RUN_STREAM, &call, err) < 0) {
        return report(err);
    }
    for (int i = 1; i < argc; i++) { /* a bind that fails is reported by the first read */
        ak_call_add_text(call, AK_KEY_COMMAND, argv[i], strlen(argv[i]), err);
    }
    int code = print_output(call, err);
    ak_call_free(call);
    ak_client_free(client);
    ak_error_free(err);
    return code;
}
