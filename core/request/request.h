/*
 * request.h: what a call sends: its parameters, and the URL and body created from them. Thread: one.
 *
 * bind.c binds the parameters, request.c creates the URL and the body, upload.c handles content written piece by piece.
 * No I/O.
 */
#ifndef AK_REQUEST_H
#define AK_REQUEST_H

#include "buffer.h"
#include "error.h"
#include "operations.h"
#include "upload.h"

/* A bound parameter. */
typedef struct {
    bool set;
    int64_t integer;
    char *text;      /* NUL-terminated */
    size_t text_len; /* bytes may hold NUL */
    ak_buffer
        items; /* char *, each NUL-terminated; of a map: alternating names and values; of lists: NULL begins each */
} ak_bound;

typedef struct {
    const ak_operation *operation;
    ak_bound bound[AK_MAX_PARAMETERS];
    ak_buffer url;
    const char *body; /* made_body, or a parameter that is sent unchanged; NULL: none */
    char *made_body;  /* allocated by cJSON */
    size_t body_len;
    bool uploads; /* the body is the upload */
    ak_upload upload;
} ak_request;

void ak_request_free(ak_request *request);

/* Bind one parameter. AK_E_ARGUMENT: no such parameter, or an invalid value. */
ak_status ak_request_bind_text(ak_request *request, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_request_bind_int(ak_request *request, int32_t key, int64_t value, ak_error *err);
ak_status ak_request_bind_item(ak_request *request, int32_t key, const char *text, size_t len, ak_error *err);
ak_status ak_request_bind_list(ak_request *request, int32_t key, ak_error *err);
ak_status ak_request_bind_entry(ak_request *request, int32_t key, const char *name, size_t name_len, const char *text,
                                size_t len, ak_error *err);

/* Called once, when all is bound: checks that required parameters are bound. Of map entries with the same name the last
 * one is kept. */
ak_status ak_request_complete(ak_request *request, ak_error *err);

/* A bound parameter, NULL when it is not bound. */
const ak_bound *ak_request_bound(const ak_request *request, int32_t key);
/* The value of a bound parameter, or the fallback. */
int64_t ak_request_int(const ak_request *request, int32_t key, int64_t fallback);

/* Creates the URL and the body of a complete request. base_url: without a trailing slash. */
ak_status ak_request_encode(ak_request *request, const char *base_url, ak_error *err);

/* GET, POST, ...; *len bytes, not terminated. */
const char *ak_request_method(const ak_request *request, size_t *len);

#endif
