/*
 * fixed.h: what the fixed-answer server and those who measure against it agree on. README.md says the same in words.
 */
#ifndef BENCH_FIXED_H
#define BENCH_FIXED_H

#define FIXED_SANDBOXES 1000

/* The streams, by the one word of the command that asks for them. */
#define FIXED_SMALL "small"
#define FIXED_SMALL_EVENTS 100000
#define FIXED_SMALL_BYTES 150
#define FIXED_LARGE "large"
#define FIXED_LARGE_EVENTS 10000
#define FIXED_LARGE_BYTES 16384
#define FIXED_HUGE "huge"
#define FIXED_HUGE_EVENTS 65536 /* of FIXED_LARGE_BYTES: 1 GiB */

/* The file. Byte i of it is i % 256, so its base64 repeats itself every 1,024 characters. */
#define FIXED_FILE_BYTES 12000000
#define FIXED_FILE_BASE64_BYTES (FIXED_FILE_BYTES / 3 * 4)
#define FIXED_FILE_PATH "/sandboxes/bench/files/tmp/x"

#endif
