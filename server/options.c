#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "local_protocol.h"
#include "runtime_dir.h"
#include "validate.h"

#define KEY_VARIABLE "AGENTKERNEL_API_KEY"
#define KEY_MAX 4096

static const char usage[] =
    "Usage: agentkernel-local [OPTION]...\n"
    "Runs commands in sandboxes on this machine, over the HTTP interface of agentkernel.\n"
    "\n"
    "  --listen HOST:PORT   address to listen on (default 127.0.0.1:18888; port 0: any free one);\n"
    "                       other than loopback only with an API key\n"
    "  --unix PATH          listen on a Unix socket instead\n"
    "  --api-key-file FILE  file with the API key that requests must carry\n"
    "  --state DIR          where sandboxes are kept (default: /var/lib/agentkernel-local for root,\n"
    "                       else $XDG_STATE_HOME/agentkernel-local or ~/.local/state/agentkernel-local)\n"
    "  --image NAME=DIR     use DIR as root file system for image NAME (may be given several times);\n"
    "                       other images stand for this machine's own tools\n"
    "  --listen-fd N        answer on the Unix socket that listens as descriptor N\n"
    "  --owner-pidfd N      end when the process of pidfd N does\n"
    "  --life-fd N          end when nobody else locks the first byte of file N\n"
    "  --folder-fd N        keep sandboxes in the folder open as N, and remove it at the end\n"
    "  --version            print the version\n"
    "  --help               print this text\n"
    "\n"
    "The API key may also stand in the environment as AGENTKERNEL_API_KEY. Without a key every\n"
    "program on this machine may use the server.\n";

/* Reports what is wrong, as complain does. */
#define bad(...) (complain(__VA_ARGS__), OPTIONS_BAD)

/* Replaces *slot by a copy of text. */
static bool keep(char **slot, const char *text) {
    char *copy = strdup(text);
    if (!copy) {
        return false;
    }
    free(*slot);
    *slot = copy;
    return true;
}

/* Splits HOST:PORT or [HOST]:PORT. */
static enum options_outcome parse_listen(struct options *options, const char *text) {
    const char *colon = strrchr(text, ':');
    size_t host_len = colon ? (size_t)(colon - text) : 0;
    if (host_len > 2 && text[0] == '[' && text[host_len - 1] == ']') {
        text++;
        host_len -= 2;
    } else if (host_len > 0 && memchr(text, ':', host_len)) {
        host_len = 0; /* an IPv6 address without brackets: its end is ambiguous */
    }
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 65536;
    if (host_len == 0 || port > 65535 || end == colon + 1 || *end != '\0' || colon[1] < '0' || colon[1] > '9') {
        return bad("--listen wants HOST:PORT, for example 127.0.0.1:18888 or [::1]:18888");
    }
    char *host = strndup(text, host_len);
    if (!host || !keep(&options->listen_port, colon + 1)) {
        free(host);
        return bad("out of memory");
    }
    free(options->listen_host);
    options->listen_host = host;
    return OPTIONS_RUN;
}

/* A descriptor that was passed to this process. It is made close-on-exec. */
static enum options_outcome parse_fd(int *fd, const char *option, const char *text) {
    char *end = NULL;
    long number = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : -1;
    if (number <= STDERR_FILENO || number > INT_MAX || *end != '\0' || fcntl((int)number, F_SETFD, FD_CLOEXEC) != 0) {
        return bad("%s wants the number of an open descriptor above 2", option);
    }
    *fd = (int)number;
    return OPTIONS_RUN;
}

