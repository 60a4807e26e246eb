/*
 * files_path.h: the paths of the files API, from the request's target or a member of its body.
 */
#ifndef AKL_FILES_PATH_H
#define AKL_FILES_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "http_request.h"
#include "writer.h"

struct files_path {
    char *text;     /* as requested, absolute, UTF-8: for messages and the audit log */
    char *relative; /* the same without its first slash, empty components and "." */
};

/* Decodes what follows /sandboxes/NAME/files/ in the request's target, segment by segment. False with the message of
 * the 400 in *wrong. */
bool files_path_decode(struct files_path *path, const struct request *request, struct writer *wrong);

/* The same for len bytes of UTF-8, which are not decoded. */
bool files_path_set(struct files_path *path, const char *text, size_t len, struct writer *wrong);

/* Checks that the path is not one of the system's own in a sandbox with this image root (see kept_root.h). False with
 * the message in *wrong. */
bool files_path_check(const struct files_path *path, const char *image_root, struct writer *wrong);

void files_path_free(struct files_path *path);

#endif
