/*
 * git.c: stands for git in an image of its own, so that cloning needs no server that has a certificate. It writes down
 * how it was called, and fails where a test wants it to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *prompt = getenv("GIT_TERMINAL_PROMPT");
    FILE *log = fopen("git.log", "a");
    if (log == NULL) {
        return 1;
    }
    for (int i = 0; i < argc; i++) {
        fprintf(log, "%s ", argv[i]);
    }
    fprintf(log, "prompt=%s\n", prompt != NULL ? prompt : "");
    fclose(log);
    if (argc > 4 && strstr(argv[4], "//slow.invalid") != NULL) {
        sleep(60);
    }
    if (argc > 3 && strcmp(argv[3], "missing") == 0) {
        puts("error: pathspec 'missing' did not match");
        return 1;
    }
    return 0;
}
