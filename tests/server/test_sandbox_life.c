/*
 * test_sandbox_life.c: no process outlives its command or the server (X4, X5, X6), however they end.
 *
 * "The server" here is a child process of the test that starts a spawner, runs a command and can be killed.
 */
#include "sandbox_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "subreaper.h"

/* What a server process reports about itself, and the descriptor of the command's output. */
struct server {
    pid_t pid;
    pid_t supervisor;
    pid_t spawner;
    int output_fd;
    int supervisor_fd; /* pidfd */
};

static void send_server(int socket_fd, const struct server *server) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct server copy = *server;
    struct iovec part = {&copy, sizeof copy};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &server->output_fd, sizeof(int));
    if (sendmsg(socket_fd, &message, 0) == -1) {
        _exit(1);
    }
}

static void receive_server(int socket_fd, struct server *server) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {server, sizeof *server};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    assert_int_equal(recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC), sizeof *server);
    memcpy(&server->output_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
}

/* Forks a server that runs "./probe what word" and waits to be killed. */
static struct server start_server(const char *weakened, const char *what, const char *word) {
    const char *const argv[] = {"./probe", what, word, NULL};
    char path[256];
    int sockets[2];
    struct launch_plan plan = {
        .order.argv = argv, .shape.profile = PROFILE_MODERATE, .order.tree_fd = fixture_tree(path)};
    struct server server = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct spawner *spawner = fixture_spawner(weakened);
        pid_t supervisors[2];
        server.pid = getpid();
        server.supervisor = subreaper_children(supervisors, 2) == 1 ? supervisors[0] : 0;
        server.output_fd = fixture_start(spawner, &plan).output_fd;
        send_server(sockets[1], &server);
        for (;;) {
            pause();
        }
    }
    receive_server(sockets[0], &server);
    assert_true(server.supervisor > 1);
    server.supervisor_fd = kernel_pidfd_open(server.supervisor);
    assert_true(server.supervisor_fd != -1);
    close(sockets[0]);
    close(sockets[1]);
    close(plan.order.tree_fd);
    return server;
}

/* One that has reached the state in which its command and the command's hidden child run. */
static struct server start_lingering(const char *weakened, const char *word) {
    struct server server = start_server(weakened, "linger", word);
    char text[128];
    struct running running = {.output_fd = server.output_fd, .error_fd = -1, .control_fd = -1};
    snprintf(text, sizeof text, "left %s\n", word);
    assert_true(fixture_wait_output(&running, text));
    assert_true(fixture_count(word) >= 2);
    server.spawner = fixture_child_of(server.supervisor);
    return server;
}

static bool wait_event(int fd, int timeout_ms) {
    struct pollfd event = {.fd = fd, .events = POLLIN};
    return poll(&event, 1, timeout_ms) == 1;
}

/* Whether all processes that could write to the command's output, and the supervisor, have ended. */
static bool all_gone(const struct server *server) {
    int64_t deadline = fixture_now_ms() + FIXTURE_GONE_MS;
    char text[4096];
    ssize_t size;
    do {
        int64_t left = deadline - fixture_now_ms();
        if (left <= 0 || !wait_event(server->output_fd, (int)left)) {
            return false;
        }
        size = read(server->output_fd, text, sizeof text);
    } while (size > 0 || (size == -1 && errno == EAGAIN));
    return wait_event(server->supervisor_fd, FIXTURE_GONE_MS);
}

static void end_server(struct server *server) {
    kill(server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    assert_true(all_gone(server));
    close(server->output_fd);
    close(server->supervisor_fd);
}

/* X4: what a command leaves running ends with it. */
static void test_x4_normal_exit(void **state) {
    (void)state;
    for (int weak = 0; weak < 2; weak++) {
        const char *word = fixture_word();
        struct spawner *spawner = fixture_spawner(weak ? "unshare-pid" : NULL);
        struct outcome outcome = {.output = NULL};
        if (weak) { /* its output does not end, because of the survivor: fixture_run would not return */
            const char *const argv[] = {"./probe", "leave", word, NULL};
            char path[256];
            const struct launch_plan plan = {.order.argv = argv, .order.tree_fd = fixture_tree(path)};
            struct running running = fixture_start(spawner, &plan);
            assert_true(running_result(&running, &outcome.result, FIXTURE_TIMEOUT_MS));
            running_close(&running);
            close(plan.order.tree_fd);
            assert_int_equal(fixture_count(word), 1);
        } else {
            outcome = fixture_probe(spawner, PROFILE_MODERATE, "leave", word);
            assert_non_null(strstr(outcome.output, word));
            assert_int_equal(fixture_count(word), 0);
        }
        assert_int_equal(outcome.result.kind, END_EXITED);
        outcome_free(&outcome);
        spawner_stop(spawner); /* ends even what escaped its sandbox */
        assert_int_equal(fixture_count(word), 0);
    }
}

static void test_x4_stop(void **state) {
    const char *word = fixture_word();
    const char *const argv[] = {"./probe", "linger", word, NULL};
    char path[256], text[128];
    struct launch_plan plan = {.order.argv = argv, .order.tree_fd = fixture_tree(path)};
    struct run_result result;
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct running running = fixture_start(spawner, &plan);
    snprintf(text, sizeof text, "left %s\n", word);
    assert_true(fixture_wait_output(&running, text));
    assert_true(spawner_alive(spawner));
    spawner_stop(spawner);
    assert_int_equal(fixture_count(word), 0);
    assert_true(running_result(&running, &result, 0));
    assert_int_equal(result.kind, END_SANDBOX_FAILED);
    running_close(&running);
    close(plan.order.tree_fd);
}

static void test_x4_server_killed(void **state) {
    const int signals[] = {SIGKILL, SIGTERM};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *word = fixture_word();
        struct server server = start_lingering(NULL, word);
        kill(server.pid, signals[i]);
        assert_true(all_gone(&server));
        assert_int_equal(fixture_count(word), 0);
        end_server(&server);
    }
}