static enum options_outcome parse_image(struct options *options, const char *text) {
    const char *equals = strchr(text, '=');
    if (!equals) {
        return bad("--image wants NAME=DIR");
    }
    char message[VALIDATE_MESSAGE];
    struct image_root root = {.image = strndup(text, (size_t)(equals - text)), .dir = realpath(equals + 1, NULL)};
    struct stat status;
    enum options_outcome outcome = OPTIONS_RUN;
    const char *wrong = root.image ? validate_image(root.image, message) : "out of memory";
    if (wrong) {
        outcome = bad("--image: %s", wrong);
    } else if (!root.dir) {
        outcome = bad("--image: %s: %s", equals + 1, strerror(errno));
    } else if (stat(root.dir, &status) != 0 || !S_ISDIR(status.st_mode) || strcmp(root.dir, "/") == 0) {
        outcome = bad("--image: %s is no folder that could be a root file system", root.dir);
    } else if (!image_roots_add(&options->images, root)) {
        outcome = bad("out of memory");
    }
    if (outcome != OPTIONS_RUN) {
        free(root.image);
        free(root.dir);
    }
    return outcome;
}

/* Reads the first line of the key file. */
static enum options_outcome read_key_file(struct options *options, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return bad("--api-key-file: %s: %s", path, strerror(errno));
    }
    char text[KEY_MAX + 2];
    size_t len = 0;
    ssize_t n = 0;
    while (len < sizeof text - 1 && (n = read(fd, text + len, sizeof text - 1 - len)) > 0) {
        len += (size_t)n;
    }
    int error = n < 0 ? errno : 0;
    close(fd);
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    enum options_outcome outcome = OPTIONS_RUN;
    if (error != 0) {
        outcome = bad("--api-key-file: %s: %s", path, strerror(error));
    } else if (text[0] == '\0' || strlen(text) > KEY_MAX) {
        outcome = bad("--api-key-file: %s holds no key (its first line, 1 to %d bytes)", path, KEY_MAX);
    } else if (!keep(&options->api_key, text)) {
        outcome = bad("out of memory");
    }
    explicit_bzero(text, sizeof text);
    return outcome;
}

/* Removes the key from the environment and overwrites its bytes, which would otherwise stay readable in
 * /proc/PID/environ. */
static enum options_outcome read_key_variable(struct options *options) {
    char *value = getenv(KEY_VARIABLE);
    if (!value) {
        return OPTIONS_RUN;
    }
    bool kept = value[0] == '\0' || options->api_key || keep(&options->api_key, value);
    explicit_bzero(value, strlen(value));
    unsetenv(KEY_VARIABLE);
    return kept ? OPTIONS_RUN : bad("out of memory");
}

/* The state folder when none was given. */
static enum options_outcome default_state(struct options *options) {
    if (options->state_dir) {
        return OPTIONS_RUN;
    }
    if (options->folder_fd >= 0) {
        options->state_dir = runtime_dir_state_dir(options->folder_fd);
        return options->state_dir ? OPTIONS_RUN : bad("--folder-fd: %s", strerror(errno));
    }
    const char *state_home = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char path[4096];
    int len = 0;
    if (geteuid() == 0) {
        len = snprintf(path, sizeof path, "/var/lib/agentkernel-local");
    } else if (state_home && state_home[0] == '/') {
        len = snprintf(path, sizeof path, "%s/agentkernel-local", state_home);
    } else if (home && home[0] == '/') {
        len = snprintf(path, sizeof path, "%s/.local/state/agentkernel-local", home);
    } else {
        return bad("neither HOME nor XDG_STATE_HOME is set: say with --state DIR where to keep sandboxes");
    }
    if (len < 0 || (size_t)len >= sizeof path) {
        return bad("the path of the state folder is too long");
    }
    return keep(&options->state_dir, path) ? OPTIONS_RUN : bad("out of memory");
}

enum {
    OPTION_LISTEN = 256,
    OPTION_UNIX,
    OPTION_KEY_FILE,
    OPTION_STATE,
    OPTION_IMAGE,
    OPTION_LISTEN_FD,
    OPTION_OWNER_PIDFD,
    OPTION_LIFE_FD,
    OPTION_FOLDER_FD,
    OPTION_VERSION,
    OPTION_HELP
};

