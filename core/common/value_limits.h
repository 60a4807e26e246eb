/*
 * value_limits.h: limits and fixed words that the library and the local server share. tools/generate writes it from
 * abi/schema/limits.json.
 */
#ifndef AK_VALUE_LIMITS_H
#define AK_VALUE_LIMITS_H

#include <stdint.h>

/* The longest name of a sandbox or snapshot. */
#define AK_NAME_MAX_BYTES 63

/* The longest name of an image. */
#define AK_IMAGE_MAX_BYTES 256

/* The longest working directory. */
#define AK_WORKDIR_MAX_BYTES 1024

/* The longest path of a file. */
#define AK_FILE_PATH_MAX_BYTES 4095

/* The most that a server takes in one request. */
#define AK_MAX_BODY_BYTES 16777216

/* The most headers of a reply, with those of the answers before it. libcurl has a limit of its own, of 300 kB in some
 * versions. */
#define AK_MAX_HEAD_BYTES 262144

/* The longest URL: with all headers it goes into 1 MiB of libcurl's. */
#define AK_MAX_URL_BYTES 900000

/* The longest time to live, a hundred years: what is longer is a mistake, and what is not cannot overflow. */
#define AK_TTL_MAX_SECONDS INT64_C(3153600000)

/* The security profiles, in any case. */
#define AK_PROFILES "permissive", "moderate", "restrictive"

/* What servers refuse as the beginning of a file's path: they look at the text, so /development begins with /dev. */
#define AK_CLOSED_PATHS "/proc", "/sys", "/dev", "/etc/passwd", "/etc/shadow", "/etc/sudoers", "/root/.ssh"

/* The output streams of a command. */
#define AK_OUTPUT_STREAMS "stdout", "stderr"

/* The methods of a request that no operation describes. */
#define AK_METHODS "GET", "POST", "PUT", "PATCH", "DELETE"

#endif
