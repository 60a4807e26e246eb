/*
 * event_stream.h: POST /run/stream: streams the output of a command as server-sent events.
 */
#ifndef AKL_EVENT_STREAM_H
#define AKL_EVENT_STREAM_H

#include "api.h"

/* Starts the command and replies with the stream of its events. Later failures are events in the stream. fast: no
 * progress events. */
void event_stream_reply(struct reply *reply, const struct executor *executor, const struct launch_plan *plan, bool fast,
                        int client_fd);

/* Replies with a stream that holds an error event only. */
void event_stream_reply_error(struct reply *reply, const char *message);

#endif
