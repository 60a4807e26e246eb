/*
 * Running out of descriptors: wherever the last one goes, it is told from every other failure, nothing leaks, and both
 * the call and its client work again when there are some. The servers run in processes of their own, which do not run
 * out.
 */
#include "host.h"
#include "loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* More than one call ever holds. */
enum { MOST = 16 };

static atomic_int lookup_ms;

/* In the place of libc's, which needs descriptors too, for its files and for the name server. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **result) {
    (void)node;
    struct timespec pause = {.tv_nsec = atomic_load(&lookup_ms) * 1000000L};
    nanosleep(&pause, NULL);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return EAI_SYSTEM;
    }
    close(fd);
    return loopback_address(service, hints, result);
}

/* ---- a server in another process ----------------------------------------------------------------------------------
 */

typedef struct {
    pid_t pid;
    int control; /* closing it ends the server */
    unsigned port;
    char ca_file[256];
} remote;

static void serve(bool tls, int control, int answer) {
    remote facts = {0};
    fault_script *script = fault_script_new();
    if (tls) {
        fault_tls_on(script, &(fault_tls_options){.name = "sandbox.example"});
    }
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = fault_start(script);
    if (!server) {
        _exit(1);
    }
    facts.port = fault_port(server);
    if (tls) {
        snprintf(facts.ca_file, sizeof facts.ca_file, "%s", fault_tls_path(server, FAULT_CA_FILE));
    }
    if (write(answer, &facts, sizeof facts) != sizeof facts) {
        _exit(1);
    }
    char byte;
    while (read(control, &byte, 1) < 0 && errno == EINTR) {
    }
    fault_stop(server);
    _exit(0);
}

static remote start(bool tls) {
    int control[2], answer[2];
    assert_int_equal(pipe(control), 0);
    assert_int_equal(pipe(answer), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(control[1]);
        serve(tls, control[0], answer[1]);
    }
    close(control[0]);
    close(answer[1]);
    remote server;
    assert_int_equal(read(answer[0], &server, sizeof server), sizeof server);
    close(answer[0]);
    server.pid = pid;
    server.control = control[1];
    return server;
}

static void end_remote(const remote *server) {
    int status = -1;
    close(server->control);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- with so many left --------------------------------------------------------------------------------------------
 */

/* A look-up that was left behind ends on its own, and its descriptors with it. */
static void check_descriptors(size_t expected) {
    int64_t end = fault_now_ms() + HOST_WAIT_MS;
    while (host_descriptors() != expected && fault_now_ms() < end) {
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    assert_int_equal(host_descriptors(), expected);
}

static ak_status wait_end(ak_call *call, ak_error *err) {
    ak_status status;
    while ((status = ak_call_wait(call, HOST_WAIT_MS, err)) == AK_ITEM) {
    }
    return status;
}

/* The limit that leaves so many descriptors, whatever is open already. */
static rlim_t limit_leaving(rlim_t left) {
    int fd = 0;
    for (;; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            if (left == 0) {
                return (rlim_t)fd;
            }
            left--;
        }
    }
}

/* One call, waited for without descriptors of the host's own; and what becomes of it when it was out of them and is
 * tried again. */
static ak_status run_with(ak_client *client, int32_t operation, rlim_t left, ak_status *again, ak_error *err) {
    struct rlimit before, low;
    host_call host = host_new(client, operation);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = limit_leaving(left);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    ak_status status = wait_end(host.call, err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    *again = status == AK_E_DESCRIPTORS ? wait_end(host.call, NULL) : status;
    host_free(&host);
    return status;
}

/* Any number of descriptors gives a reply or that error. Not always the error below some number: what libcurl opens for
 * its own convenience it can do without. */
static void sweep(const char *url, const char *ca_file) {
    size_t open = host_descriptors();
    rlim_t enough = MOST + 1;
    ak_error *err = ak_error_new();
    for (rlim_t left = 0; left <= MOST; left++) {
        ak_client *client = host_client(url);
        if (ca_file) {
            host_set_text(client, AK_CLIENT_CA_FILE, ca_file);
        }
        ak_status again, status = run_with(client, AK_OP_HEALTH, left, &again, err);
        if (status == AK_DONE) {
            enough = left < enough ? left : enough;
        } else if (status != AK_E_DESCRIPTORS) {
            char message[256] = "";
            size_t len = 0;
            ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message - 1, &len);
            fail_msg("%s with %d descriptors: %d, %s", url, (int)left, (int)status, message);
        } else {
            assert_true(host_error_has(err, AK_ERROR_MESSAGE, "out of file descriptors"));
            assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
        }
        assert_int_equal(again, AK_DONE); /* now that there are some */
        assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_DONE);
        ak_client_free(client);
        check_descriptors(open);
    }
    assert_true(enough > 0 && enough <= MOST);
    ak_error_free(err);
}

static void an_address(void **state) {
    (void)state;
    char url[64];
    remote server = start(false);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    sweep(url, NULL);
    end_remote(&server);
}

/* A refused connection is told as such with no more than the five that a call in flight holds: none to spare. */
static void nobody_there(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_listen_refuse(script);
    fault_server *nobody = fault_start(script);
    assert_non_null(nobody);
    ak_client *client = host_client(fault_url(nobody));
    host_set_int(client, AK_CLIENT_MAX_IDLE, 0);
    rlim_t left = 0;
    ak_status again, status;
    while ((status = run_with(client, AK_OP_RUN, left, &again, NULL)) == AK_E_DESCRIPTORS && left < MOST) {
        assert_int_equal(again, AK_E_CONNECT);
        left++;
    }
    assert_int_equal(status, AK_E_CONNECT);
    assert_true(left <= 5);
    assert_int_equal(host_run(client, AK_OP_RUN, NULL), AK_E_CONNECT);
    ak_client_free(client);
    fault_stop(nobody);
}

