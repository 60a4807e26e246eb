/* local_private.h: what the files behind local.h share. */
#ifndef AK_LOCAL_PRIVATE_H
#define AK_LOCAL_PRIVATE_H

#include "local.h"

/* local_find.c: the current environment; NULL when there is none. */
char **ak_local_environment(void);
/* The value of a variable in a copy of the environment; NULL when it is not set or empty. */
const char *ak_local_variable(char *const *environment, const char *name);
/* Finds the program: the chosen one, else by a search. *path is from malloc. AK_E_CONNECT with who chose, or all
 * searched places, in the message. */
ak_status ak_local_find(char *const *environment, const ak_local_program *chosen, char **path, ak_error *err);

/* A new folder with a listening socket in it, accessible only to this user. */
typedef struct {
    char socket_path[AK_LOCAL_PATH_CAP];
    int folder_fd; /* holds the folder's lock: a process that acquires it may remove the folder */
    int listen_fd;
} ak_local_place;

/* local_place.c */
ak_status ak_local_place_open(char *const *environment, ak_local_place *place, ak_error *err);
/* Closes the descriptors; the server keeps its copies. */
void ak_local_place_close(ak_local_place *place);
/* Removes socket and folder, unless the lock is held or the server has created files in it. */
void ak_local_place_remove(const char *socket_path);

/* local_spawn_linux.c: the server's descriptors. The life file comes first because an ending process closes its
 * descriptors in this order: when a connection breaks, the lock already shows that the server has ended. */
enum {
    AK_SPAWN_OUTPUT = 1,
    AK_SPAWN_ERRORS,
    AK_SPAWN_LIFE,
    AK_SPAWN_LISTEN,
    AK_SPAWN_FOLDER,
    AK_SPAWN_OWNER,
    AK_SPAWN_FDS
};

typedef struct {
    const char *program;
    char *const *environment;
    int fds[AK_SPAWN_FDS]; /* what becomes descriptor 0, 1, 2 ...; the owner may be -1 */
} ak_local_order;

/* Starts the server; it is not a child of this process. */
ak_status ak_local_spawn(const ak_local_order *order, ak_error *err);

/* Reports a failed system call: AK_E_DESCRIPTORS or AK_E_MEMORY where that is the reason, else AK_E_CONNECT. */
ak_status ak_local_failure(ak_error *err, const char *what, int error);

#endif
