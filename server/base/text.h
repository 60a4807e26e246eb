/*
 * text.h: output of commands: splitting it between characters, and removing passwords.
 */
#ifndef AKL_TEXT_H
#define AKL_TEXT_H

#include <stddef.h>

/* The number of bytes at the end (0 to 3) that belong to an incomplete UTF-8 character. */
size_t text_incomplete_tail(const char *bytes, size_t len);

/* Removes the part before the '@' of URLs (user and password) from a string, in place. */
void text_hide_passwords(char *text);

#endif
