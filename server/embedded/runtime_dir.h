/*
 * runtime_dir.h: the folder of a server that was started for one process. It holds the socket and the state, and is
 * removed when the server ends, however that happens. The library creates it: local_protocol.h.
 */
#ifndef AKL_RUNTIME_DIR_H
#define AKL_RUNTIME_DIR_H

#include <stdbool.h>
#include <sys/types.h>

struct runtime_dir {
    pid_t janitor; /* 0: none */
    int janitor_fd;
};

/*
 * Starts the janitor of the folder open as fd: a process that first removes sibling folders of servers that failed to
 * do so, then waits for the end of this server and removes the folder with its contents. It keeps the current user, so
 * that it can do so after the server has given up root. A folder is in use as long as its lock is held (flock of the
 * folder itself, taken by its creator, shared by the server and its janitor); nothing else counts.
 *
 * Called before any thread exists, and before privileges are dropped. False with the reason on stderr.
 */
bool runtime_dir_keep(struct runtime_dir *folder, int fd);

/* The state folder in it, from malloc; NULL with errno. */
char *runtime_dir_state_dir(int fd);

/* Gives search permission on the folder to gid only, the group that root's server changes to. False with errno. */
bool runtime_dir_let_through(int fd, gid_t gid);

/* Requests the removal of the folder and waits a little for it. */
void runtime_dir_close(struct runtime_dir *folder);

#endif
