/*
 * TLS: whom the client trusts and says it trusted, how streams end under it, and that no write raises SIGPIPE.
 */
#include "host.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"
#define OUTPUT "event: output\ndata: {\"data\":\"a\"}\n\n"
#define DONE "event: done\ndata: {\"exit_code\":0}\n\n"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

static fault_server *start(fault_script *script) {
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static fault_server *start_ok(const fault_tls_options *options) {
    fault_script *script = fault_script_new();
    fault_tls_on(script, options);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, OK_REPLY);
    return start(script);
}

static ak_client *trusting(const fault_server *server, const char *ca_file) {
    ak_client *client = host_client(fault_url(server));
    host_set_text(client, AK_CLIENT_CA_FILE, ca_file);
    return client;
}

/* One call that must not get as far as sending anything. */
static void check_refused(ak_client *client, fault_server *server, const char *part, const char *store) {
    ak_error *err = ak_error_new();
    uint64_t requests = fault_count(server, FAULT_REQUESTS);
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_TLS);
    if (!host_error_has(err, AK_ERROR_MESSAGE, part) || !host_error_has(err, AK_ERROR_MESSAGE, store)) {
        char message[512] = "";
        size_t len = 0;
        ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message - 1, &len);
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", message, part, store);
    }
    assert_true(host_error_is(err, AK_ERROR_PHASE, "connect"));
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    assert_true(host_error_int(err, AK_ERROR_LIBCURL) > 0);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), requests);
    ak_error_free(err);
    ak_client_free(client);
}

/* ---- trust ------------------------------------------------------------------------------------------------------- */

static void the_system_does_not_trust_it(void **state) {
    (void)state;
    fault_server *server = start_ok(NULL);
    check_refused(host_client(fault_url(server)), server, "certificate", "(trusting /");
    fault_stop(server);
}

static void a_ca_file_by_setting_or_environment(void **state) {
    (void)state;
    fault_server *server = start_ok(NULL), *other = start_ok(NULL);
    const char *ca = fault_tls_path(server, FAULT_CA_FILE), *wrong = fault_tls_path(other, FAULT_CA_FILE);
    ak_client *client = trusting(server, ca);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
    setenv("AGENTKERNEL_CA_FILE", ca, 1);
    client = host_client(fault_url(server));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
    setenv("AGENTKERNEL_CA_FILE", wrong, 1);
    check_refused(host_client(fault_url(server)), server, "certificate", wrong);
    client = trusting(server, ca); /* the setting wins */
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
    unsetenv("AGENTKERNEL_CA_FILE");
    check_refused(trusting(server, wrong), server, "certificate", wrong);
    fault_stop(other);
    fault_stop(server);
}

/* The name under which OpenSSL looks an authority up in a directory. */
static void link_by_hash(const char *ca_file, const char *folder, char *path, size_t cap) {
    FILE *file = fopen(ca_file, "r");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(certificate);
    snprintf(path, cap, "%s/%08lx.0", folder, X509_subject_name_hash(certificate));
    X509_free(certificate);
    assert_int_equal(symlink(ca_file, path), 0);
}

static void a_ca_directory(void **state) {
    (void)state;
    fault_server *server = start_ok(NULL), *other = start_ok(NULL);
    char folder[] = "/tmp/ak-test-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    ak_client *client = host_client(fault_url(server));
    host_set_text(client, AK_CLIENT_CA_DIR, folder); /* empty */
    check_refused(client, server, "certificate", folder);
    link_by_hash(fault_tls_path(server, FAULT_CA_FILE), folder, path, sizeof path);
    for (int environment = 0; environment < 2; environment++) {
        if (environment) {
            setenv("AGENTKERNEL_CA_DIR", folder, 1);
        }
        client = host_client(fault_url(server));
        if (!environment) {
            host_set_text(client, AK_CLIENT_CA_DIR, folder);
        }
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        ak_client_free(client);
    }
    unsetenv("AGENTKERNEL_CA_DIR");
    unlink(path);
    client = trusting(server, fault_tls_path(other, FAULT_CA_FILE));
    host_set_text(client, AK_CLIENT_CA_DIR, folder);
    char both[256];
    snprintf(both, sizeof both, "(trusting %s and %s)", fault_tls_path(other, FAULT_CA_FILE), folder);
    check_refused(client, server, "certificate", both);
    rmdir(folder);
    fault_stop(other);
    fault_stop(server);
}

static void certificates_that_do_not_fit(void **state) {
    (void)state;
    static const fault_tls_options rows[] = {{.expired = true}, {.name = "example.org"}};
    for (size_t i = 0; i < 2; i++) {
        fault_server *server = start_ok(&rows[i]);
        const char *ca = fault_tls_path(server, FAULT_CA_FILE);
        check_refused(trusting(server, ca), server, i == 0 ? "expired" : "name", ca);
        fault_stop(server);
    }
}

