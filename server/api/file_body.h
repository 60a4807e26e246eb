/*
 * file_body.h: the reply that has a file in it, made while it is sent: {"encoding":...,"content":...,"size":N} in its
 * envelope. It needs the same memory for every file.
 *
 * The length of the reply is known before its first byte: the file is read twice when it is text. What grows meanwhile
 * is sent as long as it was; what shrinks or changes so that the length no longer fits ends the reply early, and with
 * it the connection, so that nobody takes it for whole. Thread class: one thread at a time.
 */
#ifndef AKL_FILE_READER_H
#define AKL_FILE_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file_reader;

/* Takes over a plain file of this size. NULL with errno (the file is closed then): EIO and such, and ECANCELED when
 * *stop became true, or the client behind client_fd left, while it was read for the first time. */
struct file_reader *file_reader_open(int fd, uint64_t size, const atomic_bool *stop, int client_fd);

/* The length of the whole reply. */
uint64_t file_reader_length(const struct file_reader *reader);

/* Copies the next bytes of the reply, at least one. -1 when it cannot be finished. */
ssize_t file_reader_read(struct file_reader *reader, char *buf, size_t cap);

/* Frees it. NULL is fine. */
void file_reader_close(struct file_reader *reader);

#endif
