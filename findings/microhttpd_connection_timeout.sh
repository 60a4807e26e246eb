#!/usr/bin/env bash
# libmicrohttpd 1.0.1 (Debian 13: libmicrohttpd12t64 and libmicrohttpd-dev 1.0.1-4), with a thread for each connection:
# MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0) answers MHD_YES, and MHD_get_connection_info goes on to
# say 1 second: the daemon's limit stays, so a reply whose reader pauses is ended. In 0.9.75 the option has its effect.
#
# Output seen:
#   libmicrohttpd 1.0.1: the option was answered with 1 (MHD_YES), the limit is 1 s, the connection was ended by its limit
set -euo pipefail
version=1.0.1-4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

arch=$(dpkg --print-architecture)
site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$')
for package in libmicrohttpd12t64 libmicrohttpd-dev; do
    curl -fsSLO "${site%/}/pool/main/libm/libmicrohttpd/${package}_${version}_$arch.deb"
    dpkg -x "${package}_${version}_$arch.deb" root
done

cat >main.c <<'C'
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int answered = -1, limit = -1, end = -1;

static ssize_t more(void *context, uint64_t position, char *buf, size_t size) {
    (void)context, (void)position;
    memset(buf, 'x', size);
    return (ssize_t)size;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *size, void **seen) {
    (void)context, (void)url, (void)method, (void)version, (void)upload, (void)size;
    if (!*seen) {
        *seen = connection;
        return MHD_YES;
    }
    answered = MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    limit = (int)MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_TIMEOUT)->connection_timeout;
    struct MHD_Response *reply = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, more, NULL, NULL);
    enum MHD_Result result = MHD_queue_response(connection, 200, reply);
    MHD_destroy_response(reply);
    return result;
}

static void completed(void *context, struct MHD_Connection *connection, void **seen, enum MHD_RequestTerminationCode code) {
    (void)context, (void)connection, (void)seen;
    end = (int)code;
}

int main(void) {
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL, NULL, handle,
        NULL, MHD_OPTION_CONNECTION_TIMEOUT, 1U, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (!daemon) {
        return 2;
    }
    address.sin_port = htons(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    if (connect(client, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(client, request, sizeof request - 1) != sizeof request - 1) {
        return 2;
    }
    for (int i = 0; i < 100 && end < 0; i++) { /* reads nothing for up to ten times the limit */
        usleep(100000);
    }
    printf("libmicrohttpd %s: the option was answered with %d (MHD_YES), the limit is %d s, the connection was %s\n",
           MHD_get_version(), answered, limit,
           end == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ? "ended by its limit" : "left alone");
    return answered == MHD_YES && end == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ? 0 : 1;
}
C
lib=root/usr/lib/$(gcc -print-multiarch)
gcc -Iroot/usr/include main.c -o main "$lib/libmicrohttpd.so.12"
LD_LIBRARY_PATH=$lib ./main
