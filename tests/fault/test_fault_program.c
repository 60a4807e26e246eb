/* test_fault_program.c: ak-fault-server as a process: its commands, its answers, and how it ends. */
#include "test_client.h"

#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>

static const char *program_path;

typedef struct {
    pid_t pid;
    int in;
    int out;
} program;

static program start_program(void) {
    int in[2];
    int out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in[0], 0), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], 1), 0);
    char name[] = "ak-fault-server";
    char *argv[] = {name, NULL};
    program started = {.in = in[1], .out = out[0]};
    assert_int_equal(posix_spawn(&started.pid, program_path, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    return started;
}

/* Sends one line and parses the line that answers it. */
static cJSON *ask(const program *self, const char *command) {
    enum { CAP = 65536 };
    char *line = malloc(CAP);
    size_t len = 0;
    assert_non_null(line);
    assert_int_equal(write(self->in, command, strlen(command)), strlen(command));
    assert_int_equal(write(self->in, "\n", 1), 1);
    do {
        assert_true(client_wait(self->out, POLLIN, CLIENT_WAIT_MS));
        ssize_t n = read(self->out, line + len, CAP - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
        assert_true(len < CAP - 1);
    } while (line[len - 1] != '\n');
    line[len] = '\0';
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    cJSON *answer = cJSON_Parse(line);
    assert_true(cJSON_IsObject(answer));
    free(line);
    return answer;
}

static bool is_ok(const cJSON *answer) {
    const cJSON *ok = cJSON_GetObjectItemCaseSensitive(answer, "ok");
    assert_true(cJSON_IsBool(ok));
    return cJSON_IsTrue(ok);
}

/* Asks for what must work, and forgets the answer. */
static void tell(const program *self, const char *command) {
    cJSON *answer = ask(self, command);
    assert_true(is_ok(answer));
    cJSON_Delete(answer);
}

/* A number of an answer by its path: "counts.requests". */
static double number_at(const cJSON *answer, const char *outer, const char *inner) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, outer);
    item = inner ? cJSON_GetObjectItemCaseSensitive(item, inner) : item;
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static const char *text_at(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

static int connect_port(unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Waits for the program to end by itself and returns its exit code. */
static int end_code(const program *self) {
    int status = 0;
    for (int left = CLIENT_WAIT_MS; left > 0; left -= 10) {
        if (waitpid(self->pid, &status, WNOHANG) == self->pid) {
            close(self->out);
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        usleep(10000);
    }
    fail_msg("the program does not end");
    return -1;
}

static int end_program(const program *self) {
    close(self->in);
    return end_code(self);
}

static void runs_a_script_and_tells_what_came(void **state) {
    (void)state;
    program self = start_program();
    cJSON *answer = ask(&self, "{\"op\":\"script\",\"script\":{\"rules\":[{\"steps\":[{\"wait\":\"release\"},"
                               "{\"text\":\"yes\"},{\"close\":true}]}]}}");
    assert_true(is_ok(answer));
    assert_int_equal(number_at(answer, "id", NULL), 1);
    char url[64];
    unsigned port = (unsigned)number_at(answer, "port", NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    assert_string_equal(text_at(answer, "url"), url);
    cJSON_Delete(answer);
    int fd = connect_port(port);
    client_text(fd, "POST /p HTTP/1.1\r\nX-Byte: \xff \r\nContent-Length: 3\r\n\r\n\xff");
    client_send(fd, "\x00z", 2);
    answer = ask(&self, "{\"op\":\"await\",\"counter\":\"waiting\"}");
    assert_true(is_ok(answer));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "reached")));
    cJSON_Delete(answer);
    tell(&self, "{\"op\":\"release\",\"id\":1,\"count\":1}");
    assert_int_equal(client_expect_all(fd, "yes"), 0);
    close(fd);
    answer = ask(&self, "{\"op\":\"await\",\"counter\":\"ended\",\"least\":1,\"timeout_ms\":20000}");
    assert_int_equal(number_at(answer, "counts", "client_ended"), 1);
    cJSON_Delete(answer);
    answer = ask(&self, "{\"op\":\"log\"}");
    assert_true(is_ok(answer));
    assert_int_equal(number_at(answer, "counts", "requests"), 1);
    const cJSON *request = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(answer, "requests"), 0);
    assert_string_equal(text_at(request, "method"), "POST");
    assert_string_equal(text_at(request, "target"), "/p");
    assert_string_equal(text_at(request, "body"), "/wB6");
    assert_string_equal(text_at(request, "raw"),
                        "UE9TVCAvcCBIVFRQLzEuMQ0KWC1CeXRlOiD/IA0KQ29udGVudC1MZW5ndGg6IDMNCg0K/wB6");
    const cJSON *header = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(request, "headers"), 0);
    assert_string_equal(cJSON_GetArrayItem(header, 0)->valuestring, "X-Byte");
    assert_string_equal(cJSON_GetArrayItem(header, 1)->valuestring, "\xc3\xbf");
    const cJSON *connection = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(answer, "connections"), 0);
    assert_string_equal(text_at(connection, "client_end"), "fin");
    assert_int_equal(number_at(connection, "sent_bytes", NULL), 3);
    assert_true(number_at(connection, "client_end_ms", NULL) <= number_at(answer, "now_ms", NULL));
    cJSON_Delete(answer);
    assert_int_equal(end_program(&self), 0);
}

