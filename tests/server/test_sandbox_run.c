/*
 * test_sandbox_run.c: the input of a command and the result of its caller, by spawner.h.
 */
#include "sandbox_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct spawner *spawner;

static bool inherited[1024]; /* descriptors that were open before the test */

static int start_spawner(void **state) {
    for (int fd = 0; fd < 1024; fd++) {
        inherited[fd] = fcntl(fd, F_GETFD) != -1;
    }
    int failed = fixture_set_up(state);
    spawner = failed == 0 ? fixture_spawner(NULL) : NULL;
    return failed;
}

static int stop_spawner(void **state) {
    spawner_stop(spawner);
    return fixture_tear_down(state);
}

static void check(struct outcome outcome, enum end_kind kind, int exit_code, const char *output) {
    assert_string_equal(outcome.output, output);
    assert_int_equal(outcome.result.kind, kind);
    assert_int_equal(outcome.result.exit_code, exit_code);
    outcome_free(&outcome);
}

static void test_exit_codes_are_the_commands_own(void **state) {
    (void)state;
    check(fixture_sh(spawner, "exit 0"), END_EXITED, 0, "");
    check(fixture_sh(spawner, "echo out; exit 7"), END_EXITED, 7, "out\n");
    check(fixture_sh(spawner, "exit 255"), END_EXITED, 255, "");
    /* not interpreted as elsewhere */
    check(fixture_sh(spawner, "exit 127"), END_EXITED, 127, "");
    check(fixture_sh(spawner, "exit 137"), END_EXITED, 137, "");
    check(fixture_sh(spawner, "exit 1"), END_EXITED, 1, "");
}

static void test_signals_are_told_from_exit_codes(void **state) {
    (void)state;
    check(fixture_sh(spawner, "kill -9 $$"), END_SIGNALED, 137, "");
    check(fixture_sh(spawner, "kill -15 $$"), END_SIGNALED, 143, "");
    struct outcome outcome = fixture_sh(spawner, "kill -11 $$");
    assert_non_null(strstr(outcome.result.message, "signal 11"));
    check(outcome, END_SIGNALED, 139, "");
}

static struct outcome run_program(const char *program) {
    const char *const argv[] = {program, NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
    return fixture_run(spawner, &plan);
}

static void check_not_run(const char *program, int exit_code, const char *message) {
    struct outcome outcome = run_program(program);
    assert_string_equal(outcome.result.message, message);
    check(outcome, END_NOT_FOUND, exit_code, "");
}

static void test_programs_that_cannot_run(void **state) {
    (void)state;
    check_not_run("bad-command", 127, "bad-command: not found");
    check_not_run("/no/such/program", 127, "/no/such/program: not found");
    check_not_run("/etc/passwd/x", 127, "/etc/passwd/x: Not a directory");
    check_not_run("/etc/passwd", 126, "/etc/passwd: Permission denied");
    check_not_run("/usr", 126, "/usr: Permission denied");
}

static void test_no_program_at_all(void **state) {
    const char *const none[] = {NULL}, *const empty[] = {"", NULL}, *const truth[] = {"true", NULL};
    struct running running;
    char why[128];
    (void)state;
    assert_false(spawner_run(spawner, &(struct launch_plan){.order.argv = none, .order.tree_fd = -1}, &running, why,
                             sizeof why));
    assert_string_equal(why, "no program is named");
    assert_false(spawner_run(spawner, &(struct launch_plan){.order.argv = empty, .order.tree_fd = -1}, &running, why,
                             sizeof why));
    assert_int_equal(running.output_fd, -1);
    assert_int_equal(running.control_fd, -1);
    running_close(&running);
    const struct launch_plan relative = {.order.argv = truth, .order.tree_fd = -1, .order.workdir = "tmp"};
    assert_false(spawner_run(spawner, &relative, &running, why, sizeof why));
    assert_non_null(strstr(why, "absolute"));
}

/* A script without an interpreter line is not run by a shell. */
static void test_script_without_interpreter(void **state) {
    const char *const good[] = {"./script", NULL};
    char path[256];
    int tree_fd = fixture_tree(path);
    struct launch_plan plan = {.order.argv = good, .order.tree_fd = tree_fd, .shape.profile = PROFILE_MODERATE};
    (void)state;
    int fd = openat(tree_fd, "script", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_int_equal(write(fd, "echo ran\n", 9), 9);
    close(fd);
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.result.message, "./script: Exec format error");
    check(outcome, END_NOT_FOUND, 126, "");

    fd = openat(tree_fd, "script", O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, "#!/no/such\n", 11), 11);
    close(fd);
    outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.result.message, "./script: its interpreter was not found");
    check(outcome, END_NOT_FOUND, 127, "");
    close(tree_fd);
}

