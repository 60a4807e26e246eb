#include "sandbox_fixture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "privileges.h"
#include "scratch.h"

#define BWRAP "/usr/bin/bwrap"
/* The user of tests that are started by root and requested to run as a plain user. */
#define PLAIN_ID 61300

static char folder[200];
static int probe_fd = -1;
static int attack_fd = -1;

int64_t fixture_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fixture_pause_ms(int ms) {
    const struct timespec pause = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&pause, NULL);
}

const char *fixture_word(void) {
    static char word[64];
    static int number;
    snprintf(word, sizeof word, "marker-%d-%d", (int)getpid(), number++);
    return word;
}

/* On request: as if a plain user had started the test. */
static bool be_plain_if_asked(void) {
    const char *wish = getenv("AK_TEST_AS");
    return geteuid() != 0 || wish == NULL || strcmp(wish, "plain") != 0 ||
           (setgroups(0, NULL) == 0 && setresgid(PLAIN_ID, PLAIN_ID, PLAIN_ID) == 0 &&
            setresuid(PLAIN_ID, PLAIN_ID, PLAIN_ID) == 0);
}

static bool give_up_root(void) {
    struct identity identity;
    char why[512];
    if (!be_plain_if_asked()) {
        return false;
    }
    privileges_reset_signals();
    if (!privileges_choose("/nonexistent", &identity, why, sizeof why) ||
        !privileges_drop(&identity, NULL, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return false;
    }
    return true;
}

static bool open_probe(void) {
    probe_fd = open(AKL_TEST_PROBE, O_RDONLY | O_CLOEXEC);
    attack_fd = open(AKL_TEST_ATTACK, O_RDONLY | O_CLOEXEC);
    if (probe_fd == -1 || attack_fd == -1 || access(BWRAP, X_OK) == -1) {
        fprintf(stderr, "cannot prepare the tests: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static bool make_folder(mode_t mode) {
    snprintf(folder, sizeof folder, "%s/akl-sandbox-XXXXXX", scratch_base());
    return mkdtemp(folder) != NULL && chmod(folder, mode) == 0;
}

int fixture_set_up(void **state) {
    (void)state;
    return open_probe() && give_up_root() && make_folder(0700) ? 0 : -1;
}

int fixture_open(void) {
    return open_probe() && be_plain_if_asked() && make_folder(01777) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

int fixture_tear_down(void **state) {
    (void)state;
    close(probe_fd);
    close(attack_fd);
    return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fixture_folder(void) {
    return folder;
}

static void copy_program(int from_fd, int tree_fd, const char *name) {
    struct stat status;
    off_t from = 0;
    int copy_fd = openat(tree_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(copy_fd != -1 && fstat(from_fd, &status) == 0);
    while (from < status.st_size) {
        assert_true(sendfile(copy_fd, from_fd, &from, (size_t)status.st_size) > 0);
    }
    close(copy_fd);
}

int fixture_tree(char path[256]) {
    snprintf(path, 256, "%s/tree-XXXXXX", folder);
    assert_non_null(mkdtemp(path));
    int tree_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(tree_fd != -1);
    copy_program(probe_fd, tree_fd, "probe");
    copy_program(attack_fd, tree_fd, "attack");
    return tree_fd;
}

struct spawner *fixture_spawner_with(const char *weakened, const char *cgroup_root) {
    const struct spawner_options options = {.bwrap = {BWRAP, -1}, .cgroup_root = cgroup_root};
    char why[256] = "";
    setenv("AK_TEST_WEAKEN", weakened != NULL ? weakened : "", 1);
    struct spawner *spawner = spawner_start(&options, why, sizeof why);
    if (spawner == NULL) {
        fail_msg("%s", why);
    }
    return spawner;
}

struct spawner *fixture_spawner(const char *weakened) {
    return fixture_spawner_with(weakened, "");
}

struct launch_plan fixture_shell(const char **argv, const char *script) {
    argv[0] = "sh";
    argv[1] = "-c";
    argv[2] = script;
    argv[3] = NULL;
    return (struct launch_plan){.order.argv = argv, .order.tree_fd = -1, .shape.profile = PROFILE_MODERATE};
}

struct running fixture_start(struct spawner *spawner, const struct launch_plan *plan) {
    struct running running;
    char why[256] = "";
    if (!spawner_run(spawner, plan, &running, why, sizeof why)) {
        fail_msg("%s", why);
    }
    return running;
}

static bool wait_readable(int fd, int64_t deadline) {
    struct pollfd event = {.fd = fd, .events = POLLIN};
    int64_t left = deadline - fixture_now_ms();
    return left > 0 && poll(&event, 1, (int)left) == 1;
}

struct outcome fixture_run(struct spawner *spawner, const struct launch_plan *plan) {
    struct outcome outcome = {.output = NULL};
    struct running running = fixture_start(spawner, plan);
    int64_t deadline = fixture_now_ms() + FIXTURE_TIMEOUT_MS;
    size_t room = 0;
    ssize_t size;
    do {
        if (room - outcome.size < 65536) {
            room += 262144;
            outcome.output = realloc(outcome.output, room);
            assert_non_null(outcome.output);
        }
        assert_true(wait_readable(running.output_fd, deadline));
        size = read(running.output_fd, outcome.output + outcome.size, room - outcome.size - 1);
        outcome.size += size > 0 ? (size_t)size : 0;
    } while (size > 0);
    outcome.output[outcome.size] = '\0';
    assert_true(running_result(&running, &outcome.result, FIXTURE_TIMEOUT_MS));
    running_close(&running);
    return outcome;
}

struct outcome fixture_sh(struct spawner *spawner, const char *script) {
    const char *argv[4];
    struct launch_plan plan = fixture_shell(argv, script);
    return fixture_run(spawner, &plan);
}

void outcome_free(struct outcome *outcome) {
    free(outcome->output);
    outcome->output = NULL;
}

bool fixture_wait_output(const struct running *running, const char *text) {
    static char seen[65536];
    size_t used = 0;
    int64_t deadline = fixture_now_ms() + FIXTURE_TIMEOUT_MS;
    seen[0] = '\0';
    while (strstr(seen, text) == NULL) {
        if (!wait_readable(running->output_fd, deadline)) {
            return false;
        }
        ssize_t size = read(running->output_fd, seen + used, sizeof seen - 1 - used);
        if (size <= 0) {
            return false;
        }
        used += (size_t)size;
        seen[used] = '\0';
    }
    return true;
}

struct outcome fixture_attack(struct spawner *spawner, struct limits limits, const char *what, const char *argument) {
    char path[256];
    const char *const argv[] = {"./attack", what, argument, NULL};
    struct launch_plan plan = {.order.argv = argv,
                               .shape.profile = PROFILE_MODERATE,
                               .order.limits = limits,
                               .order.tree_fd = fixture_tree(path)};
    struct outcome outcome = fixture_run(spawner, &plan);
    close(plan.order.tree_fd);
    return outcome;
}

bool outcome_says(const struct outcome *outcome, const char *line) {
    const char *at = strstr(outcome->output, line);
    size_t size = strlen(line);
    while (at != NULL && ((at != outcome->output && at[-1] != '\n') || at[size] != '\n')) {
        at = strstr(at + 1, line);
    }
    return at != NULL;
}

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd != -1) {
        close(fd);
    }
    return done;
}

bool fixture_own_host(void) {
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();
    /* the map of a process that is not dumpable can be written by root only */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return false;
    }
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    bool mapped = write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return mapped && write_text("/proc/self/gid_map", map) && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool fixture_mask_proc(void) {
    char line[4096], root[1024], place[1024], cover[1100];
    int masked = 0;
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    while (mounts != NULL && fgets(line, sizeof line, mounts) != NULL) {
        /* a container's file system may contain another one */
        if (strstr(line, " - proc ") != NULL && sscanf(line, "%*d %*d %*s %1023s %1023s", root, place) == 2 &&
            strcmp(root, "/") == 0) {
            snprintf(cover, sizeof cover, "%s/tty", place);
            masked += mount("tmpfs", cover, "tmpfs", MS_RDONLY, NULL) == 0;
        }
    }
    if (mounts != NULL) {
        fclose(mounts);
    }
    return masked > 0;
}

struct outcome fixture_probe(struct spawner *spawner, enum profile profile, const char *what, const char *argument) {
    char path[256];
    const char *const argv[] = {"./probe", what, argument, NULL};
    struct launch_plan plan = {.order.argv = argv, .shape.profile = profile, .order.tree_fd = fixture_tree(path)};
    struct outcome outcome = fixture_run(spawner, &plan);
    close(plan.order.tree_fd);
    return outcome;
}

pid_t fixture_child_of(pid_t parent) {
    char command[128];
    int pid = 0;
    snprintf(command, sizeof command, "cat /proc/[0-9]*/stat 2>/dev/null | awk '$4 == %d {print $1; exit}'",
             (int)parent);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &pid), 1);
    pclose(pipe);
    return pid;
}

static bool has_word(const char *pid, const char *word) {
    char path[300], text[8192];
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return false;
    }
    ssize_t size = read(fd, text, sizeof text);
    close(fd);
    return size > 0 && memmem(text, (size_t)size, word, strlen(word)) != NULL;
}

int fixture_count(const char *word) {
    int count = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid()) {
            count += has_word(entry->d_name, word);
        }
    }
    closedir(proc);
    return count;
}

bool fixture_all_gone(const char *word, int timeout_ms) {
    int64_t deadline = fixture_now_ms() + timeout_ms;
    while (fixture_count(word) > 0) {
        if (fixture_now_ms() > deadline) {
            return false;
        }
        fixture_pause_ms(5);
    }
    return true;
}
