/*
 * http_request.h: a request as handlers see it.
 */
#ifndef AKL_HTTP_REQUEST_H
#define AKL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_SEGMENTS 8

struct request {
    const char *method;
    char *target;                     /* the request target; its path is split and decoded in place */
    char *path;                       /* the same, untouched */
    char *query;                      /* what follows '?', undecoded; NULL: none */
    char *segments[REQUEST_SEGMENTS]; /* of the path, decoded */
    size_t segment_count;             /* may exceed the array: no route matches such a path */
    char *body;
    size_t body_len;
    size_t body_cap;
    int client_fd; /* the connection, to detect that the client has disconnected; never read or written here */
};

/* Copies and splits a request target. False if out of memory. */
bool request_set_target(struct request *request, const char *target);

/* The byte of two hexadecimal digits; -1 if they are invalid. */
int request_unhex(const char *digits);

/* Appends to the body. False if out of memory. */
bool request_append(struct request *request, const char *bytes, size_t len);

/* Frees the body. */
void request_drop_body(struct request *request);

void request_free(struct request *request);

/* Finds the next value of a parameter in the query and decodes it in place; *position is request->query at first. The
 * value is valid until the request is freed. NULL at the end. */
char *request_query_next(char **position, const char *name);

#endif