static void test_working_directory(void **state) {
    const char *const argv[] = {"pwd", NULL};
    struct launch_plan plan = {.order.argv = argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
    (void)state;
    check(fixture_run(spawner, &plan), END_EXITED, 0, SANDBOX_HOME "\n");
    plan.order.workdir = "/usr/bin";
    check(fixture_run(spawner, &plan), END_EXITED, 0, "/usr/bin\n");
    plan.order.workdir = "/no/such";
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.result.message, "cannot enter /no/such: No such file or directory");
    check(outcome, END_NOT_FOUND, 126, "");
}

/* RI3: every byte of every argument, including those special to a shell. */
static void test_arguments_go_through_untouched(void **state) {
    static char big[100001];
    memset(big, 'x', sizeof big - 1);
    const char *const argv[] = {
        "printf",       "%s|", "a b", "",  "'q' \"d\" `id` $(id) $HOME \\", "line\nline\r\n\t", "-n",
        "\xff\xfe\x01", "*",   big,   NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
    (void)state;
    struct outcome outcome = fixture_run(spawner, &plan);
    const char *expected = "a b||'q' \"d\" `id` $(id) $HOME \\|line\nline\r\n\t|-n|\xff\xfe\x01|*|";
    assert_int_equal(outcome.size, strlen(expected) + sizeof big);
    assert_memory_equal(outcome.output, expected, strlen(expected));
    assert_memory_equal(outcome.output + strlen(expected), big, sizeof big - 1);
    outcome_free(&outcome);
}

/* RI3: more than the kernel accepts is a separate result. */
static void test_too_big(void **state) {
    static char big[200001];
    memset(big, 'x', sizeof big - 1);
    const char *const argv[] = {"true", big, NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
    (void)state;
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.result.message, "true: Argument list too long");
    check(outcome, END_TOO_BIG, 126, "");
}

static void test_environment(void **state) {
    const char *const argv[] = {"env", NULL};
    const char *const env[] = {"A=1", "TERM=vt100", "MULTI=a\nb", "EMPTY=", NULL};
    struct launch_plan plan = {
        .order.argv = argv, .order.env = env, .order.tree_fd = -1, .order.image = "python:3.12-slim"};
    (void)state;
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_string_equal(outcome.output, "PATH=" SANDBOX_HOME
                                        "/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                                        "HOME=" SANDBOX_HOME "\nUSER=sandbox\nLOGNAME=sandbox\nSHELL=/bin/sh\n"
                                        "LANG=C.UTF-8\nPWD=" SANDBOX_HOME "\nPIP_BREAK_SYSTEM_PACKAGES=1\n"
                                        "A=1\nTERM=vt100\nMULTI=a\nb\nEMPTY=\n");
    outcome_free(&outcome);
    plan.order.image = "alpine";
    outcome = fixture_run(spawner, &plan);
    assert_null(strstr(outcome.output, "PIP_"));
    outcome_free(&outcome);
}

/* The caller's PATH is searched. */
static void test_path_of_the_caller(void **state) {
    const char *const argv[] = {"probe", "none", NULL}, *const env[] = {"PATH=/nowhere::" SANDBOX_HOME, NULL};
    char path[256];
    struct launch_plan plan = {.order.argv = argv, .order.env = env, .order.tree_fd = fixture_tree(path)};
    (void)state;
    check(fixture_run(spawner, &plan), END_EXITED, 2, "");
    plan.order.env = NULL;
    check(fixture_run(spawner, &plan), END_NOT_FOUND, 127, "");
    close(plan.order.tree_fd);
}

/* RI1 */
static void test_stdin_is_empty(void **state) {
    (void)state;
    check(fixture_sh(spawner, "cat; readlink /proc/self/fd/0"), END_EXITED, 0, "/dev/null\n");
}

static void test_stdout_and_stderr_stay_in_order(void **state) {
    (void)state;
    check(fixture_sh(spawner, "for i in 1 2 3; do echo o$i; echo e$i >&2; done"), END_EXITED, 0,
          "o1\ne1\no2\ne2\no3\ne3\n");
}

/* RS3: all output has arrived when the result is known, however much it is. */
static void test_all_bytes_arrive(void **state) {
    (void)state;
    struct outcome outcome = fixture_sh(spawner, "head -c 5000000 /dev/zero; echo end");
    assert_int_equal(outcome.size, 5000004);
    assert_string_equal(outcome.output + 5000000, "end\n");
    outcome_free(&outcome);

    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, "echo first; echo second >&2");
    struct running running = fixture_start(spawner, &plan);
    struct run_result result;
    char text[64];
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(read(running.output_fd, text, sizeof text), 13);
    assert_memory_equal(text, "first\nsecond\n", 13);
    assert_int_equal(read(running.output_fd, text, sizeof text), 0);
    running_close(&running);
}

