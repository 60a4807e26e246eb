/*
 * test_sandbox_escape.c: ways out of a sandbox, and into the next one, that no single control stops.
 */
#include "sandbox_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subreaper.h"

static struct spawner *spawner;

static int start_spawner(void **state) {
    int failed = fixture_set_up(state);
    spawner = failed == 0 ? fixture_spawner(NULL) : NULL;
    return failed;
}

static int stop_spawner(void **state) {
    spawner_stop(spawner);
    return fixture_tear_down(state);
}

/* Every attempt of the program must have failed, except those in the list. */
static void must_all_fail(const char *what, const char *allowed, int attempts) {
    struct outcome outcome = fixture_attack(spawner, (struct limits){0}, what, NULL);
    char *rest = NULL;
    int seen = 0;
    assert_int_equal(outcome.result.kind, END_EXITED);
    for (char *line = strtok_r(outcome.output, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        seen++;
        if (strstr(line, ": OK") != NULL && strcmp(line, allowed) != 0) {
            fail_msg("%s", line);
        }
    }
    assert_int_equal(seen, attempts);
    outcome_free(&outcome);
}

static void test_x7_first_process(void **state) {
    (void)state;
    must_all_fail("first", "still there: OK", 7);
}

static void test_x13_devices(void **state) {
    (void)state;
    must_all_fail("devices", "", 12);
}

static void test_x11_administration(void **state) {
    (void)state;
    must_all_fail("administration", "", 14);
}

/* What remains possible, so that the tests above do not pass because nothing works. */
static void test_program_in_memory(void **state) {
    (void)state;
    struct outcome outcome = fixture_attack(spawner, (struct limits){0}, "memory-program", NULL);
    assert_string_equal(outcome.output, "ran\n");
    outcome_free(&outcome);
}

static struct running start_script(const char *script, int tree_fd) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, script);
    plan.order.tree_fd = tree_fd;
    return fixture_start(spawner, &plan);
}

/* X7: no process outside can be signalled: neither the server, nor its helpers, nor another sandbox's processes. */
static void test_x7_signals(void **state) {
    char number[16];
    pid_t pids[4];
    (void)state;
    struct running other = start_script("echo up; sleep 60", -1);
    assert_true(fixture_wait_output(&other, "up"));
    pids[0] = getpid();
    assert_int_equal(subreaper_children(&pids[1], 1), 1);
    pids[2] = fixture_child_of(fixture_child_of(pids[1]));
    pids[3] = fixture_child_of(pids[2]);
    for (size_t i = 0; i < 4; i++) {
        snprintf(number, sizeof number, "%d", (int)pids[i]);
        struct outcome outcome = fixture_attack(spawner, (struct limits){0}, "signal", number);
        assert_string_equal(outcome.output, "signal: ESRCH\n");
        outcome_free(&outcome);
    }
    running_close(&other);
}

/* One sandbox's files, in its tree and in memory, are not visible to another. */
static void test_x10_other_sandboxes(void **state) {
    const char *argv[4];
    char first[256], second[256], script[3000];
    const char *word = fixture_word();
    (void)state;
    int first_fd = fixture_tree(first);
    snprintf(script, sizeof script, "for d in ~ /tmp /dev/shm; do echo %s > $d/%s; done; echo up; sleep 60", word,
             word);
    struct running owner = start_script(script, first_fd);
    assert_true(fixture_wait_output(&owner, "up"));
    snprintf(script, sizeof script,
             "exec 2>/dev/null; find / -name %s; cat %s/%s /proc/self/root%s/%s /proc/*/root/tmp/%s /proc/*/cwd/%s; ln "
             "%s/%s x; "
             "echo hi > %s/new; mkdir -p %s; ls -A /tmp /dev/shm",
             word, first, word, first, word, word, word, first, word, first, first);
    struct launch_plan plan = fixture_shell(argv, script);
    plan.order.tree_fd = fixture_tree(second);
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_null(strstr(outcome.output, word));
    assert_non_null(strstr(outcome.output, "/tmp:"));
    outcome_free(&outcome);
    snprintf(script, sizeof script, "%s/new", first);
    assert_int_equal(access(script, F_OK), -1);
    running_close(&owner);
    close(first_fd);
    close(plan.order.tree_fd);
}

