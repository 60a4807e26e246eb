/*
 * base64.h: standard base64 (RFC 4648, section 4), strict: padding is required, only characters of the alphabet are
 * allowed (no white space), and the unused bits of the last character must be 0. So every byte sequence has exactly one
 * encoding.
 *
 * File contents and screenshots travel as base64 inside JSON strings. The reader decodes such a string piece by piece
 * into the caller's buffer; neither the unescaped nor the decoded text is ever held as a whole.
 *
 * Depends only on json_text, never allocates, and is shared with the server. Thread class: any; a reader: one.
 */
#ifndef AK_BASE64_H
#define AK_BASE64_H

#include "json_text.h"

/* Decodes a JSON string's base64; see ak_base64_reader_read. */
typedef struct {
    ak_json_reader text;
    unsigned char pending[3]; /* decoded, but did not fit into the buffer of the last read */
    unsigned char pending_len;
    unsigned char pending_pos;
    bool padded; /* the padding, and so the end, was reached */
    bool failed;
} ak_base64_reader;

/* The length of the base64 of len bytes. SIZE_MAX on overflow. */
size_t ak_base64_encoded_size(size_t len);

/* Encodes len bytes. Returns the size needed and writes only if it fits into cap (buf may be NULL when cap is 0); there
 * is no terminating NUL. A large source can be encoded piece by piece, if all pieces but the last are multiples of 3
 * bytes. */
size_t ak_base64_encode(const void *bytes, size_t len, char *buf, size_t cap);

/* Decodes groups of four characters, up to the first that is padded or invalid, and returns how many it decoded. buf
 * has room for three bytes per group, and all of it may be written to. */
size_t ak_base64_decode_whole(const char *text, size_t groups, void *buf);

/* Whether all of text is valid base64; *size (may be NULL) is the decoded length, 0 when it is not. Linear. */
bool ak_base64_check(const char *text, size_t len, size_t *size);

/* The same for the content of a JSON string, after unescaping. False for other kinds. */
bool ak_base64_check_string(const ak_json_value *string, size_t *size);

/* Starts decoding the base64 in a JSON string. Values of other kinds read as empty. */
void ak_base64_reader_init(ak_base64_reader *reader, const ak_json_value *string);

/* Decodes up to cap bytes into buf; *n is how many, 0 means the end (or cap == 0). It fills buf unless the end or an
 * error comes first, and any cap >= 1 makes progress. False when the text is not valid base64, with *n the bytes
 * decoded before that; it then stays false. */
bool ak_base64_reader_read(ak_base64_reader *reader, void *buf, size_t cap, size_t *n);

/* Whether everything has been read without an error. */
bool ak_base64_reader_done(const ak_base64_reader *reader);

#endif
