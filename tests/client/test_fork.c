/*
 * A process that forks: the child's calls of the parent are over, its client goes on, and the parent notices nothing.
 */
#include "host.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* What the child did wrong first; 0 for nothing. */
static int child(ak_client *client, host_call *in_flight, host_call *at_record) {
    ak_error *err = ak_error_new();
    ak_call_cancel(in_flight->call); /* must not reach the parent's call */
    if (host_next(in_flight, err) != AK_E_FORKED || ak_error_code(err) != AK_E_FORKED) {
        return 1;
    }
    if (host_next(in_flight, err) != AK_E_FORKED) {
        return 2;
    }
    char byte;
    size_t len = 1;
    if (ak_call_read(at_record->call, &byte, 1, &len, err) != AK_E_FORKED || len != 0) {
        return 6;
    }
    if (host_next(at_record, err) != AK_E_FORKED) {
        return 3;
    }
    host_call fresh = host_new(client, AK_OP_HEALTH);
    if (host_end(&fresh, err) != AK_DONE) {
        return 4;
    }
    host_free(in_flight);
    host_free(at_record);
    host_free(&fresh);
    if (host_run(client, AK_OP_HEALTH, err) != AK_DONE) {
        return 5;
    }
    ak_client_free(client);
    ak_error_free(err);
    return 0;
}

static void in_flight(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_only_target(script, "/run");
    fault_wait_release(script);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":{\"output\":\"whole\"}}");
    fault_on_request(script);
    fault_only_target(script, "/run/stream");
    fault_sse_begin(script, FAULT_CHUNKED);
    fault_sse_event(script, "output", "{\"data\":\"a\"}");
    fault_wait_release(script);
    fault_sse_event(script, "done", "{\"exit_code\":0}");
    fault_sse_end(script);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE); /* an idle connection, where there is a pool */
    host_call stream = host_new(client, AK_OP_RUN_STREAM);
    assert_int_equal(host_next(&stream, NULL), AK_ITEM);
    host_call run = host_new(client, AK_OP_RUN);
    host_until(&run, server, FAULT_WAITING, 2);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(30);
        _exit(child(client, &run, &stream));
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    fault_release(server, FAULT_ALWAYS);
    assert_int_equal(host_next(&run, NULL), AK_ITEM);
    assert_true(host_field_is(run.call, AK_KEY_OUTPUT, "whole"));
    assert_int_equal(host_next(&run, NULL), AK_DONE);
    assert_int_equal(host_end(&stream, NULL), AK_DONE);
    host_free(&run);
    host_free(&stream);
    uint64_t before = fault_count(server, FAULT_CONNECTIONS);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    /* The child did not end the parent's kept-alive connections. */
    assert_int_equal(fault_count(server, FAULT_CONNECTIONS), before + (host_pools() ? 0 : 1));
    ak_client_free(client);
    fault_stop(server);
}

/* A child that lives on must not hold the parent's connections open, nor close what has got an old one's number. */
static void the_childs_copies(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply(script, 200, "Connection: close\r\n", "{\"success\":true,\"data\":\"ok\"}", 28, FAULT_LENGTH);
    fault_close(script);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    ak_client *closed = host_client(fault_url(server));
    assert_int_equal(host_run(closed, AK_OP_HEALTH, NULL), AK_DONE); /* nothing is kept alive any more */
    assert_true(fault_await(server, FAULT_ENDED, 1, HOST_WAIT_MS));
    int numbers[64];
    for (size_t i = 0; i < 64; i++) {
        numbers[i] = dup(0);
        assert_true(numbers[i] >= 0);
    }
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    host_call stream = host_new(client, AK_OP_RUN_STREAM);
    assert_int_equal(host_next(&stream, NULL), AK_E_PROTOCOL); /* in flight still, until it is freed */
    int control[2], answer[2];
    assert_int_equal(pipe(control), 0);
    assert_int_equal(pipe(answer), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(30);
        close(control[1]);
        host_free(&stream);
        ak_client_free(client);
        ak_client_free(closed);
        char wrong = 0;
        for (size_t i = 0; i < 64; i++) {
            wrong |= fcntl(numbers[i], F_GETFD) < 0;
        }
        _exit(write(answer[1], &wrong, 1) == 1 && read(control[0], &wrong, 1) == 0 ? 0 : 1);
    }
    close(control[0]);
    char wrong = 1;
    assert_int_equal(read(answer[0], &wrong, 1), 1);
    assert_int_equal(wrong, 0);
    host_free(&stream);
    ak_client_free(client);
    ak_client_free(closed);
    /* While the child lives. */
    assert_true(fault_await(server, FAULT_ENDED, fault_count(server, FAULT_CONNECTIONS), HOST_WAIT_MS));
    close(control[1]);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(answer[0]);
    close(answer[1]);
    for (size_t i = 0; i < 64; i++) {
        close(numbers[i]);
    }
    fault_stop(server);
}

/* A call that never ran belongs to the parent too. */
static void new_calls(void **state) {
    (void)state;
    ak_client *client = host_client("http://127.0.0.1:1");
    host_call host = host_new(client, AK_OP_HEALTH);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(30);
        int wrong = host_next(&host, NULL) == AK_E_FORKED ? 0 : 1;
        host_free(&host);
        ak_client_free(client);
        _exit(wrong);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(host_next(&host, NULL), AK_E_CONNECT);
    host_free(&host);
    ak_client_free(client);
}

static atomic_bool cancelling;

static void *cancel_again_and_again(void *call) {
    while (atomic_load(&cancelling)) {
        ak_call_cancel(call);
    }
    return NULL;
}

/* The fork may fall into a cancel of another thread, which the child does not have: it must not wait for it. */
static void while_another_thread_cancels(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_wait_release(script);
    fault_server *server = start(script);
    ak_client *client = host_client(fault_url(server));
    host_call run = host_new(client, AK_OP_RUN);
    host_until(&run, server, FAULT_WAITING, 1);
    atomic_store(&cancelling, true);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_again_and_again, run.call), 0);
    int wrong = 0;
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(30);
            host_free(&run);
            _exit(0);
        }
        int status = -1;
        wrong += pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
        if (wrong) {
            break;
        }
    }
    atomic_store(&cancelling, false);
    pthread_join(thread, NULL);
    assert_int_equal(wrong, 0);
    assert_int_equal(host_end(&run, NULL), AK_E_CANCELLED);
    host_free(&run);
    fault_release(server, FAULT_ALWAYS);
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_flight),
        cmocka_unit_test(the_childs_copies),
        cmocka_unit_test(new_calls),
        cmocka_unit_test(while_another_thread_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