static void a_name(void **state) {
    (void)state;
    char url[64];
    remote server = start(false);
    snprintf(url, sizeof url, "http://sandbox.example:%u", server.port);
    sweep(url, NULL);
    end_remote(&server);
}

/* The file of certificates needs one as well. */
static void a_name_over_tls(void **state) {
    (void)state;
    char url[64];
    remote server = start(true);
    snprintf(url, sizeof url, "https://sandbox.example:%u", server.port);
    sweep(url, server.ca_file);
    end_remote(&server);
}

/* Starting a server of our own needs more of them; here it is a program that ends at once. */
static void our_own(void **state) {
    (void)state;
    enum { PLENTY = 40 };
    if (getenv("AK_TEST_OTHER")) {
        skip();
    }
    setenv("AGENTKERNEL_LOCAL", "/bin/true", 1);
    size_t open = host_descriptors();
    bool enough = false;
    ak_error *err = ak_error_new();
    for (rlim_t left = 0; left <= PLENTY; left++) {
        ak_client *client = host_client("local:");
        ak_status again, status = run_with(client, AK_OP_HEALTH, left, &again, err);
        bool ended = host_error_has(err, AK_ERROR_MESSAGE, "has ended before it was ready");
        if (status != AK_E_DESCRIPTORS && !(status == AK_E_CONNECT && ended)) {
            char message[256] = "";
            size_t len = 0;
            ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message - 1, &len);
            fail_msg("with %d descriptors: %d, %s", (int)left, (int)status, message);
        }
        assert_int_equal(again, AK_E_CONNECT);
        enough = status == AK_E_CONNECT;
        ak_client_free(client);
        check_descriptors(open);
    }
    assert_true(enough);
    ak_error_free(err);
    unsetenv("AGENTKERNEL_LOCAL");
}

/* Who waits for another call's look-up is not told that there is no such name when that one lacked descriptors. */
static void a_look_up_that_lacked_them(void **state) {
    (void)state;
    ak_client *client = host_client("http://sandbox.example:1");
    host_call first = host_new(client, AK_OP_RUN), second = host_new(client, AK_OP_RUN);
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = 1;
    atomic_store(&lookup_ms, 200);
    assert_int_equal(ak_call_step(first.call, NULL), AK_AGAIN);
    assert_int_equal(ak_call_step(second.call, NULL), AK_AGAIN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    ak_status statuses[] = {ak_call_wait(first.call, HOST_WAIT_MS, NULL),
                            ak_call_wait(second.call, HOST_WAIT_MS, NULL)};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    atomic_store(&lookup_ms, 0);
    assert_int_equal(statuses[0], AK_E_DESCRIPTORS);
    assert_int_equal(statuses[1], AK_E_DESCRIPTORS);
    assert_int_equal(host_run(client, AK_OP_RUN, NULL), AK_E_CONNECT);
    host_free(&first);
    host_free(&second);
    ak_client_free(client);
}

static void set_limit(rlim_t soft) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A call of write_file that has taken "abc", and then lacked descriptors for looking the name up. */
static ak_call *failed_upload(ak_client *client) {
    ak_call *call = NULL;
    size_t taken = 0;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(ak_call_new(client, AK_OP_WRITE_FILE, &call, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(call, AK_KEY_NAME, "t1", 2, NULL), AK_OK);
    assert_int_equal(ak_call_set_text(call, AK_KEY_PATH, "/tmp/a", 6, NULL), AK_OK);
    atomic_store(&lookup_ms, 200);
    assert_int_equal(ak_call_write(call, "abc", 3, &taken, NULL), AK_OK);
    assert_int_equal(taken, 3);
    assert_int_equal(ak_call_write(call, NULL, 0, &taken, NULL), AK_OK);
    set_limit(1);
    ak_status status = wait_end(call, NULL);
    set_limit(before.rlim_cur);
    atomic_store(&lookup_ms, 0);
    assert_int_equal(status, AK_E_DESCRIPTORS);
    assert_int_equal(ak_call_state(call), AK_STATE_FAILED);
    return call;
}

/* What was handed in is still there, once. */
static void an_upload_that_is_tried_again(void **state) {
    (void)state;
    char url[64];
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_wait_release(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    snprintf(url, sizeof url, "http://sandbox.example:%u", fault_port(server));
    ak_client *client = host_client(url);
    ak_call *call = failed_upload(client);
    size_t taken = 0;
    assert_int_equal(ak_call_write(call, "more", 4, &taken, NULL), AK_E_STATE); /* it has ended */
    fault_release(server, 1);
    assert_int_equal(wait_end(call, NULL), AK_DONE);
    assert_true(fault_body_is(fault_request_at(server, 0), "{\"encoding\":\"base64\",\"content\":\"YWJj\"}"));
    ak_call_free(call);
    ak_client_free(client);
    fault_stop(server);
}

static void cancelled_calls_are_not_tried_again(void **state) {
    (void)state;
    ak_client *client = host_client("http://sandbox.example:1");
    ak_call *call = failed_upload(client);
    ak_call_cancel(call);
    assert_int_equal(wait_end(call, NULL), AK_E_DESCRIPTORS);
    ak_call_free(call);
    ak_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_name),
        cmocka_unit_test(a_name_over_tls),
        cmocka_unit_test(our_own),
        cmocka_unit_test(a_look_up_that_lacked_them),
        cmocka_unit_test(an_upload_that_is_tried_again),
        cmocka_unit_test(cancelled_calls_are_not_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
