/*
 * local_protocol.h: the protocol between the library and the server that it starts for base_url "local:". Both include
 * it; it has only names and numbers.
 *
 * The library creates a folder, locks it (flock), listens on a socket in it, and starts the server with descriptors of
 * both. The server keeps its state in the folder, removes it when it ends, and removes other such folders whose lock is
 * not held.
 */
#ifndef AK_LOCAL_PROTOCOL_H
#define AK_LOCAL_PROTOCOL_H

/* The folder's name is this and a random suffix. */
#define AK_LOCAL_FOLDER_PREFIX "agentkernel-local."
/* Names in the folder. */
#define AK_LOCAL_SOCKET "socket"
#define AK_LOCAL_STATE "state"

/* The options that pass descriptors to the server. */
#define AK_LOCAL_OPTION_LIFE "life-fd"
#define AK_LOCAL_OPTION_LISTEN "listen-fd"
#define AK_LOCAL_OPTION_FOLDER "folder-fd"
#define AK_LOCAL_OPTION_OWNER "owner-pidfd"

/* The bytes of the life file, each locked by one of the two processes as long as it runs. Such locks (fcntl) belong to
 * a process, not to a descriptor: forked children do not hold them; any end of the process, and an exec that closes the
 * descriptor, releases them. */
enum { AK_LOCAL_LIFE_OWNER, AK_LOCAL_LIFE_SERVER };

/* The server prints a line with this prefix when it accepts requests; its last line says why it ended. */
#define AK_LOCAL_READY "listening on "

#endif
