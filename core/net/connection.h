/*
 * connection.h: borrowed by a call in flight: one libcurl transfer in its own multi handle, and the descriptor to wait
 * on.
 *
 * Its own multi handle, because an error of curl_multi_socket_action aborts every transfer in it, and because it then
 * holds at most one kept-alive connection that no other call can use. Thread: one, except ak_connection_wake.
 */
#ifndef AK_CONNECTION_H
#define AK_CONNECTION_H

#include <curl/curl.h>

#include "error.h"
#include "poller.h"
#include "settings.h"

typedef struct ak_connection ak_connection;

/* The pool's data about an idle connection. */
typedef struct {
    ak_connection *next;
    int64_t since;
    bool hung_up; /* the server has closed its end */
} ak_idle;

typedef enum {
    AK_PROGRESS_NONE, /* nothing is pending: the descriptor was not readable just now */
    AK_PROGRESS_SOME, /* libcurl did something; check what arrived */
    AK_PROGRESS_ENDED /* the transfer is over: *result says how */
} ak_progress;

/* Sets an option unless an earlier one failed: a missing one could send the key to a proxy, or trust too much. */
#define AK_SET(code, easy, option, value)                                                                              \
    do {                                                                                                               \
        if ((code) == CURLE_OK) {                                                                                      \
            (code) = curl_easy_setopt((easy), (option), (value));                                                      \
        }                                                                                                              \
    } while (0)

/* Sets all options that do not depend on a single transfer. share may be NULL. AK_E_DESCRIPTORS, AK_E_MEMORY. */
ak_status ak_connection_new(const ak_settings *settings, CURLSH *share, ak_connection **connection, ak_error *err);
/* Ends the transfer and closes the connection. Never waits (a pending look-up is left to its thread). */
void ak_connection_free(ak_connection *connection);
/* In a forked child: only closes, by close(2), what is shared with the parent. libcurl's memory is not freed. */
void ak_connection_abandon(ak_connection *connection);

/* Reports an option that could not be set. */
ak_status ak_connection_option_error(CURLcode code, ak_error *err);
/* Reports that libcurl could not create something or start: AK_E_DESCRIPTORS or AK_E_MEMORY. */
ak_status ak_connection_init_error(const ak_connection *connection, ak_error *err);
ak_status ak_connection_descriptors_error(ak_error *err);
/* Whether a transfer with this result may have failed for lack of descriptors. */
bool ak_connection_lacks_descriptors(const ak_connection *connection, bool connected, CURLcode result);

/* ---- a transfer ---- */

/* libcurl's handle, for the options of a transfer and for information about it. */
CURL *ak_connection_handle(const ak_connection *connection);
/* The descriptor that a host waits on. */
int ak_connection_fd(const ak_connection *connection);

/* Starts the transfer whose options were set. */
bool ak_connection_start(ak_connection *connection);
/* Removes the ended transfer, so that the connection can be reused. */
void ak_connection_finish(ak_connection *connection);
/* Lets libcurl process what is ready, once. */
ak_progress ak_connection_drive(ak_connection *connection, CURLcode *result);
/* Whether the name is resolved: a connection is being made, or was. */
bool ak_connection_knows_address(const ak_connection *connection);

/* Processes the timer and a parked socket when no transfer was started yet, so that the descriptor is not readable. */
void ak_connection_settle(ak_connection *connection);
/* Ensures that the timer fires no later than libcurl's timer and the caller's deadline. */
void ak_connection_arm(ak_connection *connection, int64_t deadline);
/* Makes the descriptor readable until the next drive: more may be pending, but control returns to the host. */
void ak_connection_hand_back(ak_connection *connection);
/* Makes it readable. Thread: any. */
void ak_connection_wake(ak_connection *connection);
/* After the end: keeps the descriptor readable until another call uses the connection. */
void ak_connection_stay_readable(ak_connection *connection);

/* ---- for the pool ---- */

ak_idle *ak_connection_idle(ak_connection *connection);
/* The kept-alive socket; -1: none. */
int ak_connection_socket(const ak_connection *connection);
/* Moves the descriptor to a number not used recently, for the test build that detects stale watchers. */
void ak_connection_renumber(ak_connection *connection);

#endif
