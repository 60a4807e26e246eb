/*
 * test_sandbox_privileges.c: dropping root (X29), with folders that are closed to the new user. Most of it requires
 * root and is skipped otherwise. Each case is a separate process, because it is irreversible.
 */
#include "sandbox_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privileges.h"

#define SOME_ID 54321

static char base[64]; /* root's, open to all */

/* In a child of the test: reports the failed line and exits. */
static void require_at(bool condition, int line, const char *detail) {
    if (!condition) {
        fprintf(stderr, "line %d: not so (%s)\n", line, detail);
        _exit(1);
    }
}
#define REQUIRE(condition) require_at((condition), __LINE__, #condition)
#define REQUIRE_TEXT(text, words) require_at(strstr((text), (words)) != NULL, __LINE__, (text))

static void in_child(void (*body)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void as_root(void (*body)(void)) {
    if (geteuid() != 0) {
        skip();
    }
    in_child(body);
}

static void status_line(const char *name, char *text, size_t cap) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    REQUIRE(status != NULL);
    text[0] = '\0';
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            snprintf(text, cap, "%s", line + strlen(name));
        }
    }
    fclose(status);
}

static void require_hardened(void) {
    char text[256];
    struct rlimit core, files;
    REQUIRE(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    REQUIRE(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    REQUIRE(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur <= 1 && core.rlim_max <= 1);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == files.rlim_max);
    status_line("CapPrm:\t", text, sizeof text);
    REQUIRE(strtoull(text, NULL, 16) == 0);
    status_line("CapEff:\t", text, sizeof text);
    REQUIRE(strtoull(text, NULL, 16) == 0);
}

static void drop(const struct identity *identity, const char *const *folders) {
    char why[512] = "";
    bool done = privileges_drop(identity, folders, why, sizeof why);
    require_at(done, __LINE__, why);
}

static void require_sandbox(int tree_fd, const char *expected) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, "ls; touch made");
    plan.order.tree_fd = tree_fd;
    struct spawner *spawner = fixture_spawner(NULL);
    struct outcome outcome = fixture_run(spawner, &plan);
    require_at(outcome.result.kind == END_EXITED && outcome.result.exit_code == 0, __LINE__, outcome.result.message);
    REQUIRE(strcmp(outcome.output, expected) == 0);
    outcome_free(&outcome);
    spawner_stop(spawner);
}

static void plain_user(void) {
    struct identity identity;
    char why[512];
    if (geteuid() == 0) {
        REQUIRE(setgroups(0, NULL) == 0 && setresgid(SOME_ID, SOME_ID, SOME_ID) == 0 &&
                setresuid(SOME_ID, SOME_ID, SOME_ID) == 0);
    }
    uid_t before = getuid();
    REQUIRE(privileges_choose("/nonexistent", &identity, why, sizeof why));
    REQUIRE(!identity.change && identity.uid == (uid_t)-1 && identity.gid == (gid_t)-1);
    drop(&identity, NULL);
    REQUIRE(getuid() == before);
    require_hardened();
    require_sandbox(-1, "");
}

static void test_plain_user_stays(void **state) {
    (void)state;
    in_child(plain_user);
}

