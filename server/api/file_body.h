/*
 * file_body.h: the reply that has a file in it, made while it is sent: {"encoding":...,"content":...,"size":N} in its
 * envelope. It needs the same memory for every file.
 *
 * The length of the reply is known before its first byte: the file is read twice when it is text. What grows meanwhile
 * is sent as long as it was; what shrinks or changes so that the length no longer fits ends the reply early, and with
 * it the connection, so that nobody takes it for whole. Thread class: one thread at a time.
 */
#ifndef AKL_FILE_BODY_H
#define AKL_FILE_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "body_source.h"

/* Makes the body for a plain file of this size, which it takes over. False with errno (the file is closed then): EIO
 * and such, and ECANCELED when *stop became true, or the client behind client_fd left, while it was read for the first
 * time. */
bool file_body_open(struct body_source *source, int fd, uint64_t size, const atomic_bool *stop, int client_fd);

#endif
