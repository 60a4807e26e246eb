/*
 * git.c: replaces git in a test image, so that cloning needs no server with a certificate. It records its arguments,
 * and fails where a test requests it.
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