/* A command replaces the folder that the next sandbox is built with. */
static void test_x1_home_is_replaced(void **state) {
    static const char *const tricks[] = {
        "mv ~ /tmp/x; rmdir ~; rm -rf ~; ln -sfn /etc ~; mkfifo ~ 2>/dev/null; true",
        "rm -rf ~/* ~/.[!.]*; ln -s / usr; ln -s /etc tmp; ln -s /proc/self/root proc; mkfifo dev; true",
        "mkdir -p .local/bin; mkfifo .local/bin/cat; ln -s /nowhere .local/bin/ls; ln -s loop loop; true",
        "chmod 0 .; true",
    };
    const char *argv[4];
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof tricks / sizeof tricks[0]; i++) {
        struct launch_plan plan = fixture_shell(argv, tricks[i]);
        plan.order.tree_fd = fixture_tree(path);
        struct outcome outcome = fixture_run(spawner, &plan);
        assert_int_equal(outcome.result.kind, END_EXITED);
        outcome_free(&outcome);
        argv[2] = "test -d /workspace && test ! -L /workspace && cat /proc/self/comm && ls / | tr '\\n' ' '";
        plan.order.workdir = "/";
        outcome = fixture_run(spawner, &plan);
        assert_int_equal(outcome.result.kind, END_EXITED);
        assert_int_equal(strncmp(outcome.output, "cat\nbin dev etc lib ", 20), 0);
        outcome_free(&outcome);
        assert_int_equal(fchmod(plan.order.tree_fd, 0700), 0);
        close(plan.order.tree_fd);
    }
}

/* A working directory behind a link is inside the sandbox, or an error. */
static void test_x14_linked_working_directory(void **state) {
    static const char *const targets[] = {"/proc/self/fd/8", "/proc/self/fd/3", "/proc/1/cwd", "/proc/1/root",
                                          "/proc/self/task/1/cwd"};
    const char *argv[4];
    char path[256], word[300];
    (void)state;
    struct launch_plan plan = fixture_shell(argv, "pwd -P; ls .. ../.. ../../..");
    plan.order.tree_fd = fixture_tree(path);
    plan.order.workdir = SANDBOX_HOME "/link";
    snprintf(word, sizeof word, "%s", strrchr(path, '/') + 1);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        unlinkat(plan.order.tree_fd, "link", 0);
        assert_int_equal(symlinkat(targets[i], plan.order.tree_fd, "link"), 0);
        struct outcome outcome = fixture_run(spawner, &plan);
        assert_null(strstr(outcome.output, word));
        assert_int_equal(outcome.result.kind, END_NOT_FOUND);
        outcome_free(&outcome);
    }
    unlinkat(plan.order.tree_fd, "link", 0);
    assert_int_equal(mkfifoat(plan.order.tree_fd, "link", 0600), 0);
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_int_equal(outcome.result.kind, END_NOT_FOUND);
    outcome_free(&outcome);
    unlinkat(plan.order.tree_fd, "link", 0);
    assert_int_equal(symlinkat("/proc/self/root/usr", plan.order.tree_fd, "link"), 0);
    argv[2] = "pwd -P";
    outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.output, "/usr\n"); /* the sandbox's own */
    outcome_free(&outcome);
    close(plan.order.tree_fd);
}

/* Asserts that a process has an empty environment, as far as it is readable. */
static void must_have_no_environment(pid_t pid) {
    char path[64], byte;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd != -1 || errno == EACCES);
    assert_true(fd == -1 || read(fd, &byte, 1) <= 0);
    if (fd != -1) {
        close(fd);
    }
}