static void test_x4_spawner_killed(void **state) {
    const char *word = fixture_word();
    (void)state;
    struct server server = start_lingering(NULL, word);
    kill(server.spawner, SIGKILL);
    assert_true(all_gone(&server));
    assert_int_equal(fixture_count(word), 0);
    end_server(&server);
}

static void test_x4_supervisor_killed(void **state) {
    const char *word = fixture_word();
    (void)state;
    struct server server = start_lingering(NULL, word);
    kill(server.supervisor, SIGKILL);
    assert_true(all_gone(&server));
    assert_true(fixture_all_gone(word, FIXTURE_GONE_MS));
    end_server(&server);
}

/* The spawner cannot clean up, because it was stopped: the supervisor does. */
static void test_x4_spawner_stopped(void **state) {
    const char *word = fixture_word();
    (void)state;
    struct server server = start_lingering(NULL, word);
    kill(server.spawner, SIGSTOP);
    kill(server.pid, SIGKILL);
    assert_true(all_gone(&server));
    assert_int_equal(fixture_count(word), 0);
    end_server(&server);
}

/* Neither can clean up: only bubblewrap's own parent-death signal is left, which is disabled the second time. */
static void test_x4_both_out_of_order(void **state) {
    (void)state;
    for (int weak = 0; weak < 2; weak++) {
        const char *word = fixture_word();
        struct server server = start_lingering(weak ? "die-with-parent" : NULL, word);
        kill(server.supervisor, SIGSTOP);
        kill(server.spawner, SIGKILL);
        if (weak) {
            fixture_pause_ms(300);
            assert_true(fixture_count(word) >= 2);
        } else {
            assert_true(fixture_all_gone(word, FIXTURE_GONE_MS));
        }
        kill(server.supervisor, SIGCONT);
        end_server(&server);
        assert_int_equal(fixture_count(word), 0);
    }
}

/* The server's threads see it as a result. */
static void test_killed_spawner_is_an_answer(void **state) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, "echo up; sleep 60");
    struct run_result result;
    char why[200] = "";
    pid_t supervisors[2];
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct running running = fixture_start(spawner, &plan), later;
    assert_true(fixture_wait_output(&running, "up"));
    assert_int_equal(subreaper_children(supervisors, 2), 1);
    kill(fixture_child_of(supervisors[0]), SIGKILL);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(result.kind, END_SANDBOX_FAILED);
    assert_int_equal(result.exit_code, 125);
    assert_non_null(strstr(result.message, "killed"));
    running_kill(&running);
    running_close(&running);
    /* the kernel closes a killed process's descriptors in no particular order */
    for (int waited = 0; spawner_alive(spawner) && waited < FIXTURE_GONE_MS; waited++) {
        fixture_pause_ms(1);
    }
    assert_false(spawner_alive(spawner));
    assert_false(spawner_run(spawner, &plan, &later, why, sizeof why));
    assert_non_null(strstr(why, "cannot start the command"));
    spawner_stop(spawner);
}

/* SIGTERM reaches the command; one that is sent from inside to the first process does not. The loop starts no process:
 * dash loses signals that arrive meanwhile. */
static void test_terminate(void **state) {
    const char *argv[4];
    struct launch_plan plan =
        fixture_shell(argv, "trap 'echo caught; exit 7' TERM; kill -TERM 1; sleep 0.1; echo up; while :; do :; done");
    const char *const sleep_argv[] = {"sleep", "60", NULL};
    const struct launch_plan sleep_plan = {
        .order.argv = sleep_argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
    struct run_result result;
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct running running = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&running, "up\n"));
    running_terminate(&running);
    assert_true(fixture_wait_output(&running, "caught\n"));
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(result.kind, END_EXITED);
    assert_int_equal(result.exit_code, 7);
    running_terminate(&running); /* on a command that has ended */
    running_close(&running);
    for (int i = 0; i < 20; i++) { /* before it runs, and at any moment of its start */
        running = fixture_start(spawner, &sleep_plan);
        fixture_pause_ms(i);
        running_terminate(&running);
        assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
        assert_int_equal(result.kind, END_SIGNALED);
        running_close(&running);
    }
    spawner_stop(spawner);
}

