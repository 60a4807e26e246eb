/*
 * A libcurl without certificates of its own, as in packages that carry one: what the client trusts then, and says.
 */
#include "host.h"

#include <unistd.h>

#include <curl/curl.h>

#include "client.h"

static bool finds_none;

/* The linker's names for the wrapped functions. */
curl_version_info_data *__real_curl_version_info(CURLversion version);
curl_version_info_data *__wrap_curl_version_info(CURLversion version);
ak_status __real_ak_trust_choose(ak_trust *trust, const char *root, ak_error *err);
ak_status __wrap_ak_trust_choose(ak_trust *trust, const char *root, ak_error *err);

curl_version_info_data *__wrap_curl_version_info(CURLversion version) {
    static curl_version_info_data info;
    info = *__real_curl_version_info(version);
    info.cainfo = info.capath = NULL;
    return &info;
}

/* A system on which there are none. */
ak_status __wrap_ak_trust_choose(ak_trust *trust, const char *root, ak_error *err) {
    return __real_ak_trust_choose(trust, finds_none ? "/no/such/folder" : root, err);
}

static fault_server *start_ok(void) {
    fault_script *script = fault_script_new();
    fault_tls_on(script, NULL);
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_reply_json(script, 200, "{\"success\":true,\"data\":\"ok\"}");
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

static void refused(ak_client *client, const char *part) {
    ak_error *err = ak_error_new();
    assert_int_equal(host_run(client, AK_OP_HEALTH, err), AK_E_TLS);
    if (!host_error_has(err, AK_ERROR_MESSAGE, part)) {
        char message[512] = "";
        size_t len = 0;
        ak_error_text(err, AK_ERROR_MESSAGE, message, sizeof message - 1, &len);
        fail_msg("\"%s\" lacks \"%s\"", message, part);
    }
    ak_error_free(err);
    ak_client_free(client);
}

static void accepted(ak_client *client) {
    assert_int_equal(host_run(client, AK_OP_HEALTH, NULL), AK_DONE);
    ak_client_free(client);
}

static void by_the_environment(void **state) {
    (void)state;
    char part[256];
    fault_server *server = start_ok(), *other = start_ok();
    const char *ca = fault_tls_path(server, FAULT_CA_FILE), *wrong = fault_tls_path(other, FAULT_CA_FILE);
    setenv("SSL_CERT_FILE", ca, 1);
    accepted(host_client(fault_url(server)));
    setenv("SSL_CERT_FILE", wrong, 1);
    snprintf(part, sizeof part, "(trusting %s)", wrong);
    refused(host_client(fault_url(server)), part);
    setenv("SSL_CERT_DIR", "/no/such/folder", 1);
    snprintf(part, sizeof part, "(trusting %s and /no/such/folder)", wrong);
    refused(host_client(fault_url(server)), part);
    ak_client *client = host_client(fault_url(server)); /* a setting wins, and stands alone */
    host_set_text(client, AK_CLIENT_CA_FILE, ca);
    accepted(client);
    setenv("SSL_CERT_FILE", ca, 1);
    client = host_client(fault_url(server));
    host_set_text(client, AK_CLIENT_CA_FILE, wrong);
    snprintf(part, sizeof part, "(trusting %s)", wrong);
    refused(client, part);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    fault_stop(other);
    fault_stop(server);
}

/* Whichever it is here. */
static void by_the_system(void **state) {
    (void)state;
    char part[256];
    ak_trust trust;
    assert_int_equal(__real_ak_trust_choose(&trust, "", NULL), AK_OK);
    fault_server *server = start_ok();
    if (trust.file || trust.dir) {
        snprintf(part, sizeof part, "(trusting %s)", trust.file ? trust.file : trust.dir);
        refused(host_client(fault_url(server)), part);
    }
    finds_none = true;
    refused(host_client(fault_url(server)), "install its package ca-certificates, or set ca_file");
    finds_none = false;
    ak_trust_free(&trust);
    fault_stop(server);
}

int main(void) {
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_the_environment), cmocka_unit_test(by_the_system)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
