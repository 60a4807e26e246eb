/*
 * process.h: the current process ID, cached, to detect forks. Thread: any.
 */
#ifndef AK_PROCESS_H
#define AK_PROCESS_H

#include <sys/types.h>

/* getpid(2) without the system call, which would cost more than processing an event of a stream. */
pid_t ak_process(void);

#endif
