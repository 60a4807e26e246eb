#include "loopback.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

int loopback_address(const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    if (hints && hints->ai_family != AF_INET && hints->ai_family != AF_UNSPEC) {
        return EAI_NONAME;
    }
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in));
    if (!info) {
        return EAI_MEMORY;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)(info + 1);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address->sin_port = htons((uint16_t)(service ? strtoul(service, NULL, 10) : 0));
    info->ai_family = AF_INET;
    info->ai_socktype = hints ? hints->ai_socktype : SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof *address;
    *result = info;
    return 0;
}

/* In the place of libc's, for libcurl. */
__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *info) {
    free(info);
}
