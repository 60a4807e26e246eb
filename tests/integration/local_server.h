/* local_server.h: agentkernel-local as a process of the test's own. */
#ifndef LOCAL_SERVER_H
#define LOCAL_SERVER_H

#include <agentkernel.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;
    char state[200];
    char url[128];
} local_server;

/* Starts the program named by AKL_SERVER on a free port; fails the test when it does not come up within 30 s. */
void local_server_start(local_server *server);
/* Ends it with SIGTERM and checks that it ended well and left its processes nowhere. */
void local_server_stop(local_server *server);

/* A client of the server. */
ak_client *local_client(const local_server *server);

/* The memory of a process in KiB, from the line of /proc/PID/status with this name, such as "VmRSS:". */
long memory_kib(pid_t pid, const char *line);

#endif
