/*
 * No write of the library's raises a signal in the host, whatever the host is limited to. Each case runs in a process
 * of its own, which a signal would end. SIGPIPE has its tests in test_tls.c.
 */
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <agentkernel_posix.h>

#define OK_REPLY "{\"success\":true,\"data\":\"ok\"}"
#define FILE_REPLY "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"hello\",\"size\":5}}"

static char folder[] = "/tmp/ak-test-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    unlink("keys");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1; /* nothing else was left in it */
}

/* With files that cannot grow beyond that many bytes: does it end well? */
static void check(bool (*scenario)(const fault_server *), const fault_server *server, rlim_t bytes) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit limit = {bytes, bytes};
        signal(SIGXFSZ, SIG_DFL);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 && scenario(server) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        fail_msg("ended by %s", strsignal(WTERMSIG(status)));
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static fault_server *start(const char *reply, bool tls) {
    fault_script *script = fault_script_new();
    if (tls) {
        fault_tls_on(script, NULL);
    }
    fault_on_request(script);
    fault_reply_json(script, 200, reply);
    fault_server *server = fault_start(script);
    assert_non_null(server);
    return server;
}

/* ---- the keys of TLS, which this variable asks libcurl to write down --------------------------------------------- */

static bool with_tls(const fault_server *server) {
    setenv("SSLKEYLOGFILE", "keys", 1);
    ak_client *client = host_client(fault_url(server));
    host_set_text(client, AK_CLIENT_CA_FILE, fault_tls_path(server, FAULT_CA_FILE));
    ak_status status = host_run(client, AK_OP_HEALTH, NULL);
    ak_client_free(client);
    return status == AK_DONE;
}

/* By setting or by environment. Nobody trusts it, but by then it has been written to. */
static bool with_a_proxy(const fault_server *server) {
    setenv("SSLKEYLOGFILE", "keys", 1);
    for (int environment = 0; environment < 2; environment++) {
        ak_client *client = host_client("http://192.0.2.1");
        if (environment) {
            setenv("http_proxy", fault_url(server), 1);
        } else {
            host_set_text(client, AK_CLIENT_PROXY, fault_url(server));
        }
        if (host_run(client, AK_OP_HEALTH, NULL) >= 0) {
            return false;
        }
        ak_client_free(client);
    }
    return true;
}

static void keys_of_tls(void **state) {
    (void)state;
    fault_server *server = start(OK_REPLY, true);
    check(with_tls, server, 0);
    check(with_a_proxy, server, 0);
    fault_stop(server);
}

/* ---- files of the host's ----------------------------------------------------------------------------------------- */

static bool download(const fault_server *server) {
    ak_client *client = host_client(fault_url(server));
    errno = 0;
    ak_status status = ak_download(client, "t1", "/a", "file", NULL, NULL);
    bool ok = status == AK_E_FILE && errno == EFBIG;
    ak_client_free(client);
    return ok;
}

static void a_download(void **state) {
    (void)state;
    for (rlim_t bytes = 0; bytes < 5; bytes++) {
        fault_server *server = start(FILE_REPLY, false);
        check(download, server, bytes);
        fault_stop(server);
    }
}

/* ---- a server of the host's own ---------------------------------------------------------------------------------- */

static bool our_own(const fault_server *server) {
    (void)server;
    ak_error *err = ak_error_new();
    ak_client *client = host_client("local:");
    ak_status status = host_run(client, AK_OP_HEALTH, err);
    bool ok = status == AK_E_CONNECT && host_error_has(err, AK_ERROR_MESSAGE, strerror(EFBIG));
    ak_error_free(err);
    ak_client_free(client);
    return ok;
}

static void a_server_of_our_own(void **state) {
    (void)state;
    if (getenv("AK_TEST_OTHER")) {
        skip();
    }
    setenv("AGENTKERNEL_LOCAL", "/bin/true", 1);
    check(our_own, NULL, 0);
    unsetenv("AGENTKERNEL_LOCAL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_tls),
        cmocka_unit_test(a_download),
        cmocka_unit_test(a_server_of_our_own),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
