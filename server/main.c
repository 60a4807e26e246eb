/*
 * main.c: start and end of agentkernel-local.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "detached.h"
#include "disk.h"
#include "expiry.h"
#include "folder.h"
#include "http.h"
#include "owner.h"
#include "privileges.h"
#include "server.h"

/* How long requests may take to say goodbye when the server stops. */
#define GOODBYE_MS 400

static bool complain(const char *what, const char *why) {
    (void)fprintf(stderr, "agentkernel-local: %s%s\n", what, why);
    return false;
}

/* Who the server is going to be; files of the state folder are given to them while that is still possible. */
static bool open_state(struct server *server, struct identity *identity) {
    char why[512];
    if (!privileges_choose(server->options.state_dir, identity, why, sizeof why)) {
        return complain("cannot give up root: ", why);
    }
    uid_t uid = identity->change ? identity->uid : (uid_t)-1;
    gid_t gid = identity->change ? identity->gid : (gid_t)-1;
    int folder_fd = server->options.folder_fd;
    if (identity->change && folder_fd >= 0 && !folder_let_through(folder_fd, identity->gid)) {
        return complain("cannot open the folder to the new user: ", strerror(errno));
    }
    if (!state_open(&server->state, server->options.state_dir, uid, gid)) {
        return false;
    }
    /* One that belongs to a process of its own goes with it anyway. */
    if (folder_fd < 0 && disk_is_memory(server->state.dir_fd)) {
        (void)complain(
            "warning: the state folder is in memory: files of sandboxes take the machine's and are gone when it "
            "restarts; --state DIR names one on a disk",
            "");
    }
    return true;
}

/* Folders that bubblewrap is told by their paths must stay within its reach. */
static bool drop_privileges(const struct server *server, const struct identity *identity) {
    const struct options *options = &server->options;
    const char **folders = calloc(options->image_count + 2, sizeof *folders);
    char *state_dir = realpath(options->state_dir, NULL);
    bool ok = folders != NULL && state_dir != NULL;
    if (ok) {
        char why[512];
        folders[0] = state_dir;
        for (size_t i = 0; i < options->image_count; i++) {
            folders[i + 1] = options->images[i].dir;
        }
        ok = privileges_drop(identity, folders, why, sizeof why) || complain("cannot give up privileges: ", why);
    } else {
        (void)complain("cannot give up privileges: ", strerror(errno));
    }
    free(state_dir);
    free(folders);
    return ok;
}

/* Finds out whether commands can be isolated and starts what does it. That they cannot is no reason to end: the
 * requests say so, and why. */
static bool start_spawner(struct server *server) {
    if (!probe_bubblewrap(NULL, &server->probe)) {
        (void)complain("sandbox unavailable: ", server->probe.message);
        return true;
    }
    if (server->probe.warning[0] != '\0') {
        (void)complain("warning: ", server->probe.warning);
    }
    struct spawner_options options = {.bwrap_path = server->probe.path};
    char why[512];
    server->spawner = spawner_start(&options, why, sizeof why);
    return server->spawner != NULL || complain("cannot start the spawner: ", why);
}

/* Waits for the requests that are being answered, a little. */
static void say_goodbye(struct server *server) {
    int64_t deadline = clock_monotonic_ms() + GOODBYE_MS;
    const struct timespec pause = {.tv_nsec = 5000000};
    while (atomic_load(&server->active) > 0 && clock_monotonic_ms() < deadline) {
        (void)nanosleep(&pause, NULL);
    }
}

/* Tells everybody that the server stops. */
static void stop_working(struct server *server) {
    atomic_store(&server->state.stopping, true);
    (void)eventfd_write(server->stop_fd, 1);
}

/* Answers requests until one of the signals comes. */
static bool serve(struct server *server, const sigset_t *signals) {
    struct expiry expiry;
    if (!expiry_start(&expiry, server)) {
        return complain("cannot start the thread that removes what has expired: ", strerror(errno));
    }
    struct http *http = http_start(server);
    if (http == NULL) {
        (void)complain("cannot start the HTTP server: ", strerror(errno));
        stop_working(server);
        expiry_stop(&expiry);
        return false;
    }
    (void)printf("listening on %s\n", server->listener.url);
    (void)fflush(stdout);
    int signal = 0;
    bool ok = owner_watch(server->options.owner_pidfd, server->options.life_fd) ||
              complain("cannot watch the owner: ", strerror(errno));
    while (ok && sigwait(signals, &signal) != 0) {
    }
    http_stop_accepting(http);
    stop_working(server);
    say_goodbye(server);
    http_stop(http);
    expiry_stop(&expiry);
    detached_wait(server);
    return ok;
}

/* Everything between the options and the end, in the order in which it has to happen: what needs root comes before
 * giving it up, and every process is forked before there is a thread. */
static bool run(struct server *server, const sigset_t *signals) {
    struct identity identity;
    struct folder folder = {0};
    if (!listener_open(&server->listener, &server->options)) {
        return false;
    }
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = server->stop_fd >= 0 || complain("cannot make an eventfd: ", strerror(errno));
    ok = ok && (server->options.folder_fd < 0 || folder_keep(&folder, server->options.folder_fd));
    bool opened = ok && open_state(server, &identity);
    ok = opened && drop_privileges(server, &identity) && start_spawner(server) && state_load(&server->state) &&
         serve(server, signals);
    spawner_stop(server->spawner);
    if (opened) {
        state_close(&server->state);
    }
    if (server->stop_fd >= 0) {
        (void)close(server->stop_fd);
    }
    folder_close(&folder);
    listener_close(&server->listener);
    return ok;
}

/* Who starts us may have closed them: then a message would be written to what has got such a number since. */
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
    struct server server = {.stop_fd = -1,
                            .started_ms = clock_monotonic_ms(),
                            .detached_lock = PTHREAD_MUTEX_INITIALIZER,
                            .detached_done = PTHREAD_COND_INITIALIZER};
    sigset_t signals;
    privileges_reset_signals();
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    /* From here on they wait until there is something orderly to do about them; threads inherit that. */
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)umask(077);
    enum options_outcome outcome = options_read(&server.options, argc, argv);
    bool ok = outcome == OPTIONS_EXIT || (outcome == OPTIONS_RUN && run(&server, &signals));
    options_free(&server.options);
    return ok ? EXIT_SUCCESS : outcome == OPTIONS_BAD ? 2 : EXIT_FAILURE;
}
