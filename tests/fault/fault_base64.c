/* fault_base64.c: bytes in JSON, by OpenSSL's coder. */
#include "fault_parse.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

bool fault_base64_decode(const char *text, fault_buffer *out) {
    static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text);
    size_t digits = strspn(text, ALPHABET);
    size_t padding = len - digits;
    /* OpenSSL's decoder would take blanks around the text, and padding in the wrong place. */
    if (len > INT32_MAX || len % 4 != 0 || padding > 2 || strspn(text + digits, "=") != padding) {
        return false;
    }
    unsigned char *bytes = malloc(len / 4 * 3 + 1);
    if (!bytes) {
        out->failed = true;
        return true;
    }
    int decoded = len ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len) : 0;
    if (decoded >= (int)padding) {
        fault_buffer_add(out, bytes, (size_t)decoded - padding);
    }
    free(bytes);
    return decoded >= (int)padding;
}

char *fault_base64_encode(const unsigned char *bytes, size_t len) {
    if (len > INT32_MAX / 2) {
        return NULL;
    }
    char *text = malloc((len + 2) / 3 * 4 + 1);
    if (text) {
        text[0] = '\0';
    }
    if (text && len > 0) {
        EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    }
    return text;
}
