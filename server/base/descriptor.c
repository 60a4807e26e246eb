#include "descriptor.h"

#include <errno.h>
#include <unistd.h>

void close_if_open(int fd) {
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
}