static void runs_several_servers(void **state) {
    (void)state;
    program self = start_program();
    tell(&self, "{\"op\":\"script\",\"script\":{}}");
    cJSON *answer = ask(&self, "{\"op\":\"script\",\"script\":{}}");
    assert_int_equal(number_at(answer, "id", NULL), 2);
    int fd = connect_port((unsigned)number_at(answer, "port", NULL));
    cJSON_Delete(answer);
    tell(&self, "{\"op\":\"await\",\"counter\":\"connections\"}");
    answer = ask(&self, "{\"op\":\"counts\",\"id\":1}");
    assert_int_equal(number_at(answer, "counts", "connections"), 0);
    cJSON_Delete(answer);
    tell(&self, "{\"op\":\"stop\"}");
    assert_int_equal(client_expect_all(fd, ""), 0);
    close(fd);
    tell(&self, "{\"op\":\"stop\",\"id\":1}");
    answer = ask(&self, "{\"op\":\"counts\"}");
    assert_false(is_ok(answer));
    cJSON_Delete(answer);
    assert_int_equal(end_program(&self), 0);
}

/* As many one after the other as a long test needs, but not at a time. */
static void places_are_used_again(void **state) {
    (void)state;
    enum { AT_A_TIME = 64 };
    program self = start_program();
    for (int i = 0; i < AT_A_TIME; i++) {
        tell(&self, "{\"op\":\"script\",\"script\":{}}");
    }
    cJSON *answer = ask(&self, "{\"op\":\"script\",\"script\":{}}");
    assert_false(is_ok(answer));
    assert_non_null(strstr(text_at(answer, "error"), "at most 64"));
    cJSON_Delete(answer);
    tell(&self, "{\"op\":\"stop\",\"id\":1}");
    answer = ask(&self, "{\"op\":\"script\",\"script\":{}}");
    assert_int_equal(number_at(answer, "id", NULL), AT_A_TIME + 1);
    int fd = connect_port((unsigned)number_at(answer, "port", NULL));
    cJSON_Delete(answer);
    tell(&self, "{\"op\":\"await\",\"counter\":\"connections\"}"); /* the newest, though in the first place */
    close(fd);
    answer = ask(&self, "{\"op\":\"counts\",\"id\":1}"); /* an id is not given twice */
    assert_false(is_ok(answer));
    cJSON_Delete(answer);
    assert_int_equal(end_program(&self), 0);
}

static void refuses_what_it_does_not_know(void **state) {
    (void)state;
    static const char *const CASES[][2] = {
        {"", "no JSON"},
        {"hello", "no JSON"},
        {"[]", "no known op"},
        {"{\"op\":\"stopp\"}", "no known op"},
        {"{\"op\":\"log\",\"x\":1}", "unknown member \"x\""},
        {"{\"op\":\"log\",\"id\":7}", "no such server"},
        {"{\"op\":\"log\",\"id\":0}", "at least 1"},
        {"{\"op\":\"script\"}", "missing"},
        {"{\"op\":\"script\",\"script\":{\"rules\":[{\"steps\":[{\"close\":1}]}]}}", "rule 0, step 0"},
        {"{\"op\":\"script\",\"script\":{\"host\":\"192.0.2.1\"}}", "no loopback"},
        {"{\"op\":\"await\",\"counter\":\"foo\"}", "cannot be \"foo\""},
        {"{\"op\":\"await\"}", "needs a counter"},
        {"{\"op\":\"await\",\"counter\":\"ended\",\"timeout_ms\":600001}", "at most 600000"},
        {"{\"op\":\"release\",\"count\":\"x\"}", "\"always\""},
    };
    program self = start_program();
    tell(&self, "{\"op\":\"script\",\"script\":{}}");
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cJSON *answer = ask(&self, CASES[i][0]);
        assert_false(is_ok(answer));
        assert_non_null(strstr(text_at(answer, "error"), CASES[i][1]));
        cJSON_Delete(answer);
    }
    cJSON *answer = ask(&self, "{\"op\":\"await\",\"counter\":\"ended\",\"timeout_ms\":1}");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "reached")));
    cJSON_Delete(answer);
    assert_int_equal(end_program(&self), 0);
}

static void ends_cleanly_by_signal(void **state) {
    (void)state;
    program self = start_program();
    cJSON *answer = ask(&self, "{\"op\":\"script\",\"script\":{\"tls\":true}}");
    char *ca = strdup(text_at(answer, "ca_file"));
    assert_non_null(ca);
    assert_int_equal(access(ca, R_OK), 0);
    assert_int_equal(access(text_at(answer, "client_certificate_file"), R_OK), 0);
    assert_int_equal(access(text_at(answer, "client_key_file"), R_OK), 0);
    cJSON_Delete(answer);
    assert_int_equal(kill(self.pid, SIGTERM), 0);
    assert_int_equal(end_code(&self), 0);
    assert_int_equal(access(ca, F_OK), -1);
    free(ca);
    close(self.in);
}

static void ends_when_nobody_listens(void **state) {
    (void)state;
    program self = start_program();
    close(self.out);
    assert_true(write(self.in, "{}\n", 3) == 3);
    self.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(end_code(&self), 1);
    close(self.in);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_a_script_and_tells_what_came), cmocka_unit_test(runs_several_servers),
        cmocka_unit_test(refuses_what_it_does_not_know),     cmocka_unit_test(ends_cleanly_by_signal),
        cmocka_unit_test(ends_when_nobody_listens),          cmocka_unit_test(places_are_used_again),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s PATH_OF_AK_FAULT_SERVER\n", argv[0]);
        return 2;
    }
    program_path = argv[1];
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
