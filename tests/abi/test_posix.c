/* test_posix.c: agentkernel_posix.h: waiting for detached commands, and files of this machine on their way in and out.
 */
#include "kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentkernel_posix.h>

#define COMMAND(status, exit_code)                                                                                     \
    "{\"success\":true,\"data\":{\"id\":\"1\",\"sandbox\":\"box\",\"command\":[\"x\"],\"pid\":2,\"status\":\"" status  \
    "\",\"exit_code\":" exit_code ",\"started_at\":\"now\"}}"

static size_t requests(fault_server *server) {
    size_t count = 0;
    while (fault_request_at(server, count)) {
        count++;
    }
    return count;
}

/* --- Waiting --- */

static void it_looks_until_the_command_has_ended(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, 4);
    fault_reply_json(script, 200, COMMAND("running", "null"));
    fault_on_request(script);
    fault_reply_json(script, 200, COMMAND("failed", "7"));
    fault_server *server = fault_start(script);
    ak_client *client = kit_client(server, "");
    ak_detached ended = {0};
    assert_int_equal(ak_detached_wait(client, "box", "1", KIT_WAIT_MS, &ended, NULL), AK_OK);
    assert_string_equal(ended.status, "failed");
    assert_int_equal(ended.exit_code, 7);
    assert_int_equal(requests(server), 5);
    ak_detached_free(&ended);
    ak_client_free(client);
    fault_stop(server);
}

static void it_does_not_look_all_the_time(void **state) {
    (void)state;
    fault_server *server = kit_server(200, COMMAND("running", "null"));
    ak_client *client = kit_client(server, "");
    ak_error *err = ak_error_new();
    ak_detached ended = {0};
    assert_int_equal(ak_detached_wait(client, "box", "1", 600, &ended, err), AK_E_TIMEOUT);
    assert_int_equal(ak_error_code(err), AK_E_TIMEOUT);
    assert_null(ended.status);
    assert_within(requests(server), 1,
                  10); /* after 0, 10, 30, 70, 150, 310 ms, and at the end; a slow machine: fewer */
    assert_int_equal(ak_detached_wait(client, "box", "1", 0, NULL, err), AK_E_TIMEOUT);
    ak_error_free(err);
    ak_client_free(client);
    fault_stop(server);
}

static void a_server_that_hangs_does_not_hold_it(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_times(script, FAULT_ALWAYS);
    fault_wait_close(script);
    fault_server *server = fault_start(script);
    ak_client *client = kit_client(server, "");
    const int64_t start = ak_posix_now_ms();
    assert_int_equal(ak_detached_wait(client, "box", "1", 100, NULL, NULL), AK_E_TIMEOUT);
    assert_true(ak_posix_now_ms() - start < KIT_WAIT_MS);
    ak_client_free(client);
    fault_stop(server);
}

static void one_that_nobody_knows_is_an_error(void **state) {
    (void)state;
    fault_server *server = kit_server(404, "{\"success\":false,\"error\":\"Detached command '1' not found\"}");
    ak_client *client = kit_client(server, "");
    assert_int_equal(ak_detached_wait(client, "box", "1", AK_TIMEOUT_NONE, NULL, NULL), AK_E_NOT_FOUND);
    assert_int_equal(requests(server), 1);
    ak_client_free(client);
    fault_stop(server);
}

/* --- Files --- */

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/ak-posix-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    (void)unlink("file");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1; /* nothing else was left in it */
}

