/*
 * text.h: output of commands, cut into pieces without hurting its characters, and rid of passwords.
 */
#ifndef AKL_TEXT_H
#define AKL_TEXT_H

#include <stddef.h>

/* How many bytes at the end (0 to 3) are the start of a UTF-8 character whose rest is not there. */
size_t text_incomplete_tail(const char *bytes, size_t len);

/* Takes out of a string, in place, what stands before the '@' of URLs: user and password. */
void text_hide_passwords(char *text);

#endif
