/*
 * local_protocol.h: what the library and the server that it starts for base_url "local:" know of each other. Both
 * include it; there is nothing here but names and numbers.
 *
 * The library makes a folder, locks it (flock), listens on a socket in it, and starts the server with descriptors of
 * both. The server keeps its state in the folder, removes it at the end, and removes other such folders whose lock
 * nobody holds.
 */
#ifndef AK_LOCAL_PROTOCOL_H
#define AK_LOCAL_PROTOCOL_H

/* The folder's name is this and a random suffix. */
#define AK_LOCAL_FOLDER_PREFIX "agentkernel-local."
/* What is in it. */
#define AK_LOCAL_SOCKET "socket"
#define AK_LOCAL_STATE "state"

/* The options that the server is passed descriptors with. */
#define AK_LOCAL_OPTION_LIFE "life-fd"
#define AK_LOCAL_OPTION_LISTEN "listen-fd"
#define AK_LOCAL_OPTION_FOLDER "folder-fd"
#define AK_LOCAL_OPTION_OWNER "owner-pidfd"

/* The bytes of the life file, each locked by one of the two as long as it lives. Such locks (fcntl) belong to a
 * process, not to a descriptor: forked children do not hold them, exec and every kind of death gives them back. */
enum { AK_LOCAL_LIFE_OWNER, AK_LOCAL_LIFE_SERVER };

/* The server prints a line that begins so when it answers requests; what it printed last is why it ended. */
#define AK_LOCAL_READY "listening on "

#endif
