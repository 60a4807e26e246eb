#include "launch_block.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "descriptor.h"
#include "kept_root.h"
#include "weaken.h"

/* A command gets these and what its caller adds, and nothing of the server's own environment (X15). */
static const char *const fixed_env[] = {
    "PATH=" SANDBOX_HOME "/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ("HOME=" SANDBOX_HOME),
    "USER=sandbox",
    "LOGNAME=sandbox",
    "SHELL=/bin/sh",
    "LANG=C.UTF-8",
    "TERM=dumb",
};

/* /usr is read-only, so pip installs below HOME by itself; this allows it where the distribution protects its own
 * Python. PIP_USER is not set: pip refuses it in a virtual environment. */
static const char *const python_env[] = {"PIP_BREAK_SYSTEM_PACKAGES=1"};

/* Appends strings to a file, buffering small ones. */
struct strings {
    int fd;
    char buffer[8192];
    size_t used;
    uint32_t count;
    bool failed;
};

static void write_all(struct strings *strings, const char *data, size_t size) {
    while (size > 0 && !strings->failed) {
        ssize_t done = write(strings->fd, data, size);
        if (done > 0) {
            data += done;
            size -= (size_t)done;
        } else if (done < 0 && errno != EINTR) {
            strings->failed = true;
        }
    }
}

static void strings_add(struct strings *strings, const char *text) {
    size_t size = strlen(text) + 1;
    if (strings->used + size > sizeof strings->buffer) {
        write_all(strings, strings->buffer, strings->used);
        strings->used = 0;
    }
    if (size > sizeof strings->buffer) {
        write_all(strings, text, size);
    } else {
        memcpy(strings->buffer + strings->used, text, size);
        strings->used += size;
    }
    strings->count++;
}

static void strings_add_list(struct strings *strings, const char *const *list) {
    for (size_t i = 0; list && list[i]; i++) {
        strings_add(strings, list[i]);
    }
}

/* Adds entry unless the caller sets the same variable. */
static void add_default(struct strings *strings, const char *entry, const char *const *callers) {
    size_t key = strcspn(entry, "=") + 1;
    for (size_t i = 0; callers && callers[i]; i++) {
        if (strncmp(callers[i], entry, key) == 0) {
            return;
        }
    }
    strings_add(strings, entry);
}

static void add_env(struct strings *strings, const struct launch_order *order, const char *workdir) {
    char pwd[PATH_MAX + 4];
    for (size_t i = 0; i < sizeof fixed_env / sizeof fixed_env[0]; i++) {
        add_default(strings, fixed_env[i], order->env);
    }
    int size = snprintf(pwd, sizeof pwd, "PWD=%s", workdir);
    if (size > 0 && (size_t)size < sizeof pwd) {
        add_default(strings, pwd, order->env);
    }
    if (order->image && strncmp(order->image, "python", 6) == 0) {
        for (size_t i = 0; i < sizeof python_env / sizeof python_env[0]; i++) {
            add_default(strings, python_env[i], order->env);
        }
    }
    if (WEAKENED("clearenv")) {
        strings_add_list(strings, (const char *const *)environ);
    }
    strings_add_list(strings, order->env);
}

int launch_block_create(const struct launch_order *order) {
    struct strings strings = {.fd = memfd_create("launch", MFD_CLOEXEC)};
    struct launch_head head;
    const char *workdir = order->workdir ? order->workdir : SANDBOX_HOME;
    if (strings.fd < 0) {
        return -1;
    }
    memset(&head, 0, sizeof head); /* its padding is written, too */
    head.magic = LAUNCH_MAGIC;
    head.limits = order->limits;
    if (lseek(strings.fd, sizeof head, SEEK_SET) < 0) {
        strings.failed = true;
    }
    strings_add(&strings, workdir);
    strings.count = 0;
    strings_add_list(&strings, order->argv);
    head.argc = strings.count;
    add_env(&strings, order, workdir);
    head.envc = strings.count - head.argc;
    write_all(&strings, strings.buffer, strings.used);
    if (strings.failed || pwrite(strings.fd, &head, sizeof head, 0) != sizeof head) {
        close_if_open(strings.fd);
        return -1;
    }
    return strings.fd;
}

bool launch_block_limits(int fd, struct limits *limits) {
    struct launch_head head;
    ssize_t size = pread(fd, &head, sizeof head, 0);
    if (size >= 0 && size != sizeof head) {
        errno = EINVAL;
    }
    *limits = size == sizeof head ? head.limits : (struct limits){0};
    return size == sizeof head;
}