/* A separate pipe for stderr, for a kept tree only; the first pipe does not contain its data. */
static void test_separate_errors(void **state) {
    const char *argv[4];
    char path[256], why[200] = "", text[64];
    struct launch_plan plan = fixture_shell(argv, "echo out; echo err >&2");
    struct running running;
    struct run_result result;
    (void)state;
    plan.order.separate_errors = true;
    assert_false(spawner_run(spawner, &plan, &running, why, sizeof why));
    assert_non_null(strstr(why, "kept sandboxes only"));
    plan.order.tree_fd = fixture_tree(path);
    running = fixture_start(spawner, &plan);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(read(running.output_fd, text, sizeof text), 4);
    assert_memory_equal(text, "out\n", 4);
    assert_int_equal(read(running.error_fd, text, sizeof text), 4);
    assert_memory_equal(text, "err\n", 4);
    running_close(&running);
    close(plan.order.tree_fd);
}

/* RS5: the command's end is the end, although a child of it holds the output open. */
static void test_background_child_does_not_delay_the_end(void **state) {
    (void)state;
    /* longer than the test waits */
    check(fixture_sh(spawner, "sleep 600 & echo done"), END_EXITED, 0, "done\n");
    check(fixture_sh(spawner, "setsid sleep 600 & (sleep 600 &) ; exit 3"), END_EXITED, 3, "");
}

/* RO4: the pipe is the buffer; without a reader the command waits. */
static void test_back_pressure(void **state) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, "yes >&2");
    struct run_result result;
    int first = 0, second = -1;
    (void)state;
    struct running running = fixture_start(spawner, &plan);
    struct pollfd event = {.fd = running.output_fd, .events = POLLIN};
    assert_int_equal(poll(&event, 1, FIXTURE_TIMEOUT_MS), 1);
    int64_t deadline = fixture_now_ms() + FIXTURE_TIMEOUT_MS;
    while (first != second && fixture_now_ms() < deadline) {
        second = first;
        fixture_pause_ms(300);
        assert_int_equal(ioctl(running.output_fd, FIONREAD, &first), 0);
    }
    assert_int_equal(first, second);
    assert_true(first <= 1 << 20);
    assert_false(running_result(&running, &result, 0));
    running_kill(&running);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(result.kind, END_SIGNALED);
    running_close(&running);
}

