#include "resources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "descriptor.h"
#include "launcher_image.h"
#include "seccomp.h"
#include "weaken.h"

#define LANDLOCK_SCOPE_ABI 6

static int memory_file(const char *name, const void *data, size_t size) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd >= 0 && write(fd, data, size) != (ssize_t)size) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int filter_file(enum seccomp_unix unix_sockets) {
    struct sock_filter steps[SECCOMP_MAX_STEPS];
    size_t count = seccomp_build(steps, unix_sockets);
    return memory_file("filter", steps, count * sizeof steps[0]);
}

static bool kernel_is_at_least(unsigned major, unsigned minor) {
    struct utsname name;
    unsigned has_major, has_minor;
    return uname(&name) == 0 && sscanf(name.release, "%u.%u", &has_major, &has_minor) == 2 &&
           (has_major > major || (has_major == major && has_minor >= minor));
}

bool resources_open(struct resources *resources, const struct bwrap_program *bwrap, const struct cgroup *cgroup,
                    char *why, size_t why_cap) {
    bool whole = true;
    resources->bwrap = *bwrap;
    resources->cgroup = *cgroup;
    resources->spawner_pid = getpid();
    resources->scopes = !WEAKENED("landlock") &&
                        syscall(444, NULL, 0, 1) >= LANDLOCK_SCOPE_ABI; /* landlock_create_ruleset: the ABI version */
    resources->counts_tasks = kernel_is_at_least(5, 14);
    resources->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    resources->launcher_fd = launcher_image_open();
    int launcher_error = errno;
    resources->filter_fds[SECCOMP_UNIX_ANY] = filter_file(SECCOMP_UNIX_ANY);
    resources->filter_fds[SECCOMP_UNIX_PAIRS] = filter_file(SECCOMP_UNIX_PAIRS);
    for (size_t i = 0; i < ETC_FILES; i++) {
        const char *text = etc_files[i].text;
        resources->etc_fds[i] = text ? memory_file("etc", text, strlen(text)) : -1;
        whole = whole && (!text || resources->etc_fds[i] >= 0);
    }
    if (resources->launcher_fd < 0 && launcher_error == EACCES) {
        snprintf(why, why_cap, "programs in memory are forbidden here: set the sysctl vm.memfd_noexec to 0 or 1");
        whole = false;
    } else if (!whole || resources->launcher_fd < 0 || resources->null_fd < 0 || resources->filter_fds[0] < 0 ||
               resources->filter_fds[1] < 0) {
        snprintf(why, why_cap, "cannot prepare sandboxes: %s", strerror(errno));
        whole = false;
    }
    if (!whole) {
        resources_close(resources);
    }
    return whole;
}

void resources_close(struct resources *resources) {
    close_if_open(resources->null_fd);
    close_if_open(resources->launcher_fd);
    close_if_open(resources->filter_fds[0]);
    close_if_open(resources->filter_fds[1]);
    for (size_t i = 0; i < ETC_FILES; i++) {
        close_if_open(resources->etc_fds[i]);
    }
}