/* Files that are there but hold something else, and a server that does not speak TLS. */
static void what_is_no_tls(void **state) {
    (void)state;
    fault_server *server = start_ok(NULL);
    const char *ca = fault_tls_path(server, FAULT_CA_FILE), *key = fault_tls_path(server, FAULT_CLIENT_KEY_FILE);
    check_refused(trusting(server, key), server, "", key); /* libcurl's versions say it in words of their own */
    ak_client *client = trusting(server, ca);
    host_set_text(client, AK_CLIENT_CERT_FILE, key);
    check_refused(client, server, "", ca);
    fault_stop(server);
    fault_script *script = fault_script_new();
    fault_on_accept(script);
    fault_wait_data(script);
    fault_text(script, "HTTP/1.1 400 Bad Request\r\n\r\n");
    fault_close(script);
    server = start(script);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u", fault_port(server));
    check_refused(host_client(url), server, "", "(trusting ");
    fault_stop(server);
}

static void a_client_certificate(void **state) {
    (void)state;
    fault_server *server = start_ok(&(fault_tls_options){.client_certificate = true});
    const char *ca = fault_tls_path(server, FAULT_CA_FILE);
    for (int environment = 0; environment < 2; environment++) {
        if (environment) {
            setenv("AGENTKERNEL_CERT_FILE", fault_tls_path(server, FAULT_CLIENT_CERTIFICATE_FILE), 1);
            setenv("AGENTKERNEL_KEY_FILE", fault_tls_path(server, FAULT_CLIENT_KEY_FILE), 1);
        }
        ak_client *client = trusting(server, ca);
        if (!environment) {
            host_set_text(client, AK_CLIENT_CERT_FILE, fault_tls_path(server, FAULT_CLIENT_CERTIFICATE_FILE));
            host_set_text(client, AK_CLIENT_KEY_FILE, fault_tls_path(server, FAULT_CLIENT_KEY_FILE));
        }
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        ak_client_free(client);
    }
    unsetenv("AGENTKERNEL_CERT_FILE");
    unsetenv("AGENTKERNEL_KEY_FILE");
    /* TLS 1.3 says so only after the handshake, where the client may have sent its request already. */
    ak_client *client = trusting(server, ca);
    ak_status status = host_run(client, AK_OP_HEALTH, NULL);
    assert_true(status == AK_E_TLS || status == AK_E_NETWORK);
    ak_client_free(client);
    assert_int_equal(fault_count(server, FAULT_REQUESTS), 2);
    fault_stop(server);
}

/* ---- ends without close_notify, which anybody on the way can make ------------------------------------------------ */

static const struct {
    const char *what;
    int32_t operation;
    const char *reply;
    bool notify;
    ak_status code;
} ends[] = {
    {"length, whole", AK_OP_RUN_STREAM, HEAD "Content-Length: 39\r\n\r\n" DONE, false, AK_DONE},
    {"length, cut", AK_OP_RUN_STREAM, HEAD "Content-Length: 99\r\n\r\n" OUTPUT, false, AK_E_NETWORK},
    {"chunked, whole", AK_OP_RUN_STREAM, HEAD "Transfer-Encoding: chunked\r\n\r\n27\r\n" DONE "\r\n0\r\n\r\n", false,
     AK_DONE},
    {"chunked, no last chunk", AK_OP_RUN_STREAM, HEAD "Transfer-Encoding: chunked\r\n\r\n27\r\n" DONE "\r\n", false,
     AK_DONE},
    {"chunked, no final event", AK_OP_RUN_STREAM, HEAD "Transfer-Encoding: chunked\r\n\r\n25\r\n" OUTPUT "\r\n", false,
     AK_E_NETWORK},
    {"chunked, within an event", AK_OP_RUN_STREAM, HEAD "Transfer-Encoding: chunked\r\n\r\n27\r\nevent: done\n", false,
     AK_E_NETWORK},
    {"to the end, final event", AK_OP_RUN_STREAM, HEAD "\r\n" DONE, false, AK_DONE},
    {"to the end, cut", AK_OP_RUN_STREAM, HEAD "\r\n" OUTPUT, false, AK_E_TRUNCATED},
    {"to the end, closed", AK_OP_RUN_STREAM, HEAD "\r\n" OUTPUT, true, AK_E_TRUNCATED},
    {"unary, length, whole", AK_OP_HEALTH, "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n" OK_REPLY, false, AK_DONE},
    {"unary, length, cut", AK_OP_HEALTH, "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" OK_REPLY, false, AK_E_NETWORK},
    {"unary, to the end, closed", AK_OP_HEALTH, "HTTP/1.1 200 OK\r\n\r\n" OK_REPLY, true, AK_DONE},
    {"unary, to the end, cut", AK_OP_HEALTH, "HTTP/1.1 200 OK\r\n\r\n{\"success\":true,\"data\":\"o", false,
     AK_E_PROTOCOL},
};