/* X5: killed while sandboxes are being built, at any moment of it. */
static void test_x5_killed_during_start(void **state) {
    int rounds = getenv("AK_TEST_LONG") != NULL ? 1000 : 50;
    unsigned seed = (unsigned)getpid();
    (void)state;
    for (int round = 0; round < rounds; round++) {
        const char *word = fixture_word();
        struct server server = start_server(NULL, "linger", word);
        const struct timespec pause = {0, (long)(rand_r(&seed) % 5000) * 1000};
        pid_t victim = round % 2 == 0 ? server.pid : fixture_child_of(server.supervisor);
        nanosleep(&pause, NULL);
        kill(victim, SIGKILL);
        if (!all_gone(&server)) {
            fail_msg("somebody is left after round %d", round);
        }
        assert_int_equal(fixture_count(word), 0);
        end_server(&server);
    }
}

static int count_zombies(void) {
    int count = -1;
    FILE *pipe = popen("cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z .*'", "re");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}

/* X6, and the signal state that commands start with. */
static void test_x6_careless_host(void **state) {
    int status;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        signal(SIGCHLD, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        sigprocmask(SIG_BLOCK, &all, NULL);
        struct spawner *spawner = fixture_spawner(NULL);
        for (int i = 0; i < 5; i++) {
            struct outcome outcome =
                fixture_sh(spawner, "(sleep 9 &); grep -E 'Sig(Blk|Ign):.0*$' /proc/self/status | wc "
                                    "-l; exit 6");
            if (outcome.result.kind != END_EXITED || outcome.result.exit_code != 6 ||
                strcmp(outcome.output, "2\n") != 0) {
                _exit(1);
            }
            outcome_free(&outcome);
        }
        spawner_stop(spawner);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

enum { CANNOT = 77, PID_1_ROUNDS = 10 };

/* In a new pid namespace: as a container's only process. */
static int live_as_pid_1(void) {
    if (getpid() != 1 || mount("proc", "/proc", "proc", 0, NULL) != 0) {
        return CANNOT;
    }
    struct spawner *spawner = fixture_spawner(NULL);
    for (int i = 0; i < PID_1_ROUNDS; i++) {
        struct outcome outcome = fixture_sh(spawner, "(sleep 9 &) ; setsid sleep 9 & exit 5");
        if (outcome.result.kind != END_EXITED || outcome.result.exit_code != 5) {
            return 1;
        }
        outcome_free(&outcome);
    }
    int zombies = count_zombies();
    spawner_stop(spawner);
    return zombies == 0 && count_zombies() == 0 ? 0 : 2;
}

static void test_x6_pid_1(void **state) {
    char map[64];
    int status;
    uid_t uid = getuid();
    gid_t gid = getgid();
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        /* the map of a process that is not dumpable can be written by root only */
        if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) != 0) {
            _exit(CANNOT);
        }
        snprintf(map, sizeof map, "%u %u 1", uid, uid);
        bool mapped = write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "%u %u 1", gid, gid);
        if (!mapped || !write_text("/proc/self/gid_map", map)) {
            _exit(CANNOT);
        }
        pid_t first = fork();
        if (first == 0) {
            _exit(live_as_pid_1());
        }
        waitpid(first, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The server's descriptors are closed with the server: its lock, its listeners. */
static void test_helpers_keep_no_descriptor(void **state) {
    int pipes[8][2];
    char byte;
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
    }
    struct spawner *spawner = fixture_spawner(NULL);
    for (size_t i = 0; i < 8; i++) {
        close(pipes[i][1]);
        assert_true(wait_event(pipes[i][0], 1000));
        assert_int_equal(read(pipes[i][0], &byte, 1), 0);
        close(pipes[i][0]);
    }
    spawner_stop(spawner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x4_normal_exit),
        cmocka_unit_test(test_x4_stop),
        cmocka_unit_test(test_x4_server_killed),
        cmocka_unit_test(test_x4_spawner_killed),
        cmocka_unit_test(test_x4_supervisor_killed),
        cmocka_unit_test(test_x4_spawner_stopped),
        cmocka_unit_test(test_x4_both_out_of_order),
        cmocka_unit_test(test_killed_spawner_is_an_answer),
        cmocka_unit_test(test_terminate),
        cmocka_unit_test(test_x5_killed_during_start),
        cmocka_unit_test(test_x6_careless_host),
        cmocka_unit_test(test_x6_pid_1),
        cmocka_unit_test(test_helpers_keep_no_descriptor),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
