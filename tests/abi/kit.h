/* kit.h: what the tests of the ABI share: cmocka, clients of the fault server, waiting that ends. */
#ifndef AK_ABI_KIT_H
#define AK_ABI_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../range.h"
#include "agentkernel.h"
#include "fault.h"

/* Far more than anything on loopback takes; a test that meets it has failed. */
#define KIT_WAIT_MS 20000

/* A client of the server, with a path after its base URL. */
ak_client *kit_client(const fault_server *server, const char *path);

/* A new call of an operation with its required parameters bound. */
ak_call *kit_call(ak_client *client, int32_t operation);

/* Steps until something else than AK_AGAIN comes. */
ak_status kit_finish(ak_call *call, ak_error *err);

/* A server that answers every request with this JSON. */
fault_server *kit_server(int status, const char *json);

/* One call of an operation against a server of its own, stepped once to its end; free it with kit_close. */
typedef struct {
    fault_server *server;
    ak_client *client;
    ak_call *call;
    ak_error *err;
    ak_status status;
} kit_answer;

kit_answer kit_ask(int32_t operation, int status, const char *json);
void kit_close(kit_answer *answer);

#endif