/* Without a length, libcurl's versions differ in whether an end without close_notify is one: then the content tells. */
static bool is_expected(ak_status status, ak_status code) {
    return status == code || (status == AK_E_NETWORK && (code == AK_E_TRUNCATED || code == AK_E_PROTOCOL));
}

static void ends_without_close_notify(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        fault_script *script = fault_script_new();
        fault_tls_on(script, NULL);
        fault_on_request(script);
        fault_text(script, ends[i].reply);
        if (ends[i].notify) {
            fault_close(script);
        } else {
            fault_cut(script);
        }
        fault_on_request(script);
        fault_reply_json(script, 200, OK_REPLY);
        fault_server *server = start(script);
        ak_client *client = trusting(server, fault_tls_path(server, FAULT_CA_FILE));
        ak_status status = host_run(client, ends[i].operation, NULL);
        if (!is_expected(status, ends[i].code)) {
            fail_msg("%s: %d", ends[i].what, (int)status);
        }
        assert_int_equal(fault_count(server, FAULT_REQUESTS), 1);
        assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
        ak_client_free(client);
        fault_stop(server);
    }
}

/* ---- SIGPIPE ------------------------------------------------------------------------------------------------------
 */

static atomic_bool careless, meddled;

/* In the place of libc's: a TLS library that writes with write(2), as many do, has no MSG_NOSIGNAL. */
__attribute__((visibility("default"))) ssize_t send(int fd, const void *bytes, size_t len, int flags) {
    static ssize_t (*_Atomic real)(int, const void *, size_t, int);
    if (!atomic_load(&real)) {
        void *found = dlsym(RTLD_NEXT, "send");
        ssize_t (*typed)(int, const void *, size_t, int);
        memcpy(&typed, &found, sizeof typed);
        atomic_store(&real, typed);
    }
    struct sigaction action;
    if (atomic_load(&careless) && sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
        atomic_store(&meddled, true);
    }
    return atomic_load(&real)(fd, bytes, len, atomic_load(&careless) ? flags & ~MSG_NOSIGNAL : flags);
}

/* A large body to a server that resets. The default action of SIGPIPE would end this process. */
static void post_into_a_reset(void) {
    size_t size = 4 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    for (int i = 0; i < 4; i++) {
        fault_script *script = fault_script_new();
        fault_tls_on(script, NULL);
        fault_on_request(script);
        fault_read_head_only(script);
        fault_reset(script);
        fault_server *server = start(script);
        ak_client *client = trusting(server, fault_tls_path(server, FAULT_CA_FILE));
        if (i % 2) {
            char url[64];
            snprintf(url, sizeof url, "HTTPS://127.0.0.1:%u", fault_port(server));
            host_set_text(client, AK_CLIENT_BASE_URL, url);
        }
        host_call host = host_new(client, AK_OP_RUN);
        assert_int_equal(ak_call_add_text(host.call, AK_KEY_COMMAND, text, size, NULL), AK_OK);
        assert_int_equal(host_end(&host, NULL), AK_E_NETWORK);
        host_free(&host);
        ak_client_free(client);
        fault_stop(server);
    }
    free(text);
}

static bool sigpipe_is(int (*what)(sigset_t *)) {
    sigset_t set;
    assert_int_equal(what(&set), 0);
    return sigismember(&set, SIGPIPE) == 1;
}

static int blocked_signals(sigset_t *set) {
    return pthread_sigmask(SIG_BLOCK, NULL, set);
}

static void no_sigpipe(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_DFL);
    post_into_a_reset();
    atomic_store(&careless, true);
    post_into_a_reset();
    assert_false(sigpipe_is(blocked_signals));
    assert_false(atomic_load(&meddled)); /* what becomes of the signal is the host's to say, also for a moment */
    atomic_store(&careless, false);
}

/* A host that blocks SIGPIPE finds neither one of ours pending nor one of its own gone. */
static void the_hosts_own_sigpipe(void **state) {
    (void)state;
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe, &before), 0);
    atomic_store(&careless, true);
    post_into_a_reset();
    assert_false(sigpipe_is(sigpending));
    assert_true(sigpipe_is(blocked_signals));
    raise(SIGPIPE);
    post_into_a_reset();
    assert_true(sigpipe_is(sigpending));
    assert_true(sigpipe_is(blocked_signals));
    atomic_store(&careless, false);
    const struct timespec at_once = {0};
    assert_int_equal(sigtimedwait(&pipe, NULL, &at_once), SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_does_not_trust_it),
        cmocka_unit_test(a_ca_file_by_setting_or_environment),
        cmocka_unit_test(a_ca_directory),
        cmocka_unit_test(certificates_that_do_not_fit),
        cmocka_unit_test(what_is_no_tls),
        cmocka_unit_test(a_client_certificate),
        cmocka_unit_test(ends_without_close_notify),
        cmocka_unit_test(no_sigpipe),
        cmocka_unit_test(the_hosts_own_sigpipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