/* X15: the caller's environment is for the command, not for the programs that build its sandbox. */
static void test_x15_loader_variables(void **state) {
    const char *const argv[] = {"/bin/sh", "-c", "echo up; sleep 60", NULL};
    const char *const env[] = {"LD_PRELOAD=/workspace/evil.so", "LD_AUDIT=/workspace/evil.so", "GCONV_PATH=/workspace",
                               "LD_LIBRARY_PATH=/workspace", NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.env = env, .order.tree_fd = -1};
    pid_t supervisor;
    (void)state;
    struct running running = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&running, "up"));
    assert_int_equal(subreaper_children(&supervisor, 1), 1);
    pid_t outer = fixture_child_of(fixture_child_of(supervisor));
    must_have_no_environment(outer);
    must_have_no_environment(fixture_child_of(outer));
    running_close(&running);
}

/* In a session of its own with a terminal, as a server started by hand. */
static int look_for_terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master == -1 || grantpt(master) != 0 || unlockpt(master) != 0 || setsid() == -1) {
        return 2;
    }
    int terminal = open(ptsname(master), O_RDWR);
    if (terminal == -1 || dup2(terminal, 0) != 0 || dup2(terminal, 1) != 1 || dup2(terminal, 2) != 2) {
        return 3;
    }
    struct spawner *own = fixture_spawner(NULL);
    struct outcome outcome = fixture_sh(own, "tty; ls /dev/console /dev/pts/[0-9]* 2>/dev/null; echo x > /dev/tty");
    int failed = strncmp(outcome.output, "not a tty\nsh: ", 14) != 0;
    outcome_free(&outcome);
    spawner_stop(own);
    return failed;
}

/* X3: the terminal from which the server was started. */
static void test_x3_terminal_of_the_server(void **state) {
    int status;
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(look_for_terminal());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* X4: a sandbox in which everything is stopped ends like any other. */
static void test_x4_stopped_sandbox(void **state) {
    const char *word = fixture_word();
    char script[200];
    struct run_result result;
    (void)state;
    snprintf(script, sizeof script,
             "setsid sh -c 'trap \"\" TERM; sleep 60' %s & echo up; kill -STOP -1; kill -STOP $$", word);
    struct running running = start_script(script, -1);
    assert_true(fixture_wait_output(&running, "up"));
    assert_false(running_result(&running, &result, 200));
    running_kill(&running);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(fixture_count(word), 0);
    running_close(&running);
}

/* X21: a process that opens as many descriptors as possible harms only itself. */
static void test_x21_descriptor_flood(void **state) {
    (void)state;
    struct outcome outcome =
        fixture_sh(spawner, "for i in 1 2 3 4; do python3 -c '\nimport os\nn = 0\ntry:\n  while 1: "
                            "os.pipe(); n += 2\nexcept OSError: print(n < 1100)' & done; wait");
    assert_string_equal(outcome.output, "True\nTrue\nTrue\nTrue\n");
    outcome_free(&outcome);
    outcome = fixture_sh(spawner, "echo fine");
    assert_string_equal(outcome.output, "fine\n");
    outcome_free(&outcome);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x7_first_process),     cmocka_unit_test(test_x13_devices),
        cmocka_unit_test(test_x11_administration),   cmocka_unit_test(test_program_in_memory),
        cmocka_unit_test(test_x7_signals),           cmocka_unit_test(test_x10_other_sandboxes),
        cmocka_unit_test(test_x1_home_is_replaced),  cmocka_unit_test(test_x14_linked_working_directory),
        cmocka_unit_test(test_x15_loader_variables), cmocka_unit_test(test_x3_terminal_of_the_server),
        cmocka_unit_test(test_x4_stopped_sandbox),   cmocka_unit_test(test_x21_descriptor_flood),
    };
    return cmocka_run_group_tests(tests, start_spawner, stop_spawner);
}
