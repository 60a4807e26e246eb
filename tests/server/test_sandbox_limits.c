/*
 * test_sandbox_limits.c: memory, processes and CPUs (X16, X18), by watchdog and rlimits and by a cgroup. A cgroup may
 * not be available where tests run: its tree consists of plain files here, and the test acts as the kernel.
 */
#include "sandbox_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "subreaper.h"

#define MB (UINT64_C(1) << 20)

static struct outcome run_limited(struct spawner *spawner, const char *what, const char *argument,
                                  struct limits limits) {
    const char *const argv[] = {"./probe", what, argument, NULL};
    char path[256];
    struct launch_plan plan = {.order.argv = argv,
                               .order.limits = limits,
                               .shape.profile = PROFILE_MODERATE,
                               .order.tree_fd = fixture_tree(path)};
    struct outcome outcome = fixture_run(spawner, &plan);
    close(plan.order.tree_fd);
    return outcome;
}

static void test_x18_sum_of_memory(void **state) {
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    assert_string_equal(spawner_memory_mode(spawner), "watchdog");
    struct outcome outcome = run_limited(spawner, "eat-shared", "200", (struct limits){.memory_bytes = 64 * MB});
    assert_int_equal(outcome.result.kind, END_OUT_OF_MEMORY);
    assert_int_equal(outcome.result.exit_code, 137);
    assert_string_equal(outcome.result.message, "killed: the sandbox used more than its 64 MB of memory");
    assert_string_equal(outcome.output, "");
    outcome_free(&outcome);
    spawner_stop(spawner);
}

/* Several small processes; and files in memory, which belong to none of them. */
static void test_x18_sum_over_processes_and_files(void **state) {
    const char *argv[4];
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct launch_plan plan = fixture_shell(argv, "for i in 1 2 3 4; do ./probe eat-shared 24 & done; wait");
    char path[256];
    plan.order.tree_fd = fixture_tree(path);
    plan.order.limits.memory_bytes = 64 * MB;
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_int_equal(outcome.result.kind, END_OUT_OF_MEMORY);
    outcome_free(&outcome);

    argv[2] = "head -c 16M /dev/zero > /tmp/x; head -c 8M /dev/zero > /dev/shm/x; ./probe eat-shared 48";
    outcome = fixture_run(spawner, &plan);
    assert_int_equal(outcome.result.kind, END_OUT_OF_MEMORY);
    outcome_free(&outcome);
    close(plan.order.tree_fd);
    spawner_stop(spawner);
}

/* A shared page is counted once, also after a fork. */
static void test_x18_shared_pages_count_once(void **state) {
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct outcome outcome = run_limited(spawner, "eat-forked", "30", (struct limits){.memory_bytes = 128 * MB});
    assert_string_equal(outcome.output, "malloc: OK\nfine\n");
    assert_int_equal(outcome.result.kind, END_EXITED);
    outcome_free(&outcome);
    spawner_stop(spawner);
}

/* Nor is a memfd counted once as a file and again where it is mapped. */
static void test_x18_mapped_memfds_count_once(void **state) {
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct outcome outcome = fixture_attack(spawner, (struct limits){.memory_bytes = 64 * MB}, "mapped", "44");
    assert_string_equal(outcome.output, "survived\n");
    outcome_free(&outcome);
    outcome = fixture_attack(spawner, (struct limits){.memory_bytes = 64 * MB}, "mapped", "80");
    assert_int_equal(outcome.result.kind, END_OUT_OF_MEMORY);
    outcome_free(&outcome);
    spawner_stop(spawner);
}

/* One process cannot even request much more than the limit, however fast. */
static void test_x18_one_process(void **state) {
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    struct outcome outcome = run_limited(spawner, "eat-private", "400", (struct limits){.memory_bytes = 128 * MB});
    assert_string_equal(outcome.output, "malloc: ENOMEM\n");
    outcome_free(&outcome);
    outcome = run_limited(spawner, "eat-private", "100", (struct limits){.memory_bytes = 128 * MB});
    assert_string_equal(outcome.output, "malloc: OK\n");
    assert_int_equal(outcome.result.kind, END_EXITED);
    outcome_free(&outcome);
    outcome = run_limited(spawner, "eat-private", "400", (struct limits){0});
    assert_string_equal(outcome.output, "malloc: OK\n");
    outcome_free(&outcome);
    spawner_stop(spawner);
}

