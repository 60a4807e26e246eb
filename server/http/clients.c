#include "clients.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "thread.h"

/* In place of a time. */
#define WAITS INT64_MAX
#define ENDED ((int64_t)-1)

struct client {
    struct client *next;
    struct client **place; /* the pointer to it */
    int fd;
    _Atomic int64_t silent_since; /* on the monotonic clock; written by the connection's own thread until it is ENDED */
};

/* Closes the connections that have timed out. Returns when to check again: nothing is due before that, because every
 * change restarts a timer. */
static int64_t close_idle(const struct clients *clients) {
    int64_t now = clock_monotonic_ms();
    int64_t next = now + clients->limit_ms;
    for (struct client *client = clients->first; client; client = client->next) {
        int64_t since = atomic_load(&client->silent_since);
        if (since == WAITS || since == ENDED) {
            continue;
        }
        int64_t due = since + clients->limit_ms;
        if (due > now) {
            next = due < next ? due : next;
        } else if (atomic_compare_exchange_strong(&client->silent_since, &since, ENDED)) {
            /* Its thread wakes up, and libmicrohttpd sees the end of the connection. */
            shutdown(client->fd, SHUT_RDWR);
        }
    }
    return next;
}

static void *run(void *data) {
    struct clients *clients = data;
    pthread_mutex_lock(&clients->lock);
    while (!clients->ending) {
        clients->asleep = !clients->first;
        if (clients->asleep) {
            pthread_cond_wait(&clients->changed, &clients->lock);
            continue;
        }
        int64_t next = close_idle(clients);
        struct timespec until = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
        pthread_cond_timedwait(&clients->changed, &clients->lock, &until);
    }
    pthread_mutex_unlock(&clients->lock);
    return NULL;
}

bool clients_start(struct clients *clients, int64_t limit_ms) {
    pthread_condattr_t attributes;
    *clients = (struct clients){.limit_ms = limit_ms};
    /* These cannot fail on Linux. */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&clients->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&clients->lock, NULL);
    return thread_start(&clients->thread, THREAD_STACK, run, clients);
}

void clients_stop(struct clients *clients) {
    pthread_mutex_lock(&clients->lock);
    clients->ending = true;
    pthread_cond_signal(&clients->changed);
    pthread_mutex_unlock(&clients->lock);
    pthread_join(clients->thread, NULL);
    pthread_cond_destroy(&clients->changed);
    pthread_mutex_destroy(&clients->lock);
}

struct client *clients_add(struct clients *clients, int fd) {
    struct client *client = malloc(sizeof *client);
    if (!client) {
        return NULL;
    }
    client->fd = fd;
    atomic_init(&client->silent_since, clock_monotonic_ms());
    pthread_mutex_lock(&clients->lock);
    client->next = clients->first;
    client->place = &clients->first;
    if (client->next) {
        client->next->place = &client->next;
    }
    clients->first = client;
    if (clients->asleep) {
        pthread_cond_signal(&clients->changed);
    }
    pthread_mutex_unlock(&clients->lock);
    return client;
}

void clients_remove(struct clients *clients, struct client *client) {
    pthread_mutex_lock(&clients->lock);
    *client->place = client->next;
    if (client->next) {
        client->next->place = client->place;
    }
    pthread_mutex_unlock(&clients->lock);
    free(client);
}

/* False if it has been ended. */
static bool set(struct client *client, int64_t since) {
    int64_t before = atomic_load(&client->silent_since);
    return before != ENDED && atomic_compare_exchange_strong(&client->silent_since, &before, since);
}

void client_heard(struct client *client) {
    set(client, clock_monotonic_ms());
}

bool client_waits(struct client *client) {
    return set(client, WAITS);
}
