/*
 * event_stream.h: POST /run/stream: a command whose output is sent as it comes, as server-sent events.
 */
#ifndef AKL_EVENT_STREAM_H
#define AKL_EVENT_STREAM_H

#include "api.h"

/* Starts the command and answers with the stream of its events. What goes wrong from here on is an event in it. fast:
 * leave out the progress events. */
void event_stream_reply(struct reply *reply, const struct executor *executor, const struct launch_plan *plan, bool fast,
                        int client_fd);

/* Answers with a stream that holds an error event only. */
void event_stream_reply_error(struct reply *reply, const char *message);

#endif
