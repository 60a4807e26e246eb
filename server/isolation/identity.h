/*
 * identity.h: who the server is going to be.
 */
#ifndef AKL_IDENTITY_H
#define AKL_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct identity {
    bool change; /* false: not started as root, stay who we are; uid and gid are then -1 */
    uid_t uid;
    gid_t gid;
};

#endif
