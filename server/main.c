/*
 * main.c: starts and ends agentkernel-local.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "clock.h"
#include "complain.h"
#include "descriptor.h"
#include "disk.h"
#include "expiry.h"
#include "http.h"
#include "listener.h"
#include "local_protocol.h"
#include "options.h"
#include "owner_watch.h"
#include "privileges.h"
#include "runtime_dir.h"

/* How long requests may take to end when the server stops. */
#define DRAIN_MS 400

struct server {
    struct options options;
    struct listener listener;
    struct api api;
};

/* Chooses the user that the server becomes; the state folder is given to it while that is still possible. */
static bool open_state(struct server *server, struct identity *identity) {
    char why[512];
    if (!privileges_choose(server->options.state_dir, identity, why, sizeof why)) {
        return complain("cannot give up root: %s", why);
    }
    uid_t uid = identity->change ? identity->uid : (uid_t)-1;
    gid_t gid = identity->change ? identity->gid : (gid_t)-1;
    int folder_fd = server->options.folder_fd;
    if (identity->change && folder_fd >= 0 && !runtime_dir_let_through(folder_fd, identity->gid)) {
        return complain("cannot open the folder to the new user: %s", strerror(errno));
    }
    if (!state_open(&server->api.state, server->options.state_dir, uid, gid)) {
        return false;
    }
    /* The folder of a server for one process is removed with it anyway. */
    if (folder_fd < 0 && disk_is_memory(server->api.state.dir.top_fd)) {
        complain("warning: the state folder is in memory: files of sandboxes take the machine's and are gone when it "
                 "restarts; --state DIR names one on a disk");
    }
    return true;
}

/* Folders that are passed to bubblewrap as paths must stay accessible to it. */
static bool drop_privileges(const struct server *server, const struct identity *identity) {
    const struct options *options = &server->options;
    const char **folders = calloc(options->images.count + 2, sizeof *folders);
    char *state_dir = realpath(options->state_dir, NULL);
    bool ok = folders && state_dir;
    if (ok) {
        char why[512];
        folders[0] = state_dir;
        for (size_t i = 0; i < options->images.count; i++) {
            folders[i + 1] = options->images.first[i].dir;
        }
        ok = privileges_drop(identity, folders, why, sizeof why) || complain("cannot give up privileges: %s", why);
    } else {
        complain("cannot give up privileges: %s", strerror(errno));
    }
    free(state_dir);
    free(folders);
    return ok;
}

/* Checks whether commands can be isolated and starts the spawner. If they cannot, the server runs anyway: requests
 * report the reason. */
static bool start_spawner(struct executor *executor, struct probe_result *beside) {
    if (!probe_bubblewrap(NULL, beside, &executor->probe)) {
        complain("sandbox unavailable: %s", executor->probe.message);
        return true;
    }
    if (executor->probe.warning[0] != '\0') {
        complain("warning: %s", executor->probe.warning);
    }
    struct spawner_options options = {.bwrap = {.path = executor->probe.path, .fd = executor->probe.fd}};
    char why[512];
    executor->spawner = spawner_start(&options, why, sizeof why);
    return executor->spawner || complain("cannot start the spawner: %s", why);
}

static struct http *start_http(struct server *server) {
    const struct http_options options = {.listen_fd = server->listener.fd,
                                         .access = {.listen_host = server->options.listen_host,
                                                    .any_host = server->listener.any_host,
                                                    .api_key = server->options.api_key},
                                         .routes = api_routes,
                                         .api = &server->api};
    return http_start(&options);
}

/* Signals all threads that the server stops. */
static void stop_working(struct api *api) {
    atomic_store(&api->state.dir.stopping, true);
    eventfd_write(api->executor.stop_fd, 1);
}

/* Serves requests until one of the signals arrives. */
static bool serve(struct server *server, const sigset_t *signals) {
    struct api *api = &server->api;
    struct expiry expiry;
    if (!expiry_start(&expiry, &api->state, api->executor.stop_fd)) {
        return complain("cannot start the thread that removes what has expired: %s", strerror(errno));
    }
    struct http *http = start_http(server);
    if (!http) {
        complain("cannot start the HTTP server: %s", strerror(errno));
        stop_working(api);
        expiry_stop(&expiry);
        return false;
    }
    printf(AK_LOCAL_READY "%s\n", server->listener.url);
    fflush(stdout);
    int signal = 0;
    bool ok = owner_watch(server->options.owner_pidfd, server->options.life_fd) ||
              complain("cannot watch the owner: %s", strerror(errno));
    while (ok && sigwait(signals, &signal) != 0) {
    }
    http_stop_accepting(http);
    stop_working(api);
    http_drain_requests(http, DRAIN_MS);
    http_stop(http);
    expiry_stop(&expiry);
    detached_wait(&api->detached);
    return ok;
}

static bool open_listener(struct server *server) {
    const struct options *options = &server->options;
    const struct listen_options where = {.host = options->listen_host,
                                         .port = options->listen_port,
                                         .unix_path = options->unix_path,
                                         .fd = options->listen_fd,
                                         .has_key = options->api_key};
    return listener_open(&server->listener, &where);
}

/* Runs the server. The order matters: what needs root comes before privileges are dropped, and every process is forked
 * before there is a thread. */
static bool run(struct server *server, const sigset_t *signals) {
    struct api *api = &server->api;
    struct identity identity;
    struct probe_result beside;
    struct runtime_dir folder = {0};
    if (!open_listener(server)) {
        return false;
    }
    api->has_key = server->options.api_key;
    api->executor.images = &server->options.images;
    api->executor.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = api->executor.stop_fd >= 0 || complain("cannot make an eventfd: %s", strerror(errno));
    ok = ok && (server->options.folder_fd < 0 || runtime_dir_keep(&folder, server->options.folder_fd));
    bool opened = ok && open_state(server, &identity);
    probe_open_beside(getuid(), &beside);
    ok = opened && drop_privileges(server, &identity) && start_spawner(&api->executor, &beside);
    close_if_open(beside.fd); /* the spawner has its own */
    ok = ok && state_load(&api->state) && serve(server, signals);
    spawner_stop(api->executor.spawner);
    if (opened) {
        state_close(&api->state);
    }
    close_if_open(api->executor.stop_fd);
    runtime_dir_close(&folder);
    listener_close(&server->listener);
    return ok;
}

/* The parent may have closed them: then a message could be written to an unrelated descriptor. */
static bool fill_standard_descriptors(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv) {
    if (!fill_standard_descriptors()) {
        return EXIT_FAILURE;
    }
    struct server server = {.api = {.executor = {.stop_fd = -1},
                                    .detached = DETACHED_THREADS_INITIALIZER,
                                    .started_ms = clock_monotonic_ms()}};
    sigset_t signals;
    privileges_reset_signals();
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    /* From here on they stay pending until sigwait; threads inherit the mask. */
    sigprocmask(SIG_BLOCK, &signals, NULL);
    umask(077);
    enum options_outcome outcome = options_read(&server.options, argc, argv);
    bool ok = outcome == OPTIONS_EXIT || (outcome == OPTIONS_RUN && run(&server, &signals));
    options_free(&server.options);
    return ok ? EXIT_SUCCESS : outcome == OPTIONS_BAD ? 2 : EXIT_FAILURE;
}
