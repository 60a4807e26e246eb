#include "kit.h"

#include <stdio.h>
#include <string.h>

ak_client *kit_client(const fault_server *server, const char *path) {
    char url[256];
    int len = snprintf(url, sizeof url, "%s%s", fault_url(server), path);
    ak_client *client = NULL;
    assert_within(len, 1, sizeof url - 1);
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    assert_int_equal(ak_client_set_text(client, AK_CLIENT_BASE_URL, url, (size_t)len, NULL), AK_OK);
    return client;
}

ak_call *kit_call(ak_client *client, int32_t operation) {
    ak_call *call = NULL;
    assert_int_equal(ak_call_new(client, operation, &call, NULL), AK_OK);
    if (ak_parameter_type(operation, AK_KEY_NAME)) {
        assert_int_equal(ak_call_set_text(call, AK_KEY_NAME, "box", 3, NULL), AK_OK);
    }
    if (ak_parameter_type(operation, AK_KEY_PATH) && ak_parameter_type(operation, AK_KEY_NAME)) {
        assert_int_equal(ak_call_set_text(call, AK_KEY_PATH, "/a", 2, NULL), AK_OK);
    }
    if (ak_parameter_type(operation, AK_KEY_COMMAND)) {
        assert_int_equal(ak_call_add_text(call, AK_KEY_COMMAND, "true", 4, NULL), AK_OK);
    }
    return call;
}

ak_status kit_finish(ak_call *call, ak_error *err) {
    int64_t end = fault_now_ms() + KIT_WAIT_MS;
    ak_status status = AK_AGAIN;
    while (status == AK_AGAIN && fault_now_ms() < end) {
        status = ak_call_wait(call, 100, err);
    }
    return status;
}

fault_server *kit_server(int status, const char *json) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, status, json);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

kit_answer kit_ask(int32_t operation, int status, const char *json) {
    kit_answer answer = {.server = kit_server(status, json), .err = ak_error_new()};
    assert_non_null(answer.err);
    answer.client = kit_client(answer.server, "");
    answer.call = kit_call(answer.client, operation);
    answer.status = kit_finish(answer.call, answer.err);
    return answer;
}

void kit_close(kit_answer *answer) {
    ak_call_free(answer->call);
    ak_client_free(answer->client);
    ak_error_free(answer->err);
    fault_stop(answer->server);
}
