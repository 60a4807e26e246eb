/*
 * Proxies, named by setting and by environment: who gets one, and who must not. The look-up of names is this program's
 * own: every name is this machine, but for those that begin with "missing".
 */
#include "host.h"
#include "loopback.h"

#include <netdb.h>
#include <netinet/in.h>

#define KEY "s3cret-key-that-must-not-show"
#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **result) {
    if (strncmp(node, "missing", 7) == 0) {
        return EAI_NONAME;
    }
    return loopback_address(service, hints, result);
}

static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

typedef struct {
    fault_server *server, *proxy, *other; /* two proxies, which answer everything themselves */
    char url[64];                         /* the server's, by a name that is not loopback's */
} net;

static fault_server *start_ok(void) {
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static int set_up(void **state) {
    static net all;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        unsetenv(variables[i]);
    }
    all = (net){.server = start_ok(), .proxy = start_ok(), .other = start_ok()};
    snprintf(all.url, sizeof all.url, "http://sandbox.example:%u", fault_port(all.server));
    *state = &all;
    return 0;
}

static int tear_down(void **state) {
    const net *all = *state;
    fault_stop(all->server);
    fault_stop(all->proxy);
    fault_stop(all->other);
    return 0;
}

static ak_client *keyed_client(const char *url) {
    ak_client *client = host_client(url);
    host_set_text(client, AK_CLIENT_API_KEY, KEY);
    return client;
}

/* One call; whom did it reach? */
static void check_reaches(const net *all, ak_client *client, fault_server *expected) {
    fault_server *const servers[] = {all->server, all->proxy, all->other};
    uint64_t before[3];
    for (size_t i = 0; i < 3; i++) {
        before[i] = fault_count(servers[i], FAULT_CONNECTIONS);
    }
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(fault_count(servers[i], FAULT_CONNECTIONS) - before[i], servers[i] == expected ? 1 : 0);
    }
    ak_client_free(client);
}

static void the_environments_proxy(void **state) {
    const net *all = *state;
    check_reaches(all, keyed_client(all->url), all->server);
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < 3; i++) {
        setenv(names[i], fault_url(all->proxy), 1);
        check_reaches(all, keyed_client(all->url), all->proxy);
        unsetenv(names[i]);
    }
    char target[96];
    snprintf(target, sizeof target, "%s/health", all->url);
    assert_string_equal(fault_request_at(all->proxy, 0)->target, target);
}

/* A proxy cannot reach this machine's loopback anyway, and would be shown the key. */
static void none_for_loopback(void **state) {
    const net *all = *state;
    static const char *const hosts[] = {"127.0.0.1",          "127.1",      "127.7.7.7",   "localhost",
                                        "LocalHost",          "localhost.", "a.localhost", "[::1]",
                                        "[::ffff:127.0.0.1]", "0.0.0.0",    "[::]"};
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < 5; i++) {
        setenv(names[i], fault_url(all->proxy), 1);
    }
    uint64_t reached = 0;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        for (int tls = 0; tls < 2; tls++) {
            char url[96];
            snprintf(url, sizeof url, "http%s://%s:%u", tls ? "s" : "", hosts[i], tls ? 1 : fault_port(all->server));
            ak_client *client = keyed_client(url);
            /* Nobody speaks TLS there, and not all of these addresses need to lead to the server. */
            reached += host_run(client, AK_OP_HEALTH, NULL) == AK_DONE;
            ak_client_free(client);
            if (fault_count(all->proxy, FAULT_CONNECTIONS) > 0) {
                fail_msg("%s went to the proxy", url);
            }
        }
    }
    assert_true(reached >= 4);
}

/* Names that only look like loopback's. */
static void one_for_others(void **state) {
    const net *all = *state;
    static const char *const hosts[] = {"localhost.example", "notlocalhost", "127.0.0.1.example", "10.0.0.1",
                                        "128.0.0.1",         "[fe80::1]",    "[::ffff:10.0.0.1]", "[::2]"};
    setenv("http_proxy", fault_url(all->proxy), 1);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char url[96];
        snprintf(url, sizeof url, "http://%s:1", hosts[i]);
        check_reaches(all, keyed_client(url), all->proxy);
    }
}

static void a_unix_socket_has_none(void **state) {
    const net *all = *state;
    setenv("http_proxy", fault_url(all->proxy), 1);
    setenv("all_proxy", fault_url(all->proxy), 1);
    ak_client *client = keyed_client("unix:///nowhere/ak.sock");
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_E_CONNECT);
    ak_client_free(client);
    assert_int_equal(fault_count(all->proxy, FAULT_CONNECTIONS), 0);
}

