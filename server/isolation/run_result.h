/*
 * run_result.h: how a command ended.
 */
#ifndef AKL_RUN_RESULT_H
#define AKL_RUN_RESULT_H

enum end_kind {
    END_EXITED,    /* exit_code is the command's own */
    END_SIGNALED,  /* killed by a signal: exit_code is 128 + signal */
    END_NOT_FOUND, /* the program does not exist (exit_code 127), or it or the working directory cannot be used (126);
                      message has which and why, with the program's name as bytes: not necessarily UTF-8 */
    END_TOO_BIG,   /* E2BIG: arguments and environment exceed the kernel's limit; exit_code 126 */
    END_OUT_OF_MEMORY, /* killed for exceeding its memory limit; exit_code 137 */
    END_SANDBOX_FAILED /* bubblewrap could not build the sandbox; message has the reason; exit_code 125 */
};

struct run_result {
    enum end_kind kind;
    int exit_code;
    char message[512];
};

#endif
