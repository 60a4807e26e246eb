/*
 * clients.h: the connections, and closing those whose client has been idle for too long.
 *
 * libmicrohttpd has such a limit, too, but with one thread per connection it cannot be suspended while a command runs:
 * versions from 1.0 on report success and keep counting.
 */
#ifndef AKL_CLIENTS_H
#define AKL_CLIENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct client;

struct clients {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct client *first;
    int64_t limit_ms;
    bool asleep; /* the thread is asleep until the first connection */
    bool ending;
};

/* Starts the thread that ends connections. False with errno. */
bool clients_start(struct clients *clients, int64_t limit_ms);

/* Ends the thread. All connections must have been removed. */
void clients_stop(struct clients *clients);

/* Adds a new connection and starts its timer. NULL if out of memory. */
struct client *clients_add(struct clients *clients, int fd);

/* Removes a connection; its descriptor must still be open. */
void clients_remove(struct clients *clients, struct client *client);

/* The client has sent or received something and is expected to continue: restarts the timer. */
void client_heard(struct client *client);

/* The client waits for the server: suspends the timer. False if the connection has just been closed: then no work may
 * be started for it. */
bool client_waits(struct client *client);

#endif
