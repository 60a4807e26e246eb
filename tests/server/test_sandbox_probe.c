/*
 * test_sandbox_probe.c: finding bubblewrap, and reporting the cause where it cannot work (X8, X23, X24, X25).
 */
#include "sandbox_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "probe.h"

static char capable_folder[64]; /* with a bwrap that has file capabilities; empty: could not be made */

/* Only root can give a file capabilities, and the fixture drops root. */
static void make_capable_program(void) {
    const unsigned char capabilities[20] = {1, 0, 0, 2, 0, 0, 0x20}; /* version 2, effective, CAP_SYS_ADMIN permitted */
    char path[100];
    snprintf(capable_folder, sizeof capable_folder, "/tmp/akl-capable-%d", (int)getpid());
    snprintf(path, sizeof path, "%s/bwrap", capable_folder);
    if (mkdir(capable_folder, 0755) == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        if (fd != -1 && fchmod(fd, 0755) == 0 &&
            fsetxattr(fd, "security.capability", capabilities, sizeof capabilities, 0) == 0) {
            close(fd);
            return;
        }
    }
    capable_folder[0] = '\0';
}

/* And then only root can remove it: a child that waits until the test ends. */
static void remove_at_the_end(void) {
    int end[2];
    char byte, path[100];
    if (capable_folder[0] == '\0' || pipe2(end, O_CLOEXEC) != 0 || fork() != 0) {
        return; /* end[1] stays open until the test exits */
    }
    close(end[1]);
    while (read(end[0], &byte, 1) == -1 && errno == EINTR) {
    }
    snprintf(path, sizeof path, "%s/bwrap", capable_folder);
    unlink(path);
    rmdir(capable_folder);
    _exit(0);
}

static int set_up(void **state) {
    if (geteuid() == 0) {
        make_capable_program();
        remove_at_the_end();
    }
    return fixture_set_up(state);
}

/* A folder with a bwrap that is this script. */
static const char *make_program(const char *script, mode_t mode) {
    static char path[256];
    char file[300];
    int tree_fd = fixture_tree(path);
    snprintf(file, sizeof file, "%s/bwrap", path);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_int_equal(write(fd, script, strlen(script)), strlen(script));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    close(tree_fd);
    return path;
}

static void must_refuse(const char *folder, const char *words) {
    const char *const folders[] = {folder, NULL};
    struct probe_result result;
    assert_false(probe_bubblewrap(folders, NULL, &result));
    assert_false(result.usable);
    if (strstr(result.message, words) == NULL) {
        fail_msg("expected \"%s\" in: %s", words, result.message);
    }
}

static void test_works_here(void **state) {
    struct probe_result result;
    unsigned major, minor;
    (void)state;
    assert_true(probe_bubblewrap(NULL, NULL, &result));
    assert_true(result.usable);
    assert_string_equal(result.message, "");
    assert_non_null(strstr(result.path, "/bwrap"));
    assert_int_equal(sscanf(result.version, "%u.%u", &major, &minor), 2);
    assert_int_equal(result.warning[0] != '\0', major == 0 && minor < 12);
}

/* X25: an earlier one in PATH is ignored. */
static void test_x25_not_from_path(void **state) {
    char path[300], marker[300], script[400];
    struct probe_result result;
    (void)state;
    snprintf(marker, sizeof marker, "%s/path-was-used", fixture_folder());
    snprintf(script, sizeof script, "#!/bin/sh\necho x > %s\n", marker);
    snprintf(path, sizeof path, "%s", make_program(script, 0755));
    setenv("PATH", path, 1);
    assert_true(probe_bubblewrap(NULL, NULL, &result));
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    assert_null(strstr(result.path, fixture_folder()));
    assert_int_equal(access(marker, F_OK), -1);
}

static void test_x25_setuid(void **state) {
    struct probe_result result;
    (void)state;
    const char *folder = make_program("#!/bin/sh\nexec /usr/bin/bwrap \"$@\"\n", 04755);
    must_refuse(folder, "privileges of its own");
    must_refuse(make_program("#!/bin/sh\nexec /usr/bin/bwrap \"$@\"\n", 02755), "privileges of its own");
    const char *const both[] = {folder, "/usr/bin", NULL};
    assert_true(probe_bubblewrap(both, NULL, &result));
    assert_string_equal(result.path, "/usr/bin/bwrap");
}

static void test_x25_file_capabilities(void **state) {
    (void)state;
    if (capable_folder[0] == '\0') {
        skip();
    }
    must_refuse(capable_folder, "privileges of its own");
}

/* X23 */
static void test_x23_missing(void **state) {
    char path[256];
    (void)state;
    close(fixture_tree(path));
    must_refuse(path, "install the package bubblewrap");
    must_refuse("/no/such/folder", "install the package bubblewrap");
    must_refuse(make_program("#!/bin/sh\n", 0644), "install the package bubblewrap");
}

/* X23: one that is removed later makes every command an error; nothing runs unsandboxed. */
static void test_x23_gone_later(void **state) {
    const char *argv[4];
    char marker[200], script[300];
    struct run_result result;
    const struct spawner_options options = {.bwrap = {"/no/such/bwrap", -1}, .cgroup_root = ""};
    (void)state;
    struct spawner *spawner = spawner_start(&options, script, sizeof script);
    assert_non_null(spawner);
    snprintf(marker, sizeof marker, "%s/ran-bare", fixture_folder());
    snprintf(script, sizeof script, "touch %s", marker);
    struct launch_plan plan = fixture_shell(argv, script);
    struct running running = fixture_start(spawner, &plan);
    assert_true(running_result(&running, &result, FIXTURE_TIMEOUT_MS));
    assert_int_equal(result.kind, END_SANDBOX_FAILED);
    assert_string_equal(result.message, "the sandbox could not be built: /no/such/bwrap: No such file or directory");
    running_close(&running);
    spawner_stop(spawner);
    assert_int_equal(access(marker, F_OK), -1);
}

