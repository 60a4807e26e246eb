/*
 * poll.c: several commands at once in one thread, with only agentkernel.h and poll(2). Any event loop works the same
 * way: step until AK_AGAIN, wait on the call's descriptor, step again.
 *
 * Each command is one line for the shell: example-poll 'sleep 1; echo slow' 'echo quick'
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentkernel.h>

#define MOST 16

static ak_error *err;

static void print_view(int number, const char *data, size_t len) {
    printf("%d: %.*s%s", number, (int)len, data, len && data[len - 1] == '\n' ? "" : "\n");
    fflush(stdout);
}

/* Reads all available records: AK_AGAIN while there may be more, AK_DONE, or an error. */
static ak_status drain(int number, ak_call *call) {
    const char *data = NULL;
    size_t len = 0;
    int64_t exit_code = 0;
    ak_status status;
    while ((status = ak_call_step(call, err)) == AK_ITEM) {
        if (ak_call_view(call, AK_KEY_DATA, &data, &len, err) == AK_OK) {
            print_view(number, data, len);
        }
        if (ak_call_int(call, AK_KEY_EXIT_CODE, &exit_code, err) == AK_OK) {
            printf("%d: exit code %d\n", number, (int)exit_code);
        }
    }
    if (status < 0) {
        ak_error_view(err, AK_ERROR_MESSAGE, &data, &len);
        fprintf(stderr, "%d: %s: %.*s\n", number, ak_status_name(status), (int)len, data ? data : "");
    }
    return status;
}

static ak_call *start(ak_client *client, const char *line) {
    const char *const command[] = {"sh", "-c", line};
    ak_call *call = NULL;
    if (ak_call_new(client, AK_OP_RUN_STREAM, &call, err) < 0) {
        fprintf(stderr, "%s\n", ak_status_name(ak_error_code(err)));
        exit(1);
    }
    for (size_t i = 0; i < 3; i++) { /* a bind that fails is reported by the first step */
        ak_call_add_text(call, AK_KEY_COMMAND, command[i], strlen(command[i]), err);
    }
    return call;
}

/* Steps every remaining call, and sets the descriptors to wait for. Returns how many there are. */
static int step_all(ak_call **calls, struct pollfd *watched, int count, int *failed) {
    int running = 0;
    for (int i = 0; i < count; i++) {
        watched[i] = (struct pollfd){.fd = -1, .events = POLLIN}; /* -1: ignored by poll */
        if (!calls[i]) {
            continue;
        }
        ak_status status = drain(i + 1, calls[i]);
        if (status == AK_AGAIN) {
            watched[i].fd = ak_call_fd(calls[i]);
            running++;
        } else {
            *failed |= status < 0;
            ak_call_free(calls[i]);
            calls[i] = NULL;
        }
    }
    return running;
}

int main(int argc, char **argv) {
    ak_client *client = NULL;
    ak_call *calls[MOST] = {NULL};
    struct pollfd watched[MOST];
    int count = argc - 1, failed = 0;
    err = ak_error_new();
    if (count < 1 || count > MOST || ak_client_new(&client, err) < 0) {
        fprintf(stderr, "usage: example-poll LINE ... (at most %d)\n", MOST);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        calls[i] = start(client, argv[i + 1]);
    }
    while (step_all(calls, watched, count, &failed) > 0) {
        poll(watched, (nfds_t)count, -1); /* the calls' own deadlines wake it, too */
    }
    ak_client_free(client);
    ak_error_free(err);
    return failed;
}
