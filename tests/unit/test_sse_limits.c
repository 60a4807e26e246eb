/*
 * The parser of server-sent events: limits, memory, and large streams.
 *
 * Linked with -Wl,--wrap=calloc,--wrap=realloc,--wrap=free: the wrappers below count what is held, and fail on demand.
 */
#include "sse.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../range.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define PIECE (16 * KIB) /* what a transfer hands over at once */
#define DEFAULT_LIMIT (64 * MIB)
/* More than ten times what it takes; time that is not linear would take hours. */
#define CPU_SECONDS 30

/* --- The heap --- */

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static size_t heap_held;
static size_t heap_peak;
static size_t heap_allocations;
static size_t heap_fail_from = SIZE_MAX; /* allocations with this number and above fail */

static void *heap_take(void *block) {
    heap_held += malloc_usable_size(block);
    heap_peak = heap_held > heap_peak ? heap_held : heap_peak;
    return block;
}

void *__wrap_calloc(size_t count, size_t size) {
    return heap_allocations++ >= heap_fail_from ? NULL : heap_take(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size) {
    if (heap_allocations++ >= heap_fail_from) {
        return NULL;
    }
    heap_held -= malloc_usable_size(old);
    return heap_take(__real_realloc(old, size));
}

void __wrap_free(void *old) {
    heap_held -= malloc_usable_size(old);
    __real_free(old);
}

static int heap_reset(void **state) {
    (void)state;
    heap_held = heap_peak = heap_allocations = 0;
    heap_fail_from = SIZE_MAX;
    return 0;
}

/* After every test: whatever happened, nothing is lost. */
static int heap_check(void **state) {
    (void)state;
    return heap_held == 0 ? 0 : -1;
}

/* --- Helpers --- */

static ak_sse *new_parser(size_t limit) {
    ak_sse *sse = ak_sse_new(limit);
    assert_non_null(sse);
    return sse;
}

/* Feeds and pulls until nothing more comes. Counts the events. */
static ak_sse_result feed(ak_sse *sse, const char *bytes, size_t len, size_t *events) {
    ak_sse_event event;
    ak_sse_result result = ak_sse_feed(sse, bytes, len);
    while (result == AK_SSE_NONE && (result = ak_sse_next(sse, &event)) == AK_SSE_EVENT) {
        ++*events;
        result = AK_SSE_NONE;
    }
    return result;
}

/* Feeds a whole stream in pieces and returns the last result. */
static ak_sse_result feed_all(size_t limit, const char *bytes, size_t len, size_t piece, size_t *events) {
    ak_sse *sse = new_parser(limit);
    ak_sse_result result = AK_SSE_NONE;
    for (size_t done = 0; done < len && result == AK_SSE_NONE; done += piece) {
        result = feed(sse, bytes + done, len - done < piece ? len - done : piece, events);
    }
    ak_sse_free(sse);
    return result;
}

static char *filled(size_t len, char with) {
    char *bytes = test_malloc(len);
    memset(bytes, with, len);
    return bytes;
}

static double cpu_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

/* --- Limits --- */

static void test_limit_exact(void **state) {
    (void)state;
    static const char *const streams[] = {
        /* each of these needs a limit of 10 */
        "data: 0123456789\n\n",
        "data: 0123456789\r\r",
        "data: 01234\ndata: 5678\n\n",
        "data\ndata:0\ndata:1\ndata:2\ndata:3\ndata:4\n\n",
        "event: abc\ndata: 0123456\n\n",
        "data: 0123456\nevent: abc\n\n",
        "event: 0123456789\nevent: abc\ndata: 0123456\n\n",
        "id: abc\ndata: 0123456\n\n",
        "data: 0123456\nid: abc\n\n",
        "id: ab\nid: abc\nevent: de\ndata: 01234\n\n",
        "id: 0123456789\n\ndata\n\n",
        "id: 01234\n\ndata: 56789\n\n",
        "id: 01\n\ndata\n\ndata: 01234567\nid: 2\n\n",
        "event: 0123456789\n\n: dropped, and forgotten\nevent: 01\ndata: 01234567\n\n",
        ": a comment longer than that\ndata: 0123456789\nunknown: 0123456789\n\n",
    };
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        for (size_t piece = 1; piece <= strlen(streams[i]); piece++) {
            size_t events = 0;
            assert_int_equal(feed_all(10, streams[i], strlen(streams[i]), piece, &events), AK_SSE_NONE);
            assert_int_equal(feed_all(9, streams[i], strlen(streams[i]), piece, &events), AK_SSE_TOO_LARGE);
        }
    }
    size_t events = 0;
    assert_int_equal(feed_all(0, "event:\nid:\ndata\n\n", 17, 17, &events), AK_SSE_NONE);
    assert_int_equal(events, 1);
    assert_int_equal(feed_all(0, "data\ndata\n\n", 11, 11, &events), AK_SSE_TOO_LARGE);
}

