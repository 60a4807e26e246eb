/*
 * main.c: ak-fault-server, the fault server as a program: commands as lines of JSON on stdin, one line of JSON on
 * stdout for each. README.md documents them. It ends with its stdin, so that it never outlives the test that started
 * it.
 */
#include "fault_parse.h"
#include "main_log.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SERVERS 64
#define MAX_AWAIT_MS 600000

typedef struct {
    struct {
        fault_server *server; /* NULL: a free place */
        uint64_t id;
    } places[MAX_SERVERS];
    uint64_t started; /* also the newest id: none is used twice */
    char error[256];
    cJSON *reply;
} program;

static bool refuse(program *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(program *self, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->error, sizeof self->error, format, arguments);
    va_end(arguments);
    return false;
}

static bool check_memory(program *self, bool made) {
    return made || refuse(self, "no memory");
}

/* The server a command names by its id, or the last one started that still runs. */
static fault_server *find_server(program *self, fault_reader *reader, const cJSON *command, size_t *place) {
    uint64_t id = 0;
    uint64_t found = 0;
    if (!fault_get_integer(reader, command, "id", 1, &id)) {
        return NULL;
    }
    for (size_t i = 0; i < MAX_SERVERS; i++) {
        if (self->places[i].server && self->places[i].id > found && (id == 0 || self->places[i].id == id)) {
            found = self->places[i].id;
            *place = i;
        }
    }
    if (found == 0) {
        refuse(self, "no such server");
        return NULL;
    }
    return self->places[*place].server;
}

static bool add_text(program *self, cJSON *object, const char *name, const char *text) {
    return !text || check_memory(self, main_add(object, name, cJSON_CreateString(text)));
}

static bool describe_server(program *self, const fault_server *server) {
    cJSON *reply = self->reply;
    if (!check_memory(self, main_add(reply, "id", cJSON_CreateNumber((double)self->started))) ||
        !add_text(self, reply, "url", fault_url(server)) || !add_text(self, reply, "unix", fault_unix_path(server))) {
        return false;
    }
    if (fault_port(server) && !check_memory(self, main_add(reply, "port", cJSON_CreateNumber(fault_port(server))))) {
        return false;
    }
    return add_text(self, reply, "ca_file", fault_tls_path(server, FAULT_CA_FILE)) &&
           add_text(self, reply, "client_certificate_file", fault_tls_path(server, FAULT_CLIENT_CERTIFICATE_FILE)) &&
           add_text(self, reply, "client_key_file", fault_tls_path(server, FAULT_CLIENT_KEY_FILE));
}

static bool do_script(program *self, fault_reader *reader, const cJSON *command) {
    const cJSON *tree = fault_member(command, "script");
    (void)reader;
    if (!tree) {
        return refuse(self, "\"script\" is missing");
    }
    size_t place = 0;
    while (place < MAX_SERVERS && self->places[place].server) {
        place++;
    }
    if (place == MAX_SERVERS) {
        return refuse(self, "at most %d servers at a time", MAX_SERVERS);
    }
    fault_script *script = fault_script_parse_tree(tree, self->error, sizeof self->error);
    fault_server *server = script ? fault_start_or_say(script, self->error, sizeof self->error) : NULL;
    if (!server) {
        return false;
    }
    self->places[place].server = server;
    self->places[place].id = ++self->started;
    return describe_server(self, server);
}

static bool do_log(program *self, fault_reader *reader, const cJSON *command) {
    size_t place;
    fault_server *server = find_server(self, reader, command, &place);
    return server && check_memory(self, main_add_counts(self->reply, server) && main_add_log(self->reply, server));
}

static bool do_counts(program *self, fault_reader *reader, const cJSON *command) {
    size_t place;
    fault_server *server = find_server(self, reader, command, &place);
    return server && check_memory(self, main_add_counts(self->reply, server));
}

static bool do_release(program *self, fault_reader *reader, const cJSON *command) {
    size_t place;
    uint64_t count = 1;
    fault_server *server = find_server(self, reader, command, &place);
    if (!server || !fault_get_count(reader, command, "count", &count)) {
        return false;
    }
    fault_release(server, count);
    return true;
}

