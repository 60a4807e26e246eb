/*
 * clients.h: the connections, and the end of those whose client is silent for too long when it is its turn.
 *
 * libmicrohttpd has such a limit, too, but with a thread for each connection it cannot be lifted while a command runs:
 * its versions from 1.0 on say that they do and go on counting.
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
    bool asleep; /* the thread is, until the first connection comes */
    bool ending;
};

/* Starts the thread that ends connections. False with errno. */
bool clients_start(struct clients *clients, int64_t limit_ms);

/* Ends it. All connections must have been removed. */
void clients_stop(struct clients *clients);

/* A connection has come, and it is its client's turn. NULL without memory. */
struct client *clients_add(struct clients *clients, int fd);

/* It goes; fd must still be open. */
void clients_remove(struct clients *clients, struct client *client);

/* The client has sent or taken something and is to go on: counting begins anew. */
void client_heard(struct client *client);

/* The client waits for the server, which may take as long as it likes. False when the connection has been ended just
 * now: then nothing must be begun for it. */
bool client_waits(struct client *client);

#endif
