/*
 * file_body.h: a reply with the content of a file, generated while it is sent: {"encoding":...,"content":...,"size":N}
 * in its envelope. Its memory does not depend on the size of the file.
 *
 * The length of the reply is known before its first byte: a text file is read twice. A file that grows meanwhile is
 * sent with its earlier length; if it shrinks or changes so that the length no longer fits, the reply and the
 * connection end early, so that the client does not take it for complete. Thread class: one thread at a time.
 */
#ifndef AKL_FILE_BODY_H
#define AKL_FILE_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "body_source.h"

/* Creates the body for a regular file of this size and takes ownership of the descriptor. False with errno (the file is
 * closed then): EIO and the like, or ECANCELED if *stop became true or the client of client_fd disconnected during the
 * first pass.
 */
bool file_body_open(struct body_source *source, int fd, uint64_t size, const atomic_bool *stop, int client_fd);

#endif
