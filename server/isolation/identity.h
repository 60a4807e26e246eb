/*
 * identity.h: the user that the server changes to.
 */
#ifndef AKL_IDENTITY_H
#define AKL_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct identity {
    bool change; /* false: not started as root, the user is kept; uid and gid are -1 */
    uid_t uid;
    gid_t gid;
};

#endif
