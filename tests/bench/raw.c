/*
 * raw.c: the least that a client in C can do: one easy handle, set up once and used again, whose body lands in memory.
 * With cJSON: what most programs do next.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "bench.h"

/* A stream goes round in this much: a client that keeps all of it would be measured by its page faults. */
#define WINDOW_BYTES (256 * 1024)

typedef struct {
    char *bytes;
    size_t len;
    size_t cap;
    size_t total;
    bool decode;   /* events, with cJSON */
    size_t events; /* that were decoded */
} raw_body;

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
    raw_body *to = data;
    size_t len = size * count;
    if (to->len + len + 1 > to->cap) {
        size_t cap = (to->len + len + 1) * 2;
        char *longer = realloc(to->bytes, cap);
        if (!longer) {
            return 0;
        }
        to->bytes = longer;
        to->cap = cap;
    }
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
    to->total += len;
    to->bytes[to->len] = '\0';
    return len;
}

static size_t on_stream(char *bytes, size_t size, size_t count, void *data) {
    raw_body *to = data;
    if (to->len > WINDOW_BYTES) {
        to->len = 0;
    }
    return on_body(bytes, size, count, data);
}

/* One event that is whole, NUL-terminated. */
static bool decode_event(const char *event) {
    const char *json = strstr(event, "\ndata: ");
    cJSON *root = json ? cJSON_Parse(json + 7) : NULL;
    const cJSON *output = cJSON_GetObjectItemCaseSensitive(root, "data");
    bool ok = root && (!output || (cJSON_IsString(output) && strlen(output->valuestring) > 0));
    cJSON_Delete(root);
    return ok;
}

static size_t on_events(char *bytes, size_t size, size_t count, void *data) {
    raw_body *to = data;
    size_t taken = on_body(bytes, size, count, data);
    char *start = to->bytes;
    for (char *end; taken && (end = strstr(start, "\n\n"));) {
        *end = '\0';
        if (!decode_event(start)) {
            return 0;
        }
        to->events++;
        start = end + 2;
    }
    to->len -= (size_t)(start - to->bytes);
    memmove(to->bytes, start, to->len + 1);
    return taken;
}

static CURL *open_handle(const bench_meter *meter, const char *path, const char *post, raw_body *to) {
    char url[256];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof url, "%s%s", meter->url, path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, to);
    if (post) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post);
    }
    return easy;
}

/* ---- unary --------------------------------------------------------------------------------------------------------
 */

static bool decode_list(const char *text) {
    cJSON *root = cJSON_Parse(text);
    const cJSON *item = NULL;
    int named = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "data")) {
        named += cJSON_IsString(cJSON_GetObjectItemCaseSensitive(item, "name"));
    }
    cJSON_Delete(root);
    return named == FIXED_SANDBOXES;
}

static bool perform(CURL *easy, raw_body *to, bool list) {
    to->len = 0;
    return curl_easy_perform(easy) == CURLE_OK && to->len > 0 && (!list || decode_list(to->bytes));
}

static bool repeat(bench_meter *meter, const char *path, const char *post, bool list) {
    raw_body to = {0};
    CURL *easy = open_handle(meter, path, post, &to);
    bool ok = true;
    for (int i = 0; i < meter->units / 10 + 1 && ok; i++) {
        ok = perform(easy, &to, list);
    }
    meter_start(meter);
    for (int i = 0; i < meter->units && ok; i++) {
        ok = perform(easy, &to, list);
    }
    meter_stop(meter);
    curl_easy_cleanup(easy);
    free(to.bytes);
    return ok;
}

bool raw_health(bench_meter *meter) {
    return repeat(meter, "/health", NULL, false);
}

bool raw_run(bench_meter *meter) {
    return repeat(meter, "/run", "{\"command\":[\"echo\",\"hello\"],\"fast\":false}", false);
}

bool raw_list(bench_meter *meter) {
    return repeat(meter, "/sandboxes", NULL, false);
}

bool raw_list_cjson(bench_meter *meter) {
    return repeat(meter, "/sandboxes", NULL, true);
}

/* ---- streams ------------------------------------------------------------------------------------------------------
 */

static bool stream(bench_meter *meter, const char *post, size_t least_bytes, bool decode) {
    raw_body to = {0};
    long warm = 0;
    CURL *easy = open_handle(meter, "/health", NULL, &to);
    bool ok = curl_easy_perform(easy) == CURLE_OK && curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &warm) == CURLE_OK;
    char url[256];
    snprintf(url, sizeof url, "%s/run/stream", meter->url);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, decode ? on_events : on_stream);
    to.len = to.total = 0;
    meter_start(meter);
    ok = ok && curl_easy_perform(easy) == CURLE_OK;
    meter_stop(meter);
    ok = ok && warm == 200 && to.total > least_bytes;
    ok = ok && (!decode || to.events > (size_t)meter->units);
    curl_easy_cleanup(easy);
    free(to.bytes);
    return ok;
}

