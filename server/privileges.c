#include "privileges.h"

#include <signal.h>

void privileges_reset_signals(void) {
    sigset_t none;
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
