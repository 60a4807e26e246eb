#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef enum { BY_WAIT, BY_POLL, BY_EDGE } way;

static way way_of_waiting(void) {
    const char *text = getenv("AK_TEST_HOST");
    if (!text || strcmp(text, "wait") == 0) {
        return BY_WAIT;
    }
    return strcmp(text, "poll") == 0 ? BY_POLL : BY_EDGE;
}

bool host_pools(void) {
    const char *text = getenv("AK_TEST_POOL");
    return !text || strcmp(text, "off") != 0;
}

void host_set_text(ak_client *client, int32_t setting, const char *text) {
    assert_int_equal(ak_client_set_text(client, setting, text, strlen(text), NULL), AK_OK);
}

void host_set_int(ak_client *client, int32_t setting, int64_t value) {
    assert_int_equal(ak_client_set_int(client, setting, value, NULL), AK_OK);
}

ak_client *host_client(const char *url) {
    ak_client *client = NULL;
    assert_int_equal(ak_client_new(&client, NULL), AK_OK);
    host_set_text(client, AK_CLIENT_BASE_URL, url);
    /* A sanitizer on a busy machine may need longer than the defaults. Tests of deadlines set their own. */
    host_set_int(client, AK_CLIENT_CONNECT_TIMEOUT_MS, 100000);
    host_set_int(client, AK_CLIENT_TIMEOUT_MS, 300000);
    if (!host_pools()) {
        host_set_int(client, AK_CLIENT_MAX_IDLE, 0);
    }
    return client;
}

/* ---- calls --------------------------------------------------------------------------------------------------------
 */

static bool needs(int32_t operation, int32_t key) {
    return ak_parameter_flags(operation, key) & AK_KEY_REQUIRED;
}

