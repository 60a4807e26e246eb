#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bwrap_program.h"
#include "descriptor.h"
#include "instance.h"
#include "spawner.h"
#include "weaken.h"

#define VERSION_TIMEOUT_MS 5000
#define TRIAL_TIMEOUT_MS 15000

static const char *const system_folders[] = {"/usr/bin", "/bin", "/usr/local/bin", NULL};

static const char *file_of(const struct probe_result *result, char text[BWRAP_FILE_CAP]) {
    const struct bwrap_program program = {.path = result->path, .fd = result->fd};
    return bwrap_program_file(&program, text);
}

/* Whether folder/bwrap, the result's path from then on, can be executed. */
static bool is_program(const char *folder, struct probe_result *result, struct stat *status) {
    int size = snprintf(result->path, sizeof result->path, "%s/bwrap", folder);
    return size > 0 && (size_t)size < sizeof result->path && stat(result->path, status) == 0 &&
           S_ISREG(status->st_mode) && access(result->path, X_OK) == 0;
}

/* setuid programs have had vulnerabilities that others have not (X25), and build their sandboxes as root. */
static bool is_plain(const struct stat *status, struct probe_result *result) {
    char text[BWRAP_FILE_CAP];
    bool privileged = (status->st_mode & (S_ISUID | S_ISGID)) != 0 ||
                      getxattr(file_of(result, text), "security.capability", NULL, 0) > 0;
    if (privileged && !WEAKENED("setuid-check")) {
        snprintf(
            result->message, sizeof result->message,
            "%.250s has privileges of its own and is not used: remove them (chmod ug-s, setcap -r), user namespaces "
            "make them needless",
            result->path);
        return false;
    }
    return true;
}

/* The system's: the first without privileges of its own. */
static bool find_program(const char *const *folders, struct probe_result *result) {
    snprintf(result->message, sizeof result->message, "bubblewrap is not installed: install the package bubblewrap");
    for (size_t i = 0; folders[i]; i++) {
        struct stat status;
        if (is_program(folders[i], result, &status) && is_plain(&status, result)) {
            result->message[0] = '\0';
            return true;
        }
    }
    result->path[0] = '\0';
    return false;
}

/* Whether nobody but root, the user who started the server, and whoever can replace the server itself, can replace it.
 * (A server that a group may write was installed with a umask for groups of one user.) */
static bool is_as_safe_as(const struct stat *server, const struct stat *status, uid_t starter) {
    bool by_group =
        (status->st_mode & S_IWGRP) != 0 && ((server->st_mode & S_IWGRP) == 0 || server->st_gid != status->st_gid);
    return (status->st_uid == 0 || status->st_uid == starter) && (status->st_mode & S_IWOTH) == 0 && !by_group;
}

