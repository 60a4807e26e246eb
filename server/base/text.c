#include "text.h"

#include <string.h>

#include "json_text.h"

size_t text_incomplete_tail(const char *bytes, size_t len) {
    for (size_t n = 1; n <= 3 && n <= len; n++) {
        unsigned char byte = (unsigned char)bytes[len - n];
        if (byte >= 0xC0) {
            bool incomplete = false;
            ak_utf8_prefix(bytes + len - n, n, &incomplete);
            return incomplete ? n : 0;
        }
        if (byte < 0x80) {
            return 0;
        }
    }
    return 0;
}

void text_hide_passwords(char *text) {
    char *start = text;
    while ((start = strstr(start, "://"))) {
        start += 3;
        char *end = start + strcspn(start, "/?# \t\r\n'\"<>");
        char *at = memrchr(start, '@', (size_t)(end - start));
        if (at) {
            memmove(start, at, strlen(at) + 1);
        }
    }
}
