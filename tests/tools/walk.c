/*
 * walk.c: run over local:, twice: what the second one executes is counted (test_walk.py).
 */
#include <agentkernel.h>
#include <stdlib.h>

void __gcov_reset(void);
void __gcov_dump(void);

static ak_status run(ak_client *client) {
    ak_call *call = NULL;
    const char *output = NULL;
    size_t size = 0;
    ak_call_new(client, AK_OP_RUN, &call, NULL);
    ak_call_add_text(call, AK_KEY_COMMAND, "echo", 4, NULL);
    ak_call_add_text(call, AK_KEY_COMMAND, "hello", 5, NULL);
    ak_status status = AK_AGAIN;
    while (status == AK_AGAIN || status == AK_ITEM) {
        status = ak_call_wait(call, -1, NULL);
        if (status == AK_ITEM && (ak_call_view(call, AK_KEY_OUTPUT, &output, &size, NULL) != AK_OK || size != 6)) {
            status = AK_E_PROTOCOL;
        }
    }
    ak_call_free(call);
    return status;
}

int main(void) {
    ak_client *client = NULL;
    ak_status status = ak_client_new(&client, NULL);
    status = status < 0 ? status : ak_client_set_text(client, AK_CLIENT_BASE_URL, "local:", 6, NULL);
    status = status < 0 ? status : run(client);
    __gcov_reset();
    status = status < 0 ? status : run(client);
    __gcov_dump();
    ak_client_free(client);
    return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
