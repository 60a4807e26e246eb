/*
 * writer.h: builds JSON text (and events around it) in a growing buffer.
 *
 * A failed allocation latches: later calls do nothing, and writer_ok returns false at the end. The writer adds commas:
 * each member or element is preceded by one where it is needed.
 */
#ifndef AKL_WRITER_H
#define AKL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
    char *text;
    size_t len;
    size_t cap;
    bool failed;
};

/* Whether everything has succeeded so far. */
bool writer_ok(const struct writer *writer);

/* Empties the buffer but keeps its memory; clears a failure. */
void writer_reset(struct writer *writer);

/* Frees the buffer. */
void writer_free(struct writer *writer);

/* Appends bytes as they are. */
void writer_raw(struct writer *writer, const char *text, size_t len);

/* Appends a C string as it is. */
void writer_text(struct writer *writer, const char *text);

/* A quoted string; invalid UTF-8 becomes U+FFFD. */
void writer_string(struct writer *writer, const char *bytes, size_t len);

/* A NULL-terminated list of C strings, as an array. */
void writer_strings(struct writer *writer, const char *const *list);

/* `{`, `}`, `[`, `]`. */
void writer_open(struct writer *writer, char bracket);
void writer_close(struct writer *writer, char bracket);

/* Starts a member: comma if needed, name, colon. The name is a constant and needs no escaping. */
void writer_name(struct writer *writer, const char *name);

/* Starts an element of an array: comma if needed. */
void writer_element(struct writer *writer);

/* Whole members. */
void writer_member_text(struct writer *writer, const char *name, const char *text);
void writer_member_string(struct writer *writer, const char *name, const char *bytes, size_t len);
void writer_member_uint(struct writer *writer, const char *name, uint64_t number);
void writer_member_int(struct writer *writer, const char *name, int64_t number);
void writer_member_bool(struct writer *writer, const char *name, bool value);

/* The bytes in base64, as a quoted string. */
void writer_base64(struct writer *writer, const char *bytes, size_t len);

/* Output of a command: member `name` as text and, only if characters were replaced in it, member `base64_name`
 * with the exact bytes. */
void writer_member_output(struct writer *writer, const char *name, const char *base64_name, const char *bytes,
                          size_t len);

#endif
