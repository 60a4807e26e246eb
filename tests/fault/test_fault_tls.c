/* test_fault_tls.c: the fault server over TLS, seen by an OpenSSL client that verifies. */
#include "test_client.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef struct {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
} tls_client;

/* Begins a session on a connected socket: trusts only the server's authority and wants that name or address. */
static void prepare(tls_client *client, const fault_server *server, int fd, const char *name) {
    struct timeval bound = {.tv_sec = CLIENT_WAIT_MS / 1000};
    client->fd = fd;
    assert_true(fcntl(fd, F_SETFL, 0) == 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound), 0);
    client->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(client->context);
    assert_int_equal(SSL_CTX_load_verify_locations(client->context, fault_tls_path(server, FAULT_CA_FILE), NULL), 1);
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    client->ssl = SSL_new(client->context);
    assert_non_null(client->ssl);
    X509_VERIFY_PARAM *wanted = SSL_get0_param(client->ssl);
    assert_true(X509_VERIFY_PARAM_set1_ip_asc(wanted, name) == 1 || X509_VERIFY_PARAM_set1_host(wanted, name, 0) == 1);
    assert_int_equal(SSL_set_fd(client->ssl, fd), 1);
    ERR_clear_error();
}

static void leave(tls_client *client) {
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->fd);
    ERR_clear_error();
}

static void join_server(tls_client *client, const fault_server *server) {
    prepare(client, server, client_connect(server), "localhost");
    assert_int_equal(SSL_connect(client->ssl), 1);
}

static void write_text(const tls_client *client, const char *text) {
    assert_int_equal(SSL_write(client->ssl, text, (int)strlen(text)), strlen(text));
}

/* Reads to the end, compares, and returns how the stream ended: SSL_ERROR_ZERO_RETURN for close_notify. */
static int expect_all(const tls_client *client, const char *text) {
    char got[4096];
    size_t len = 0;
    int n;
    ERR_clear_error();
    while ((n = SSL_read(client->ssl, got + len, (int)(sizeof got - len))) > 0) {
        len += (size_t)n;
        assert_true(len < sizeof got);
    }
    int end = SSL_get_error(client->ssl, n);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(got, text, len);
    return end;
}

static fault_script *tls_script(const fault_tls_options *options) {
    fault_script *script = fault_script_new();
    fault_tls_on(script, options);
    fault_on_request(script);
    fault_text(script, OK_REPLY);
    return script;
}

