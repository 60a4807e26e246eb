/*
 * main.c: the conformance runner in C.
 *
 *     conformance wait|poll|edge LOG FILE...    runs the cases of the files; writes what came to LOG
 *     conformance must-fail FILE...             runs them, and every case has to fail
 *     conformance coverage FILE...              looks whether every operation has its cases
 */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#define MAX_FILES 256

typedef struct {
    cJSON *trees[MAX_FILES];
    size_t count;
} files;

static bool load_all(files *all, char **paths, int count) {
    if (count < 1 || count > MAX_FILES) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        all->trees[all->count] = conf_load(paths[i]);
        if (!all->trees[all->count]) {
            return false;
        }
        all->count++;
    }
    return true;
}

static void free_all(files *all) {
    for (size_t i = 0; i < all->count; i++) {
        cJSON_Delete(all->trees[i]);
    }
}

/* Runs all cases; true when each did what it should. */
static bool run_all(const files *all, conf_way way, bool must_fail, FILE *log) {
    size_t count = 0;
    size_t wrong = 0;
    for (size_t i = 0; i < all->count; i++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, fault_member(all->trees[i], "cases")) {
            conf_run run = {.way = way, .silent = must_fail, .log = log};
            conf_run_case(&run, item);
            if (must_fail && !run.failed) {
                fprintf(stderr, "%s did not fail\n", run.id);
            }
            wrong += run.failed != must_fail;
            count++;
        }
    }
    printf("%zu cases, %zu of them wrong\n", count, wrong);
    return count > 0 && wrong == 0;
}

static bool run_logged(const files *all, const char *way, const char *path) {
    FILE *log = fopen(path, "w");
    if (!log) {
        perror(path);
        return false;
    }
    bool good = run_all(all,
                        strcmp(way, "wait") == 0   ? CONF_WAIT
                        : strcmp(way, "poll") == 0 ? CONF_POLL
                                                   : CONF_EDGE,
                        false, log);
    bool written = fclose(log) == 0;
    return good && written;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    bool logs = strcmp(what, "wait") == 0 || strcmp(what, "poll") == 0 || strcmp(what, "edge") == 0;
    int first = logs ? 3 : 2;
    files all = {0};
    bool good = false;
    if (!load_all(&all, argv + first, argc - first)) {
        fprintf(stderr, "usage: conformance wait|poll|edge LOG FILE... | must-fail FILE... | coverage FILE...\n");
    } else if (logs) {
        good = run_logged(&all, what, argv[2]);
    } else if (strcmp(what, "must-fail") == 0) {
        good = run_all(&all, CONF_WAIT, true, NULL);
    } else if (strcmp(what, "coverage") == 0) {
        good = conf_covers(all.trees, all.count);
    }
    free_all(&all);
    return good ? 0 : 1;
}