static bool do_await(program *self, fault_reader *reader, const cJSON *command) {
    size_t place;
    size_t counter = FAULT_COUNTERS;
    uint64_t least = 1;
    uint64_t timeout = 5000;
    fault_server *server = find_server(self, reader, command, &place);
    if (!server || !fault_get_choice(reader, command, "counter", main_counters, &counter) ||
        !fault_get_integer(reader, command, "least", 0, &least) ||
        !fault_get_integer(reader, command, "timeout_ms", 0, &timeout)) {
        return false;
    }
    if (counter == FAULT_COUNTERS || timeout > MAX_AWAIT_MS) {
        return refuse(self, "await needs a counter, and at most %d ms", MAX_AWAIT_MS);
    }
    bool reached = fault_await(server, (fault_counter)counter, least, (int)timeout);
    return check_memory(self, main_add(self->reply, "reached", cJSON_CreateBool(reached)) &&
                                  main_add_counts(self->reply, server));
}

static bool do_stop(program *self, fault_reader *reader, const cJSON *command) {
    size_t place;
    fault_server *server = find_server(self, reader, command, &place);
    if (!server) {
        return false;
    }
    self->places[place].server = NULL;
    fault_stop(server);
    return true;
}

static const struct {
    const char *op;
    const char *members[6];
    bool (*run)(program *self, fault_reader *reader, const cJSON *command);
} COMMANDS[] = {
    {"script", {"op", "script", NULL}, do_script},
    {"log", {"op", "id", NULL}, do_log},
    {"counts", {"op", "id", NULL}, do_counts},
    {"release", {"op", "id", "count", NULL}, do_release},
    {"await", {"op", "id", "counter", "least", "timeout_ms", NULL}, do_await},
    {"stop", {"op", "id", NULL}, do_stop},
};

static bool run_command(program *self, const cJSON *command) {
    fault_reader reader = {.error = self->error, .error_cap = sizeof self->error};
    const cJSON *op = fault_member(command, "op");
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (cJSON_IsString(op) && strcmp(op->valuestring, COMMANDS[i].op) == 0) {
            return fault_check_members(&reader, command, COMMANDS[i].members) &&
                   COMMANDS[i].run(self, &reader, command);
        }
    }
    return refuse(self, "no known op");
}

/* Writes the reply as one line. False when stdout is gone. */
static bool print_reply(program *self, bool ok) {
    if (!ok) { /* what a failed command had begun to say is dropped */
        cJSON_Delete(self->reply);
        self->reply = cJSON_CreateObject();
    }
    char *line = NULL;
    if (self->reply && main_add(self->reply, "ok", cJSON_CreateBool(ok)) &&
        (ok || main_add(self->reply, "error", cJSON_CreateString(self->error)))) {
        line = cJSON_PrintUnformatted(self->reply);
    }
    cJSON_Delete(self->reply);
    self->reply = NULL;
    bool printed = puts(line ? line : "{\"ok\":false,\"error\":\"no memory\"}") >= 0 && fflush(stdout) == 0;
    cJSON_free(line);
    return printed;
}

static bool answer(program *self, const char *line, size_t len) {
    self->error[0] = '\0';
    self->reply = cJSON_CreateObject();
    cJSON *command = fault_parse_text(line, len, self->error, sizeof self->error);
    bool ok = self->reply && command && run_command(self, command);
    cJSON_Delete(command);
    return print_reply(self, ok);
}

/* A signal ends the program as the end of stdin does, so that sockets and keys are removed. */
static void end_input(int signal_number) {
    (void)signal_number;
    close(STDIN_FILENO);
}

int main(void) {
    struct sigaction end = {.sa_handler = end_input};
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    signal(SIGPIPE, SIG_IGN); /* a test that died is noticed by print_reply */
    program self = {0};
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    bool printed = true;
    while (printed && (len = getline(&line, &cap, stdin)) > 0) {
        printed = answer(&self, line, (size_t)len);
    }
    free(line);
    for (size_t i = 0; i < MAX_SERVERS; i++) {
        fault_stop(self.places[i].server);
    }
    return printed ? 0 : 1;
}
