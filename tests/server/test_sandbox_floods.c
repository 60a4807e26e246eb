/*
 * test_sandbox_floods.c: attacks that exhaust processes, memory, disks or descriptors (X16 to X21), each with its
 * control and without; see sandbox_attacks.h. Every flood bounds itself, in case nothing else does.
 */
#include "sandbox_attacks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#define MB (UINT64_C(1) << 20)

/* --- X16, X17, X18: processes and memory --- */

static bool x16_processes_without_end(const char *weakened) {
    char path[256];
    const char *const argv[] = {"./probe", "fork", "200", NULL};
    struct launch_plan plan = {
        .order.argv = argv, .order.limits = {.max_processes = 40}, .order.tree_fd = fixture_tree(path)};
    struct spawner *spawner = fixture_spawner(weakened);
    bool all = attack_outcome_has(fixture_run(spawner, &plan), "started 200");
    spawner_stop(spawner);
    close(plan.order.tree_fd);
    return all;
}

static bool x16_threads_without_end(const char *weakened) {
    const struct limits limits = {.max_processes = 40};
    return attack_says(weakened, limits, "threads", "200", "threads 200") &&
           attack_says(weakened, limits, "threads", "200", "survived");
}

/* Without an rlimit that counts per sandbox, the watchdog counts threads. */
static bool x16_threads_unlimited(const char *weakened) {
    return attack_says(weakened != NULL ? weakened : "nproc", (struct limits){.max_processes = 40}, "threads", "200",
                       "survived");
}

static bool x17_processes_in_a_new_namespace(const char *weakened) {
    return attack_script_says(
        weakened, (struct limits){.max_processes = 40},
        "unshare -U sh -c 'i=0; while [ $i -lt 20 ]; do sleep 1 & i=$((i+1)); done; echo in' 2>/dev/null", "in");
}

static bool x18_children(const char *weakened) {
    return attack_says(weakened, (struct limits){.memory_bytes = 64 * MB}, "private", "16", "survived");
}

static bool x18_first_thread_has_ended(const char *weakened) {
    return attack_says(weakened, (struct limits){.memory_bytes = 64 * MB}, "leaderless", "128", "survived");
}

/* Threads with their own descriptor table would have memfds that are not counted. */
static bool x18_hidden_descriptors(const char *weakened) {
    assert_true(attack_says(weakened, (struct limits){0}, "hide", NULL, "close_range_plain: OK"));
    return attack_says(weakened, (struct limits){0}, "hide", NULL, "thread: OK") ||
           attack_says(weakened, (struct limits){0}, "hide", NULL, "close_range: OK");
}

static bool x18_files_in_memory(const char *weakened) {
    return attack_says(weakened, (struct limits){.memory_bytes = 64 * MB}, "file", "128", "survived");
}

static bool x18_one_process(const char *weakened) {
    struct spawner *spawner = fixture_spawner(weakened);
    const char *argv[4];
    char path[256];
    struct launch_plan plan = fixture_shell(argv, "./probe eat-private 400; true");
    plan.order.tree_fd = fixture_tree(path);
    plan.order.limits.memory_bytes = 64 * MB;
    bool eaten = attack_outcome_has(fixture_run(spawner, &plan), "malloc: OK");
    close(plan.order.tree_fd);
    spawner_stop(spawner);
    return eaten;
}

static bool x18_system_v(const char *weakened) {
    struct spawner *spawner = fixture_spawner(weakened);
    struct outcome outcome = fixture_attack(spawner, (struct limits){.memory_bytes = 64 * MB}, "sysv", NULL);
    assert_true(outcome_says(&outcome, "shmget_small: OK"));
    assert_true(outcome_says(&outcome, "segments: bounded"));
    assert_true(outcome_says(&outcome, "sets: 100"));
    bool got = outcome_says(&outcome, "shmget: OK") || outcome_says(&outcome, "semget: OK");
    assert_true(got || (outcome_says(&outcome, "shmget: EINVAL") && outcome_says(&outcome, "shmget_high: EINVAL")));
    outcome_free(&outcome);
    spawner_stop(spawner);
    return got;
}

/* --- X19: disks --- */

static bool x19_file_systems_in_memory(const char *weakened) {
    return attack_script_says(
        weakened, (struct limits){.memory_bytes = 64 * MB},
        "for d in /tmp /dev/shm " SANDBOX_HOME
        "; do head -c 40M /dev/zero 2>/dev/null > $d/x; test $(wc -c < $d/x) = 41943040 && echo filled; "
        "rm $d/x; done",
        "filled");
}

