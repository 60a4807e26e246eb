/* test_client.h: a bare client for the tests of the fault server. All its waits are bounded. */
#ifndef AK_FAULT_TEST_CLIENT_H
#define AK_FAULT_TEST_CLIENT_H

#include "fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A limit that waits of a passing test never reach. */
#define CLIENT_WAIT_MS 20000

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* A script that begins with a rule for one request. */
fault_script *client_script(void);

/* Starts a server; the test fails if that fails. */
fault_server *client_server(fault_script *script);

/* A connected socket; the test fails if connecting fails. */
int client_connect(const fault_server *server);
/* Starts connecting and waits for up to ms. Returns 0, an errno, or -1 when it is still connecting. */
int client_try_connect(const fault_server *server, int ms, int *fd);

/* Waits for an event of poll(2) on the socket; false after ms. */
bool client_wait(int fd, short events, int ms);

void client_send(int fd, const void *bytes, size_t len);
void client_text(int fd, const char *text);
/* Sends as much as possible without waiting more than ms for room; returns how many bytes were sent. */
size_t client_send_until_full(int fd, size_t most, int ms);

/* Reads until the end, up to cap bytes. Returns 0 for the end of the stream, else the errno that ended it. */
int client_read_all(int fd, char *into, size_t cap, size_t *len);
/* Reads to the end and compares. Returns as above. */
int client_expect_all(int fd, const char *text);
/* Reads exactly as many bytes as text has, and compares. */
void client_expect(int fd, const char *text);
/* Checks that nothing arrives for ms. */
void client_expect_silence(int fd, int ms);

#endif