bool raw_small(bench_meter *meter) {
    return stream(meter, "{\"command\":[\"" FIXED_SMALL "\"]}", (size_t)FIXED_SMALL_EVENTS * FIXED_SMALL_BYTES, false);
}

bool raw_small_cjson(bench_meter *meter) {
    return stream(meter, "{\"command\":[\"" FIXED_SMALL "\"]}", (size_t)FIXED_SMALL_EVENTS * FIXED_SMALL_BYTES, true);
}

bool raw_large(bench_meter *meter) {
    return stream(meter, "{\"command\":[\"" FIXED_LARGE "\"]}", (size_t)FIXED_LARGE_EVENTS * FIXED_LARGE_BYTES, false);
}

bool raw_large_cjson(bench_meter *meter) {
    return stream(meter, "{\"command\":[\"" FIXED_LARGE "\"]}", (size_t)FIXED_LARGE_EVENTS * FIXED_LARGE_BYTES, true);
}

bool raw_huge(bench_meter *meter) {
    return stream(meter, "{\"command\":[\"" FIXED_HUGE "\"]}", (size_t)FIXED_HUGE_EVENTS * FIXED_LARGE_BYTES, false);
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

/* The same wire bytes as the library's, ready-made or left as they are. */
static bool transfer_file(bench_meter *meter, CURL *easy, raw_body *to, size_t least_bytes) {
    bool ok = true;
    meter_start(meter);
    for (int i = 0; i < meter->units && ok; i++) {
        long status = 0;
        ok = perform(easy, to, false) && to->len > least_bytes &&
             curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
    }
    meter_stop(meter);
    curl_easy_cleanup(easy);
    free(to->bytes);
    return ok;
}

bool raw_read_file(bench_meter *meter) {
    raw_body to = {0};
    CURL *easy = open_handle(meter, FIXED_FILE_PATH, NULL, &to);
    return perform(easy, &to, false) && transfer_file(meter, easy, &to, FIXED_FILE_BASE64_BYTES);
}

bool raw_write_file(bench_meter *meter) {
    static const char start[] = "{\"encoding\":\"base64\",\"content\":\"", end[] = "\"}";
    size_t len = sizeof start - 1 + FIXED_FILE_BASE64_BYTES + sizeof end - 1;
    raw_body to = {0};
    CURL *easy = open_handle(meter, FIXED_FILE_PATH, NULL, &to);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    char *body = malloc(len);
    if (!body) {
        return false;
    }
    memset(body, 'A', len);
    memcpy(body, start, sizeof start - 1);
    memcpy(body + len - (sizeof end - 1), end, sizeof end - 1);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    bool ok = perform(easy, &to, false) && transfer_file(meter, easy, &to, 0);
    curl_slist_free_all(headers);
    free(body);
    return ok;
}

/* ---- many at once -------------------------------------------------------------------------------------------------
 */

/* Takes what has ended, and starts it again while there is something to do. */
static int harvest(CURLM *multi, int *to_start) {
    int ended = 0, left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        CURL *easy = message->easy_handle;
        if (message->data.result != CURLE_OK) {
            return -1;
        }
        ended++;
        curl_multi_remove_handle(multi, easy);
        if (*to_start > 0) {
            --*to_start;
            curl_multi_add_handle(multi, easy);
        }
    }
    return ended;
}

static bool keep_in_flight(CURLM *multi, CURL **easy, int calls) {
    int to_start = calls - CALLS_IN_FLIGHT, running = 0;
    for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
        curl_multi_add_handle(multi, easy[i]);
    }
    for (int done = 0; done < calls;) {
        curl_multi_perform(multi, &running);
        int ended = harvest(multi, &to_start);
        if (ended < 0 || (ended == 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)) {
            return false;
        }
        done += ended;
    }
    return true;
}

bool raw_in_flight(bench_meter *meter) {
    static raw_body bodies[CALLS_IN_FLIGHT];
    CURL *easy[CALLS_IN_FLIGHT];
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
        easy[i] = open_handle(meter, "/health", NULL, &bodies[i]);
        curl_easy_setopt(easy[i], CURLOPT_WRITEFUNCTION, on_stream);
    }
    bool ok = keep_in_flight(multi, easy, CALLS_IN_FLIGHT);
    meter_start(meter);
    ok = ok && keep_in_flight(multi, easy, meter->units);
    meter_stop(meter);
    for (int i = 0; i < CALLS_IN_FLIGHT; i++) {
        curl_easy_cleanup(easy[i]);
        free(bodies[i].bytes);
    }
    curl_multi_cleanup(multi);
    return ok;
}
