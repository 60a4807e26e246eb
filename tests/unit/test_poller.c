/*
 * test_poller.c: what poller.h promises, of each implementation: this system's, and poller_kqueue.c over tests/kqueue
 * or, where it is found, over libkqueue (AK_TEST_LIBKQUEUE), whose descriptor cannot be polled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "poller.h"
#include "polling.h"

#define NS_PER_MS 1000000
#define WAIT_MS 60000
#define CAP 4

static ak_poller poller;
static int ours, theirs; /* two connected sockets */
static ak_poller_event events[CAP];
static bool woken;

static int set_up(void **state) {
    (void)state;
    int pair[2];
    if (!ak_poller_open(&poller) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return -1;
    }
    ours = pair[0];
    theirs = pair[1];
    return 0;
}

static void drop(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static int tear_down(void **state) {
    (void)state;
    ak_poller_close(&poller);
    drop(&ours);
    drop(&theirs);
    return 0;
}

/* What is ready now, of which the descriptor says whether it is anything. */
static size_t look(void) {
#ifndef AK_TEST_LIBKQUEUE
    bool any = ak_poll_readable(poller.fd, 0);
    size_t count = ak_poller_ready(&poller, events, CAP, &woken);
    assert_int_equal(any, count > 0 || woken);
    return count;
#else
    return ak_poller_ready(&poller, events, CAP, &woken);
#endif
}

/* The same after waiting until it is something. */
static size_t await(void) {
#ifndef AK_TEST_LIBKQUEUE
    assert_true(ak_poll_readable(poller.fd, WAIT_MS));
    return look();
#else
    size_t count = 0;
    for (int64_t end = ak_now() + (int64_t)WAIT_MS * NS_PER_MS; !(count = look()) && !woken && ak_now() < end;) {
        nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
    }
    assert_true(count > 0 || woken);
    return count;
#endif
}

static void is_quiet(void) {
    assert_int_equal(look(), 0);
    assert_false(woken);
}

/* Exactly one socket is ready, so. */
static void is_ready(size_t count, bool readable, bool writable) {
    assert_int_equal(count, 1);
    assert_int_equal(events[0].fd, ours);
    assert_int_equal(events[0].readable, readable);
    assert_int_equal(events[0].writable, writable);
    assert_false(woken);
}

static void put(const char *text) {
    assert_int_equal(write(theirs, text, strlen(text)), (ssize_t)strlen(text));
}

static void take(size_t len) {
    char text[16];
    assert_int_equal(read(ours, text, len), (ssize_t)len);
}

/* ---- the timer ----------------------------------------------------------------------------------------------------
 */

static void a_time_that_is_past(void **state) {
    (void)state;
    is_quiet();
    ak_poller_arm(&poller, 1);
    assert_int_equal(look(), 0);
    assert_true(woken);
    is_quiet();
}

static void a_time_to_come(void **state) {
    (void)state;
    int64_t when = ak_now() + 300 * NS_PER_MS;
    ak_poller_arm(&poller, when);
    assert_int_equal(await(), 0);
    assert_true(woken);
    assert_true(ak_now() >= when - NS_PER_MS);
    is_quiet();
}

/* Later ones are not waited for, and a century is not too long. */
static void another_time(void **state) {
    (void)state;
    ak_poller_arm(&poller, INT64_MAX / 2);
    is_quiet();
    ak_poller_arm(&poller, ak_now() + 20 * NS_PER_MS);
    assert_int_equal(await(), 0);
    assert_true(woken);
    const struct timespec more = {.tv_nsec = 60 * NS_PER_MS};
    ak_poller_arm(&poller, ak_now() + 30 * NS_PER_MS);
    ak_poller_arm(&poller, AK_NEVER);
    ak_poller_arm(&poller, AK_NEVER);
    nanosleep(&more, NULL);
    is_quiet();
}

static void *wake(void *unused) {
    (void)unused;
    ak_poller_wake(&poller);
    return NULL;
}

static void another_thread_wakes(void **state) {
    (void)state;
    pthread_t thread;
    ak_poller_arm(&poller, ak_now() + (int64_t)1000 * WAIT_MS * NS_PER_MS);
    assert_int_equal(pthread_create(&thread, NULL, wake, NULL), 0);
    assert_int_equal(await(), 0);
    assert_true(woken);
    assert_int_equal(pthread_join(thread, NULL), 0);
    is_quiet();
    ak_poller_wake(&poller);
    ak_poller_wake(&poller);
    assert_int_equal(look(), 0);
    assert_true(woken);
    is_quiet();
}

/* ---- sockets ------------------------------------------------------------------------------------------------------
 */

static void bytes_to_read(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    is_quiet();
    put("ab");
    is_ready(await(), true, false);
    take(1);
    is_ready(look(), true, false); /* as long as it is so */
    take(1);
    is_quiet();
}

static void room_to_write(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, false, true, false));
    is_ready(look(), false, true);
    is_ready(look(), false, true);
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    is_quiet();
    put("a");
    is_ready(await(), true, false);
    assert_true(ak_poller_watch(&poller, ours, true, true, false));
    is_ready(look(), true, true); /* one event */
    assert_true(ak_poller_watch(&poller, ours, false, true, false));
    is_ready(look(), false, true);
}

