/*
 * etc.h: the /etc of a sandbox whose programs are the host's.
 *
 * It reveals nothing about this host's users, network names or secrets. Small files are copied into the sandbox's root,
 * which costs a tenth of a mount per file.
 */
#ifndef AKL_ETC_H
#define AKL_ETC_H

#include <stdbool.h>

struct etc_file {
    const char *path;
    const char *text;  /* its content; NULL: that of the host's file, if it exists */
    bool network_only; /* used only with a network */
};

enum { ETC_FILES = 10 };
extern const struct etc_file etc_files[ETC_FILES];

/* Folders of the host's to bind read-only, where they exist; NULL-terminated. */
extern const char *const etc_folders[];

#endif
