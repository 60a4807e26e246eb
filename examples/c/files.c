/*
 * files.c: copies a file into a sandbox and out again, piece by piece, and shows its progress.
 *
 *     example-files FILE COPY
 *
 * Neither direction holds the file in memory. Progress is an iterator: each call of ak_transfer_next transfers one
 * piece and updates the number of bytes done, so that the caller may draw a bar, or stop. The server is
 * AGENTKERNEL_BASE_URL, or http://localhost:18888.
 */
#include <agentkernel_posix.h>

#define SANDBOX "files-example"
#define PATH "/workspace/copy"

/* Prints the progress in steps of a tenth. */
static void show(const char *direction, int64_t done, int64_t size, int *tenth) {
    while (*tenth < 10 && done * 10 >= size * (*tenth + 1)) {
        ++*tenth;
        printf("%s %3d %%\n", direction, *tenth * 10);
        fflush(stdout);
    }
}

static ak_status follow(const char *direction, ak_transfer *moving, int64_t size, ak_error *err) {
    int tenth = 0;
    ak_status status;
    while ((status = ak_transfer_next(moving, err)) == AK_ITEM) {
        show(direction, moving->done, size, &tenth);
    }
    show(direction, moving->done, size, &tenth);
    ak_transfer_free(moving);
    return status == AK_DONE ? AK_OK : status;
}

static ak_status copy_in(ak_client *client, const char *from, int64_t size, ak_error *err) {
    const ak_file_write_options options = {.timeout_ms = AK_TIMEOUT_NONE};
    ak_transfer *upload = NULL;
    const ak_status status = ak_upload_begin(client, SANDBOX, from, PATH, &options, &upload, err);
    return status < 0 ? status : follow("in ", upload, size, err);
}

/* The size of a download is known only at its end, but here it is that of the upload. */
static ak_status copy_out(ak_client *client, const char *to, int64_t size, ak_error *err) {
    const ak_file_read_options options = {.timeout_ms = AK_TIMEOUT_NONE};
    ak_transfer *download = NULL;
    const ak_status status = ak_download_begin(client, SANDBOX, PATH, to, &options, &download, err);
    return status < 0 ? status : follow("out", download, size, err);
}

static int report(ak_status status, const ak_error *err) {
    ak_failure failure = {0};
    ak_failure_fill(err, &failure);
    if (status == AK_E_FILE) {
        fprintf(stderr, "cannot copy the file: %s\n", strerror(errno));
    } else {
        fprintf(stderr, "%s: %s\n", ak_status_name(status), failure.message ? failure.message : "");
    }
    ak_failure_free(&failure);
    return 1;
}

static ak_status copy_both_ways(ak_client *client, const char *from, const char *to, ak_error *err) {
    struct stat file;
    if (stat(from, &file) != 0) {
        return AK_E_FILE;
    }
    ak_status status = ak_sandbox_create(client, SANDBOX, NULL, NULL, err);
    if (status < 0) {
        return status;
    }
    status = copy_in(client, from, file.st_size, err);
    status = status < 0 ? status : copy_out(client, to, file.st_size, err);
    const int error = errno;
    const ak_status removed = ak_sandbox_remove(client, SANDBOX, NULL, status < 0 ? NULL : err);
    errno = error;
    return status < 0 ? status : removed;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: example-files FILE COPY\n");
        return 2;
    }
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    ak_status status = ak_client_new(&client, err);
    status = status < 0 ? status : copy_both_ways(client, argv[1], argv[2], err);
    const int exit_code = status < 0 ? report(status, err) : 0;
    ak_client_free(client);
    ak_error_free(err);
    return exit_code;
}