/* An id with NUL is void, but what comes before the NUL is held and counts; what comes after it does not. */
static void test_limit_void_id(void **state) {
    (void)state;
    static const char stream[] = "id: 0123456789\0"
                                 "0123456789\ndata: 0123456789\n\n";
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        size_t events = 0;
        assert_int_equal(feed_all(10, stream, sizeof stream - 1, piece, &events), AK_SSE_NONE);
        assert_int_equal(events, 1);
        assert_int_equal(feed_all(9, stream, sizeof stream - 1, piece, &events), AK_SSE_TOO_LARGE);
    }
}

/* A line that does not end fails at the first byte past the limit. */
static void test_limit_endless(void **state) {
    (void)state;
    static const char *const starts[] = {"data: ", "event: ", "id: "};
    for (size_t i = 0; i < 3; i++) {
        ak_sse *sse = new_parser(1000);
        size_t events = 0;
        assert_int_equal(feed(sse, starts[i], strlen(starts[i]), &events), AK_SSE_NONE);
        for (size_t n = 0; n < 1000; n++) {
            assert_int_equal(feed(sse, "x", 1, &events), AK_SSE_NONE);
            assert_within(ak_sse_buffered(sse), n, n + 1 + strlen(starts[i]));
        }
        assert_int_equal(feed(sse, "x", 1, &events), AK_SSE_TOO_LARGE);
        assert_int_equal(feed(sse, "\n\ndata: y\n\n", 11, &events), AK_SSE_TOO_LARGE);
        ak_sse_free(sse);
    }
    char *lines = filled(10 * KIB, '\n'); /* empty data lines: each adds one LF */
    for (size_t i = 0; i + 5 <= 10 * KIB; i += 5) {
        memcpy(lines + i, "data", 4);
    }
    size_t events = 0;
    assert_int_equal(feed_all(1000, lines, 1001 * 5, 1, &events), AK_SSE_NONE);
    assert_int_equal(feed_all(1000, lines, 1002 * 5, 1, &events), AK_SSE_TOO_LARGE);
    test_free(lines);
}

/* Events before the one that is too large come out, though all were fed at once; then the parser refuses everything. */
static void test_limit_order(void **state) {
    (void)state;
    ak_sse *sse = new_parser(4);
    ak_sse_event event;
    assert_int_equal(ak_sse_feed(sse, "data: 1\n\ndata: 2\n\ndata: 34567\n\ndata: 8\n\n", 41), AK_SSE_NONE);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_EVENT);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_EVENT);
    assert_memory_equal(event.data, "2", 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ak_sse_next(sse, &event), AK_SSE_TOO_LARGE);
        assert_int_equal(ak_sse_feed(sse, "data: 9\n\n", 9), AK_SSE_TOO_LARGE);
        assert_int_equal(ak_sse_feed(sse, NULL, 0), AK_SSE_TOO_LARGE);
    }
    ak_sse_free(sse);
}

/* --- Memory --- */

static void test_held_bytes(void **state) {
    (void)state;
    ak_sse *sse = new_parser(100);
    ak_sse_event event;
    assert_int_equal(ak_sse_buffered(sse), 0);
    assert_int_equal(ak_sse_feed(sse, NULL, 0), AK_SSE_NONE);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_NONE);
    assert_int_equal(ak_sse_retry_ms(sse), -1);
    assert_int_equal(ak_sse_feed(sse, "event: ab\nid: c\ndata: def\n: ghi\n\n: jkl", 38), AK_SSE_NONE);
    assert_int_equal(ak_sse_buffered(sse), 38);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_EVENT);
    assert_int_equal(ak_sse_buffered(sse), 5);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_NONE);
    assert_int_equal(ak_sse_buffered(sse), 0);
    assert_int_equal(ak_sse_feed(sse, "\nevent: a\nid: bc\ndata: def\nid: ghij", 35), AK_SSE_NONE);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_NONE);
    assert_int_equal(ak_sse_buffered(sse), 1 + 2 + 3 + 4);
    ak_sse_free(sse);
    ak_sse_free(NULL);
}

