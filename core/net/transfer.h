/*
 * transfer.h: a request on its way to the server and the reply on its way back, and the deadlines for both.
 *
 * transfer.c moves bytes, transfer_error.c says what one that ended badly means. Thread: one, but for ak_transfer_wake.
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
    int64_t idle;    /* when the present silence has lasted too long */
} ak_deadlines;

/* The client, the request and the reply are the caller's, and outlive it. */
typedef struct {
    ak_client *client;
    ak_request *request;
    ak_reply *reply;
    ak_connection *connection; /* NULL: not started, or released */
    pthread_mutex_t wake_lock; /* held to wake the connection and to let it go */
    ak_deadlines deadlines;
    bool waits_for_lookup; /* by another call, of the server's name */
    bool owns_lookup;
    bool connected;     /* the request has begun to go out */
    bool upload_paused; /* libcurl waits for more of the content */
    bool reply_paused;  /* more was there than one turn takes */
    size_t fed;         /* bytes that came in this turn for somebody who reads while they come */
    bool ended;
    CURLcode result; /* once it has ended */
    char message[CURL_ERROR_SIZE];
} ak_transfer;

void ak_transfer_init(ak_transfer *transfer, ak_client *client, ak_request *request, ak_reply *reply);
/* After ak_transfer_release. */
void ak_transfer_free(ak_transfer *transfer);

/* Begins it, or begins it again after ak_transfer_release. */
ak_status ak_transfer_start(ak_transfer *transfer, ak_error *err);
/* Moves bytes if it can: AK_OK when something happened, AK_AGAIN when nothing is pending (no deadline has passed, and
 * the timer is set), or the error that ends the call. */
ak_status ak_transfer_drive(ak_transfer *transfer, ak_error *err);
/* More may be pending, but it is the host's turn: AK_AGAIN with the descriptor readable, or a deadline has passed. */
ak_status ak_transfer_yield(ak_transfer *transfer, ak_error *err);
/* There is more of the content. */
void ak_transfer_resume_upload(ak_transfer *transfer);
/* After the last record: reads what is left of the reply without waiting for it. */
void ak_transfer_drain(ak_transfer *transfer);
/* From now on the descriptor is readable. */
void ak_transfer_stay_readable(ak_transfer *transfer);
/* Gives the connection back when the transfer ended well and keep says so; else closes it. forked: this is a child of
 * the process that began it. */
void ak_transfer_release(ak_transfer *transfer, bool keep, bool forked);

/* What a host waits on; -1: nothing yet. */
int ak_transfer_fd(const ak_transfer *transfer);
/* Makes it readable. Thread: any. */
void ak_transfer_wake(ak_transfer *transfer);

/* transfer_error.c */

/* What one that ended badly means. */
ak_status ak_transfer_error(ak_transfer *transfer, ak_error *err);
ak_status ak_transfer_connect_timeout(const ak_transfer *transfer, int64_t now, ak_error *err);
/* Whether it ended so for want of a descriptor. */
bool ak_transfer_lacks_descriptors(const ak_transfer *transfer);
/* Fills the fields of an error that say where the call was. */
void ak_transfer_locate(const ak_transfer *transfer, ak_error *err);

#endif
