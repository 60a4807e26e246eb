/*
 * runtime_dir.h: the folder of a server that was started for one process. It holds the socket, is where the sandboxes
 * are kept, and goes when the server does, however that ends. The library makes it: local_protocol.h.
 */
#ifndef AKL_RUNTIME_DIR_H
#define AKL_RUNTIME_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct runtime_dir {
    pid_t janitor; /* 0: none */
    int janitor_fd;
};

/* Starts the janitor of the folder open as fd: a process that first removes the folders beside it whose servers did not
 * get to do so, then waits for this server's end and removes the folder with all that is in it. It keeps who we are
 * now, so that it may do that when the server has given up root. Whether a folder is in use is told by its lock (flock
 * of the folder itself, taken by who made it, shared by the server and its janitor), by nothing else.
 *
 * Called before any thread exists, and before privileges are dropped. False with the reason on stderr. */
bool runtime_dir_keep(struct runtime_dir *folder, int fd);

/* Where the sandboxes are kept, from malloc; NULL with errno. */
char *runtime_dir_state_dir(int fd);

/* Lets members of gid, the user that root's server becomes, pass through to the state; nobody else. False with errno.
 */
bool runtime_dir_let_through(int fd, gid_t gid);

/* Has the folder removed now; waits a little for it. */
void runtime_dir_close(struct runtime_dir *folder);

#endif
