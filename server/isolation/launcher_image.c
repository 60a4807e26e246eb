#include "launcher_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 6.3; older kernels refuse it and make every memfd executable. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

__asm__(".section .rodata\n"
        ".balign 16\n"
        "launcher_image_begin:\n"
        ".incbin \"" AKL_LAUNCHER_FILE "\"\n"
        "launcher_image_end:\n"
        ".previous\n");
extern const char launcher_image_begin[] __attribute__((visibility("hidden")));
extern const char launcher_image_end[] __attribute__((visibility("hidden")));

static int create(void) {
    int fd = memfd_create("launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    return fd;
}

int launcher_image_open(void) {
    const char *next = launcher_image_begin;
    size_t left = (size_t)(launcher_image_end - launcher_image_begin);
    int fd = create();
    while (fd >= 0 && left > 0) {
        ssize_t done = write(fd, next, left);
        if (done <= 0 && errno != EINTR) {
            break;
        }
        next += done > 0 ? done : 0;
        left -= done > 0 ? (size_t)done : 0;
    }
    /* All sandboxes share these pages: sealed against further writes. */
    if (fd >= 0 && (left > 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}
