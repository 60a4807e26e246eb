/*
 * test_sandbox_bites.c: attacks on isolation and on the set-up, each with its control and without; see
 * sandbox_attacks.h. Those that exhaust a resource are in test_sandbox_floods.c.
 */
#include "sandbox_attacks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "subreaper.h"

static bool bubblewrap_follows_links(void) {
    struct probe_result result;
    setenv("AK_TEST_WEAKEN", "", 1);
    assert_true(probe_bubblewrap(NULL, NULL, &result));
    return result.warning[0] != '\0';
}

/* --- X1 --- */

static bool x1_links_in_the_tree(const char *weakened) {
    const char *argv[4];
    char path[256], outside[256], target[300], made[300];
    struct launch_plan plan = fixture_shell(argv, "true");
    if (weakened != NULL && !bubblewrap_follows_links()) {
        skip();
    }
    close(fixture_tree(outside));
    plan.order.tree_fd = fixture_tree(path);
    snprintf(target, sizeof target, "/oldroot%s", outside);
    assert_int_equal(symlinkat(target, plan.order.tree_fd, ".local"), 0);
    struct spawner *spawner = fixture_spawner(weakened);
    struct outcome outcome = fixture_run(spawner, &plan);
    outcome_free(&outcome);
    spawner_stop(spawner);
    close(plan.order.tree_fd);
    snprintf(made, sizeof made, "%s/bin", outside);
    return access(made, F_OK) == 0;
}

/* --- X5 --- */

static void kill_all(const char *word) {
    char command[128];
    snprintf(command, sizeof command, "grep -la %s /proc/[0-9]*/cmdline 2>/dev/null | tr -dc '0-9\\n'", word);
    FILE *pids = popen(command, "re");
    int pid;
    assert_non_null(pids);
    while (fscanf(pids, "%d", &pid) == 1) {
        if (pid != getpid()) {
            kill(pid, SIGKILL);
        }
    }
    pclose(pids);
}

/* The server is killed while its first sandbox is being built. */
static bool survive_server(const char *weakened, int pause_ms) {
    const char *word = fixture_word();
    const char *const argv[] = {"sh", "-c", "sleep 60; true", word, NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.tree_fd = -1};
    pid_t pid = fork();
    if (pid == 0) {
        struct spawner *spawner = fixture_spawner(weakened);
        fixture_start(spawner, &plan);
        fixture_pause_ms(pause_ms);
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, NULL, 0);
    fixture_pause_ms(500); /* by now it runs, if a process was left to start it */
    bool survived = !fixture_all_gone(word, weakened != NULL ? 1500 : FIXTURE_GONE_MS);
    kill_all(word);
    assert_true(fixture_all_gone(word, FIXTURE_GONE_MS));
    return survived;
}

/* When it is being built depends on the machine's load: what must succeed is tried at several moments. */
static bool x5_server_killed_early(const char *weakened) {
    static const int pauses_ms[] = {2, 20, 300, 5, 10, 40, 80, 150, 600, 1200};
    size_t moments = sizeof pauses_ms / sizeof pauses_ms[0], tries = weakened ? 3 * moments : 3;
    for (size_t i = 0; i < tries; i++) {
        if (survive_server(weakened, pauses_ms[i % moments])) {
            return true;
        }
    }
    return false;
}

/* --- X6 --- */

static bool lose_exit_code(const char *weakened) {
    const char *argv[4];
    struct launch_plan plan =
        fixture_shell(argv, "(sleep 9 &); test $(grep -cE 'Sig(Blk|Ign):.0*$' /proc/self/status) = 2 && exit 6");
    struct run_result result = {0};
    sigset_t all;
    sigfillset(&all);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_BLOCK, &all, NULL);
    struct spawner *spawner = fixture_spawner(weakened);
    struct running running = fixture_start(spawner, &plan);
    bool told = running_result(&running, &result, weakened == NULL ? FIXTURE_TIMEOUT_MS : 1500);
    running_close(&running);
    spawner_stop(spawner);
    return !told || result.kind != END_EXITED || result.exit_code != 6;
}

static bool x6_host_ignores_children(const char *weakened) {
    return attack_in_child(lose_exit_code, weakened);
}

/* --- X7 --- */