/* X16: two in parallel, to verify that each is counted separately. */
static void test_x16_processes(void **state) {
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    const char *const argv[] = {"./probe", "fork", "1000", NULL};
    char path[256];
    struct launch_plan plan = {
        .order.argv = argv, .order.limits = {.max_processes = 40}, .order.tree_fd = fixture_tree(path)};
    struct running first = fixture_start(spawner, &plan), second = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&first, "started 39\n"));
    assert_true(fixture_wait_output(&second, "started 39\n"));
    struct outcome outcome = fixture_sh(spawner, "echo still here"); /* and others do not affect it */
    assert_string_equal(outcome.output, "still here\n");
    outcome_free(&outcome);
    running_close(&first);
    running_close(&second);

    /* where RLIMIT_NPROC does not count per sandbox, the watchdog does */
    struct spawner *weak = fixture_spawner("nproc");
    outcome = fixture_run(weak, &plan);
    assert_null(strstr(outcome.output, "survived"));
    assert_int_equal(outcome.result.kind, END_SIGNALED);
    assert_string_equal(outcome.result.message, "killed: the sandbox had more than its 40 processes");
    outcome_free(&outcome);
    spawner_stop(weak);
    close(plan.order.tree_fd);
    spawner_stop(spawner);
}

/* X16: the processes are gone, and the spawner replies, while a command forks as fast as possible. */
static void test_x16_fork_bomb(void **state) {
    const char *argv[4];
    const char *word = fixture_word();
    char script[200];
    struct run_result result;
    (void)state;
    struct spawner *spawner = fixture_spawner(NULL);
    snprintf(script, sizeof script, "echo up; b() { b | b & }; b 2>/dev/null; : %s; sleep 60", word);
    struct launch_plan plan = fixture_shell(argv, script);
    plan.order.limits.max_processes = 100;
    struct running bomb = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&bomb, "up"));
    struct outcome outcome = fixture_sh(spawner, "echo alive");
    assert_string_equal(outcome.output, "alive\n");
    outcome_free(&outcome);
    running_kill(&bomb);
    assert_true(running_result(&bomb, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(fixture_count(word), 0);
    running_close(&bomb);
    spawner_stop(spawner);
}

static void test_cpus_without_cgroup(void **state) {
    const char *argv[4];
    cpu_set_t ours;
    char expected[64];
    (void)state;
    int priority = getpriority(PRIO_PROCESS, 0), behind = priority < 10 ? priority + 10 : 19;
    assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
    struct spawner *spawner = fixture_spawner(NULL);
    assert_string_equal(spawner_cpu_mode(spawner), "affinity");
    struct launch_plan plan = fixture_shell(argv, "nproc; nice");
    plan.order.limits.cpus = 0.5;
    struct outcome outcome = fixture_run(spawner, &plan);
    snprintf(expected, sizeof expected, "1\n%d\n", CPU_COUNT(&ours) > 1 ? behind : priority);
    assert_string_equal(outcome.output, expected);
    outcome_free(&outcome);
    plan.order.limits.cpus = 1000;
    outcome = fixture_run(spawner, &plan);
    snprintf(expected, sizeof expected, "%d\n%d\n", CPU_COUNT(&ours), priority);
    assert_string_equal(outcome.output, expected);
    outcome_free(&outcome);
    spawner_stop(spawner);
}

/* A tree of plain files that looks like a delegated one. */
static void make_cgroup_tree(char path[256], const char *controllers) {
    char file[300];
    int tree_fd = fixture_tree(path);
    snprintf(file, sizeof file, "%s/cgroup.controllers", path);
    FILE *out = fopen(file, "we");
    assert_non_null(out);
    fprintf(out, "%s\n", controllers);
    fclose(out);
    close(tree_fd);
}

static void read_leaf(const char *tree, const char *name, char *text, size_t cap) {
    DIR *folder = opendir(tree);
    text[0] = '\0';
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s/%s", tree, entry->d_name, name);
        FILE *in = strncmp(entry->d_name, "agentkernel-run-", 16) == 0 ? fopen(path, "re") : NULL;
        if (in != NULL) {
            if (fgets(text, (int)cap, in) == NULL) {
                text[0] = '\0';
            }
            fclose(in);
        }
    }
    closedir(folder);
}

static void write_leaf(const char *tree, const char *name, const char *text) {
    DIR *folder = opendir(tree);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s/%s", tree, entry->d_name, name);
        FILE *out = strncmp(entry->d_name, "agentkernel-run-", 16) == 0 ? fopen(path, "we") : NULL;
        if (out != NULL) {
            fputs(text, out);
            fclose(out);
        }
    }
    closedir(folder);
}

