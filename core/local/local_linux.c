/* local_linux.c: the server of a process: sharing it among clients, and checking that it runs. */
#include "local_private.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "local_protocol.h"
#include "signals.h"

#define KEY_VARIABLE "AGENTKERNEL_API_KEY="
#define LOG_BYTES ((size_t)16 * 1024)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* A memory file and its identity: if the host closes all descriptors, the number may be reused. */
typedef struct {
    int fd;
    dev_t device;
    ino_t inode;
} memory_file;

typedef struct {
    pid_t owner;
    size_t users;     /* clients that use it */
    memory_file life; /* see AK_LOCAL_LIFE_OWNER */
    memory_file log;  /* what the server writes to stdout and stderr */
    char socket_path[AK_LOCAL_PATH_CAP];
} server;

/* One per process: in a forked child, the lock may be held by a thread that does not exist there. */
typedef struct registry {
    pid_t pid;
    pthread_mutex_t lock;
    server *current;         /* NULL: none is in use, or none was started yet */
    struct registry *parent; /* keeps it reachable for leak checkers */
} registry;

struct ak_local {
    server *server;       /* touched under the registry's lock, and not at all in a child that inherited it */
    _Atomic(pid_t) owner; /* of the server; 0: none was started yet */
    char **environment;
};

static registry *_Atomic shared;

/* The registry of this process; NULL when out of memory. */
static registry *registry_of(void) {
    registry *known = atomic_load(&shared);
    if (known && known->pid == getpid()) {
        return known;
    }
    registry *fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        return NULL;
    }
    fresh->pid = getpid();
    fresh->parent = known;
    pthread_mutex_init(&fresh->lock, NULL);
    if (atomic_compare_exchange_strong(&shared, &known, fresh)) {
        return fresh;
    }
    pthread_mutex_destroy(&fresh->lock); /* another thread was faster */
    free(fresh);
    return known;
}

/* ---- one server ---- */

static bool memory_open(memory_file *file, const char *name) {
    struct stat status;
    file->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (file->fd < 0 && errno == EINVAL) { /* before Linux 6.3 */
        file->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    if (file->fd < 0 || fstat(file->fd, &status) != 0) {
        return false;
    }
    file->device = status.st_dev;
    file->inode = status.st_ino;
    return true;
}

static bool is_open(const memory_file *file) {
    struct stat status;
    return file->fd >= 0 && fstat(file->fd, &status) == 0 && status.st_dev == file->device &&
           status.st_ino == file->inode;
}

static void memory_close(const memory_file *file) {
    if (is_open(file)) {
        close(file->fd);
    }
}

static bool is_alive(const server *s) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = AK_LOCAL_LIFE_SERVER, .l_len = 1};
    return is_open(&s->life) && fcntl(s->life.fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Returns its last line, and whether it ever was ready. */
static void read_log(const server *s, char *line, size_t cap, bool *served) {
    char text[LOG_BYTES + 1];
    ssize_t size = is_open(&s->log) ? pread(s->log.fd, text, LOG_BYTES, 0) : 0;
    text[size > 0 ? size : 0] = '\0';
    *served = false;
    line[0] = '\0';
    char *rest = NULL;
    for (char *word = strtok_r(text, "\n", &rest); word; word = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(word, AK_LOCAL_READY, strlen(AK_LOCAL_READY)) == 0) {
            *served = true;
        } else {
            snprintf(line, cap, "%s", word);
        }
    }
}

/* Closing the life file releases the lock, which ends the server. */
static void server_free(server *s) {
    if (s->socket_path[0] && !is_alive(s)) {
        ak_local_place_remove(s->socket_path); /* it may have been killed before it removed it */
    }
    memory_close(&s->life);
    memory_close(&s->log);
    free(s);
}

/* Signals are held because the process may have a file size limit (SIGXFSZ). */
static bool set_size(int fd, off_t size) {
    ak_signal_guard guard;
    ak_signals_hold(&guard, true);
    bool ok = ftruncate(fd, size) == 0;
    ak_signals_release(&guard);
    return ok;
}

static bool open_files(server *s) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = AK_LOCAL_LIFE_OWNER, .l_len = 1};
    /* Output beyond the log's size is lost, so that a server that keeps writing does not fill the memory. */
    return memory_open(&s->life, "agentkernel-life") && memory_open(&s->log, "agentkernel-log") &&
           fcntl(s->life.fd, F_SETLK, &lock) == 0 && set_size(s->log.fd, (off_t)LOG_BYTES) &&
           fcntl(s->log.fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0;
}

static ak_status spawn(const ak_local *local, const ak_local_program *chosen, const server *s,
                       const ak_local_place *place, ak_error *err) {
    char *program = NULL;
    ak_status status = ak_local_find(local->environment, chosen, &program, err);
    if (status != AK_OK) {
        return status;
    }
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd < 0) {
        status = ak_local_failure(err, "/dev/null", errno);
    } else {
        /* Without one (before Linux 5.3, under valgrind) only the lock shows that this process ended; a process that
         * shares its descriptor table could then delay that. */
        int owner_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
        ak_local_order order = {
            program,
            local->environment,
            {null_fd, s->log.fd, s->log.fd, s->life.fd, place->listen_fd, place->folder_fd, owner_fd}};
        status = ak_local_spawn(&order, err);
        if (owner_fd >= 0) {
            close(owner_fd);
        }
        close(null_fd);
    }
    free(program);
    return status;
}

