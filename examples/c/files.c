/*
 * files.c: copies a file into a sandbox and out again, piece by piece, and shows how far it is.
 *
 *     example-files FILE COPY
 *
 * Neither direction holds the file in memory. Progress is an iterator: each call of upload_next or download_next moves
 * one piece and says how many bytes are done, so that whoever asks may draw a bar, or stop. The server is
 * AGENTKERNEL_BASE_URL, or http://localhost:18888.
 */
#include <stdio.h>

#include <agentkernel_ops.h>

#define SANDBOX "files-example"
#define PATH "/workspace/copy"
#define CANNOT_WRITE AK_E_BUFFER /* the copy: no status of the library says so */

/* A file on its way, one piece at a time. */
typedef struct {
    ak_call *call;
    FILE *file;
    ak_error *err;
    int64_t done;
    char piece[64 * 1024];
    size_t held, taken; /* of an upload: bytes in the piece, and how many of them are on their way */
} transfer;

/* Moves what can be moved without reading more of the file: AK_OK after each piece. */
static ak_status upload_next(transfer *upload) {
    size_t taken = 0;
    ak_status status;
    if (upload->taken == upload->held) {
        upload->held = fread(upload->piece, 1, sizeof upload->piece, upload->file);
        upload->taken = 0;
    }
    /* At the end of the file there is nothing more to hand in, which ends the content. */
    const int ends = upload->held == 0;
    while ((status = ak_call_write(upload->call, upload->piece + upload->taken, upload->held - upload->taken, &taken,
                                   upload->err)) == AK_AGAIN) {
        ak_call_wait(upload->call, -1, upload->err);
    }
    upload->taken += taken;
    upload->done += (int64_t)taken;
    while (status == AK_OK && ends && (status = ak_call_wait(upload->call, -1, upload->err)) == AK_AGAIN) {
        status = AK_OK;
    }
    return status;
}

static ak_status download_next(transfer *download) {
    size_t len = 0;
    ak_status status;
    while ((status = ak_call_read(download->call, download->piece, sizeof download->piece, &len, download->err)) ==
           AK_AGAIN) {
        ak_call_wait(download->call, -1, download->err);
    }
    download->done += (int64_t)len;
    return fwrite(download->piece, 1, len, download->file) == len ? status : CANNOT_WRITE;
}

/* Prints each tenth of the way once. */
static void show(const char *direction, int64_t done, int64_t size, int *tenth) {
    while (*tenth < 10 && done * 10 >= size * (*tenth + 1)) {
        ++*tenth;
        printf("%s %3d %%\n", direction, *tenth * 10);
        fflush(stdout);
    }
}

static ak_status follow(const char *direction, transfer *moving, ak_status (*next)(transfer *moving), int64_t size) {
    int tenth = 0;
    ak_status status = AK_OK;
    while (status == AK_OK && (status = next(moving)) == AK_OK) {
        show(direction, moving->done, size, &tenth);
    }
    ak_call_free(moving->call);
    moving->call = NULL;
    return status == AK_DONE ? AK_OK : status;
}

static ak_status copy_in(ak_client *client, FILE *from, ak_error *err) {
    static transfer upload;
    fseek(from, 0, SEEK_END);
    const int64_t size = ftell(from);
    rewind(from);
    /* The size is told beforehand, so that a file that is too large is refused before anything is sent. */
    const ak_file_write_options options = {.size = size == 0 ? AK_ZERO : size, .timeout_ms = AK_TIMEOUT_NONE};
    upload.file = from;
    upload.err = err;
    ak_status status = ak_file_write_new(client, SANDBOX, PATH, NULL, 0, &options, &upload.call, err);
    return status < 0 ? status : follow("in ", &upload, upload_next, size);
}

/* How large it is shows only at its end, but here it is what went in. */
static ak_status copy_out(ak_client *client, FILE *to, int64_t size, ak_error *err) {
    static transfer download;
    const ak_file_read_options options = {.timeout_ms = AK_TIMEOUT_NONE};
    download.file = to;
    download.err = err;
    ak_status status = ak_file_read_new(client, SANDBOX, PATH, &options, &download.call, err);
    return status < 0 ? status : follow("out", &download, download_next, size);
}

static int report(ak_status status, const ak_error *err) {
    ak_failure failure = {0};
    ak_failure_fill(err, &failure);
    fprintf(stderr, "%s: %s\n", ak_status_name(status), failure.message ? failure.message : "cannot write the copy");
    ak_failure_free(&failure);
    return 1;
}

static ak_status copy_both_ways(ak_client *client, FILE *from, const char *path, ak_error *err) {
    ak_status status = ak_sandbox_create(client, SANDBOX, NULL, NULL, err);
    if (status < 0) {
        return status;
    }
    status = copy_in(client, from, err);
    FILE *to = status < 0 ? NULL : fopen(path, "wb");
    if (to) {
        status = copy_out(client, to, ftell(from), err);
        status = fclose(to) == 0 ? status : CANNOT_WRITE;
    } else if (status >= 0) {
        status = CANNOT_WRITE;
    }
    const ak_status removed = ak_sandbox_remove(client, SANDBOX, NULL, status < 0 ? NULL : err);
    return status < 0 ? status : removed;
}

int main(int argc, char **argv) {
    FILE *from = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!from) {
        fprintf(stderr, "usage: example-files FILE COPY\n");
        return 2;
    }
    ak_error *err = ak_error_new();
    ak_client *client = NULL;
    ak_status status = ak_client_new(&client, err);
    status = status < 0 ? status : copy_both_ways(client, from, argv[2], err);
    const int exit_code = status < 0 ? report(status, err) : 0;
    ak_client_free(client);
    ak_error_free(err);
    fclose(from);
    return exit_code;
}
