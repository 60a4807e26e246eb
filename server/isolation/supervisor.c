#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kernel.h"
#include "privileges.h"
#include "subreaper.h"

#define SPAWNER_GRACE_MS 2000
#define END_TIMEOUT_MS 10000

enum { KEPT_SERVER_FD = 3, KEPT_LIFELINE_FD, KEPT_CGROUP_FD, KEPT_PROGRAM_FD, KEPT_END };

/* Moves a descriptor to a number; -1: closes that number. */
static bool keep(int fd, int place) {
    if (fd < 0) {
        close(place);
        return true;
    }
    return dup3(fd, place, O_CLOEXEC) == place;
}

/* Of the server's descriptors only those of the supervisor are kept: the server's lock and sockets must be released
 * when it ends. */
static bool keep_descriptors(const struct spawner_process *process, int lifeline_fd) {
    int server = fcntl(process->server_fd, F_DUPFD, KEPT_END);
    int lifeline = fcntl(lifeline_fd, F_DUPFD, KEPT_END);
    int cgroup = process->cgroup.root_fd < 0 ? -1 : fcntl(process->cgroup.root_fd, F_DUPFD, KEPT_END);
    bool by_path = process->bwrap.fd < 0;
    int program = by_path ? -1 : fcntl(process->bwrap.fd, F_DUPFD, KEPT_END);
    int null = open("/dev/null", O_RDWR);
    if (server < 0 || lifeline < 0 || (program < 0 && !by_path) || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || !keep(server, KEPT_SERVER_FD) || !keep(lifeline, KEPT_LIFELINE_FD) ||
        !keep(cgroup, KEPT_CGROUP_FD) || !keep(program, KEPT_PROGRAM_FD)) {
        return false;
    }
    kernel_close_from(KEPT_END);
    return true;
}

static _Noreturn void become_spawner(const struct spawner_process *process, pid_t supervisor) {
    struct spawner_process kept = *process;
    kept.server_fd = KEPT_SERVER_FD;
    kept.cgroup.root_fd = process->cgroup.root_fd < 0 ? -1 : KEPT_CGROUP_FD;
    kept.bwrap.fd = process->bwrap.fd < 0 ? -1 : KEPT_PROGRAM_FD;
    close(KEPT_LIFELINE_FD);
    prctl(PR_SET_NAME, "akl-spawner", 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != supervisor) {
        _exit(1);
    }
    spawner_process_run(&kept);
}

/* True if the spawner has ended, false if the server has or on timeout. */
static bool wait_for_spawner(int spawner_fd, int lifeline_fd, int timeout_ms) {
    struct pollfd events[2] = {{.fd = spawner_fd, .events = POLLIN}, {.fd = lifeline_fd, .events = POLLIN}};
    int count;
    do {
        count = poll(events, 2, timeout_ms);
    } while (count < 0 && errno == EINTR);
    return count > 0 && events[0].revents != 0;
}

void supervisor_run(const struct spawner_process *process, int lifeline_fd) {
    pid_t self = getpid();
    sigset_t terminal;
    prctl(PR_SET_NAME, "akl-supervisor", 0, 0, 0);
    privileges_reset_signals();
    /* Signals from a terminal or a service manager are for the server; the supervisor ends after it. */
    setsid();
    sigemptyset(&terminal);
    sigaddset(&terminal, SIGINT);
    sigaddset(&terminal, SIGHUP);
    sigaddset(&terminal, SIGTERM);
    sigprocmask(SIG_BLOCK, &terminal, NULL);
    if (!keep_descriptors(process, lifeline_fd) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
        _exit(1);
    }
    pid_t spawner = fork();
    if (spawner == 0) {
        become_spawner(process, self);
    }
    close(KEPT_SERVER_FD);
    if (spawner >= 0) {
        int spawner_fd = kernel_pidfd_open(spawner);
        if (!wait_for_spawner(spawner_fd, KEPT_LIFELINE_FD, -1)) {
            /* The spawner has also noticed the server's end and cleans up, unless it was stopped (SIGSTOP). */
            wait_for_spawner(spawner_fd, -1, SPAWNER_GRACE_MS);
        }
    }
    _exit(subreaper_end_children(END_TIMEOUT_MS) ? 0 : 1);
}