static void no_proxy(void **state) {
    const net *all = *state;
    static const char *const names[] = {"no_proxy", "NO_PROXY"};
    setenv("http_proxy", fault_url(all->proxy), 1);
    for (size_t i = 0; i < 2; i++) {
        setenv(names[i], "other.example,sandbox.example", 1);
        check_reaches(all, keyed_client(all->url), all->server);
        setenv(names[i], "other.example", 1);
        check_reaches(all, keyed_client(all->url), all->proxy);
        unsetenv(names[i]);
    }
    ak_client *client = keyed_client(all->url);
    host_set_text(client, AK_CLIENT_NO_PROXY, ".example");
    check_reaches(all, client, all->server);
    setenv("NO_PROXY", "sandbox.example", 1);
    client = keyed_client(all->url); /* the setting wins */
    host_set_text(client, AK_CLIENT_NO_PROXY, "other.example");
    check_reaches(all, client, all->proxy);
}

static void a_set_proxy_wins(void **state) {
    const net *all = *state;
    setenv("http_proxy", fault_url(all->proxy), 1);
    setenv("all_proxy", fault_url(all->proxy), 1);
    ak_client *client = keyed_client(all->url);
    host_set_text(client, AK_CLIENT_PROXY, fault_url(all->other));
    check_reaches(all, client, all->other);
    client = keyed_client(fault_url(all->server)); /* asked for, so used for loopback, too */
    host_set_text(client, AK_CLIENT_PROXY, fault_url(all->other));
    check_reaches(all, client, all->other);
}

static void proxies_that_fail(void **state) {
    const net *all = *state;
    ak_error *err = ak_error_new();
    ak_client *client = keyed_client(all->url);
    host_set_text(client, AK_CLIENT_PROXY, "http://missing.example:1");
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_RESOLVE);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    assert_true(host_error_has(err, AK_ERROR_MESSAGE, "missing.example"));
    ak_client_free(client);
    fault_script *script = fault_script_new();
    fault_listen_refuse(script);
    fault_server *nobody = fault_start(script);
    assert_non_null(nobody);
    client = keyed_client(all->url);
    host_set_text(client, AK_CLIENT_PROXY, fault_url(nobody));
    assert_int_equal(host_run(client, AK_OP_RUN, err), AK_E_CONNECT);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    ak_client_free(client);
    fault_stop(nobody);
    ak_error_free(err);
}

/* Over TLS the proxy is asked for a tunnel, and sees nothing of what goes through it. */
static void a_tunnel(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_tls_on(script, &(fault_tls_options){.by_script = true, .name = "sandbox.example"});
    fault_on_request(script);
    fault_only_method(script, "CONNECT");
    fault_times(script, FAULT_ALWAYS);
    fault_text(script, "HTTP/1.1 200 Connection established\r\n\r\n");
    fault_handshake(script);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, OK_REPLY);
    fault_server *tunnel = fault_start(script);
    assert_non_null(tunnel);
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", fault_port(tunnel));
    setenv("https_proxy", proxy, 1);
    ak_client *client = keyed_client("https://sandbox.example:7777");
    host_set_text(client, AK_CLIENT_CA_FILE, fault_tls_path(tunnel, FAULT_CA_FILE));
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    const fault_request *connect = fault_request_at(tunnel, 0), *health = fault_request_at(tunnel, 1);
    assert_non_null(health);
    assert_string_equal(connect->method, "CONNECT");
    assert_string_equal(connect->target, "sandbox.example:7777");
    assert_null(memmem(connect->raw, connect->raw_len, KEY, strlen(KEY)));
    assert_string_equal(health->target, "/health");
    assert_true(fault_header_is(health, "Authorization", "Bearer " KEY));
    ak_client_free(client);
    fault_stop(tunnel);
}

/* A proxy's refusal is no answer of the server's. */
static void a_refused_tunnel(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_reply(script, 407, NULL, "", 0, FAULT_LENGTH);
    fault_server *proxy = fault_start(script);
    assert_non_null(proxy);
    ak_error *err = ak_error_new();
    ak_client *client = keyed_client("https://sandbox.example:7777");
    host_set_text(client, AK_CLIENT_PROXY, fault_url(proxy));
    ak_status status = host_run(client, AK_OP_RUN, err);
    assert_true(status < 0 && status != AK_E_UNAUTHORIZED);
    assert_int_equal(host_error_int(err, AK_ERROR_SENT), AK_SENT_NOTHING);
    assert_int_equal(host_error_int(err, AK_ERROR_HTTP_STATUS), INT64_MIN);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(proxy);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_environments_proxy), T(none_for_loopback), T(one_for_others),   T(a_unix_socket_has_none), T(no_proxy),
        T(a_set_proxy_wins),       T(a_tunnel),          T(a_refused_tunnel), T(proxies_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