static bool x19_root_file_system(const char *weakened) {
    return attack_script_says(weakened, (struct limits){0},
                              "for f in /x /run/x /dev/x; do echo x > $f && echo wrote; done", "wrote");
}

static bool x19_files_without_content(const char *weakened) {
    return attack_says(weakened, (struct limits){.memory_bytes = 32 * MB}, "files", "60000", "survived");
}

static bool fill_disk(const char *weakened) {
    const char *argv[4];
    attack_enter_own_host();
    struct launch_plan plan = fixture_shell(
        argv, "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do head -c 4M /dev/zero >> x || exit; sleep 0.1; done; "
              "sleep 5; echo filled");
    if (mount("tmpfs", fixture_folder(), "tmpfs", 0, "size=64m") != 0) {
        _exit(ATTACK_CANNOT);
    }
    plan.order.tree_fd = open(fixture_folder(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct spawner *spawner = fixture_spawner(weakened);
    struct outcome outcome = fixture_run(spawner, &plan);
    bool filled = outcome_says(&outcome, "filled");
    if (!filled && strstr(outcome.result.message, "disk") == NULL) {
        _exit(ATTACK_CANNOT + 1);
    }
    outcome_free(&outcome);
    spawner_stop(spawner);
    return filled;
}

static bool x19_disk_of_a_kept_tree(const char *weakened) {
    return attack_in_child(fill_disk, weakened);
}

/* --- X21 --- */

static bool x21_limits_of_a_process(const char *weakened) {
    struct rlimit files;
    char line[32];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    snprintf(line, sizeof line, "%llu", (unsigned long long)files.rlim_max);
    return attack_script_says(weakened, (struct limits){0}, "ulimit -Hn", line);
}

static bool x21_cores_for_the_host(const char *weakened) {
    assert_true(attack_says(weakened, (struct limits){0}, "core", NULL, "others: OK"));
    return !attack_says(weakened, (struct limits){0}, "core", NULL, "core 1 1");
}

/* Descriptors in flight also count against the server: it must still be able to send. */
static bool block_the_server(const char *weakened) {
    const struct rlimit few = {400, 400};
    char path[256];
    const char *const argv[] = {"./attack", "send", NULL};
    struct launch_plan plan = {
        .order.argv = argv, .order.tree_fd = fixture_tree(path), .shape.profile = PROFILE_RESTRICTIVE};
    setrlimit(RLIMIT_NOFILE, &few);
    struct spawner *spawner = fixture_spawner(weakened);
    struct running running = fixture_start(spawner, &plan);
    if (!fixture_wait_output(&running, "held")) {
        _exit(ATTACK_CANNOT + 1);
    }
    struct outcome outcome = fixture_sh(spawner, "true");
    struct run_result result;
    bool blocked = running_result(&running, &result, 0); /* until the attack was over */
    outcome_free(&outcome);
    running_close(&running);
    spawner_stop(spawner);
    return blocked;
}

static bool x21_descriptors_on_their_way(const char *weakened) {
    return attack_in_child(block_the_server, weakened);
}

static const struct attack attacks[] = {
    ATTACK(x16_processes_without_end, "nproc,watchdog"),
    ATTACK(x16_threads_without_end, "nproc,watchdog"),
    ATTACK(x16_threads_unlimited, "nproc,watchdog"),
    ATTACK(x17_processes_in_a_new_namespace, "disable-userns,seccomp"),
    ATTACK(x18_children, "watchdog"),
    ATTACK(x18_files_in_memory, "watchdog"),
    ATTACK(x18_first_thread_has_ended, "watchdog"),
    ATTACK(x18_hidden_descriptors, "seccomp"),
    ATTACK(x18_one_process, "data-limit,watchdog"),
    ATTACK(x18_system_v, "seccomp"),
    ATTACK(x19_file_systems_in_memory, "sizes,watchdog"),
    ATTACK(x19_root_file_system, "remount-ro"),
    ATTACK(x19_files_without_content, "watchdog"),
    ATTACK(x19_disk_of_a_kept_tree, "disk-reserve"),
    ATTACK(x21_limits_of_a_process, "rlimits"),
    ATTACK(x21_cores_for_the_host, "rlimits,seccomp"),
    ATTACK(x21_descriptors_on_their_way, "rlimits"),
};

int main(void) {
    return attacks_run(attacks, sizeof attacks / sizeof attacks[0]);
}