/* What is dropped is dropped as it comes: however long it is, and though its line never ends (K6). */
static void test_dropped_is_not_held(void **state) {
    (void)state;
    static const struct {
        const char *start;
        size_t start_len;
        char with;
        size_t len;
    } streams[] = {
        {":", 1, 'x', 100 * MIB},        {"", 0, 'x', 100 * MIB},         {"unknown: ", 9, 'x', 10 * MIB},
        {"id: a\0", 6, 'x', 10 * MIB},   {"retry: 1", 8, 'x', 10 * MIB},  {"retry: ", 7, '9', 10 * MIB},
        {": many\n", 7, '\n', 10 * MIB}, {"data-x: ", 8, '\r', 10 * MIB}, {"\xEF\xBB\xBF", 3, '\0', 10 * MIB},
    };
    char *piece = test_malloc(PIECE);
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        ak_sse *sse = new_parser(1000);
        size_t events = 0;
        memset(piece, streams[i].with, PIECE);
        assert_int_equal(feed(sse, streams[i].start, streams[i].start_len, &events), AK_SSE_NONE);
        for (size_t done = 0; done < streams[i].len; done += PIECE) {
            assert_int_equal(feed(sse, piece, PIECE, &events), AK_SSE_NONE);
            assert_int_equal(ak_sse_buffered(sse), 0);
        }
        assert_within(heap_peak, 0, 4 * PIECE);
        assert_int_equal(feed(sse, "\ndata: x\n\n", 10, &events), AK_SSE_NONE);
        assert_int_equal(events, 1);
        ak_sse_free(sse);
    }
    test_free(piece);
}

/* In an event that goes on and on, only what counts is held: replaced types and ids, comments, and unknown fields are
 * not. */
static void test_replaced_is_not_held(void **state) {
    (void)state;
    static const char *const starts[] = {"event: ", "id: ", ": ", "unknown: "};
    char *value = filled(MIB, 'x');
    ak_sse *sse = new_parser(2 * MIB);
    size_t events = 0;
    assert_int_equal(feed(sse, "data: first\n", 12, &events), AK_SSE_NONE);
    for (size_t i = 0; i < 40; i++) {
        const char *start = starts[i % 4];
        assert_int_equal(feed(sse, start, strlen(start), &events), AK_SSE_NONE);
        for (size_t done = 0; done < MIB / 2; done += PIECE) {
            assert_int_equal(feed(sse, value + done, PIECE, &events), AK_SSE_NONE);
        }
        assert_int_equal(feed(sse, "\n", 1, &events), AK_SSE_NONE);
        assert_within(ak_sse_buffered(sse), 5, 5 + 3 * MIB / 2);
    }
    assert_within(heap_peak, 0, 6 * MIB);
    assert_int_equal(feed(sse, "\n", 1, &events), AK_SSE_NONE);
    assert_int_equal(events, 1);
    ak_sse_free(sse);
    test_free(value);
}

