/* local_find.c: finds the program agentkernel-local. */
#include "local_private.h"

#ifdef __linux__
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "compat.h"

#define PROGRAM "agentkernel-local"

const char *ak_local_variable(char *const *environment, const char *name) {
    size_t len = strlen(name);
    for (; *environment; environment++) {
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=') {
            return (*environment)[len + 1] ? *environment + len + 1 : NULL;
        }
    }
    return NULL;
}

/* A non-PIE program has its own copy of the variable `environ`, which libc then uses. A host that loads this library
 * with RTLD_DEEPBIND, as Node does, resolves it to libc's unused copy instead, so the program's copy is looked up. */
char **ak_local_environment(void) {
    void *program = dlopen(NULL, RTLD_LAZY);
    char ***kept = program ? dlsym(program, "environ") : NULL;
    char **environment = kept ? *kept : environ;
    if (program) {
        dlclose(program);
    }
    return environment;
}

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Tries folder/agentkernel-local: AK_OK when that is a program, else AK_ABSENT. Adds the path to tried (may be
 * NULL). */
static ak_status look_in(const char *folder, size_t len, ak_buffer *tried, char **path) {
    ak_buffer text = {0};
    bool ok =
        ak_buffer_append(&text, folder, len) && ak_buffer_append_text(&text, "/" PROGRAM) &&
        ak_buffer_terminate(&text) &&
        (!tried || (ak_buffer_append_text(tried, tried->len ? ", " : "") && ak_buffer_append_text(tried, text.data)));
    if (ok && is_program(text.data)) {
        *path = text.data;
        return AK_OK;
    }
    ak_buffer_free(&text);
    return ok ? AK_ABSENT : AK_E_MEMORY;
}

/* The folder that this library was loaded from (or the program, when it is linked statically); NULL when unknown. */
static char *own_folder(void) {
    /* A variable, because ISO C cannot convert a function pointer to an object pointer. */
    static const char anchor = 0;
    Dl_info info;
    char *path = dladdr(&anchor, &info) && info.dli_fname ? realpath(info.dli_fname, NULL) : NULL;
    char *slash = path ? strrchr(path, '/') : NULL;
    if (slash) {
        *slash = '\0';
    }
    return path;
}

static ak_status look_beside_library(ak_buffer *tried, char **path) {
    char *folder = own_folder();
    ak_status status = AK_ABSENT;
    if (folder) {
        status = look_in(folder, strlen(folder), tried, path);
        char *slash = strrchr(folder, '/');
        if (status == AK_ABSENT && slash) {
            ak_buffer bin = {0};
            bool ok = ak_buffer_append(&bin, folder, (size_t)(slash - folder)) && ak_buffer_append_text(&bin, "/bin");
            status = ok ? look_in(bin.data, bin.len, tried, path) : AK_E_MEMORY;
            ak_buffer_free(&bin);
        }
    }
    free(folder);
    return status;
}

/* Relative entries are skipped: a program in the working directory must not be run by accident. */
static ak_status look_in_path(const char *list, char **path) {
    ak_status status = AK_ABSENT;
    while (list && *list && status == AK_ABSENT) {
        size_t len = strcspn(list, ":");
        if (*list == '/') {
            status = look_in(list, len, NULL, path);
        }
        list += len + (list[len] == ':');
    }
    return status;
}

static ak_status take_chosen(const ak_local_program *chosen, char **path, ak_error *err) {
    if (!is_program(chosen->path)) {
        return ak_error_set(err, AK_E_CONNECT, "local: %s names %s, which is no program that can be run", chosen->by,
                            chosen->path);
    }
    *path = strdup(chosen->path);
    return *path ? AK_OK : ak_error_memory(err);
}

ak_status ak_local_find(char *const *environment, const ak_local_program *chosen, char **path, ak_error *err) {
    *path = NULL;
    if (chosen->path) {
        return take_chosen(chosen, path, err);
    }
    /* A privileged (setuid) program must not let its caller choose what it runs. */
    const char *list = ak_is_privileged() ? NULL : ak_local_variable(environment, "PATH");
    ak_buffer tried = {0};
    ak_status status = look_beside_library(&tried, path);
    if (status == AK_ABSENT) {
        status = look_in_path(list, path);
    }
    if (status == AK_ABSENT) {
        status = ak_error_set(err, AK_E_CONNECT,
                              "local: the program " PROGRAM " was not found: set local_program or "
                              "AGENTKERNEL_LOCAL to its path, or install it. Tried: AGENTKERNEL_LOCAL (not set), "
                              "%.*s, PATH (%s)",
                              (int)tried.len, tried.len ? tried.data : "", list ? list : "not set");
    } else if (status == AK_E_MEMORY) {
        status = ak_error_memory(err);
    }
    ak_buffer_free(&tried);
    return status;
}
#endif
