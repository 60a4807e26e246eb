/*
 * lane.h: what a call in flight borrows: one libcurl transfer in a multi handle of its own, and the descriptor to wait
 * on.
 *
 * A multi handle of its own, because an error of curl_multi_socket_action voids every transfer in it, and because a
 * lane then keeps at most one kept-alive connection that no other call can touch. Thread: one.
 */
#ifndef AK_LANE_H
#define AK_LANE_H

#include <curl/curl.h>

#include "error.h"
#include "poller.h"
#include "settings.h"

/* Connections that libcurl may try side by side; more are closed all the same, just not in a forked child. */
#define AK_LANE_SOCKETS 8

typedef struct ak_lane ak_lane;

struct ak_lane {
    ak_lane *next; /* in the client's list of idle lanes */
    CURLM *multi;
    CURL *easy;
    ak_poller poller;
    int64_t curl_timer; /* when libcurl wants to be called, AK_NEVER: not */
    int64_t armed;      /* when the poller's timer fires, if not before */
    int64_t idle_since;
    int sockets[AK_LANE_SOCKETS];
    int resting;  /* in the poller, but libcurl does not want to know of it; -1: none */
    bool hung_up; /* while idle: the server has closed its end */
    bool in_multi;
    bool may_signal;         /* see signals.h */
    bool opened_socket;      /* the name is known: a connection is being made */
    bool out_of_descriptors; /* socket(2) said so; libcurl reports it as "could not connect" */
};

typedef enum {
    AK_LANE_IDLE,     /* nothing is pending: the descriptor was not readable just now */
    AK_LANE_PROGRESS, /* libcurl did something; look at what arrived */
    AK_LANE_ENDED     /* the transfer is over: *result says how */
} ak_lane_result;

/* Sets an option unless an earlier one failed: one that is missing could send the key to a proxy, or trust too much. */
#define AK_SET(code, easy, option, value)                                                                              \
    do {                                                                                                               \
        if ((code) == CURLE_OK) {                                                                                      \
            (code) = curl_easy_setopt((easy), (option), (value));                                                      \
        }                                                                                                              \
    } while (0)

/* What an option that could not be set means. */
ak_status ak_lane_option_error(CURLcode code, ak_error *err);
/* What it means that libcurl could not make something, or not begin: AK_E_DESCRIPTORS or AK_E_MEMORY. */
ak_status ak_lane_init_error(const ak_lane *lane, ak_error *err);
ak_status ak_lane_descriptors_error(ak_error *err);
/* Whether what libcurl could not do may be for want of a descriptor. */
bool ak_lane_lacks_descriptors(const ak_lane *lane);

/* A lane with everything set that no single call changes. share may be NULL. Errors: AK_E_DESCRIPTORS, AK_E_MEMORY. */
ak_status ak_lane_new(const ak_settings *settings, CURLSH *share, ak_lane **lane, ak_error *err);
/* Ends the transfer and closes the connection. Never waits (a name that is being looked up is left to its thread). */
void ak_lane_free(ak_lane *lane);
/* In a forked child: close(2) what is shared with the parent and nothing else. libcurl's own memory is left. */
void ak_lane_abandon(ak_lane *lane);

/* The socket of an idle lane's kept-alive connection; -1 when it has none. */
int ak_lane_connection(const ak_lane *lane);

/* Puts the transfer, whose options the caller has set on easy, under way. */
bool ak_lane_start(ak_lane *lane);
/* Takes the ended transfer out, so that the lane can carry another. */
void ak_lane_finish(ak_lane *lane);

/* Lets libcurl work on what is ready, once. */
ak_lane_result ak_lane_drive(ak_lane *lane, CURLcode *result);

/* Takes note of the timer and of what rests, for a lane that was not started yet: afterwards the descriptor is not
 * readable. */
void ak_lane_settle(ak_lane *lane);

/* Makes sure that the timer fires at the earlier of libcurl's time and the caller's deadline, or before. */
void ak_lane_arm(ak_lane *lane, int64_t deadline);

/* After the end: the descriptor stays readable until another call begins to use the lane. */
void ak_lane_stay_readable(ak_lane *lane);

#endif