static bool x7_first_process_is_read(const char *weakened) {
    struct spawner *spawner = fixture_spawner(weakened);
    bool found = attack_outcome_has(fixture_probe(spawner, PROFILE_MODERATE, "files", NULL), "read /proc/1/maps: OK");
    spawner_stop(spawner);
    return found;
}

static bool x7_first_process_is_traced(const char *weakened) {
    return attack_says(weakened, (struct limits){0}, "first", NULL, "ptrace: OK");
}

/* --- X8, X24: no incomplete sandboxes --- */

static bool usable_on_masked_proc(const char *weakened) {
    struct probe_result result;
    attack_enter_own_host();
    if (!fixture_mask_proc()) {
        _exit(ATTACK_CANNOT);
    }
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    bool usable = probe_bubblewrap(NULL, NULL, &result);
    return usable || strstr(result.message, "/proc cannot be mounted") == NULL;
}

static bool x8_masked_proc(const char *weakened) {
    return attack_in_child(usable_on_masked_proc, weakened);
}

static bool usable_without_namespaces(const char *weakened) {
    struct probe_result result;
    attack_enter_own_host();
    int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
    if (fd == -1 || write(fd, "0", 1) != 1) {
        _exit(ATTACK_CANNOT);
    }
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    bool usable = probe_bubblewrap(NULL, NULL, &result);
    return usable || strstr(result.message, "user.max_user_namespaces") == NULL;
}

static bool x24_no_namespaces(const char *weakened) {
    return attack_in_child(usable_without_namespaces, weakened);
}

/* --- X10, X22: the host's folders --- */

static bool x10_socket_in_a_folder(const char *weakened) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool reached = false;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", fixture_folder(), fixture_word());
    int host = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(host, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(host, 8), 0);
    setenv("HOME", fixture_folder(), 1);
    struct spawner *spawner = fixture_spawner(weakened);
    for (int profile = PROFILE_PERMISSIVE; profile <= PROFILE_RESTRICTIVE; profile++) {
        struct outcome outcome = fixture_probe(spawner, (enum profile)profile, "unix", address.sun_path);
        reached = attack_outcome_has(outcome, "connect: OK") || reached;
    }
    spawner_stop(spawner);
    close(host);
    return reached;
}

/* Files that run later on the host: the caller's home is also its working directory. */
static bool x22_files_that_run_later(const char *weakened) {
    static const char *const names[] = {".bashrc", ".git/hooks/pre-commit", ".mcp.json"};
    const char *argv[4];
    char home[256], file[300], script[400];
    bool written = false;
    int home_fd = fixture_tree(home);
    assert_int_equal(mkdirat(home_fd, ".git", 0700), 0);
    assert_int_equal(mkdirat(home_fd, ".git/hooks", 0700), 0);
    setenv("HOME", home, 1);
    assert_int_equal(fchdir(home_fd), 0);
    struct spawner *spawner = fixture_spawner(weakened);
    for (int round = 0; round < 6; round++) {
        snprintf(script, sizeof script,
                 "for d in %s ~ . $OLDPWD /home /root; do for f in .bashrc .git/hooks/pre-commit .mcp.json; do echo "
                 "evil >> $d/$f; done; done 2>/dev/null",
                 home);
        char tree[256];
        struct launch_plan plan = fixture_shell(argv, script);
        plan.shape.profile = (enum profile)(round % 3);
        plan.order.tree_fd = round < 3 ? -1 : fixture_tree(tree);
        struct outcome outcome = fixture_run(spawner, &plan);
        outcome_free(&outcome);
        if (plan.order.tree_fd != -1) {
            close(plan.order.tree_fd);
        }
    }
    spawner_stop(spawner);
    assert_int_equal(chdir("/"), 0);
    close(home_fd);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(file, sizeof file, "%s/%s", home, names[i]);
        written = access(file, F_OK) == 0 || written;
    }
    return written;
}

/* --- X23, X25: which bubblewrap, and none --- */

