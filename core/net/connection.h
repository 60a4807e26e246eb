/*
 * connection.h: what a call in flight borrows: one libcurl transfer in a multi handle of its own, and the descriptor to
 * wait on.
 *
 * A multi handle of its own, because an error of curl_multi_socket_action voids every transfer in it, and because it
 * then keeps at most one kept-alive connection that no other call can touch. Thread: one, but for ak_connection_wake.
 */
#ifndef AK_CONNECTION_H
#define AK_CONNECTION_H

#include <curl/curl.h>

#include "error.h"
#include "poller.h"
#include "settings.h"

typedef struct ak_connection ak_connection;

/* What the pool notes about a connection that no call uses. */
typedef struct {
    ak_connection *next;
    int64_t since;
    bool hung_up; /* the server has closed its end */
} ak_idle;

typedef enum {
    AK_PROGRESS_NONE, /* nothing is pending: the descriptor was not readable just now */
    AK_PROGRESS_SOME, /* libcurl did something; look at what arrived */
    AK_PROGRESS_ENDED /* the transfer is over: *result says how */
} ak_progress;

/* Sets an option unless an earlier one failed: one that is missing could send the key to a proxy, or trust too much. */
#define AK_SET(code, easy, option, value)                                                                              \
    do {                                                                                                               \
        if ((code) == CURLE_OK) {                                                                                      \
            (code) = curl_easy_setopt((easy), (option), (value));                                                      \
        }                                                                                                              \
    } while (0)

/* Everything is set that no single transfer changes. share may be NULL. AK_E_DESCRIPTORS, AK_E_MEMORY. */
ak_status ak_connection_new(const ak_settings *settings, CURLSH *share, ak_connection **connection, ak_error *err);
/* Ends the transfer and closes the connection. Never waits (a name that is being looked up is left to its thread). */
void ak_connection_free(ak_connection *connection);
/* In a forked child: close(2) what is shared with the parent and nothing else. libcurl's own memory is left. */
void ak_connection_abandon(ak_connection *connection);

/* What an option that could not be set means. */
ak_status ak_connection_option_error(CURLcode code, ak_error *err);
/* What it means that libcurl could not make something, or not begin: AK_E_DESCRIPTORS or AK_E_MEMORY. */
ak_status ak_connection_init_error(const ak_connection *connection, ak_error *err);
ak_status ak_connection_descriptors_error(ak_error *err);
/* Whether what ended so may have failed for want of a descriptor. */
bool ak_connection_lacks_descriptors(const ak_connection *connection, bool connected, CURLcode result);

/* ---- a transfer ---- */

/* libcurl's handle, for the options of a transfer and for what it tells of one. */
CURL *ak_connection_handle(const ak_connection *connection);
/* What a host waits on. */
int ak_connection_fd(const ak_connection *connection);

/* Begins the transfer whose options were set. */
bool ak_connection_start(ak_connection *connection);
/* Takes the ended transfer out, so that the connection can carry another. */
void ak_connection_finish(ak_connection *connection);
/* Lets libcurl work on what is ready, once. */
ak_progress ak_connection_drive(ak_connection *connection, CURLcode *result);
/* Whether the name is known: a connection is being made, or was. */
bool ak_connection_knows_address(const ak_connection *connection);

/* Takes note of the timer and of what rests, where no transfer was started yet: then the descriptor is not readable. */
void ak_connection_settle(ak_connection *connection);
/* Makes sure that the timer fires at the earlier of libcurl's time and the caller's deadline, or before. */
void ak_connection_arm(ak_connection *connection, int64_t deadline);
/* Makes the descriptor readable until the next drive: more may be pending, but it is the host's turn. */
void ak_connection_hand_back(ak_connection *connection);
/* Makes it readable. Thread: any. */
void ak_connection_wake(ak_connection *connection);
/* After the end: the descriptor stays readable until another call begins to use the connection. */
void ak_connection_stay_readable(ak_connection *connection);

/* ---- for the pool ---- */

ak_idle *ak_connection_idle(ak_connection *connection);
/* The socket that is kept alive; -1: none. */
int ak_connection_socket(const ak_connection *connection);
/* Gives the descriptor a number that it had not lately: for the build that looks for watchers left behind. */
void ak_connection_renumber(ak_connection *connection);

#endif