static void answers_over_tls(void **state) {
    (void)state;
    static const char *const NAMES[] = {"localhost", "127.0.0.1", "::1"};
    fault_script *script = tls_script(NULL);
    fault_times(script, FAULT_ALWAYS);
    fault_close(script);
    fault_server *server = client_server(script);
    assert_true(strncmp(fault_url(server), "https://127.0.0.1:", 18) == 0);
    for (size_t i = 0; i < 3; i++) {
        tls_client client;
        prepare(&client, server, client_connect(server), NAMES[i]);
        assert_int_equal(SSL_connect(client.ssl), 1);
        write_text(&client, "POST /t HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        assert_int_equal(expect_all(&client, OK_REPLY), SSL_ERROR_ZERO_RETURN);
        assert_false(SSL_SESSION_is_resumable(SSL_get_session(client.ssl))); /* no tickets were sent */
        leave(&client);
    }
    const fault_request *request = fault_request_at(server, 0);
    assert_non_null(request);
    assert_string_equal(request->target, "/t");
    assert_true(fault_body_is(request, "abc"));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_true(connection.handshaken);
    fault_stop(server);
}

static void tells_its_ends_apart(void **state) {
    (void)state;
    fault_script *script = tls_script(NULL);
    fault_close(script);
    fault_on_request(script);
    fault_text(script, OK_REPLY);
    fault_cut(script);
    fault_on_request(script);
    fault_text(script, OK_REPLY);
    fault_reset(script);
    fault_server *server = client_server(script);
    tls_client client;
    join_server(&client, server);
    write_text(&client, GET);
    assert_int_equal(expect_all(&client, OK_REPLY), SSL_ERROR_ZERO_RETURN);
    leave(&client);
    join_server(&client, server);
    write_text(&client, GET);
    assert_int_equal(expect_all(&client, OK_REPLY), SSL_ERROR_SSL);
    leave(&client);
    join_server(&client, server);
    write_text(&client, GET);
    errno = 0;
    assert_int_equal(expect_all(&client, OK_REPLY), SSL_ERROR_SYSCALL);
    assert_int_equal(errno, ECONNRESET);
    leave(&client);
    fault_stop(server);
}

static void a_client_may_leave_without_a_word(void **state) {
    (void)state;
    fault_server *server = client_server(tls_script(NULL));
    tls_client client;
    char got[sizeof OK_REPLY];
    join_server(&client, server);
    write_text(&client, GET);
    assert_int_equal(SSL_read(client.ssl, got, sizeof got), strlen(OK_REPLY));
    leave(&client); /* FIN without close_notify */
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_int_equal(connection.client_end, FAULT_CLIENT_FIN);
    assert_string_equal(connection.error, "");
    fault_stop(server);
}

static void streams_much_both_ways(void **state) {
    (void)state;
    enum { SIZE = 4 << 20 };
    fault_script *script = fault_script_new();
    fault_tls_on(script, NULL);
    fault_on_request(script);
    fault_repeat(script, "0123456789abcdef", 16, SIZE / 16);
    fault_close(script);
    fault_server *server = client_server(script);
    tls_client client;
    join_server(&client, server);
    char *block = calloc(1, SIZE);
    assert_non_null(block);
    write_text(&client, "POST / HTTP/1.1\r\nContent-Length: 4194304\r\n\r\n");
    assert_int_equal(SSL_write(client.ssl, block, SIZE), SIZE);
    size_t total = 0;
    int n;
    while ((n = SSL_read(client.ssl, block, SIZE)) > 0) {
        assert_int_equal(block[0], "0123456789abcdef"[total % 16]);
        total += (size_t)n;
    }
    assert_int_equal(SSL_get_error(client.ssl, n), SSL_ERROR_ZERO_RETURN);
    assert_int_equal(total, SIZE);
    assert_int_equal(fault_request_at(server, 0)->body_total, SIZE);
    free(block);
    leave(&client);
    fault_stop(server);
}

/* ---- Certificates that do not fit ---- */

/* Fails to verify, and returns why. */
static long refused_certificate(const fault_tls_options *options, const char *name) {
    fault_server *server = client_server(tls_script(options));
    tls_client client;
    prepare(&client, server, client_connect(server), name);
    assert_true(SSL_connect(client.ssl) < 1);
    long why = SSL_get_verify_result(client.ssl);
    leave(&client);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_false(connection.handshaken);
    assert_non_null(strstr(connection.error, "TLS"));
    fault_stop(server);
    return why;
}

static void has_certificates_that_do_not_fit(void **state) {
    (void)state;
    const fault_tls_options expired = {.expired = true};
    const fault_tls_options other = {.name = "other.example"};
    const fault_tls_options address = {.name = "192.0.2.1"};
    assert_int_equal(refused_certificate(&expired, "localhost"), X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(refused_certificate(&other, "localhost"), X509_V_ERR_HOSTNAME_MISMATCH);
    assert_int_equal(refused_certificate(&address, "127.0.0.1"), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

static void an_authority_belongs_to_one_server(void **state) {
    (void)state;
    fault_server *server = client_server(tls_script(NULL));
    fault_server *other = client_server(tls_script(NULL));
    tls_client client;
    prepare(&client, other, client_connect(server), "localhost");
    assert_true(SSL_connect(client.ssl) < 1);
    assert_int_not_equal(SSL_get_verify_result(client.ssl), X509_V_OK);
    leave(&client);
    fault_stop(server);
    fault_stop(other);
}

static void asks_for_a_client_certificate(void **state) {
    (void)state;
    const fault_tls_options options = {.client_certificate = true};
    fault_script *script = tls_script(&options);
    fault_close(script);
    fault_server *server = client_server(script);
    tls_client client;
    prepare(&client, server, client_connect(server), "localhost");
    if (SSL_connect(client.ssl) == 1) { /* a TLS 1.3 client learns only afterwards */
        assert_int_equal(expect_all(&client, ""), SSL_ERROR_SSL);
    }
    leave(&client);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_false(connection.handshaken);
    prepare(&client, server, client_connect(server), "localhost");
    assert_int_equal(
        SSL_use_certificate_file(client.ssl, fault_tls_path(server, FAULT_CLIENT_CERTIFICATE_FILE), SSL_FILETYPE_PEM),
        1);
    assert_int_equal(
        SSL_use_PrivateKey_file(client.ssl, fault_tls_path(server, FAULT_CLIENT_KEY_FILE), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_connect(client.ssl), 1);
    write_text(&client, GET);
    assert_int_equal(expect_all(&client, OK_REPLY), SSL_ERROR_ZERO_RETURN);
    leave(&client);
    fault_stop(server);
}

/* ---- Handshakes ---- */

static void fails_before_the_handshake(void **state) {
    (void)state;
    fault_script *script = tls_script(NULL);
    fault_on_accept(script);
    fault_text(script, "this is no TLS at all");
    fault_close(script);
    fault_on_accept(script);
    fault_wait_data(script);
    fault_reset(script);
    fault_server *server = client_server(script);
    tls_client client;
    prepare(&client, server, client_connect(server), "localhost");
    assert_true(SSL_connect(client.ssl) < 1);
    leave(&client);
    prepare(&client, server, client_connect(server), "localhost");
    int result = SSL_connect(client.ssl);
    assert_int_equal(SSL_get_error(client.ssl, result), SSL_ERROR_SYSCALL);
    leave(&client);
    fault_stop(server);
}

static void hangs_in_the_handshake(void **state) {
    (void)state;
    fault_script *script = tls_script(NULL);
    fault_on_accept(script);
    fault_wait_close(script);
    fault_server *server = client_server(script);
    int fd = client_connect(server);
    client_send(fd, "\x16\x03\x01", 3);
    client_expect_silence(fd, 100);
    close(fd);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fd = client_connect(server); /* and one that the server itself waits in */
    client_send(fd, "\x16\x03\x01", 3);
    client_expect_silence(fd, 100);
    fault_stop(server);
    close(fd);
}

static void shakes_hands_inside_a_tunnel(void **state) {
    (void)state;
    const fault_tls_options options = {.by_script = true};
    fault_script *script = fault_script_new();
    fault_tls_on(script, &options);
    fault_on_request(script);
    fault_only_method(script, "CONNECT");
    fault_text(script, "HTTP/1.1 200 Connected\r\n\r\n");
    fault_handshake(script);
    fault_on_request(script);
    fault_text(script, OK_REPLY);
    fault_close(script);
    fault_server *server = client_server(script);
    tls_client client;
    int fd = client_connect(server);
    client_text(fd, "CONNECT far.example:443 HTTP/1.1\r\n\r\n");
    client_expect(fd, "HTTP/1.1 200 Connected\r\n\r\n");
    prepare(&client, server, fd, "localhost");
    assert_int_equal(SSL_connect(client.ssl), 1);
    write_text(&client, GET);
    assert_int_equal(expect_all(&client, OK_REPLY), SSL_ERROR_ZERO_RETURN);
    leave(&client);
    assert_string_equal(fault_request_at(server, 0)->target, "far.example:443");
    assert_string_equal(fault_request_at(server, 1)->target, "/");
    fault_stop(server);
}

static void speaks_after_the_handshake_before_it_is_asked(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_tls_on(script, NULL);
    fault_on_accept(script);
    fault_handshake(script);
    fault_text(script, "early");
    fault_cut(script);
    fault_server *server = client_server(script);
    tls_client client;
    join_server(&client, server);
    assert_int_equal(expect_all(&client, "early"), SSL_ERROR_SSL);
    leave(&client);
    fault_stop(server);
}

/* ---- Manners ---- */

static volatile sig_atomic_t signals_seen;

static void count_signal(int number) {
    (void)number;
    signals_seen++;
}

static void raises_no_sigpipe(void **state) {
    (void)state;
    struct sigaction counting = {.sa_handler = count_signal};
    struct sigaction before;
    assert_int_equal(sigaction(SIGPIPE, &counting, &before), 0);
    fault_script *script = fault_script_new();
    fault_tls_on(script, NULL);
    fault_on_request(script);
    fault_text(script, "x");
    fault_wait_close(script);
    fault_text(script, "the client resets");
    fault_text(script, "and this write meets the reset");
    fault_server *server = client_server(script);
    tls_client client;
    char one;
    join_server(&client, server);
    write_text(&client, GET);
    assert_int_equal(SSL_read(client.ssl, &one, 1), 1);
    leave(&client);
    assert_true(fault_await(server, FAULT_ENDED, 1, CLIENT_WAIT_MS));
    fault_connection connection;
    assert_true(fault_connection_at(server, 0, &connection));
    assert_string_equal(connection.error, "Broken pipe");
    assert_int_equal(signals_seen, 0);
    fault_stop(server);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

static void removes_its_files(void **state) {
    (void)state;
    char path[256];
    fault_server *server = client_server(tls_script(NULL));
    snprintf(path, sizeof path, "%s", fault_tls_path(server, FAULT_CLIENT_KEY_FILE));
    assert_int_equal(access(path, R_OK), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(access(path, R_OK), 0);
    fault_stop(server);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_over_tls),
        cmocka_unit_test(tells_its_ends_apart),
        cmocka_unit_test(a_client_may_leave_without_a_word),
        cmocka_unit_test(streams_much_both_ways),
        cmocka_unit_test(has_certificates_that_do_not_fit),
        cmocka_unit_test(an_authority_belongs_to_one_server),
        cmocka_unit_test(asks_for_a_client_certificate),
        cmocka_unit_test(fails_before_the_handshake),
        cmocka_unit_test(hangs_in_the_handshake),
        cmocka_unit_test(shakes_hands_inside_a_tunnel),
        cmocka_unit_test(speaks_after_the_handshake_before_it_is_asked),
        cmocka_unit_test(raises_no_sigpipe),
        cmocka_unit_test(removes_its_files),
    };
    /* The client's own writes may meet a closed connection. */
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