static bool x23_runs_without_a_sandbox(const char *weakened) {
    const struct spawner_options options = {.bwrap = {"/no/such/bwrap", -1}, .cgroup_root = ""};
    const char *argv[4];
    char marker[200], script[300], why[256];
    snprintf(marker, sizeof marker, "%s/%s", fixture_folder(), fixture_word());
    snprintf(script, sizeof script, "echo x > %s", marker);
    struct launch_plan plan = fixture_shell(argv, script);
    plan.order.workdir = "/";
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    struct spawner *spawner = spawner_start(&options, why, sizeof why);
    assert_non_null(spawner);
    struct outcome outcome = fixture_run(spawner, &plan);
    assert_true(weakened != NULL || outcome.result.kind == END_SANDBOX_FAILED);
    outcome_free(&outcome);
    spawner_stop(spawner);
    return access(marker, F_OK) == 0;
}

/* A bwrap that reports that it was run. */
static void make_program(char folder[256], char marker[300], mode_t mode) {
    char file[300], script[700];
    close(fixture_tree(folder));
    snprintf(marker, 300, "%s/ran", folder);
    snprintf(file, sizeof file, "%s/bwrap", folder);
    int length = snprintf(script, sizeof script, "#!/bin/sh\necho x > %s\nexec /usr/bin/bwrap \"$@\"\n", marker);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_int_equal(write(fd, script, (size_t)length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static bool x25_setuid_program(const char *weakened) {
    char folder[256], marker[300];
    const char *const folders[] = {folder, NULL};
    struct probe_result result;
    make_program(folder, marker, 04755);
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    probe_bubblewrap(folders, NULL, &result);
    return access(marker, F_OK) == 0;
}

static bool x25_program_in_path(const char *weakened) {
    char folder[256], marker[300];
    struct probe_result result;
    make_program(folder, marker, 0755);
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    setenv("PATH", folder, 1);
    probe_bubblewrap(NULL, NULL, &result);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    return access(marker, F_OK) == 0;
}

/* --- X27 --- */

/* No root, no cgroup, no service manager: without the control the service itself fails. */
static bool x27_bare_host(const char *weakened) {
    const struct spawner_options options = {.bwrap = {"/usr/bin/bwrap", -1}, .cgroup_root = ""};
    const char *argv[4];
    char why[256];
    struct launch_plan plan = fixture_shell(argv, "echo ran");
    plan.order.limits = (struct limits){.memory_bytes = UINT64_C(256) << 20, .cpus = 0.5, .max_processes = 64};
    assert_true(geteuid() != 0);
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("DBUS_SESSION_BUS_ADDRESS");
    struct spawner *spawner = spawner_start(&options, why, sizeof why);
    if (spawner == NULL) {
        return true;
    }
    bool ran = attack_outcome_has(fixture_run(spawner, &plan), "ran");
    spawner_stop(spawner);
    return !ran;
}

/* --- X28 --- */

static bool x28_short_commands(const char *weakened) {
    int rounds = getenv("AK_TEST_LONG") != NULL ? 10000 : getenv("AK_TEST_AS") != NULL ? 100 : 500;
    const char *const argv[] = {"true", NULL};
    const struct launch_plan plan = {.order.argv = argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
    bool lost = false;
    struct spawner *spawner = fixture_spawner(weakened);
    for (int i = 0; i < rounds && !lost; i++) {
        struct outcome outcome = fixture_run(spawner, &plan);
        lost = outcome.result.kind != END_EXITED || outcome.result.exit_code != 0;
        outcome_free(&outcome);
    }
    spawner_stop(spawner);
    return lost;
}

static const struct attack attacks[] = {
    ATTACK(x1_links_in_the_tree, "tree-last"),
    ATTACK(x5_server_killed_early, "end-children,die-with-parent"),
    ATTACK(x6_host_ignores_children, "reset-signals"),
    ATTACK(x7_first_process_is_read, "dumpable"),
    ATTACK(x7_first_process_is_traced, "dumpable"),
    ATTACK(x8_masked_proc, "mount-proc"),
    ATTACK(x10_socket_in_a_folder, "host-folders"),
    ATTACK(x22_files_that_run_later, "host-folders"),
    ATTACK(x23_runs_without_a_sandbox, "fail-closed"),
    ATTACK(x24_no_namespaces, "trial"),
    ATTACK(x25_setuid_program, "setuid-check"),
    ATTACK(x25_program_in_path, "fixed-folders"),
    ATTACK(x27_bare_host, "any-host"),
    ATTACK(x28_short_commands, "last-report"),
};

int main(void) {
    return attacks_run(attacks, sizeof attacks / sizeof attacks[0]);
}
