/*
 * loopback.h: the one address that tests know which put a getaddrinfo of their own in the place of libc's.
 */
#ifndef AK_TEST_LOOPBACK_H
#define AK_TEST_LOOPBACK_H

#include <netdb.h>

/* 127.0.0.1 with the port of service, as getaddrinfo answers. Freed by freeaddrinfo, which is replaced along with this.
 */
int loopback_address(const char *service, const struct addrinfo *hints, struct addrinfo **result);

#endif
