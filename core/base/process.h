/*
 * process.h: which process this is, for a library that has to know after every fork. Thread: any.
 */
#ifndef AK_PROCESS_H
#define AK_PROCESS_H

#include <sys/types.h>

/* getpid(2) without the system call, which would cost more than an event of a stream. */
pid_t ak_process(void);

#endif
