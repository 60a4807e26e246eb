/*
 * options.h: the command line and the API key.
 */
#ifndef AKL_OPTIONS_H
#define AKL_OPTIONS_H

#include "image_roots.h"

struct options {
    char *listen_host; /* of --listen, without brackets; NULL with --unix */
    char *listen_port;
    char *unix_path; /* NULL: TCP */
    char *state_dir;
    /* Passed by a process that starts a server of its own; -1: not given. See owner_watch.h and runtime_dir.h. */
    int listen_fd;
    int owner_pidfd;
    int life_fd;
    int folder_fd;
    struct image_roots images; /* of --image NAME=DIR */
    char *api_key;             /* NULL: none */
};

enum options_outcome { OPTIONS_RUN, OPTIONS_EXIT, OPTIONS_BAD };

/* Reads argv and the environment. OPTIONS_EXIT: --help or --version was printed on stdout. OPTIONS_BAD: the reason is
 * on stderr. AGENTKERNEL_API_KEY is wiped from the environment, so that no process started later inherits it. */
enum options_outcome options_read(struct options *options, int argc, char **argv);

void options_free(struct options *options);

#endif
