/* test_fault_json.c: scripts written as JSON: what each step sends, and what is refused. */
#include "test_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static fault_server *server_of(const char *json) {
    fault_server *server = fault_start_json(json);
    assert_non_null(server);
    return server;
}

/* Asks once and compares all that comes; the script must close. */
static int answer_is(const char *steps, const char *text) {
    char json[2048];
    int len = snprintf(json, sizeof json, "{\"rules\":[{\"steps\":[%s]}]}", steps);
    assert_true(len > 0 && (size_t)len < sizeof json);
    fault_server *server = server_of(json);
    int fd = client_connect(server);
    client_text(fd, GET);
    int end = client_expect_all(fd, text);
    close(fd);
    fault_stop(server);
    return end;
}

static void sends_what_the_steps_say(void **state) {
    (void)state;
    static const struct {
        const char *steps;
        const char *text;
    } cases[] = {
        {"{\"text\":\"a\\r\\n\\u00e4\"}", "a\r\n\xc3\xa4"},
        {"{\"text\":\"a\\\\u0000b\"}", "a\\u0000b"},
        {"{\"bytes\":\"aGVsbG8=\"},{\"bytes\":\"\"},{\"bytes\":\"aGk0\"},{\"bytes\":\"aA==\"}", "hellohi4h"},
        {"{\"text\":\"abc\",\"chunked\":true},{\"last_chunk\":true}", "3\r\nabc\r\n0\r\n\r\n"},
        {"{\"text\":\"abcde\",\"piece\":2,\"pause_ms\":1}", "abcde"},
        {"{\"repeat_text\":\"ab\",\"count\":3}", "ababab"},
        {"{\"repeat_bytes\":\"YWI=\",\"count\":2,\"chunked\":true}", "2\r\nab\r\n2\r\nab\r\n"},
        {"{\"loop\":[{\"text\":\"a\"},{\"loop\":[{\"text\":\"b\"}],\"count\":2},{\"delay_ms\":1}],\"count\":2}",
         "abbabb"},
        {"{\"reply\":{}}", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"{\"reply\":{\"status\":404,\"json\":{\"a\":[1,2.5,null,\"\\n\"]}}}",
         "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n"
         "{\"a\":[1,2.5,null,\"\\n\"]}"},
        {"{\"reply\":{\"headers\":{\"X\":[\"1\",\"2\"],\"content-type\":\"a/"
         "b\"},\"text\":\"hi\",\"framing\":\"chunked\"}}",
         "HTTP/1.1 200 OK\r\nX: 1\r\nX: 2\r\ncontent-type: a/b\r\nTransfer-Encoding: "
         "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
        {"{\"reply\":{\"bytes\":\"aGk=\",\"framing\":\"close\"}}",
         "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\nhi"},
        {"{\"reply\":{\"headers\":{\"Content-Length\":\"99\"},\"text\":\"cut\"}}",
         "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nContent-Type: text/plain\r\n\r\ncut"},
        {"{\"sse\":{\"framing\":\"length\",\"events\":[{\"event\":\"done\",\"data\":{\"exit_code\":0}}]}}",
         "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 35\r\n\r\n"
         "event: done\ndata: {\"exit_code\":0}\n\n"},
        {"{\"sse\":{\"events\":[{\"comment\":\"c\"},{\"id\":\"1\",\"retry\":2,\"data\":\"a\\nb\"}]}}",
         "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\n: c\n\n\r\n20\r\nid: 1\nretry: 2\ndata: a\ndata: b\n\n\r\n0\r\n\r\n"},
        {"{\"sse\":{\"end\":false}},{\"delay_ms\":1},{\"event\":{\"data\":\"x\"}}",
         "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: "
         "x\n\n\r\n"},
        {"{\"sse\":{\"framing\":\"close\",\"status\":201}},{\"event\":{\"event\":\"e\"}}",
         "HTTP/1.1 201 Created\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: e\n\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char steps[1024];
        snprintf(steps, sizeof steps, "%s,{\"close\":true}", cases[i].steps);
        assert_int_equal(answer_is(steps, cases[i].text), 0);
    }
    assert_int_equal(answer_is("{\"text\":\"x\"},{\"reset\":true}", "x"), ECONNRESET);
    assert_int_equal(answer_is("{\"text\":\"x\"},{\"cut\":true}", "x"), 0);
}

static void follows_rules(void **state) {
    (void)state;
    fault_server *server = server_of(
        "{\"host\":\"127.0.0.1\",\"port\":0,\"listen\":\"accept\",\"receive_buffer\":65536,\"send_buffer\":65536,"
        "\"keep_body\":2,\"tls\":false,\"rules\":["
        "{\"on\":\"accept\",\"connection\":1,\"steps\":[{\"wait\":\"data\"},{\"text\":\"early \"}]},"
        "{\"method\":\"PUT\",\"read\":\"head\",\"steps\":[{\"read_bytes\":1},{\"text\":\"1 \"},{\"wait\":\"release\"},"
        "{\"read\":\"body\"},{\"text\":\"put\"},{\"wait\":\"close\"}]},"
        "{\"target\":\"/x\",\"connection\":1,\"request\":0,\"times\":\"always\",\"steps\":[{\"text\":\"x\"}]},"
        "{\"on\":\"request\",\"times\":2,\"read\":\"all\",\"steps\":[{\"text\":\"rest\"}]}]}");
    int first = client_connect(server);
    client_text(first, "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab");
    client_expect(first, "1 ");
    client_text(first, "c");
    client_expect_silence(first, 50);
    fault_release(server, 1);
    client_expect(first, "put");
    assert_true(fault_body_is(fault_request_at(server, 0), "ab"));
    assert_int_equal(fault_request_at(server, 0)->body_total, 3);
    int second = client_connect(server);
    client_text(second, "GET /x HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n" GET);
    client_expect(second, "early xrestrest");
    close(first);
    close(second);
    fault_stop(server);
}

static void listens_as_told(void **state) {
    (void)state;
    int fd;
    fault_server *server = server_of("{\"listen\":\"refuse\"}");
    assert_int_equal(client_try_connect(server, CLIENT_WAIT_MS, &fd), ECONNREFUSED);
    close(fd);
    fault_stop(server);
    server = server_of("{\"listen\":\"full\",\"open_after_ms\":100000}");
    assert_int_equal(client_try_connect(server, 300, &fd), -1);
    close(fd);
    fault_stop(server);
    server =
        server_of("{\"tls\":{\"client_certificate\":true,\"handshake\":\"script\",\"expired\":true,\"name\":\"a.b\"}}");
    assert_true(strncmp(fault_url(server), "https:", 6) == 0);
    fault_stop(server);
    char folder[] = "/tmp/ak-fault-test-XXXXXX";
    char json[128];
    assert_non_null(mkdtemp(folder));
    snprintf(json, sizeof json, "{\"unix\":\"%s/s\"}", folder);
    server = server_of(json);
    fd = client_connect(server);
    close(fd);
    fault_stop(server);
    assert_int_equal(rmdir(folder), 0);
}

/* What is refused, and a part of the reason. */
static const char *const STEPS[][2] = {
    {"1", "no known step"},
    {"{}", "no known step"},
    {"{\"txt\":\"a\"}", "no known step"},
    {"{\"text\":1}", "is a string"},
    {"{\"text\":\"a\",\"delay_ms\":1}", "unknown member \"delay_ms\""},
    {"{\"text\":\"a\",\"text\":\"b\"}", "stands twice"},
    {"{\"text\":\"a\",\"Text\":\"b\"}", "unknown member \"Text\""},
    {"{\"text\":\"a\\u0000b\"}", "u0000"},
    {"{\"text\":\"a\",\"chunked\":1}", "true or false"},
    {"{\"text\":\"\",\"chunked\":true}", "last chunk"},
    {"{\"text\":\"a\",\"piece\":0}", "at least 1"},
    {"{\"text\":\"a\",\"pause_ms\":5}", "needs \"piece\""},
    {"{\"bytes\":\"a\"}", "not base64"},
    {"{\"bytes\":\"ab=c\"}", "not base64"},
    {"{\"bytes\":\" aGk=\"}", "not base64"},
    {"{\"bytes\":\"a===\"}", "not base64"},
    {"{\"repeat_text\":\"a\"}", "needs a count"},
    {"{\"repeat_text\":\"\",\"count\":1}", "at least one byte"},
    {"{\"repeat_text\":\"a\",\"count\":\"often\"}", "\"always\""},
    {"{\"delay_ms\":-1}", "integer"},
    {"{\"delay_ms\":1.5}", "integer"},
    {"{\"delay_ms\":1e300}", "integer"},
    {"{\"delay_ms\":\"1\"}", "integer"},
    {"{\"close\":false}", "is true"},
    {"{\"close\":true},{\"text\":\"a\"}", "after the end"},
    {"{\"wait\":\"forever\"}", "cannot be \"forever\""},
    {"{\"wait\":1}", "is a string"},
    {"{\"read\":\"body\"}", "read before the steps"},
    {"{\"read\":\"head\"}", "cannot be \"head\""},
    {"{\"loop\":{}}", "array of steps"},
    {"{\"loop\":[{\"x\":1}]}", "no known step"},
    {"{\"loop\":[],\"count\":0}", "at least 1"},
    {"{\"reply\":[]}", "object is expected"},
    {"{\"reply\":{\"stats\":1}}", "unknown member \"stats\""},
    {"{\"reply\":{\"status\":99}}", "at least 100"},
    {"{\"reply\":{\"status\":1000}}", "three digits"},
    {"{\"reply\":{\"json\":1,\"text\":\"\"}}", "one of"},
    {"{\"reply\":{\"json\":9007199254740993}}", "too large"},
    {"{\"reply\":{\"headers\":[]}}", "is an object"},
    {"{\"reply\":{\"headers\":{\"A\":1}}}", "header \"A\""},
    {"{\"reply\":{\"headers\":{\"A\":[1]}}}", "header \"A\""},
    {"{\"reply\":{\"framing\":\"gzip\"}}", "cannot be \"gzip\""},
    {"{\"sse\":{\"events\":{}}}", "is an array"},
    {"{\"sse\":{\"events\":[{\"type\":\"x\"}]}}", "unknown member \"type\""},
    {"{\"sse\":{\"framing\":\"length\",\"end\":false}}", "known length"},
    {"{\"sse\":{\"framing\":\"length\",\"events\":[{\"retry\":-1}]}}", "integer"},
    {"{\"event\":{\"data\":[9007199254740993]}}", "too large"},
};

static const char *const SCRIPTS[][2] = {
    {"", "no JSON"},
    {"{} x", "no JSON"},
    {"[]", "object is expected"},
    {"{\"rule\":[]}", "unknown member \"rule\""},
    {"{\"rules\":{}}", "is an array"},
    {"{\"rules\":[{}]}", "rule 0: \"steps\""},
    {"{\"rules\":[{\"steps\":[]},{\"steps\":[],\"step\":1}]}", "rule 1: unknown member \"step\""},
    {"{\"rules\":[{\"steps\":[{\"close\":true},{\"x\":1}]}]}", "rule 0, step 1: "},
    {"{\"rules\":[{\"steps\":[],\"on\":\"close\"}]}", "cannot be \"close\""},
    {"{\"rules\":[{\"steps\":[],\"times\":0}]}", "at least 1"},
    {"{\"rules\":[{\"steps\":[],\"on\":\"accept\",\"request\":0}]}", "accepted connections"},
    {"{\"rules\":[{\"steps\":[],\"on\":\"accept\",\"target\":\"/\"}]}", "accepted connections"},
    {"{\"rules\":[{\"steps\":[],\"on\":\"accept\",\"read\":\"head\"}]}", "accepted connections"},
    {"{\"port\":65536}", "65535"},
    {"{\"unix\":\"/tmp/x\",\"port\":1}", "neither"},
    {"{\"open_after_ms\":1}", "needs \"listen\""},
    {"{\"send_buffer\":2147483648}", "2^31"},
    {"{\"tls\":1}", "object is expected"},
    {"{\"tls\":{\"cert\":1}}", "unknown member \"cert\""},
    {"{\"tls\":{\"handshake\":\"never\"}}", "cannot be \"never\""},
};

static void refuses_what_it_does_not_know(void **state) {
    (void)state;
    char json[1024];
    char why[256];
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        int len = snprintf(json, sizeof json, "{\"rules\":[{\"steps\":[%s]}]}", STEPS[i][0]);
        assert_null(fault_script_parse(json, (size_t)len, why, sizeof why));
        assert_non_null(strstr(why, STEPS[i][1]));
    }
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof SCRIPTS[0]; i++) {
        assert_null(fault_script_parse(SCRIPTS[i][0], strlen(SCRIPTS[i][0]), why, sizeof why));
        assert_non_null(strstr(why, SCRIPTS[i][1]));
    }
}

static void refuses_loops_that_nest_too_deep(void **state) {
    (void)state;
    char json[512] = "{\"rules\":[{\"steps\":[";
    char why[256];
    size_t len = strlen(json);
    for (int i = 0; i < 9; i++) {
        len += (size_t)snprintf(json + len, sizeof json - len, "{\"loop\":[");
    }
    for (int i = 0; i < 9; i++) {
        len += (size_t)snprintf(json + len, sizeof json - len, "]}");
    }
    len += (size_t)snprintf(json + len, sizeof json - len, "]}]}");
    assert_null(fault_script_parse(json, len, why, sizeof why));
    assert_non_null(strstr(why, "8 deep"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_the_steps_say),
        cmocka_unit_test(follows_rules),
        cmocka_unit_test(listens_as_told),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(refuses_loops_that_nest_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
