/*
 * transfer.h: sending a request and receiving its reply, with the deadlines for both.
 *
 * transfer.c moves bytes, transfer_error.c explains failures. Thread: one, except ak_transfer_wake.
 */
#ifndef AK_TRANSFER_H
#define AK_TRANSFER_H

#include <pthread.h>

#include "client.h"
#include "connection.h"
#include "reply.h"
#include "request.h"

/* Times on the clock of ak_now; AK_NEVER: none. */
typedef struct {
    int64_t started;
    int64_t connect;
    int64_t total;
    int64_t idle_ns; /* a stream's allowed silence */
    int64_t idle;    /* when the current silence exceeds it */
} ak_deadlines;

/* The client, the request and the reply belong to the caller, and outlive it. */
typedef struct {
    ak_client *client;
    ak_request *request;
    ak_reply *reply;
    ak_connection *connection; /* NULL: not started, or released */
    pthread_mutex_t wake_lock; /* held to wake the connection and to release it */
    ak_deadlines deadlines;
    bool waits_for_lookup; /* another call resolves the server's name */
    bool owns_lookup;
    bool connected;     /* sending the request has started */
    bool upload_paused; /* libcurl waits for more content */
    bool reply_paused;  /* more arrived than one turn accepts */
    size_t fed;         /* bytes received in this turn of an incremental reply */
    bool ended;
    CURLcode result; /* once it has ended */
    char message[CURL_ERROR_SIZE];
} ak_transfer;

void ak_transfer_init(ak_transfer *transfer, ak_client *client, ak_request *request, ak_reply *reply);
/* After ak_transfer_release. */
void ak_transfer_free(ak_transfer *transfer);

/* Starts it, or restarts it after ak_transfer_release. */
ak_status ak_transfer_start(ak_transfer *transfer, ak_error *err);
/* Moves bytes if it can: AK_OK when something happened, AK_AGAIN when nothing is pending (no deadline has passed, and
 * the timer is set), or the error that ends the call. */
ak_status ak_transfer_drive(ak_transfer *transfer, ak_error *err);
/* More may be pending, but control returns to the host: AK_AGAIN with the descriptor readable, or a deadline has
 * passed. */
ak_status ak_transfer_yield(ak_transfer *transfer, ak_error *err);
/* Called when there is more content. */
void ak_transfer_resume_upload(ak_transfer *transfer);
/* After the last record: reads the rest of the reply without waiting for it. */
void ak_transfer_drain(ak_transfer *transfer);
/* Makes the descriptor stay readable. */
void ak_transfer_stay_readable(ak_transfer *transfer);
/* Returns the connection to the pool when the transfer succeeded and keep is true; else closes it. forked: this is a
 * child of the process that started it. */
void ak_transfer_release(ak_transfer *transfer, bool keep, bool forked);

/* The descriptor that a host waits on; -1: not started. */
int ak_transfer_fd(const ak_transfer *transfer);
/* Makes it readable. Thread: any. */
void ak_transfer_wake(ak_transfer *transfer);

/* transfer_error.c */

/* Explains a failed transfer. */
ak_status ak_transfer_error(ak_transfer *transfer, ak_error *err);
ak_status ak_transfer_connect_timeout(const ak_transfer *transfer, int64_t now, ak_error *err);
/* Whether it failed for lack of descriptors. */
bool ak_transfer_lacks_descriptors(const ak_transfer *transfer);
/* Fills the error's fields about the progress of the call. */
void ak_transfer_locate(const ak_transfer *transfer, ak_error *err);

#endif