static void must_hold(const char *tree, const char *name, const char *expected) {
    char text[128];
    read_leaf(tree, name, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_cgroup_leaf(void **state) {
    const char *argv[4];
    char tree[256];
    struct run_result result;
    (void)state;
    make_cgroup_tree(tree, "cpuset cpu io memory pids");
    struct spawner *spawner = fixture_spawner_with(NULL, tree);
    assert_string_equal(spawner_memory_mode(spawner), "cgroup");
    assert_string_equal(spawner_cpu_mode(spawner), "cgroup");
    struct launch_plan plan = fixture_shell(argv, "echo up; grep 'data size' /proc/self/limits; sleep 60");
    plan.order.limits = (struct limits){.memory_bytes = 256 * MB, .cpus = 0.5, .max_processes = 100};
    struct running running = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&running, "unlimited")); /* nothing counts twice */
    must_hold(tree, "memory.max", "268435456");
    must_hold(tree, "memory.swap.max", "0");
    must_hold(tree, "memory.oom.group", "1");
    must_hold(tree, "cpu.max", "50000 100000");
    must_hold(tree, "pids.max", "102");
    must_hold(tree, "cgroup.procs", "0"); /* entered by its writer */

    /* the kernel kills everything in the leaf */
    write_leaf(tree, "memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n");
    pid_t supervisor;
    assert_int_equal(subreaper_children(&supervisor, 1), 1);
    pid_t bwrap = fixture_child_of(fixture_child_of(supervisor));
    assert_int_equal(kill(bwrap, SIGKILL), 0);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(result.kind, END_OUT_OF_MEMORY);
    assert_int_equal(result.exit_code, 137);
    running_close(&running);
    spawner_stop(spawner);
}

static void test_cgroup_without_oom(void **state) {
    const char *argv[4];
    char tree[256];
    (void)state;
    make_cgroup_tree(tree, "memory");
    struct spawner *spawner = fixture_spawner_with(NULL, tree);
    assert_string_equal(spawner_memory_mode(spawner), "cgroup");
    assert_string_equal(spawner_cpu_mode(spawner), "affinity");
    struct launch_plan plan = fixture_shell(argv, "exit 4");
    plan.order.limits.memory_bytes = 256 * MB;
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_int_equal(outcome.result.kind, END_EXITED);
    assert_int_equal(outcome.result.exit_code, 4);
    outcome_free(&outcome);
    spawner_stop(spawner);
}

/* Only a cgroup v2 with the memory controller is used, and one that fails later is an error, never the absence of a
 * limit.
 */
static void test_cgroup_unusable(void **state) {
    char tree[256], file[300];
    (void)state;
    make_cgroup_tree(tree, "cpu pids memory_recursiveprot");
    struct spawner *spawner = fixture_spawner_with(NULL, tree);
    assert_string_equal(spawner_memory_mode(spawner), "watchdog");
    spawner_stop(spawner);
    spawner = fixture_spawner_with(NULL, "/no/such/tree");
    assert_string_equal(spawner_memory_mode(spawner), "watchdog");
    spawner_stop(spawner);

    make_cgroup_tree(tree, "memory");
    spawner = fixture_spawner_with(NULL, tree);
    snprintf(file, sizeof file, "%s/gone", tree);
    assert_int_equal(chmod(tree, 0500), 0);
    struct outcome outcome = fixture_sh(spawner, "echo ran");
    assert_int_equal(outcome.result.kind, END_SANDBOX_FAILED);
    assert_string_equal(outcome.output, "");
    assert_non_null(strstr(outcome.result.message, "cgroup"));
    outcome_free(&outcome);
    assert_int_equal(chmod(tree, 0700), 0);
    spawner_stop(spawner);
}

/* This machine's own cgroup: whatever it is, limits are enforced. */
static void test_cgroup_of_this_machine(void **state) {
    (void)state;
    struct spawner *spawner = fixture_spawner_with(NULL, NULL);
    struct outcome outcome = run_limited(spawner, "eat-shared", "200", (struct limits){.memory_bytes = 64 * MB});
    assert_int_equal(outcome.result.kind, END_OUT_OF_MEMORY);
    outcome_free(&outcome);
    spawner_stop(spawner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x18_sum_of_memory),
        cmocka_unit_test(test_x18_sum_over_processes_and_files),
        cmocka_unit_test(test_x18_shared_pages_count_once),
        cmocka_unit_test(test_x18_mapped_memfds_count_once),
        cmocka_unit_test(test_x18_one_process),
        cmocka_unit_test(test_x16_processes),
        cmocka_unit_test(test_x16_fork_bomb),
        cmocka_unit_test(test_cpus_without_cgroup),
        cmocka_unit_test(test_cgroup_leaf),
        cmocka_unit_test(test_cgroup_without_oom),
        cmocka_unit_test(test_cgroup_unusable),
        cmocka_unit_test(test_cgroup_of_this_machine),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