static const struct option long_options[] = {{"listen", required_argument, NULL, OPTION_LISTEN},
                                             {"unix", required_argument, NULL, OPTION_UNIX},
                                             {"api-key-file", required_argument, NULL, OPTION_KEY_FILE},
                                             {"state", required_argument, NULL, OPTION_STATE},
                                             {"image", required_argument, NULL, OPTION_IMAGE},
                                             {AK_LOCAL_OPTION_LISTEN, required_argument, NULL, OPTION_LISTEN_FD},
                                             {AK_LOCAL_OPTION_OWNER, required_argument, NULL, OPTION_OWNER_PIDFD},
                                             {AK_LOCAL_OPTION_LIFE, required_argument, NULL, OPTION_LIFE_FD},
                                             {AK_LOCAL_OPTION_FOLDER, required_argument, NULL, OPTION_FOLDER_FD},
                                             {"version", no_argument, NULL, OPTION_VERSION},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {NULL, 0, NULL, 0}};

static enum options_outcome parse(struct options *options, int option) {
    switch (option) {
    case OPTION_LISTEN:
        return parse_listen(options, optarg);
    case OPTION_UNIX:
        return keep(&options->unix_path, optarg) ? OPTIONS_RUN : bad("out of memory");
    case OPTION_KEY_FILE:
        return read_key_file(options, optarg);
    case OPTION_STATE:
        return keep(&options->state_dir, optarg) ? OPTIONS_RUN : bad("out of memory");
    case OPTION_IMAGE:
        return parse_image(options, optarg);
    case OPTION_LISTEN_FD:
        return parse_fd(&options->listen_fd, "--" AK_LOCAL_OPTION_LISTEN, optarg);
    case OPTION_OWNER_PIDFD:
        return parse_fd(&options->owner_pidfd, "--" AK_LOCAL_OPTION_OWNER, optarg);
    case OPTION_LIFE_FD:
        return parse_fd(&options->life_fd, "--" AK_LOCAL_OPTION_LIFE, optarg);
    case OPTION_FOLDER_FD:
        return parse_fd(&options->folder_fd, "--" AK_LOCAL_OPTION_FOLDER, optarg);
    case OPTION_VERSION:
        puts("agentkernel-local " AKL_VERSION);
        return OPTIONS_EXIT;
    case OPTION_HELP:
        fputs(usage, stdout);
        return OPTIONS_EXIT;
    default: /* getopt_long has reported the error */
        return bad("try --help");
    }
}

enum options_outcome options_read(struct options *options, int argc, char **argv) {
    *options = (struct options){.listen_fd = -1, .owner_pidfd = -1, .life_fd = -1, .folder_fd = -1};
    enum options_outcome outcome = OPTIONS_RUN;
    int option = 0;
    while (outcome == OPTIONS_RUN && (option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        outcome = parse(options, option);
    }
    if (outcome == OPTIONS_RUN && optind < argc) {
        outcome = bad("unexpected argument '%s'; try --help", argv[optind]);
    }
    int addresses = (options->unix_path != NULL) + (options->listen_host != NULL) + (options->listen_fd >= 0);
    if (outcome == OPTIONS_RUN && addresses > 1) {
        outcome = bad("--listen, --unix and --listen-fd exclude each other");
    }
    if (outcome == OPTIONS_RUN && options->state_dir && options->folder_fd >= 0) {
        outcome = bad("--state and --folder-fd exclude each other");
    }
    if (outcome == OPTIONS_RUN && addresses == 0) {
        outcome = parse_listen(options, "127.0.0.1:18888");
    }
    enum options_outcome key = read_key_variable(options);
    outcome = outcome == OPTIONS_RUN ? key : outcome;
    return outcome == OPTIONS_RUN ? default_state(options) : outcome;
}

void options_free(struct options *options) {
    if (options->api_key) {
        explicit_bzero(options->api_key, strlen(options->api_key));
    }
    image_roots_free(&options->images);
    free(options->listen_host);
    free(options->listen_port);
    free(options->unix_path);
    free(options->state_dir);
    free(options->api_key);
    *options = (struct options){0};
}