static void test_kill(void **state) {
    const char *argv[4];
    char script[128];
    struct run_result result;
    const char *word = fixture_word();
    (void)state;
    snprintf(script, sizeof script, "trap '' TERM; sh -c 'echo up; sleep 60' %s", word);
    struct launch_plan plan = fixture_shell(argv, script);
    struct running running = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&running, "up"));
    assert_true(fixture_count(word) > 0);
    assert_false(running_result(&running, &result, 50));
    running_kill(&running);
    running_kill(&running);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(result.kind, END_SIGNALED);
    assert_int_equal(result.exit_code, 137);
    assert_string_equal(result.message, "killed");
    assert_int_equal(fixture_count(word), 0); /* gone before the result, not after */
    running_kill(&running);                   /* too late, but harmless */
    running_close(&running);
    running_close(&running);
}

static void test_close_kills(void **state) {
    const char *argv[4];
    char script[128];
    const char *word = fixture_word();
    (void)state;
    snprintf(script, sizeof script, "sh -c 'echo up; sleep 600' %s", word);
    struct launch_plan plan = fixture_shell(argv, script);
    struct running running = fixture_start(spawner, &plan);
    assert_true(fixture_wait_output(&running, "up"));
    assert_true(fixture_count(word) > 0);
    running_close(&running);
    assert_true(fixture_all_gone(word, FIXTURE_GONE_MS));
}

/* A kept tree is the home of every command in it, and its files persist. */
static void test_kept_tree(void **state) {
    const char *argv[4];
    char path[256], file[300], text[16] = "";
    struct launch_plan plan = fixture_shell(argv, "echo kept > note; mkdir sub; echo x > /tmp/gone");
    (void)state;
    plan.order.tree_fd = fixture_tree(path);
    check(fixture_run(spawner, &plan), END_EXITED, 0, "");
    argv[2] = "cat ~/note; ls -d sub; ls /tmp";
    plan.shape.profile = PROFILE_RESTRICTIVE;
    check(fixture_run(spawner, &plan), END_EXITED, 0, "kept\nsub\n");
    snprintf(file, sizeof file, "%s/note", path);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text), 5);
    close(fd);
    close(plan.order.tree_fd);
    check(fixture_sh(spawner, "ls -A"), END_EXITED, 0, ""); /* without a tree: empty, and nothing persists */
}

/* Another root: its own programs, and nothing of the host. */
static void test_image_root(void **state) {
    const char *const argv[] = {"/bin/probe", "files", NULL};
    char root[256], bin[300];
    int root_fd = fixture_tree(root);
    const struct launch_plan plan = {
        .order.argv = argv, .order.tree_fd = -1, .shape.image_root = root, .shape.profile = PROFILE_MODERATE};
    (void)state;
    snprintf(bin, sizeof bin, "%s/bin", root);
    assert_int_equal(mkdirat(root_fd, "usr", 0755), 0);
    assert_int_equal(mkdirat(root_fd, "etc", 0755), 0);
    assert_int_equal(mkdirat(root_fd, "home", 0755), 0);
    assert_int_equal(mkdirat(root_fd, "proc", 0755), 0);
    assert_int_equal(symlinkat("usr", root_fd, "bin"), 0);
    assert_int_equal(renameat(root_fd, "probe", root_fd, "usr/probe"), 0);
    assert_int_equal(close(openat(root_fd, "etc/resolv.conf", O_WRONLY | O_CREAT, 0644)), 0);
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_int_equal(outcome.result.kind, END_EXITED);
    assert_non_null(strstr(outcome.output, "/usr/x: EROFS\n"));
    assert_non_null(strstr(outcome.output, "/etc/x: EROFS\n"));
    assert_non_null(strstr(outcome.output, "absent /home: there\n"));
    assert_non_null(strstr(outcome.output, "absent /root: gone\n"));
    assert_non_null(strstr(outcome.output, "./x: OK\n"));
    assert_non_null(strstr(outcome.output, "/proc/sys/kernel/hostname: E"));
    outcome_free(&outcome);

    struct launch_plan missing = plan;
    missing.shape.image_root = "/no/such/root";
    outcome = fixture_run(spawner, &missing);
    assert_non_null(strstr(outcome.result.message, "/no/such/root"));
    check(outcome, END_SANDBOX_FAILED, 125, "");
    close(root_fd);
}

