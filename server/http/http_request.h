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
    char *target;                     /* the request target; its path part is cut up and decoded in place */
    char *path;                       /* the same, untouched */
    char *query;                      /* what follows '?', undecoded; NULL: none */
    char *segments[REQUEST_SEGMENTS]; /* of the path, decoded */
    size_t segment_count;             /* may be larger than the array: such a path exists nowhere */
    char *body;
    size_t body_len;
    size_t body_cap;
    int client_fd; /* the connection, to notice that the client has gone; never read or written here */
};

/* Cuts up a request target, of which it keeps a copy. False without memory. */
bool request_set_target(struct request *request, const char *target);

/* The byte that two hexadecimal digits stand for; -1 when they are none. */
int request_unhex(const char *digits);

/* Appends to the body. False without memory. */
bool request_append(struct request *request, const char *bytes, size_t len);

/* Frees the body. */
void request_drop_body(struct request *request);

void request_free(struct request *request);

/* Finds the next value of a parameter in the query and decodes it in place; *position is request->query at first. A
 * value is good until the request is freed. NULL at the end. */
char *request_query_next(char **position, const char *name);

#endif
