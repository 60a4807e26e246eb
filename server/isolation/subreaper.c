#include "subreaper.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "weaken.h"

#define ROUND_MS 2
#define MANY_CHILDREN 1024

/* The parent of a process, from the fields after its name, which may contain anything; 0 if it has ended. */
static pid_t parent_of(int proc_fd, const char *pid) {
    char path[300], text[512];
    snprintf(path, sizeof path, "%s/stat", pid);
    int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    const char *name_end = strrchr(text, ')');
    /* ") S 123 ...": state, parent */
    return name_end && strlen(name_end) > 4 ? (pid_t)strtol(name_end + 4, NULL, 10) : 0;
}

size_t subreaper_children(pid_t *pids, size_t capacity) {
    size_t count = 0;
    pid_t self = getpid();
    DIR *proc = opendir("/proc");
    if (!proc) {
        return 0;
    }
    for (struct dirent *entry = readdir(proc); entry && count < capacity; entry = readdir(proc)) {
        if (isdigit((unsigned char)entry->d_name[0]) && parent_of(dirfd(proc), entry->d_name) == self) {
            pids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
        }
    }
    closedir(proc);
    return count;
}

/* Reaps ended children. False if there are no children left. */
static bool reap(void) {
    pid_t ended;
    do {
        ended = waitpid(-1, NULL, WNOHANG);
    } while (ended > 0 || (ended < 0 && errno == EINTR));
    return ended == 0;
}

bool subreaper_end_children(int timeout_ms) {
    if (WEAKENED("end-children")) {
        return true;
    }
    static pid_t pids[MANY_CHILDREN];
    const struct timespec pause = {0, ROUND_MS * 1000000L};
    int left_ms = timeout_ms;
    while (reap()) {
        size_t count = subreaper_children(pids, MANY_CHILDREN);
        for (size_t i = 0; i < count; i++) {
            kill(pids[i], SIGKILL); /* a child until it is reaped: the pid cannot be reused */
        }
        if (left_ms <= 0) {
            return false;
        }
        nanosleep(&pause, NULL);
        left_ms -= ROUND_MS;
    }
    return true;
}