static void test_versions(void **state) {
    struct probe_result result;
    (void)state;
    must_refuse(make_program("#!/bin/sh\necho bubblewrap 0.6.1\n", 0755), "0.8.0 or newer");
    const char *const fixed[] = {
        make_program("#!/bin/sh\n[ $1 = --version ] && echo bubblewrap 0.12.1 || exec /usr/bin/bwrap \"$@\"\n", 0755),
        NULL};
    assert_true(probe_bubblewrap(fixed, NULL, &result));
    assert_string_equal(result.version, "0.12.1");
    assert_string_equal(result.warning, "");
    const char *const mute[] = {
        make_program("#!/bin/sh\n[ $1 = --version ] && exec sleep 30; exec /usr/bin/bwrap \"$@\"\n", 0755), NULL};
    assert_true(probe_bubblewrap(mute, NULL, &result));
    assert_string_equal(result.version, "");
    assert_string_equal(result.warning, "");
}

/* Its error message is passed on to the user of the server. */
static void test_broken(void **state) {
    (void)state;
    must_refuse(make_program("#!/bin/sh\necho bwrap: something new is wrong >&2\nexit 1\n", 0755),
                "bwrap: something new is wrong");
    must_refuse(make_program("#!/bin/sh\nkill -9 $$\n", 0755), "was killed");
}

/* X8, X24: on separate hosts, as far as a user namespace provides one. */
enum { CANNOT = 77 };

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

static bool mask_proc(void) {
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && fixture_mask_proc();
}

static bool forbid_namespaces(void) {
    return write_text("/proc/sys/user/max_user_namespaces", "0");
}

static void refuse_on_host(bool (*prepare)(void), const char *words) {
    char map[64];
    int status;
    uid_t uid = getuid();
    gid_t gid = getgid();
    pid_t pid = fork();
    if (pid == 0) {
        struct probe_result result;
        if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
            _exit(CANNOT);
        }
        snprintf(map, sizeof map, "%u %u 1", uid, uid);
        bool mapped = write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "%u %u 1", gid, gid);
        if (!mapped || !write_text("/proc/self/gid_map", map) || !prepare()) {
            _exit(CANNOT);
        }
        bool usable = probe_bubblewrap(NULL, NULL, &result);
        fprintf(stderr, "%s\n", result.message);
        _exit(!usable && strstr(result.message, words) != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_x8_proc_cannot_be_mounted(void **state) {
    (void)state;
    refuse_on_host(mask_proc, "/proc cannot be mounted");
}

static void test_x24_no_user_namespaces(void **state) {
    (void)state;
    refuse_on_host(forbid_namespaces, "user.max_user_namespaces");
}

static void test_x24_classification(void **state) {
    static const char *const refused =
        "bwrap: No permissions to create new namespace, likely because the kernel does not "
        "allow non-privileged user namespaces.";
    const struct probe_host plain = {-1, -1, 10000, false}, ubuntu = {1, -1, 10000, false},
                            debian = {-1, 0, 10000, false}, none = {-1, 1, 0, false}, docker = {0, -1, 10000, true};
    const struct {
        const char *complaint;
        const struct probe_host *host;
        const char *words;
    } cases[] = {
        {refused, &plain, "allow user namespaces"},
        {refused, &ubuntu, "kernel.apparmor_restrict_unprivileged_userns"},
        {refused, &debian, "kernel.unprivileged_userns_clone"},
        {refused, &none, "user.max_user_namespaces"},
        {refused, &docker, "--security-opt seccomp=unconfined"},
        {"bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", &ubuntu, "bwrap-userns-restrict"},
        {"bwrap: setting up uid map: Permission denied", &ubuntu, "AppArmor"},
        {"bwrap: Failed to make / slave: Permission denied", &docker, "apparmor=unconfined"},
        {"bwrap: Creating new namespace failed: Operation not permitted", &plain, "allow user namespaces"},
        {"bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
         &plain, "raise"},
        {"bwrap: Creating new namespace failed: No space left on device", &none, "10000"},
        {"bwrap: Can't mount proc on /newroot/proc: Operation not permitted", &docker, "systempaths=unconfined"},
        {"bwrap: pivot_root: Invalid argument", &plain, "chroot"},
        {"bwrap: execvp /proc/self/fd/6: Permission denied", &plain, "vm.memfd_noexec"},
        {"programs in memory are forbidden here: set the sysctl vm.memfd_noexec to 0 or 1", &plain, "vm.memfd_noexec"},
        {"bwrap: never seen before", &plain, "cannot build a sandbox here (bwrap: never seen before)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[PROBE_TEXT_CAP];
        probe_classify(cases[i].complaint, cases[i].host, message, sizeof message);
        if (strstr(message, cases[i].words) == NULL || strchr(message, '\n') != NULL) {
            fail_msg("expected \"%s\" in: %s", cases[i].words, message);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_works_here),
        cmocka_unit_test(test_x25_not_from_path),
        cmocka_unit_test(test_x25_setuid),
        cmocka_unit_test(test_x25_file_capabilities),
        cmocka_unit_test(test_x23_missing),
        cmocka_unit_test(test_x23_gone_later),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_x8_proc_cannot_be_mounted),
        cmocka_unit_test(test_x24_no_user_namespaces),
        cmocka_unit_test(test_x24_classification),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
