/*
 * event_stream.h: POST /run/stream: a command whose output is sent as it comes, as server-sent events.
 */
#ifndef AKL_STREAM_H
#define AKL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "http_request.h"
#include "server.h"

struct stream;

/* What stream_read answers instead of a length. */
#define STREAM_END (-1)
#define STREAM_BROKEN (-2)

/* Starts the command and the stream. What goes wrong from here on is an event in it. fast: leave out the progress
 * events. NULL without memory. */
struct stream *stream_open(struct server *server, const struct request *request, const struct command_spec *spec,
                           bool fast);

/* A stream that holds an error event only. */
struct stream *stream_open_error(const char *message);

/* Copies the next bytes of the stream; waits for them when there are none yet. STREAM_END after the last one,
 * STREAM_BROKEN when the client has gone. */
ssize_t stream_read(struct stream *stream, char *buf, size_t cap);

/* Ends the stream, and the command with it. */
void stream_close(struct stream *stream);

#endif