enum { THREADS = 20, ROUNDS = 10 };

static void *run_many(void *argument) {
    const int *number = argument;
    long good = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const char *argv[4];
        char script[64], expected[64];
        int code = (*number * ROUNDS + round) % 200;
        snprintf(script, sizeof script, "echo %d-%d; exit %d", *number, round, code);
        snprintf(expected, sizeof expected, "%d-%d\n", *number, round);
        struct launch_plan plan = fixture_shell(argv, script);
        struct outcome outcome = fixture_run(spawner, &plan);
        good += outcome.result.kind == END_EXITED && outcome.result.exit_code == code &&
                strcmp(outcome.output, expected) == 0;
        outcome_free(&outcome);
    }
    return good == ROUNDS ? argument : NULL;
}

static void test_many_threads(void **state) {
    pthread_t threads[THREADS];
    int numbers[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *good;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_non_null(good);
    }
}

enum { AT_ONCE = 200 };

/* All of them alive at the same time. */
static void test_two_hundred_at_once(void **state) {
    static struct running running[AT_ONCE];
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, "echo up; sleep 60");
    struct run_result result;
    (void)state;
    for (int i = 0; i < AT_ONCE; i++) {
        running[i] = fixture_start(spawner, &plan);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        assert_true(fixture_wait_output(&running[i], "up"));
    }
    for (int i = 0; i < AT_ONCE; i++) {
        running_kill(&running[i]);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        assert_true(running_result(&running[i], &result, FIXTURE_TIMEOUT_MS));
        assert_int_equal(result.kind, END_SIGNALED);
        running_close(&running[i]);
    }
}

static int count_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

/* Descriptors that the caller of the tests left open are ignored. */
static bool inherited[1024];

static void remember_inherited(void) {
    for (int fd = 3; fd < 1024; fd++) {
        inherited[fd] = fcntl(fd, F_GETFD) != -1;
    }
}

static void test_no_descriptor_is_leaked_here(void **state) {
    (void)state;
    outcome_free(&(struct outcome){.output = fixture_sh(spawner, "true").output});
    int before = count_descriptors();
    for (int i = 0; i < 20; i++) {
        struct outcome outcome = i % 2 == 0 ? fixture_sh(spawner, "true") : run_program("bad-command");
        outcome_free(&outcome);
    }
    assert_int_equal(count_descriptors(), before);
    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        assert_true(inherited[fd] || flags == -1 || (flags & FD_CLOEXEC) != 0);
    }
}

int main(void) {
    remember_inherited();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_codes_are_the_commands_own),
        cmocka_unit_test(test_signals_are_told_from_exit_codes),
        cmocka_unit_test(test_programs_that_cannot_run),
        cmocka_unit_test(test_no_program_at_all),
        cmocka_unit_test(test_script_without_interpreter),
        cmocka_unit_test(test_working_directory),
        cmocka_unit_test(test_arguments_go_through_untouched),
        cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_path_of_the_caller),
        cmocka_unit_test(test_stdin_is_empty),
        cmocka_unit_test(test_stdout_and_stderr_stay_in_order),
        cmocka_unit_test(test_all_bytes_arrive),
        cmocka_unit_test(test_separate_errors),
        cmocka_unit_test(test_background_child_does_not_delay_the_end),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_close_kills),
        cmocka_unit_test(test_kept_tree),
        cmocka_unit_test(test_image_root),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_two_hundred_at_once),
        cmocka_unit_test(test_no_descriptor_is_leaked_here),
    };
    return cmocka_run_group_tests(tests, start_spawner, stop_spawner);
}