host_call host_new(ak_client *client, int32_t operation) {
    host_call host = {.epoll = -1};
    /* Runs in threads too, where cmocka cannot fail a test: a call that is not there gives HOST_LOST. */
    if (ak_call_new(client, operation, &host.call, NULL) != AK_OK) {
        return host;
    }
    static const struct {
        int32_t key;
        const char *value;
    } texts[] = {{AK_KEY_NAME, "t1"},
                 {AK_KEY_AS_NAME, "t2"},
                 {AK_KEY_SANDBOX, "t1"},
                 {AK_KEY_ID, "0123abcd"},
                 {AK_KEY_UUID, "01234567-89ab-cdef-0123-456789abcdef"},
                 {AK_KEY_PATH, "/workspace/file"},
                 {AK_KEY_METHOD, "GET"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (needs(operation, texts[i].key)) {
            ak_call_set_text(host.call, texts[i].key, texts[i].value, strlen(texts[i].value), NULL);
        }
    }
    if (needs(operation, AK_KEY_COMMAND)) {
        ak_call_add_text(host.call, AK_KEY_COMMAND, "true", 4, NULL);
    }
    if (needs(operation, AK_KEY_COMMANDS)) {
        ak_call_add_list(host.call, AK_KEY_COMMANDS, NULL);
        ak_call_add_text(host.call, AK_KEY_COMMANDS, "true", 4, NULL);
    }
    if (needs(operation, AK_KEY_FILES)) {
        ak_call_put_text(host.call, AK_KEY_FILES, "/workspace/file", 15, "text", 4, NULL);
    }
    if (ak_operation_flags(operation) & AK_OP_WRITABLE) {
        ak_call_set_text(host.call, AK_KEY_CONTENT, "bytes", 5, NULL);
    }
    return host;
}

void host_free(host_call *host) {
    if (host->epoll >= 0) {
        close(host->epoll); /* before the call: the descriptor is not watched any more when it goes */
    }
    ak_call_free(host->call);
    *host = (host_call){.epoll = -1};
}

static bool wait_poll(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int n;
    while ((n = poll(&entry, 1, HOST_WAIT_MS)) < 0 && errno == EINTR) {
    }
    return n == 1 && (entry.revents & POLLIN);
}

/* Registered once and for all, so that only edges wake it. */
static bool wait_edge(host_call *host, int fd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (host->epoll < 0) {
        host->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (host->epoll < 0 || epoll_ctl(host->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            return false;
        }
    }
    int n;
    while ((n = epoll_wait(host->epoll, &event, 1, HOST_WAIT_MS)) < 0 && errno == EINTR) {
    }
    return n == 1;
}

ak_status host_next(host_call *host, ak_error *err) {
    if (!host->call) {
        return HOST_LOST;
    }
    way how = way_of_waiting();
    if (how == BY_WAIT) {
        ak_status status = ak_call_wait(host->call, HOST_WAIT_MS, err);
        return status == AK_AGAIN ? HOST_LOST : status;
    }
    for (;;) {
        ak_status status = ak_call_step(host->call, err);
        if (status != AK_AGAIN) {
            return status;
        }
        int fd = ak_call_fd(host->call);
        if (!(how == BY_POLL ? wait_poll(fd) : wait_edge(host, fd))) {
            fprintf(stderr, "no wake-up for %d ms\n", HOST_WAIT_MS);
            return HOST_LOST;
        }
    }
}

/* Waits for the descriptor after a read or write that had to. */
static bool wait_again(host_call *host) {
    way how = way_of_waiting();
    int fd = ak_call_fd(host->call);
    if (how == BY_WAIT) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        /* It steps, except where only read and write may. */
        return ak_call_wait(host->call, HOST_WAIT_MS, NULL) != AK_AGAIN || poll(&entry, 1, 0) == 1;
    }
    return how == BY_POLL ? wait_poll(fd) : wait_edge(host, fd);
}

ak_status host_read(host_call *host, void *buf, size_t cap, size_t *len, ak_error *err) {
    ak_status status;
    while ((status = ak_call_read(host->call, buf, cap, len, err)) == AK_AGAIN) {
        if (!wait_again(host)) {
            return HOST_LOST;
        }
    }
    return status;
}

ak_status host_write(host_call *host, const void *data, size_t len, ak_error *err) {
    const char *at = data;
    for (;;) {
        size_t taken = 0;
        ak_status status = ak_call_write(host->call, at, len, &taken, err);
        at += taken;
        len -= taken;
        if (status == AK_AGAIN && !wait_again(host)) {
            return HOST_LOST;
        }
        if (status != AK_AGAIN && (status != AK_OK || len == 0)) {
            return status;
        }
    }
}

ak_status host_end(host_call *host, ak_error *err) {
    ak_status status;
    while ((status = host_next(host, err)) == AK_ITEM) {
    }
    return status;
}

void host_until(host_call *host, fault_server *server, fault_counter counter, uint64_t least) {
    int64_t end = fault_now_ms() + HOST_WAIT_MS;
    while (fault_count(server, counter) < least && fault_now_ms() < end) {
        assert_int_equal(ak_call_step(host->call, NULL), AK_AGAIN);
        struct pollfd entry = {.fd = ak_call_fd(host->call), .events = POLLIN};
        poll(&entry, 1, 5);
    }
    assert_true(fault_count(server, counter) >= least);
}

ak_status host_run(ak_client *client, int32_t operation, ak_error *err) {
    host_call host = host_new(client, operation);
    ak_status status = host_end(&host, err);
    host_free(&host);
    return status;
}

void host_within(bool (*scenario)(int64_t span_ms), int64_t span_ms) {
    enum { TRIES = 4 };
    for (int i = 0; i < TRIES; i++) {
        if (scenario(span_ms)) {
            return;
        }
        span_ms *= 3;
    }
    fail_msg("not within %lld ms either", (long long)span_ms / 3);
}

/* ---- looking ------------------------------------------------------------------------------------------------------
 */

int64_t host_error_int(const ak_error *err, int32_t field) {
    int64_t value = 0;
    return ak_error_int(err, field, &value) == AK_OK ? value : INT64_MIN;
}

bool host_error_is(const ak_error *err, int32_t field, const char *text) {
    const char *data = NULL;
    size_t len = 0;
    return ak_error_view(err, field, &data, &len) == AK_OK && len == strlen(text) && memcmp(data, text, len) == 0;
}

bool host_error_has(const ak_error *err, int32_t field, const char *part) {
    const char *data = NULL;
    size_t len = 0;
    return ak_error_view(err, field, &data, &len) == AK_OK && memmem(data, len, part, strlen(part)) != NULL;
}

bool host_field_bytes_are(ak_call *call, int32_t key, const char *bytes, size_t len) {
    const char *data = NULL;
    size_t found = 0;
    return ak_call_view(call, key, &data, &found, NULL) == AK_OK && found == len && memcmp(data, bytes, len) == 0;
}

bool host_field_is(ak_call *call, int32_t key, const char *text) {
    return host_field_bytes_are(call, key, text, strlen(text));
}

int64_t host_field_int(ak_call *call, int32_t key) {
    int64_t value = 0;
    return ak_call_int(call, key, &value, NULL) == AK_OK ? value : INT64_MIN;
}

size_t host_descriptors(void) {
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    size_t count = 0;
    while (readdir(dir)) {
        count++;
    }
    closedir(dir);
    return count - 3; /* ".", ".." and the folder itself */
}
