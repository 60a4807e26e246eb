/*
 * conformance.h: what the files of the C runner share. README.md has the format of the cases.
 *
 * The runner knows no operation, parameter, field, setting or code by its name: it asks the library. Every function
 * that finds a case wrong, in its form or in what came out, says so by conf_fail and goes on where that makes sense.
 */
#ifndef AK_CONFORMANCE_H
#define AK_CONFORMANCE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agentkernel.h"
#include "fault_parse.h"

/* How a host waits for a call. */
typedef enum { CONF_WAIT, CONF_POLL, CONF_EDGE } conf_way;

/* No status of the library: nothing came for a long time. */
#define CONF_LOST (-1000)

typedef struct {
    const char *id;
    conf_way way;
    bool silent; /* the case is meant to fail */
    bool failed;
    FILE *log; /* everything that came, whether a case asks for it or not; NULL: nowhere */
    fault_server *server;
} conf_run;

/* case.c */
void conf_fail(conf_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the program when memory is out. */
void conf_must(bool ok);
/* The file's tree, expanded. NULL, with the reason on stderr, when it is no JSON or of another version. */
cJSON *conf_load(const char *path);
/* That it is an object with no other members than these; what names it in the complaint. */
bool conf_members(conf_run *run, const char *what, const cJSON *object, const char *const *allowed);
/* Appends the bytes of a text or {"base64": ...}, and a NUL that does not count. */
bool conf_text(conf_run *run, const char *what, const cJSON *value, fault_buffer *out);
bool conf_integer(conf_run *run, const char *what, const cJSON *value, int64_t *out);
bool conf_bytes_are(const fault_buffer *wanted, const void *bytes, size_t len);
/* That the bytes are JSON with this value. */
bool conf_json_is(const cJSON *wanted, const char *bytes, size_t len);
/* The constant of the ABI with this prefix and this name in small letters. */
bool conf_constant(const char *prefix, const char *name, int64_t *value);
/* Runs one case from its script to its requests. */
void conf_run_case(conf_run *run, const cJSON *item);

/* call.c */
/* A client of these settings; NULL when a setting is refused, with the reason in err, or does not exist. */
ak_client *conf_client(conf_run *run, const cJSON *settings, ak_error *err);
/* Makes one call and compares what comes. */
void conf_call(conf_run *run, ak_client *client, const cJSON *item, ak_error *err);
/* The operation of that name, 0 when there is none. */
int32_t conf_operation(const char *name);

/* host.c: until a record, the end, an error, or CONF_LOST. *epoll is -1 at first; close it before the call is freed. */
ak_status conf_next(conf_way way, ak_call *call, int *epoll, ak_error *err);

/* compare.c */
void conf_compare_record(conf_run *run, ak_call *call, int32_t operation, const cJSON *wanted, size_t index);
void conf_compare_error(conf_run *run, const ak_error *err, const cJSON *wanted);
void conf_compare_requests(conf_run *run, const cJSON *item);

/* log.c */
void conf_log_case(conf_run *run);
void conf_log_record(conf_run *run, ak_call *call);
void conf_log_error(conf_run *run, const ak_error *err);
void conf_log_requests(conf_run *run);

/* coverage.c: whether every operation of the library has its cases. The trees are those of conf_load. */
bool conf_covers(cJSON *const *trees, size_t count);

#endif
