/*
 * names.h: errors and signals by name, as probe.c and attack.c print them, whatever the C library; and how long they
 * wait.
 */
#ifndef PROBE_NAMES_H
#define PROBE_NAMES_H

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>

/* Excessive use has been detected after this time, also on a busy machine. */
#define HOLD_SECONDS 5

struct name {
    int number;
    const char *name;
};

static inline const char *name_of(const struct name *names, size_t count, int number) {
    static char digits[16];
    for (size_t i = 0; i < count; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    snprintf(digits, sizeof digits, "%d", number);
    return digits;
}

#define NAME(number)                                                                                                   \
    { number, #number }

static inline const char *error_name(int error) {
    static const struct name names[] = {
        NAME(EPERM),        NAME(ENOENT),    NAME(ESRCH),    NAME(EINTR),        NAME(EIO),
        NAME(ENXIO),        NAME(E2BIG),     NAME(ENOEXEC),  NAME(EBADF),        NAME(ECHILD),
        NAME(EAGAIN),       NAME(ENOMEM),    NAME(EACCES),   NAME(EFAULT),       NAME(EBUSY),
        NAME(EEXIST),       NAME(EXDEV),     NAME(ENODEV),   NAME(ENOTDIR),      NAME(EISDIR),
        NAME(EINVAL),       NAME(ENFILE),    NAME(EMFILE),   NAME(ENOTTY),       NAME(EFBIG),
        NAME(ENOSPC),       NAME(ESPIPE),    NAME(EROFS),    NAME(EPIPE),        NAME(ENOSYS),
        NAME(ELOOP),        NAME(EUSERS),    NAME(EDQUOT),   NAME(EAFNOSUPPORT), NAME(EPROTONOSUPPORT),
        NAME(ECONNREFUSED), NAME(ETIMEDOUT), NAME(ENETDOWN), NAME(ENETUNREACH),  NAME(EOPNOTSUPP),
        NAME(ENODATA),      NAME(EADDRINUSE)};
    return name_of(names, sizeof names / sizeof names[0], error);
}

/* Without the SIG prefix. */
static inline const char *signal_name(int signal) {
    static const struct name names[] = {NAME(SIGHUP),  NAME(SIGINT),  NAME(SIGQUIT), NAME(SIGILL),  NAME(SIGABRT),
                                        NAME(SIGBUS),  NAME(SIGKILL), NAME(SIGSEGV), NAME(SIGPIPE), NAME(SIGTERM),
                                        NAME(SIGXCPU), NAME(SIGXFSZ), NAME(SIGSYS),  NAME(SIGTRAP)};
    const char *name = name_of(names, sizeof names / sizeof names[0], signal);
    return name[0] == 'S' ? name + 3 : name;
}

#endif