/* Nothing is allocated for single events, and a large one leaves no large buffer behind. */
static void test_steady_state(void **state) {
    (void)state;
    static const char one[] = "event: output\nid: 7\ndata: {\"data\":\"hello\"}\n\n";
    ak_sse *sse = new_parser(DEFAULT_LIMIT);
    size_t events = 0;
    for (int i = 0; i < 4; i++) { /* the three buffers for ids take turns */
        assert_int_equal(feed(sse, one, sizeof one - 1, &events), AK_SSE_NONE);
    }
    size_t allocations = heap_allocations;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(feed(sse, one, sizeof one - 1, &events), AK_SSE_NONE);
    }
    assert_int_equal(events, 1004);
    assert_int_equal(heap_allocations, allocations);

    char *large = filled(8 * MIB, 'x');
    const char *const starts[] = {"data: ", "\nevent: ", "\nid: ", "\nid: "};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(feed(sse, starts[i], strlen(starts[i]), &events), AK_SSE_NONE);
        assert_int_equal(feed(sse, large, 8 * MIB, &events), AK_SSE_NONE);
    }
    assert_true(heap_peak > 32 * MIB);
    assert_int_equal(feed(sse, "\0\n\n", 3, &events), AK_SSE_NONE); /* the second id is void, the first one stays */
    assert_int_equal(events, 1005);
    assert_within(heap_held, 8 * MIB, 17 * MIB);
    assert_int_equal(feed(sse, "id\n\n", 4, &events), AK_SSE_NONE);
    assert_within(heap_held, 0, MIB);
    ak_sse_free(sse);
    test_free(large);
}

/* Fails the first allocation and all after it, then from the second on, and so on, until nothing fails. */
static void test_out_of_memory(void **state) {
    (void)state;
    static const char stream[] =
        "id: 1\nevent: a\ndata: x\n\nid: 22\nevent: bb\ndata: y\ndata: z\n\nid: 3\n\nid: 4\n\n";
    char *large = filled(MIB, 'x');
    memcpy(large, "data: ", 6);
    bool passed = false;
    size_t failures = 0;
    for (size_t n = 0; n < 100 && !passed; n++) {
        heap_allocations = 0;
        heap_fail_from = n;
        ak_sse *sse = ak_sse_new(DEFAULT_LIMIT);
        size_t events = 0;
        ak_sse_result result = sse == NULL ? AK_SSE_MEMORY : AK_SSE_NONE;
        for (size_t i = 0; i < sizeof stream - 1 && result == AK_SSE_NONE; i++) {
            result = feed(sse, stream + i, 1, &events);
        }
        for (size_t done = 0; done < MIB && result == AK_SSE_NONE; done += PIECE) {
            result = feed(sse, large + done, PIECE, &events);
        }
        passed = result == AK_SSE_NONE;
        if (!passed) {
            failures++;
            assert_int_equal(result, AK_SSE_MEMORY);
            heap_fail_from = SIZE_MAX;
            if (sse != NULL) { /* sticky, though there is memory again */
                ak_sse_event event;
                assert_int_equal(ak_sse_next(sse, &event), AK_SSE_MEMORY);
                assert_int_equal(ak_sse_feed(sse, "\n\n", 2), AK_SSE_MEMORY);
            }
        }
        ak_sse_free(sse);
        assert_int_equal(heap_held, 0);
    }
    assert_true(passed);
    assert_within(failures, 8, 99); /* the parser, its buffer, a type, three ids, and growing */
    test_free(large);
}

/* --- Large streams --- */

/* Byte i of a large line. The period has nothing to do with the sizes of pieces and buffers, so a shifted copy shows.
 */
static char pattern(size_t i) {
    return (char)('a' + i % 23);
}

static void run_large_line(size_t len, size_t piece) {
    ak_sse *sse = new_parser(DEFAULT_LIMIT);
    ak_sse_event event;
    char *line = test_malloc(len + 8);
    memcpy(line, "data: ", 6);
    for (size_t i = 0; i < len; i++) {
        line[6 + i] = pattern(i);
    }
    memcpy(line + 6 + len, "\n\n", 2);
    for (size_t done = 0; done < len + 8; done += piece) {
        size_t n = len + 8 - done < piece ? len + 8 - done : piece;
        assert_int_equal(ak_sse_feed(sse, line + done, n), AK_SSE_NONE);
        assert_within(ak_sse_buffered(sse), 0, done + n);
        if (done + n < len + 8) {
            assert_int_equal(ak_sse_next(sse, &event), AK_SSE_NONE);
        }
    }
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_EVENT);
    assert_int_equal(event.data_len, len);
    assert_memory_equal(event.data, line + 6, len);
    assert_int_equal(ak_sse_next(sse, &event), AK_SSE_NONE);
    assert_within(heap_peak, len, 2 * len + 4 * piece + 64 * KIB);
    assert_within(heap_held, 0, 600 * KIB);
    ak_sse_free(sse);
    test_free(line);
    heap_peak = 0;
}