static void put(const char *name, const char *text) {
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void assert_holds(const char *name, const char *text) {
    char found[64] = "";
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    const size_t len = fread(found, 1, sizeof found - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(len, strlen(text));
    assert_string_equal(found, text);
}

static void a_file_goes_in(void **state) {
    (void)state;
    fault_server *server = kit_server(200, "{\"success\":true,\"data\":\"Wrote 5 bytes to /a\"}");
    ak_client *client = kit_client(server, "");
    ak_transfer *transfer = NULL;
    put("file", "hello");
    assert_int_equal(ak_upload_begin(client, "box", "file", "/a", NULL, &transfer, NULL), AK_OK);
    assert_int_equal(ak_transfer_next(transfer, NULL), AK_ITEM);
    assert_int_equal(transfer->done, 5);
    assert_int_equal(ak_transfer_next(transfer, NULL), AK_DONE);
    ak_transfer_free(transfer);
    assert_true(fault_body_is(fault_request_at(server, 0), "{\"encoding\":\"base64\",\"content\":\"aGVsbG8=\"}"));
    put("file", "");
    assert_int_equal(ak_upload(client, "box", "file", "/a", NULL, NULL), AK_OK);
    assert_true(fault_body_is(fault_request_at(server, 1), "{\"encoding\":\"base64\",\"content\":\"\"}"));
    errno = 0;
    assert_int_equal(ak_upload(client, "box", "missing", "/a", NULL, NULL), AK_E_FILE);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(ak_upload(client, "box", ".", "/a", NULL, NULL), AK_E_FILE);
    assert_int_equal(errno, EISDIR);
    /* More than a request holds is refused before anything is sent. */
    assert_int_equal(truncate("file", 12582886), 0);
    assert_int_equal(ak_upload(client, "box", "file", "/a", NULL, NULL), AK_E_TOO_LARGE);
    assert_int_equal(requests(server), 2);
    ak_client_free(client);
    fault_stop(server);
}

static void a_file_comes_out(void **state) {
    (void)state;
    fault_server *server =
        kit_server(200, "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"hello\",\"size\":5}}");
    ak_client *client = kit_client(server, "");
    ak_transfer *transfer = NULL;
    struct stat status;
    put("file", "before");
    assert_int_equal(chmod("file", 0640), 0);
    assert_int_equal(ak_download_begin(client, "box", "/a", "file", NULL, &transfer, NULL), AK_OK);
    assert_int_equal(ak_transfer_next(transfer, NULL), AK_ITEM);
    assert_int_equal(transfer->done, 5);
    assert_holds("file", "before");
    assert_int_equal(ak_transfer_next(transfer, NULL), AK_DONE);
    ak_transfer_free(transfer);
    assert_holds("file", "hello");
    assert_int_equal(stat("file", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    /* One that is given up is as if it had never begun. */
    assert_int_equal(ak_download_begin(client, "box", "/a", "file", NULL, &transfer, NULL), AK_OK);
    ak_transfer_free(transfer);
    errno = 0;
    assert_int_equal(ak_download(client, "box", "/a", "missing/file", NULL, NULL), AK_E_FILE);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(ak_download(client, "box", "/a", "folder", NULL, NULL), AK_E_FILE);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(rmdir("folder"), 0);
    /* A link stays one; a device is no file to be replaced. */
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(ak_download(client, "box", "/a", "link", NULL, NULL), AK_OK);
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(unlink("link"), 0);
    assert_int_equal(symlink("/dev/null", "link"), 0);
    assert_int_equal(ak_download(client, "box", "/a", "link", NULL, NULL), AK_E_FILE);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(unlink("link"), 0);
    ak_client_free(client);
    fault_stop(server);
}

static void half_a_file_is_none(void **state) {
    (void)state;
    fault_script *script = fault_script_new();
    fault_on_request(script);
    fault_text(script, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
                       "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"hell");
    fault_cut(script);
    fault_server *server = fault_start(script);
    ak_client *client = kit_client(server, "");
    put("file", "before");
    assert_true(ak_download(client, "box", "/a", "file", NULL, NULL) < 0);
    assert_holds("file", "before");
    ak_client_free(client);
    fault_stop(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_looks_until_the_command_has_ended),
        cmocka_unit_test(it_does_not_look_all_the_time),
        cmocka_unit_test(a_server_that_hangs_does_not_hold_it),
        cmocka_unit_test(one_that_nobody_knows_is_an_error),
        cmocka_unit_test_setup_teardown(a_file_goes_in, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_comes_out, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(half_a_file_is_none, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