static void become_unused(void) {
    struct identity identity, again;
    char why[512], text[256];
    gid_t groups[4] = {4, 5, 6, 7};
    REQUIRE(setgroups(4, groups) == 0);
    REQUIRE(privileges_choose("/nonexistent", &identity, why, sizeof why));
    REQUIRE(identity.change && identity.uid >= 61184 && identity.uid <= 65519 && identity.gid == identity.uid);
    REQUIRE(getpwuid(identity.uid) == NULL && getgrgid(identity.gid) == NULL);
    drop(&identity, NULL);
    status_line("Uid:\t", text, sizeof text);
    unsigned ids[4];
    REQUIRE(sscanf(text, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4);
    REQUIRE(ids[0] == identity.uid && ids[1] == ids[0] && ids[2] == ids[0] && ids[3] == ids[0]);
    status_line("Gid:\t", text, sizeof text);
    REQUIRE(sscanf(text, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4);
    REQUIRE(ids[0] == identity.gid && ids[1] == ids[0] && ids[2] == ids[0] && ids[3] == ids[0]);
    REQUIRE(getgroups(0, NULL) == 0);
    REQUIRE(setuid(0) == -1 && seteuid(0) == -1);
    require_hardened();
    require_sandbox(-1, "");
    REQUIRE(privileges_choose("/nonexistent", &again, why, sizeof why) && !again.change);
}

static void test_x29_root_becomes_an_unused_user(void **state) {
    (void)state;
    as_root(become_unused);
}

/* A user with running processes is not unused. */
static void choose_beside_another(void) {
    struct identity first, second;
    char why[512], byte;
    int ready[2];
    REQUIRE(pipe2(ready, O_CLOEXEC) == 0);
    REQUIRE(privileges_choose("/nonexistent", &first, why, sizeof why));
    pid_t other = fork();
    if (other == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        REQUIRE(setresuid(first.uid, first.uid, first.uid) == 0);
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* like a server: its files in /proc belong to root */
        REQUIRE(write(ready[1], "x", 1) == 1);
        pause();
    }
    REQUIRE(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    REQUIRE(privileges_choose("/nonexistent", &second, why, sizeof why));
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    REQUIRE(first.uid != second.uid);
}

static void test_x29_not_the_same_as_another_server(void **state) {
    (void)state;
    as_root(choose_beside_another);
}

static void choose_owner(void) {
    struct identity identity;
    char why[512], path[128];
    snprintf(path, sizeof path, "%s/owned", base);
    REQUIRE(mkdir(path, 0700) == 0 && chown(path, SOME_ID, SOME_ID + 1) == 0);
    REQUIRE(privileges_choose(path, &identity, why, sizeof why));
    REQUIRE(identity.change && identity.uid == SOME_ID && identity.gid == SOME_ID + 1);
    REQUIRE(chown(path, SOME_ID, 0) == 0);
    REQUIRE(privileges_choose(path, &identity, why, sizeof why));
    REQUIRE(identity.uid == SOME_ID && identity.gid == SOME_ID); /* never root's group */
}

static void test_x29_owner_of_the_state(void **state) {
    (void)state;
    as_root(choose_owner);
}

static void make_folder(char path[128], const char *name, mode_t mode, uid_t owner) {
    snprintf(path, 128, "%s/%s", base, name);
    REQUIRE(mkdir(path, mode) == 0 && chmod(path, mode) == 0 && chown(path, owner, owner) == 0);
}

/* As with a state folder in /root: the path stays, its siblings are hidden, and the host is not affected. */
static void keep_closed_folders(void) {
    const struct identity identity = {true, SOME_ID, SOME_ID};
    char closed[128], deeper[128], state_dir[128], image[128], beside[128], open_dir[128], path[200];
    make_folder(closed, "closed", 0700, 0);
    make_folder(beside, "closed/beside", 0755, 0);
    make_folder(state_dir, "closed/state", 0700, SOME_ID);
    make_folder(deeper, "closed/deeper", 0711, 0);
    make_folder(path, "closed/deeper/still", 0700, 0);
    make_folder(image, "closed/deeper/still/image", 0755, 0);
    make_folder(open_dir, "open", 0755, 0);
    snprintf(path, sizeof path, "%s/known", state_dir);
    REQUIRE(close(open(path, O_WRONLY | O_CREAT, 0644)) == 0);
    int before_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    drop(&identity, (const char *const[]){state_dir, image, open_dir, NULL});
    REQUIRE(access(state_dir, R_OK | W_OK | X_OK) == 0);
    REQUIRE(access(image, R_OK | X_OK) == 0);
    REQUIRE(access(path, R_OK) == 0);
    REQUIRE(access(beside, F_OK) == -1 && errno == ENOENT);
    int tree_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require_sandbox(tree_fd, "known\n");
    require_sandbox(before_fd, "known\nmade\n"); /* opened when it still belonged to root */
}

static void test_x29_closed_folders(void **state) {
    char path[128];
    struct stat status;
    (void)state;
    as_root(keep_closed_folders);
    snprintf(path, sizeof path, "%s/closed/state/made", base);
    assert_int_equal(stat(path, &status), 0); /* it was no copy */
    assert_int_equal(status.st_uid, SOME_ID);
    snprintf(path, sizeof path, "%s/closed/beside", base);
    assert_int_equal(stat(path, &status), 0); /* the cover is the server's own */
}

static void refuse_folder(const struct identity *identity, const char *folder, const char *words) {
    char why[512] = "";
    REQUIRE(!privileges_drop(identity, (const char *const[]){folder, NULL}, why, sizeof why));
    REQUIRE_TEXT(why, folder);
    REQUIRE_TEXT(why, words);
}

static void refuse_folders(void) {
    const struct identity identity = {true, SOME_ID, SOME_ID};
    char closed[128];
    make_folder(closed, "itself", 0700, 0);
    refuse_folder(&identity, "/no/such/folder", "No such file");
    refuse_folder(&identity, closed, "it is closed itself");
}

static void test_x29_folders_that_cannot_be(void **state) {
    (void)state;
    as_root(refuse_folders);
}

/* Root without permission to create a mount namespace, as in many containers. */
static void refuse_without_mounts(void) {
    const struct identity identity = {true, SOME_ID, SOME_ID};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    char closed[128], inside[128], open_dir[128];
    make_folder(closed, "shut", 0700, 0);
    make_folder(inside, "shut/inside", 0755, 0);
    make_folder(open_dir, "unshut", 0755, 0);
    REQUIRE(syscall(SYS_capget, &header, data) == 0);
    data[0].effective &= ~(1u << CAP_SYS_ADMIN);
    data[0].permitted &= ~(1u << CAP_SYS_ADMIN);
    REQUIRE(syscall(SYS_capset, &header, data) == 0);
    refuse_folder(&identity, inside, "mount namespace");
    drop(&identity, (const char *const[]){open_dir, NULL}); /* where none is needed, it works */
    require_hardened();
}

static void test_x29_no_mount_namespace(void **state) {
    (void)state;
    as_root(refuse_without_mounts);
}

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

/* "Root" of a user namespace without other users. */
static void refuse_lonely_root(void) {
    struct identity identity;
    char why[512] = "", map[64];
    uid_t uid = geteuid();
    REQUIRE(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
    if (unshare(CLONE_NEWUSER) != 0) {
        return;
    }
    snprintf(map, sizeof map, "0 %u 1", uid);
    REQUIRE(write_text("/proc/self/uid_map", map));
    REQUIRE(geteuid() == 0);
    REQUIRE(!privileges_choose("/nonexistent", &identity, why, sizeof why));
    REQUIRE_TEXT(why, "user namespace");
}

static void test_x29_lonely_root(void **state) {
    (void)state;
    in_child(refuse_lonely_root);
}

/* Both layers of X29, one at a time: root's files without the change of user, and without the covers. */
static void be_root_in_a_sandbox(void) {
    static const char *const covered = "/proc/sys/kernel/hostname: OK\n";
    for (int weak = 0; weak < 2; weak++) {
        struct spawner *spawner = fixture_spawner(weak ? "cover-proc" : NULL);
        struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "files", NULL);
        REQUIRE(outcome.result.kind == END_EXITED);
        REQUIRE((strstr(outcome.output, covered) != NULL) == weak);
        outcome_free(&outcome);
        spawner_stop(spawner);
    }
}

static void test_x29_covers(void **state) {
    (void)state;
    as_root(be_root_in_a_sandbox);
}

/* Run by root, without the covers: what is left is the change of user. */
static void be_unused_without_covers(void) {
    struct identity identity;
    char why[512];
    setenv("AK_TEST_WEAKEN", "", 1);
    REQUIRE(privileges_choose("/nonexistent", &identity, why, sizeof why));
    drop(&identity, NULL);
    struct spawner *spawner = fixture_spawner("cover-proc");
    struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "files", NULL);
    REQUIRE(outcome.result.kind == END_EXITED);
    REQUIRE_TEXT(outcome.output, "/proc/sys/kernel/hostname: EACCES\n");
    outcome_free(&outcome);
    spawner_stop(spawner);
}

static void stay_root_without_covers(void) {
    struct identity identity;
    char why[512];
    setenv("AK_TEST_WEAKEN", "drop-root", 1);
    REQUIRE(privileges_choose("/nonexistent", &identity, why, sizeof why));
    if (identity.change) {
        drop(&identity, NULL);
    }
    struct spawner *spawner = fixture_spawner("cover-proc,drop-root");
    struct outcome outcome = fixture_probe(spawner, PROFILE_MODERATE, "files", NULL);
    REQUIRE_TEXT(outcome.output, "/proc/sys/kernel/hostname: OK\n");
    outcome_free(&outcome);
    spawner_stop(spawner);
}

static void test_x29_change_of_user(void **state) {
    (void)state;
    as_root(be_unused_without_covers);
    as_root(stay_root_without_covers);
}

static void test_signals(void **state) {
    sigset_t all, now;
    (void)state;
    sigfillset(&all);
    signal(SIGCHLD, SIG_IGN);
    sigprocmask(SIG_BLOCK, &all, NULL);
    privileges_reset_signals();
    sigprocmask(SIG_SETMASK, NULL, &now);
    for (int number = 1; number < 32; number++) {
        assert_int_equal(sigismember(&now, number), 0);
    }
    assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_DFL);
    assert_ptr_equal(signal(SIGPIPE, SIG_IGN), SIG_IGN);
}

static int set_up(void **state) {
    (void)state;
    if (fixture_open() != 0) {
        return -1;
    }
    snprintf(base, sizeof base, "%s/base", fixture_folder());
    return mkdir(base, 0755);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_user_stays),
        cmocka_unit_test(test_x29_root_becomes_an_unused_user),
        cmocka_unit_test(test_x29_not_the_same_as_another_server),
        cmocka_unit_test(test_x29_owner_of_the_state),
        cmocka_unit_test(test_x29_closed_folders),
        cmocka_unit_test(test_x29_folders_that_cannot_be),
        cmocka_unit_test(test_x29_no_mount_namespace),
        cmocka_unit_test(test_x29_lonely_root),
        cmocka_unit_test(test_x29_covers),
        cmocka_unit_test(test_x29_change_of_user),
        cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