static void test_large_lines(void **state) {
    (void)state;
    run_large_line(5 * MIB, PIECE);
    run_large_line(5 * MIB, 6 * MIB);
    run_large_line(50 * MIB, PIECE);
}

static void test_one_byte_pieces(void **state) {
    (void)state;
    double start = cpu_seconds();
    run_large_line(10 * MIB, 1);
    assert_true(cpu_seconds() - start < CPU_SECONDS);
}

/* One event of many data lines, each of which has to join the lines before it. */
static void test_many_lines(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 1000, PIECE, 16 * MIB};
    const size_t lines = 400000;
    char *stream = test_malloc(lines * 10 + 1);
    for (size_t i = 0; i < lines; i++) {
        memcpy(stream + i * 10, "data: abc\n", 10);
    }
    stream[lines * 10] = '\n';
    double start = cpu_seconds();
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t events = 0;
        assert_int_equal(feed_all(lines * 4 - 1, stream, lines * 10 + 1, pieces[i], &events), AK_SSE_NONE);
        assert_int_equal(events, 1);
    }
    assert_true(cpu_seconds() - start < CPU_SECONDS);
    test_free(stream);
}

/* Line ends that are always CR, or never: neither makes the parser look at the rest again for every line. */
static void test_line_ends_in_bulk(void **state) {
    (void)state;
    const size_t len = 10 * MIB;
    char *stream = test_malloc(len);
    double start = cpu_seconds();
    for (size_t i = 0; i < len; i += 2) {
        memcpy(stream + i, "x\r", 2);
    }
    size_t events = 0;
    assert_int_equal(feed_all(10, stream, len, len, &events), AK_SSE_NONE);
    assert_int_equal(events, 0);
    for (size_t i = 0; i + 8 <= len; i += 8) {
        memcpy(stream + i, "data:x\r\r", 8);
    }
    assert_int_equal(feed_all(10, stream, len, len, &events), AK_SSE_NONE);
    assert_int_equal(events, len / 8);
    assert_true(cpu_seconds() - start < CPU_SECONDS);
    test_free(stream);
}

/* A reader that stays behind by all that the buffer can hold: what waits is not moved down again for every event that
 * is pulled. */
static void test_backlog(void **state) {
    (void)state;
    static const char one[] = "data:x\n\n";
    ak_sse *sse = new_parser(DEFAULT_LIMIT);
    ak_sse_event event;
    size_t full = 0; /* how many events fill the buffer, found by making one grow */
    for (size_t count = 0; full < MIB; count++) {
        size_t before = heap_allocations;
        assert_int_equal(ak_sse_feed(sse, one, 8), AK_SSE_NONE);
        full = heap_allocations > before ? count : full;
    }
    ak_sse_free(sse);

    double start = cpu_seconds();
    sse = new_parser(DEFAULT_LIMIT);
    for (size_t count = 0; count < full; count++) {
        assert_int_equal(ak_sse_feed(sse, one, 8), AK_SSE_NONE);
    }
    for (size_t count = 0; count < MIB / 4; count++) {
        assert_int_equal(ak_sse_next(sse, &event), AK_SSE_EVENT);
        assert_int_equal(ak_sse_feed(sse, one, 8), AK_SSE_NONE);
    }
    assert_int_equal(ak_sse_buffered(sse), full * 8);
    ak_sse_free(sse);
    assert_true(cpu_seconds() - start < CPU_SECONDS);
}

#define heap_test(function) cmocka_unit_test_setup_teardown(function, heap_reset, heap_check)

int main(void) {
    const struct CMUnitTest tests[] = {
        heap_test(test_limit_exact),          heap_test(test_limit_void_id),   heap_test(test_limit_endless),
        heap_test(test_limit_order),          heap_test(test_held_bytes),      heap_test(test_dropped_is_not_held),
        heap_test(test_replaced_is_not_held), heap_test(test_steady_state),    heap_test(test_out_of_memory),
        heap_test(test_large_lines),          heap_test(test_one_byte_pieces), heap_test(test_many_lines),
        heap_test(test_line_ends_in_bulk),    heap_test(test_backlog),
    };
    return cmocka_run_group_tests_name("sse limits", tests, NULL, NULL);
}