/* Opens the file bwrap in the folder of this program. False: there is none. */
static bool open_beside(struct probe_result *beside, struct stat *server, struct stat *folder, struct stat *file) {
    ssize_t size = readlink("/proc/self/exe", beside->path, sizeof beside->path - sizeof "bwrap");
    char *slash = size > 0 ? strrchr(beside->path, '/') : NULL;
    if (!slash) {
        return false;
    }
    slash[1] = '\0';
    int folder_fd = open(beside->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    memcpy(slash + 1, "bwrap", sizeof "bwrap");
    beside->fd = folder_fd < 0 ? -1 : openat(folder_fd, "bwrap", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bool found = beside->fd >= 0 && stat("/proc/self/exe", server) == 0 && fstat(folder_fd, folder) == 0 &&
                 fstat(beside->fd, file) == 0 && S_ISREG(file->st_mode);
    close_if_open(folder_fd);
    return found;
}

void probe_open_beside(uid_t starter, struct probe_result *beside) {
    struct stat server, folder, file;
    *beside = (struct probe_result){.fd = -1};
    bool found = open_beside(beside, &server, &folder, &file);
    bool safe = found && is_as_safe_as(&server, &folder, starter) && is_as_safe_as(&server, &file, starter);
    if (found && !safe) {
        snprintf(beside->message, sizeof beside->message,
                 "the system has no bubblewrap that can be used, and others than root and user %u can change %.250s: "
                 "install the package bubblewrap",
                 starter, beside->path);
    }
    if (!safe || !is_plain(&file, beside)) {
        close_if_open(beside->fd);
        beside->fd = -1;
    }
}

/* After root was given up: the program, not the folders that lead to it, must be open to the new user. The kernel lets
 * no program that its user may not read set up a user namespace. */
static bool can_be_used(struct probe_result *beside) {
    char text[BWRAP_FILE_CAP];
    if (beside->fd >= 0 && access(file_of(beside, text), R_OK | X_OK) < 0) {
        snprintf(beside->message, sizeof beside->message,
                 "the system has no bubblewrap that can be used, and user %u, as whom the server works, may not "
                 "read and run %.250s: install the package bubblewrap",
                 geteuid(), beside->path);
        return false;
    }
    return beside->fd >= 0;
}

/* Reads until the end of file or a timeout. */
static void read_text(int fd, char *text, size_t cap) {
    size_t used = 0;
    struct pollfd event = {.fd = fd, .events = POLLIN};
    while (used + 1 < cap && poll(&event, 1, VERSION_TIMEOUT_MS) == 1) {
        ssize_t size = read(fd, text + used, cap - 1 - used);
        if (size <= 0) {
            break;
        }
        used += (size_t)size;
    }
    text[used] = '\0';
}

/* "bubblewrap 0.8.0" */
static void read_version(struct probe_result *result) {
    static char name[] = "bwrap", option[] = "--version";
    char *const argv[] = {name, option, NULL};
    char *const no_env[] = {NULL};
    char text[128] = "", file[BWRAP_FILE_CAP];
    int out[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe2(out, O_CLOEXEC) < 0) {
        return;
    }
    if (posix_spawn_file_actions_init(&actions) == 0) {
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        if (posix_spawn(&pid, file_of(result, file), &actions, NULL, argv, no_env) == 0) {
            close(out[1]);
            out[1] = -1;
            read_text(out[0], text, sizeof text);
            kill(pid, SIGKILL);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
            }
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    close(out[0]);
    if (out[1] >= 0) {
        close(out[1]);
    }
    if (sscanf(text, "bubblewrap %31[0-9.]", result->version) != 1) {
        result->version[0] = '\0';
    }
}

static bool is_recent(struct probe_result *result) {
    unsigned major, minor;
    read_version(result);
    if (sscanf(result->version, "%u.%u", &major, &minor) != 2 || major > 0) {
        return true; /* unknown or newer: the trial decides */
    }
    if (minor < 8) {
        snprintf(result->message, sizeof result->message,
                 "%.250s is version %s, which cannot forbid new user namespaces: install bubblewrap 0.8.0 or newer",
                 result->path, result->version);
        return false;
    }
    if (minor < 12) {
        snprintf(
            result->warning, sizeof result->warning,
            "bubblewrap %s follows symbolic links below writable folders while it builds a sandbox; nothing is built "
            "below one here, but 0.12.0 or newer is better",
            result->version);
    }
    return true;
}

static long read_setting(const char *path) {
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    return size > 0 ? strtol(text, NULL, 10) : -1;
}

static void read_host(struct probe_host *host) {
    host->apparmor_restricts = read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    host->userns_clone = read_setting("/proc/sys/kernel/unprivileged_userns_clone");
    host->max_namespaces = read_setting("/proc/sys/user/max_user_namespaces");
    host->container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

/* Runs a command in the profile that requires most of the host. */
static bool try_sandbox(const struct probe_result *tried, char *complaint, size_t cap) {
    static const char *const argv[] = {"true", NULL};
    const struct spawner_options options = {.bwrap = {.path = tried->path, .fd = tried->fd}, .cgroup_root = ""};
    const struct launch_plan plan = {.shape = {.profile = PROFILE_RESTRICTIVE}, .order = {.argv = argv, .tree_fd = -1}};
    struct running running;
    struct run_result result;
    bool usable = false;
    struct spawner *spawner = spawner_start(&options, complaint, cap);
    if (!spawner) {
        return false;
    }
    if (spawner_run(spawner, &plan, &running, complaint, cap)) {
        snprintf(complaint, cap, "no answer");
        if (running_result(&running, &result, TRIAL_TIMEOUT_MS)) {
            size_t known = strncmp(result.message, INSTANCE_NOT_BUILT, strlen(INSTANCE_NOT_BUILT)) == 0
                               ? strlen(INSTANCE_NOT_BUILT)
                               : 0;
            snprintf(complaint, cap, "%s", result.message + known);
            usable = result.kind == END_EXITED || result.kind == END_NOT_FOUND;
        }
        running_close(&running);
    }
    spawner_stop(spawner);
    return usable;
}

static bool try_program(struct probe_result *result) {
    char complaint[PROBE_TEXT_CAP];
    struct probe_host host;
    result->usable = WEAKENED("trial") || try_sandbox(result, complaint, sizeof complaint);
    if (!result->usable) {
        read_host(&host);
        probe_classify(complaint, &host, result->message, sizeof result->message);
    }
    return result->usable;
}

bool probe_bubblewrap(const char *const *folders, struct probe_result *beside, struct probe_result *result) {
    *result = (struct probe_result){.fd = -1};
#ifdef AK_TEST_WEAKEN
    const char *const path_folders[] = {getenv("PATH"), NULL};
    folders = WEAKENED("fixed-folders") ? path_folders : folders;
#endif
    bool tried = find_program(folders ? folders : system_folders, result) && is_recent(result);
    if (tried && try_program(result)) {
        return true;
    }
    bool better = beside && can_be_used(beside) && is_recent(beside) && try_program(beside);
    if (better || (beside && !tried && beside->message[0] != '\0')) {
        *result = *beside; /* usable, or it got further */
    }
    return result->usable;
}