static void a_socket_and_the_timer(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, true, true, false));
    put("a");
    ak_poller_wake(&poller);
    bool readable = false;
    bool once = false;
    for (int i = 0; i < 4 && !(readable && once); i++) { /* a poller may need a second look */
        readable = look() == 1 && events[0].readable;
        once = once || woken;
    }
    assert_true(readable && once);
    is_ready(look(), true, true);
}

static void no_longer_watched(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, true, true, false));
    ak_poller_unwatch(&poller, ours);
    put("a");
    is_quiet();
    ak_poller_unwatch(&poller, ours);
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    is_ready(await(), true, false);
}

static void once_each_time(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, true, false, true));
    put("a");
    is_ready(await(), true, false);
    is_quiet();
    put("a");
    is_ready(await(), true, false);
    is_quiet();
    ak_poller_unwatch(&poller, ours);
}

/* A socket is closed without a word, and the next one has its number. */
static void a_number_used_again(void **state) {
    (void)state;
#ifndef AK_TEST_LIBKQUEUE /* libkqueue has to be told */
    assert_true(ak_poller_watch(&poller, ours, false, true, false));
    int number = ours;
    drop(&ours);
    is_quiet();
    int pair[2];
    drop(&theirs);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    theirs = pair[0] == number ? pair[1] : pair[0];
    ours = pair[0] == number ? pair[0] : pair[1];
    assert_int_equal(ours, number);
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    is_quiet();
    put("a");
    is_ready(await(), true, false);
#endif
}

static void no_socket(void **state) {
    (void)state;
    int fd = dup(ours);
    close(fd);
    assert_false(ak_poller_watch(&poller, fd, true, false, false));
    assert_int_equal(errno, EBADF);
    is_quiet();
}

/* ---- the end of a connection --------------------------------------------------------------------------------------
 */

static void an_end(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    drop(&theirs);
    is_ready(await(), true, false);
    assert_false(events[0].failed);
    assert_int_equal(read(ours, &(char){0}, 1), 0);
}

static void a_reset(void **state) {
    (void)state;
    assert_int_equal(write(ours, "unread", 6), 6);
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    drop(&theirs);
    is_ready(await(), true, false);
    assert_true(events[0].failed);
#ifndef AK_TEST_LIBKQUEUE /* it takes the socket's error */
    assert_int_equal(read(ours, &(char){0}, 1), -1);
    assert_int_equal(errno, ECONNRESET);
#endif
}

