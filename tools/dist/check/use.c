/* use.c: from packages alone: a command, a sandbox and a file by local:, and a command through a TLS connection. */
#include <agentkernel_ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ak_error *err;

static void check(ak_status status, const char *what) {
    if (status < 0) {
        const char *message = ak_error_cstring(err, AK_ERROR_MESSAGE);
        fprintf(stderr, "%s: %s: %s\n", what, ak_status_name(status), message ? message : "");
        exit(1);
    }
}

static void run(ak_client *client, const char *word) {
    const char *const command[] = {"echo", word, NULL};
    ak_run_result result = {0};
    check(ak_run(client, command, NULL, &result, err), "run");
    if (result.output_len != strlen(word) + 1 || memcmp(result.output, word, strlen(word)) != 0) {
        fprintf(stderr, "%s was wanted\n", word);
        exit(1);
    }
    fwrite(result.output, 1, result.output_len, stdout);
    ak_run_result_free(&result);
}

static ak_client *client_of(const char *url, const char *ca) {
    ak_client *client = NULL;
    check(ak_client_new(&client, err), "client");
    check(ak_client_set_text(client, AK_CLIENT_BASE_URL, url, strlen(url), err), "base URL");
    if (ca) {
        check(ak_client_set_text(client, AK_CLIENT_CA_FILE, ca, strlen(ca), err), "CA file");
    }
    return client;
}

int main(void) {
    err = ak_error_new();
    ak_client *client = client_of("local:", NULL);
    run(client, "hello");
    check(ak_sandbox_create(client, "check-c", NULL, NULL, err), "create");
    check(ak_sandbox_remove(client, "check-c", NULL, err), "remove");
    ak_client_free(client);
    client = client_of(getenv("CHECK_URL"), getenv("CHECK_CA"));
    run(client, "safe");
    ak_client_free(client);
    ak_error_free(err);
    return 0;
}
