/* error.h: the error object behind ak_error. Thread: one. */
#ifndef AK_ERROR_INTERNAL_H
#define AK_ERROR_INTERNAL_H

#include <stdbool.h>

#include "agentkernel.h"

#define AK_ERROR_MESSAGE_CAP 1024

/* Data too large to copy into every ak_error: shared, immutable once it is attached. */
typedef struct ak_error_detail ak_error_detail;

struct ak_error {
    ak_status code;
    char message[AK_ERROR_MESSAGE_CAP];
    const char *operation; /* static, or NULL */
    const char *phase;     /* static, or NULL */
    int32_t http_status;   /* 0: no reply */
    int32_t libcurl;       /* the CURLcode; 0: none */
    int32_t sent;          /* AK_SENT_*, or -1: not about a request */
    bool has_exit_code;
    int64_t exit_code;
    int64_t retry_after_ms; /* -1: none */
    ak_error_detail *detail;
};

void ak_error_init(ak_error *err);
/* Frees what it holds; the struct itself belongs to the caller. */
void ak_error_clear(ak_error *err);

/* Replaces everything by a code and a message (printf style; control characters become spaces, a message that is too
 * long ends in "..."). err may be NULL. Returns the code, so that callers can `return ak_error_set(...)`. */
ak_status ak_error_set(ak_error *err, ak_status code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with a message that is already text. */
ak_status ak_error_set_text(ak_error *err, ak_status code, const char *text, size_t len);

/* Sets AK_E_MEMORY with its message. */
ak_status ak_error_memory(ak_error *err);

/* Copies from to to. to may be NULL. Returns the code. */
ak_status ak_error_copy(ak_error *to, const ak_error *from);

/* Attaches the server's text (NULL: none) and the command's output (NULL: none), taking ownership of both (from
 * malloc, with a NUL after them that is not counted), even when it runs out of memory: then the fields stay absent. */
void ak_error_attach(ak_error *err, char *server_text, size_t text_len, char *output, size_t output_len);

ak_status ak_error_get_int(const ak_error *err, int32_t field, int64_t *value);
/* A view is followed by a NUL. */
ak_status ak_error_get_view(const ak_error *err, int32_t field, const char **data, size_t *len);

#endif
