/* local_place.c: the private folder of a server, and the listening socket in it. */
#include "local_private.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "local_protocol.h"

#define FOLDER_TEMPLATE "/" AK_LOCAL_FOLDER_PREFIX "XXXXXX"
/* Another server may remove the folder before it is locked; that does not happen repeatedly. */
#define MAX_TRIES 100

ak_status ak_local_failure(ak_error *err, const char *what, int error) {
    bool full = error == EMFILE || error == ENFILE;
    return full
               ? ak_error_set(err, AK_E_DESCRIPTORS, "local: out of file descriptors (starting a server needs sixteen)")
               : ak_error_set(err, error == ENOMEM ? AK_E_MEMORY : AK_E_CONNECT, "local: %s: %s", what,
                              strerror(error));
}

/* Whether no other user can replace a folder that is created in base. */
static bool is_safe(const char *base) {
    struct stat status;
    if (base[0] != '/' || stat(base, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return false;
    }
    bool trusted_owner = status.st_uid == 0 || status.st_uid == geteuid();
    bool others_write = status.st_mode & (S_IWGRP | S_IWOTH);
    return trusted_owner && (!others_write || (status.st_mode & S_ISVTX));
}

/* Creates a folder in base and locks it. False with errno set. */
static bool make_folder(const char *base, ak_local_place *place) {
    if (strlen(base) + sizeof FOLDER_TEMPLATE + sizeof "/" AK_LOCAL_SOCKET - 1 > AK_LOCAL_PATH_CAP) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (int i = 0; i < MAX_TRIES; i++) {
        snprintf(place->socket_path, sizeof place->socket_path, "%s" FOLDER_TEMPLATE, base);
        if (!mkdtemp(place->socket_path)) {
            return false;
        }
        struct stat status;
        place->folder_fd = open(place->socket_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool locked = place->folder_fd >= 0 && flock(place->folder_fd, LOCK_EX | LOCK_NB) == 0;
        int error = errno;
        if (locked && fstat(place->folder_fd, &status) == 0 && status.st_nlink > 0) {
            memcpy(place->socket_path + strlen(place->socket_path), "/" AK_LOCAL_SOCKET, sizeof "/" AK_LOCAL_SOCKET);
            return true;
        }
        if (place->folder_fd >= 0) {
            close(place->folder_fd);
            place->folder_fd = -1;
        }
        if (!locked && error != ENOENT && error != EWOULDBLOCK) {
            rmdir(place->socket_path);
            errno = error;
            return false;
        }
    }
    errno = EAGAIN;
    return false;
}

static bool listen_there(ak_local_place *place) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, place->socket_path, sizeof place->socket_path);
    place->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* bind creates the file with this mode; umask would affect the whole process. */
    return place->listen_fd >= 0 && fchmod(place->listen_fd, S_IRUSR | S_IWUSR) == 0 &&
           bind(place->listen_fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           listen(place->listen_fd, SOMAXCONN) == 0;
}

ak_status ak_local_place_open(char *const *environment, ak_local_place *place, ak_error *err) {
    /* A server started by root switches to a user who cannot access root's runtime folder. */
    const char *bases[] = {geteuid() == 0 ? NULL : ak_local_variable(environment, "XDG_RUNTIME_DIR"),
                           ak_local_variable(environment, "TMPDIR"), "/tmp"};
    int error = 0;
    *place = (ak_local_place){.folder_fd = -1, .listen_fd = -1};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (!bases[i]) {
            continue;
        }
        errno = EACCES;
        if (is_safe(bases[i]) && make_folder(bases[i], place)) {
            if (listen_there(place)) {
                return AK_OK;
            }
            error = errno;
            ak_local_place_close(place);
            ak_local_place_remove(place->socket_path);
            continue;
        }
        error = errno;
    }
    return ak_local_failure(err, "no private folder can be made in XDG_RUNTIME_DIR, TMPDIR or /tmp", error);
}

void ak_local_place_close(ak_local_place *place) {
    if (place->listen_fd >= 0) {
        close(place->listen_fd);
    }
    if (place->folder_fd >= 0) {
        close(place->folder_fd);
    }
    place->listen_fd = place->folder_fd = -1;
}

void ak_local_place_remove(const char *socket_path) {
    char folder[AK_LOCAL_PATH_CAP];
    snprintf(folder, sizeof folder, "%.*s", (int)(strlen(socket_path) - strlen("/" AK_LOCAL_SOCKET)), socket_path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        unlinkat(fd, AK_LOCAL_SOCKET, 0);
        rmdir(folder);
    }
    if (fd >= 0) {
        close(fd);
    }
}
#endif