/* Readable, too: see ak_poller_ready. */
static void nobody_listens(void **state) {
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    drop(&theirs);
    theirs = socket(AF_INET, SOCK_STREAM, 0); /* holds the port */
    assert_int_equal(bind(theirs, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(theirs, (struct sockaddr *)&address, &len), 0);
    drop(&ours);
    ours = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(ours, (struct sockaddr *)&address, sizeof address), -1);
    assert_true(errno == EINPROGRESS || errno == ECONNREFUSED);
    assert_true(ak_poller_watch(&poller, ours, false, true, false));
    is_ready(await(), true, true);
    assert_true(events[0].failed);
}

static void who_hung_up(void **state) {
    (void)state;
    int pairs[5][2];
    int sockets[6] = {-1};
    bool hung_up[6];
    for (int i = 0; i < 5; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        sockets[i + 1] = pairs[i][0];
    }
    ak_poll_hang_ups(sockets, hung_up, 6);
    for (int i = 0; i < 6; i++) {
        assert_false(hung_up[i]);
    }
    assert_int_equal(write(pairs[1][1], "a", 1), 1); /* bytes alone are no end */
    close(pairs[2][1]);
    assert_int_equal(shutdown(pairs[3][1], SHUT_WR), 0);
    assert_int_equal(write(pairs[4][1], "a", 1), 1);
    assert_int_equal(shutdown(pairs[4][1], SHUT_WR), 0);
    ak_poll_hang_ups(sockets, hung_up, 6);
    const bool expected[] = {false, false, false, true, true, true};
    assert_memory_equal(hung_up, expected, sizeof expected);
    for (int i = 0; i < 5; i++) {
        close(pairs[i][0]);
        if (i != 2) {
            close(pairs[i][1]);
        }
    }
}

/* ---- processes ----------------------------------------------------------------------------------------------------
 */

/* In a child, closing may affect neither the parent's poller nor a file that has its number by then. */
static int close_in_child(void) {
    bool inherited = fcntl(poller.fd, F_GETFD) >= 0;
    int number = poller.fd;
    if (!inherited && dup2(ours, number) != number) {
        return 1;
    }
    ak_poller_close(&poller);
    return inherited == (fcntl(number, F_GETFD) < 0) ? 0 : 2;
}

static void a_forked_child(void **state) {
    (void)state;
    assert_true(ak_poller_watch(&poller, ours, true, false, false));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(close_in_child());
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    is_quiet();
    put("a");
    is_ready(await(), true, false);
    ak_poller_wake(&poller);
    take(1);
    assert_int_equal(look(), 0);
    assert_true(woken);
}

static void closed_on_exec(void **state) {
    (void)state;
    assert_true(fcntl(poller.fd, F_GETFD) & FD_CLOEXEC);
}

#ifndef AK_TEST_LIBKQUEUE /* it closes its own later, and gives another reason */
/* Nothing is left open, either. */
static void out_of_descriptors(void **state) {
    (void)state;
    struct rlimit before, low;
    ak_poller other;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    close(next);
    for (int more = 0;; more++) {
        low = before;
        low.rlim_cur = (rlim_t)next + (rlim_t)more;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        bool opened = ak_poller_open(&other);
        int error = errno;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (opened) {
            assert_true(more > 0);
            ak_poller_close(&other);
        } else {
            assert_int_equal(error, EMFILE);
        }
        int again = dup(0);
        assert_int_equal(again, next);
        close(again);
        if (opened) {
            break;
        }
    }
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_time_that_is_past),
        TEST(a_time_to_come),
        TEST(another_time),
        TEST(another_thread_wakes),
        TEST(bytes_to_read),
        TEST(room_to_write),
        TEST(a_socket_and_the_timer),
        TEST(no_longer_watched),
        TEST(once_each_time),
        TEST(a_number_used_again),
        TEST(no_socket),
        TEST(an_end),
        TEST(a_reset),
        TEST(nobody_listens),
        TEST(who_hung_up),
        TEST(a_forked_child),
        TEST(closed_on_exec),
#ifndef AK_TEST_LIBKQUEUE
        TEST(out_of_descriptors),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
