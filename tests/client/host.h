/*
 * host.h: drives calls as different hosts do, chosen by the environment.
 *
 * AK_TEST_HOST: wait (ak_call_wait), poll (step, then poll(2)) or edge (edge-triggered epoll: registered after the
 * first AGAIN, then one edge, one step). AK_TEST_POOL=off: no kept-alive connections. AK_TEST_FRESH=1: the library
 * gives every call a new descriptor number. AK_TEST_OTHER=1: it is compiled as for another system than Linux, where
 * there is no local:. Every wait is bounded: a wake-up that gets lost ends as HOST_LOST.
 */
#ifndef AK_TEST_HOST_H
#define AK_TEST_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../range.h"
#include "agentkernel.h"
#include "fault.h"

/* No status of the library: nothing came for twenty seconds. */
#define HOST_LOST (-1000)
#define HOST_WAIT_MS 20000

typedef struct {
    ak_call *call;
    int epoll; /* -1 until the first AGAIN of an edge-triggered host */
} host_call;

bool host_pools(void);

/* A client of that base URL, with the pool as the environment says. */
ak_client *host_client(const char *url);
void host_set_text(ak_client *client, int32_t setting, const char *text);
void host_set_int(ak_client *client, int32_t setting, int64_t value);

/* A call; run and run_stream (and exec with a name "t1") get the command `true`. */
host_call host_new(ak_client *client, int32_t operation);
void host_free(host_call *host);
/* Until a record, the end or an error. Safe in any thread. */
ak_status host_next(host_call *host, ak_error *err);
/* Until the end or an error; what was left to read is thrown away. */
ak_status host_end(host_call *host, ak_error *err);
/* As ak_call_read and ak_call_write, with AGAIN waited out; write takes all, unless the call ends before. */
ak_status host_read(host_call *host, void *buf, size_t cap, size_t *len, ak_error *err);
ak_status host_write(host_call *host, const void *data, size_t len, ak_error *err);
/* Steps until nothing is pending, for at most twenty seconds until `counter` reaches `least`. */
void host_until(host_call *host, fault_server *server, fault_counter counter, uint64_t least);

/* For what has to happen within a deadline, which a busy machine may be too slow for. scenario: did it? It is tried
 * with ever longer deadlines, and fails by itself for what no machine can be the reason of. */
void host_within(bool (*scenario)(int64_t span_ms), int64_t span_ms);

/* One call from new to its end. */
ak_status host_run(ak_client *client, int32_t operation, ak_error *err);

int64_t host_error_int(const ak_error *err, int32_t field); /* INT64_MIN when it is absent */
bool host_error_is(const ak_error *err, int32_t field, const char *text);
bool host_error_has(const ak_error *err, int32_t field, const char *part);
bool host_field_is(ak_call *call, int32_t key, const char *text);
bool host_field_bytes_are(ak_call *call, int32_t key, const char *bytes, size_t len);
int64_t host_field_int(ak_call *call, int32_t key); /* INT64_MIN when it is absent or null */

/* How many descriptors this process has. */
size_t host_descriptors(void);

#endif