static ak_status start(const ak_local *local, const ak_local_program *chosen, server **out, ak_error *err) {
    ak_local_place place;
    server *s = calloc(1, sizeof *s);
    if (!s) {
        return ak_error_memory(err);
    }
    s->life.fd = s->log.fd = -1;
    ak_status status = ak_local_place_open(local->environment, &place, err);
    if (status == AK_OK) {
        s->owner = getpid();
        memcpy(s->socket_path, place.socket_path, sizeof s->socket_path);
        status = open_files(s) ? spawn(local, chosen, s, &place, err)
                               : ak_local_failure(err, "cannot make a file in memory", errno);
        /* From here on only the server listens, so when it dies, connections are refused at once. */
        ak_local_place_close(&place);
    }
    if (status != AK_OK) {
        server_free(s);
        s = NULL;
    }
    *out = s;
    return status;
}

/* ---- sharing ---- */

/* Called with the lock held. */
static void release_server(registry *reg, ak_local *local) {
    server *s = local->server;
    local->server = NULL;
    if (s && --s->users == 0) {
        if (reg->current == s) {
            reg->current = NULL;
        }
        server_free(s);
    }
}

/* Called with the lock held: gives the client the running server of this process, starting one if there is none. */
static ak_status acquire_server(registry *reg, ak_local *local, const ak_local_program *chosen, ak_error *err) {
    server *s = reg->current;
    if (s && !is_alive(s)) {
        s = NULL;
    }
    if (!s) {
        ak_status status = start(local, chosen, &s, err);
        if (status != AK_OK) {
            return status;
        }
        reg->current = s;
    }
    if (local->server != s) {
        s->users++;
        release_server(reg, local);
        local->server = s;
        atomic_store(&local->owner, s->owner);
    }
    return AK_OK;
}

/* Whether the client had a server before this process was forked. */
static bool is_inherited(ak_local *local) {
    pid_t owner = atomic_load(&local->owner);
    return owner != 0 && owner != getpid();
}

static ak_status parent_server_ended(const server *s, ak_error *err) {
    return ak_error_set(err, AK_E_CONNECT,
                        "local: the server of process %d, which forked this one, has ended: make a new client",
                        (int)s->owner);
}

ak_status ak_local_reach(ak_local *local, const ak_local_program *chosen, char path[AK_LOCAL_PATH_CAP], ak_error *err) {
    if (is_inherited(local)) {
        memcpy(path, local->server->socket_path, AK_LOCAL_PATH_CAP);
        return is_alive(local->server) ? AK_OK : parent_server_ended(local->server, err);
    }
    registry *reg = registry_of();
    if (!reg) {
        return ak_error_memory(err);
    }
    pthread_mutex_lock(&reg->lock);
    ak_status status = acquire_server(reg, local, chosen, err);
    if (status == AK_OK) {
        memcpy(path, local->server->socket_path, AK_LOCAL_PATH_CAP);
    }
    pthread_mutex_unlock(&reg->lock);
    return status;
}

ak_status ak_local_explain(ak_local *local, ak_status code, bool *served, ak_error *err) {
    char line[512];
    *served = true;
    if (is_inherited(local)) {
        return is_alive(local->server) ? AK_OK : parent_server_ended(local->server, err);
    }
    registry *reg = registry_of();
    if (!reg) {
        return AK_OK;
    }
    pthread_mutex_lock(&reg->lock);
    bool ended = local->server && !is_alive(local->server);
    if (ended) {
        read_log(local->server, line, sizeof line, served);
    }
    pthread_mutex_unlock(&reg->lock);
    if (!ended) {
        return AK_OK;
    }
    return ak_error_set(err, *served ? code : AK_E_CONNECT, "local: agentkernel-local has ended%s%s%s",
                        *served ? "" : " before it was ready", line[0] ? "; its last message: " : "", line);
}

/* ---- one client's reference ---- */

/* One block: the pointers, then the texts. */
static char **copy_environment(void) {
    static char *none[] = {NULL};
    char **set = ak_local_environment(), **from = set ? set : none;
    size_t count = 1, bytes = 0;
    for (char **entry = from; *entry; entry++) {
        count++;
        bytes += strlen(*entry) + 1;
    }
    char **copy = malloc(count * sizeof *copy + bytes);
    if (!copy) {
        return NULL;
    }
    char *text = (char *)(copy + count), *end = text + bytes;
    size_t kept = 0;
    for (char **entry = from; *entry && kept + 1 < count; entry++) {
        size_t len = strlen(*entry) + 1;
        if (len > (size_t)(end - text)) {
            break; /* another thread changed it concurrently */
        }
        if (strncmp(*entry, KEY_VARIABLE, strlen(KEY_VARIABLE)) != 0) {
            memcpy(text, *entry, len);
            copy[kept++] = text;
            text += len;
        }
    }
    copy[kept] = NULL;
    return copy;
}

ak_status ak_local_new(ak_local **out, ak_error *err) {
    ak_local *local = calloc(1, sizeof *local);
    char **environment = copy_environment();
    if (!local || !environment) {
        free(local);
        free(environment);
        *out = NULL;
        return ak_error_memory(err);
    }
    atomic_init(&local->owner, 0);
    local->environment = environment;
    *out = local;
    return AK_OK;
}

void ak_local_free(ak_local *local) {
    if (!local) {
        return;
    }
    registry *reg = is_inherited(local) ? NULL : registry_of();
    if (reg) {
        pthread_mutex_lock(&reg->lock);
        release_server(reg, local);
        pthread_mutex_unlock(&reg->lock);
    }
    free(local->environment);
    free(local);
}
#endif
