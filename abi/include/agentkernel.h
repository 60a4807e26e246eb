/*
 * agentkernel.h: the public interface of libagentkernel, a client of agentkernel (commands in isolated sandboxes).
 *
 * SPDX-License-Identifier: MIT
 *
 * Every operation, short or streaming, is a *call*: prepare it, bind its parameters, step it, read each record it
 * yields, free it. `run` yields one record, `list_sandboxes` one per sandbox, `run_stream` one per event,
 * `remove_sandbox` none.
 *
 *     ak_client *client;
 *     ak_call *call;
 *     ak_error *err = ak_error_new();
 *     ak_client_new(&client, err);
 *     ak_call_new(client, AK_OP_RUN, &call, err);
 *     ak_call_add_text(call, AK_KEY_COMMAND, "echo", 4, err);
 *     ak_call_add_text(call, AK_KEY_COMMAND, "hello", 5, err);
 *     while ((status = ak_call_wait(call, -1, err)) == AK_ITEM)
 *         text = ak_call_cstring(call, AK_KEY_OUTPUT);
 *     ak_call_free(call);
 *
 * THE STATES OF A CALL (a test covers every cell of this table)
 *
 *   function            new        running    item       reading    done       failed
 *   set_*, add_*, put_* OK         E_STATE    E_STATE    E_STATE    E_STATE    E_STATE, or the latched bind error (1)
 *   step, wait          advances   advances(5) advances  E_STATE(2) DONE       the same error again (8)
 *   read                advances   advances   bytes (3)  bytes      DONE       the same error again (8)
 *   write (6)           accepts    accepts(7) -          -          DONE       the same error again (8)
 *   text, int, view,    E_STATE    E_STATE    OK         OK         E_STATE    E_STATE
 *     count, *_at, values
 *   cstring, number     default    default    OK         OK         default    default
 *   fd                  -1         number     number     number     number     number, or -1 when it never ran
 *   cancel              (4)        (4)        (4)        (4)        no effect  no effect
 *   state, retain, free OK         OK         OK         OK         OK         OK
 *
 *   "advances" returns AK_ITEM (state item), AK_DONE (done), AK_AGAIN (running) or an error (failed).
 *   "default" is NULL, or the number that the caller passed for that.
 *   (1) A bind that fails poisons the call: its state is still new, later binds return the same error, and so does the
 *       first step, which makes it failed. So C code may check once.
 *   (2) Output of the current record was read in part: advancing would lose the rest. Nothing changes; read the rest,
 *       or free the call.
 *   (3) AK_OK with bytes of the current record if it has output that was not read yet, else it advances. At a record
 *       without output, read returns AK_ITEM and no bytes: look at the record, then read or step again.
 *   (4) The next step, wait, read or write returns AK_E_CANCELLED and the call has failed.
 *   (5) While the content of a file is written or read, step is E_STATE, and nothing changes; wait only waits for the
 *       descriptor and returns AK_AGAIN: then write or read again. That lasts until write is given the end of the
 *       content, and for read until the end of the call.
 *   (6) Of operations with AK_OP_WRITABLE, which yield no records; of others it is E_ARGUMENT in every state.
 *   (7) E_STATE when the content was bound, or has ended.
 *   (8) But after AK_E_DESCRIPTORS with nothing sent (AK_ERROR_SENT) the call starts again, with what was bound and
 *       written, new timeouts and perhaps another descriptor. So a host may close what it no longer uses, and retry.
 *
 * THE FUNCTIONS
 *
 *   library     ak_version ak_version_text ak_status_name ak_constant
 *   operations  ak_operation_at ak_operation_name ak_operation_route ak_operation_flags ak_key_name
 *               ak_parameter_at ak_parameter_type ak_parameter_flags ak_field_at ak_field_type ak_field_flags
 *   client      ak_client_new ak_client_set_text ak_client_set_int ak_client_text ak_client_int ak_client_retain
 *               ak_client_free
 *   call        ak_call_new ak_call_set_text ak_call_set_int ak_call_add_text ak_call_add_list ak_call_put_text
 *               ak_call_write ak_call_step ak_call_wait ak_call_fd ak_call_state ak_call_cancel ak_call_retain
 *               ak_call_free
 *   record      ak_call_text ak_call_int ak_call_view ak_call_cstring ak_call_number ak_call_count ak_call_text_at
 *               ak_call_view_at ak_call_key_at ak_call_values ak_call_read
 *   error       ak_error_new ak_error_code ak_error_text ak_error_int ak_error_view ak_error_cstring ak_error_number
 *               ak_error_free
 *
 * CONVENTIONS
 *
 * Text and bytes are passed as pointer and length, and are copied. Text must be UTF-8 without NUL. There are three ways
 * to read a value: copied to the caller's buffer (text), as a view of the library's memory (view), and, where the
 * reason for an absence does not matter, as the result of the function (cstring, number). A function that fails leaves
 * its out-parameters NULL or 0. The last parameter of every function that can fail is an ak_error the caller owns and
 * may reuse; it may be NULL, because the returned code alone is enough to branch on. Only a failing function writes to
 * it.
 *
 * Thread classes, one word in each comment. **any**: any thread at any time. **one**: one thread at a time, not always
 * the same. A client may be shared by any number of threads; a call belongs to one at a time, except for
 * ak_call_cancel. Nothing here starts a thread, installs a signal handler, calls back, keeps a thread-local, or does
 * anything when it is loaded.
 *
 * Memory: ak_*_new makes an object with one reference, ak_*_retain adds one, ak_*_free drops one (NULL is fine) and
 * frees the object with the last. Parents are held by their children, so objects may be freed in any order.
 *
 * The descriptor of a call (ak_call_fd) is for waiting only: level-triggered, readable means "step". Wait after
 * AK_AGAIN, never before; stop watching it before the next step and before free; never read, close or own it (dup it if
 * your host wants to own what it watches). It stays the call's until ak_call_free, and stays readable after the end.
 * AK_AGAIN means that nothing is pending at that moment, so edge-triggered hosts work when they register before they
 * step.
 *
 * Fork: in a child process a client drops its connections and may be used; calls of the parent return AK_E_FORKED
 * there. The parent's calls continue undisturbed.
 *
 * Every call in flight holds five descriptors, two of which are libcurl's. Running out of them is AK_E_DESCRIPTORS;
 * when nothing was sent the call can be retried (state table, 8).
 *
 * BASE URL: http:// or https:// with a host and, optionally, port and path; unix:///path.sock; or, on Linux, local:.
 *
 * LOCAL: with the base URL "local:" the library starts its own server, the program agentkernel-local, reached over a
 * private Unix socket that no other user can open. It asks for no API key and is sent none. The first call starts it (a
 * few milliseconds; the call does not wait until it is ready), and all such clients of the process share it. It ends,
 * with its sandboxes and their files, when the last client that made a call is freed, and within a second after the
 * process ends (exit, crash, SIGKILL or exec), whether or not forked children are running.
 *
 * The program is AK_CLIENT_LOCAL_PROGRAM, or the first found beside this library, in ../bin from there, and in PATH;
 * the error (AK_E_CONNECT, from the first step) names what was set, or them all. It is the client that starts the
 * server whose setting counts: the others share what runs. A setuid program reads neither AGENTKERNEL_LOCAL nor PATH.
 * The environment for the search in PATH, and of the server, is copied when the base URL is set. When the server was
 * killed, the calls in flight fail and the next call starts another, without the sandboxes.
 *
 * A forked child uses its parent's server through the clients that had made a call before the fork, as long as that
 * server runs; then they return AK_E_CONNECT. It never ends or restarts the server of its parent. Its other
 * clients share a server of the child's own.
 *
 * Two descriptors are held while the server runs, and ten for a moment when it starts. No signal is raised and no child
 * remains to be waited for; but a process that adopts orphans (process 1, a subreaper) adopts the server, too.
 *
 * All numbers in this header are ABI: they are never renumbered or reused; new ones may be added.
 */
#ifndef AGENTKERNEL_H
#define AGENTKERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AK_API __attribute__((visibility("default")))
#else
#define AK_API
#endif

/* The version of this header: major * 1000000 + minor * 1000 + patch. */
#define AK_VERSION 1000

typedef int32_t ak_status;

/* ---- numbers: generated by tools/generate from abi/schema ---- */
/* clang-format off */

/* Results. Zero and above is no error. */
#define AK_OK 0     /* The function succeeded. */
#define AK_ITEM 1   /* A record is available. */
#define AK_DONE 2   /* The call ended successfully; there are no more records. */
#define AK_AGAIN 3  /* Nothing is available yet: wait on the descriptor, then step again. */
#define AK_NULL 4   /* The field is present and null. */
#define AK_ABSENT 5 /* The field is not present. */

/* Errors of usage and of resources. */
#define AK_E_ARGUMENT (-1) /* Invalid argument, detected before any I/O. */
#define AK_E_STATE (-2)    /* Not allowed in this state of the call or client; see the table above. */
#define AK_E_MEMORY (-3)   /* Out of memory. */
/* The caller's buffer is too small. Nothing was copied; the length says how much is needed. */
#define AK_E_BUFFER (-4)

/* No complete reply was received. */
#define AK_E_RESOLVE (-10)     /* The host name could not be resolved. */
#define AK_E_CONNECT (-11)     /* No connection could be established. */
#define AK_E_TLS (-12)         /* No trusted TLS connection could be established. */
#define AK_E_NETWORK (-13)     /* The connection failed before the reply was complete. */
#define AK_E_TIMEOUT (-14)     /* A deadline passed. */
#define AK_E_CANCELLED (-15)   /* The call was cancelled by ak_call_cancel. */
#define AK_E_FORKED (-16)      /* The call belongs to the parent process. */
#define AK_E_TRUNCATED (-17)   /* The stream ended without its final event. */
#define AK_E_PROTOCOL (-18)    /* The reply violates the protocol: invalid JSON, no envelope, or a wrong type. */
/* A size limit was exceeded: of a reply or its head, an event, a URL, or a request body of 16 MiB. */
#define AK_E_TOO_LARGE (-19)
#define AK_E_DESCRIPTORS (-20) /* The process or the system is out of file descriptors. */
#define AK_E_REDIRECT (-21)    /* The server replied with a redirect. Redirects are never followed. */

/* The server replied with an error; one code per meaning of the HTTP status. */
#define AK_E_HTTP (-40)           /* A status without a code of its own. */
#define AK_E_BAD_REQUEST (-41)    /* 400. */
#define AK_E_UNAUTHORIZED (-42)   /* 401: the API key is missing or wrong. */
#define AK_E_FORBIDDEN (-43)      /* 403. */
#define AK_E_NOT_FOUND (-44)      /* 404. */
#define AK_E_CONFLICT (-45)       /* 409 without an exit code. */
#define AK_E_COMMAND (-46)        /* The command exited with a code other than 0, which the error contains. */
#define AK_E_BODY_TOO_LARGE (-47) /* 413: the server refused the size of the request. */
#define AK_E_UNPROCESSABLE (-48)  /* 422: the server or backend does not support this. */
#define AK_E_QUOTA (-49)          /* 429. */
#define AK_E_SERVER (-50)         /* 5xx. */

/* Operations. docs/reference lists what each takes and yields; programs can ask at run time. */
#define AK_OP_HEALTH 1              /* Checks that the server is reachable. */
#define AK_OP_RUN 2                 /* Runs a command in a fresh sandbox and returns its output. */
#define AK_OP_RUN_STREAM 3          /* Runs a command in a fresh sandbox and streams events as they arrive. */
#define AK_OP_LIST_SANDBOXES 4      /* Lists all sandboxes, or those that have all of the given labels. */
#define AK_OP_CREATE_SANDBOX 5      /* Creates and starts a sandbox, which exists until it is removed. */
#define AK_OP_GET_SANDBOX 6         /* Returns one sandbox. */
#define AK_OP_REMOVE_SANDBOX 7      /* Removes a sandbox and everything in it. */
#define AK_OP_EXEC_IN_SANDBOX 8     /* Runs a command in an existing sandbox and returns its output. */
#define AK_OP_GET_SANDBOX_BY_UUID 9 /* Returns the sandbox with a given UUID. */
#define AK_OP_START_SANDBOX 10      /* Starts a stopped sandbox. */
#define AK_OP_STOP_SANDBOX 11       /* Stops a sandbox: its processes end, the sandbox is kept. */
#define AK_OP_PAUSE_SANDBOX 12      /* Freezes a sandbox and its memory. Few backends support this. */
#define AK_OP_RESUME_SANDBOX 13     /* Resumes a paused sandbox. */
#define AK_OP_FORK_SANDBOX 14       /* Creates a copy of a paused sandbox, including its memory. */
/* Changes the processors or memory of a sandbox. Some backends restart it and lose its state. */
#define AK_OP_RESIZE_SANDBOX 15
#define AK_OP_RECOVER_SANDBOX 16    /* Restores an archived sandbox. */
/* Changes the labels, description or lifecycle of a sandbox. Labels are replaced as a whole. */
#define AK_OP_UPDATE_SANDBOX 17
#define AK_OP_READ_FILE 18          /* Reads a file from a sandbox. */
#define AK_OP_WRITE_FILE 19         /* Writes a file in a sandbox and creates its parent directories. */
#define AK_OP_DELETE_FILE 20        /* Deletes a file from a sandbox. */
#define AK_OP_WRITE_FILES 21        /* Writes several text files. When one fails, others may have been written. */
#define AK_OP_GET_SANDBOX_LOGS 22   /* Lists the audit log of a sandbox, oldest entry first. */
/* Runs several commands in parallel, each in a fresh sandbox, and returns their results in the same order. */
#define AK_OP_BATCH_RUN 23
#define AK_OP_EXEC_DETACHED 24      /* Starts a command in a sandbox without waiting for it. */
#define AK_OP_DETACHED_STATUS 25    /* Returns the state of a detached command. */
#define AK_OP_DETACHED_LOGS 26      /* Returns what a detached command has written so far. */
#define AK_OP_DETACHED_KILL 27      /* Kills a detached command. */
#define AK_OP_DETACHED_LIST 28      /* Lists the detached commands of a sandbox. */
#define AK_OP_EXTEND_TTL 29         /* Extends the lifetime of a sandbox. */
#define AK_OP_TAKE_SNAPSHOT 30      /* Saves the state of a sandbox as a snapshot. */
#define AK_OP_LIST_SNAPSHOTS 31     /* Lists all snapshots, oldest first. */
#define AK_OP_GET_SNAPSHOT 32       /* Returns one snapshot. */
#define AK_OP_DELETE_SNAPSHOT 33    /* Deletes a snapshot. */
#define AK_OP_RESTORE_SNAPSHOT 34   /* Creates a sandbox from a snapshot. */
#define AK_OP_GET_BACKENDS 35       /* Returns the backends that the server supports. */
#define AK_OP_GET_STATUS 36         /* Returns the version and configuration of the server. */
#define AK_OP_GET_STATS 37          /* Returns usage statistics of the server. */
#define AK_OP_REQUEST 38            /* Sends an arbitrary request, for routes that have no operation. */

/* Properties of an operation (ak_operation_flags). */
#define AK_OP_STREAMS 1    /* Records are delivered as they happen. */
#define AK_OP_IDEMPOTENT 2 /* Repeating the operation changes nothing more. */
#define AK_OP_READABLE 4   /* ak_call_read returns its output. */
/* Yields any number of records. Other operations yield one, or none if they have no fields. */
#define AK_OP_MANY 8
#define AK_OP_WRITABLE 16  /* ak_call_write takes its content. */

/* Parameters and fields share one set of keys; the same key has the same meaning in both. The letter in brackets is the
 * type: t text, b bytes, i integer, o bool, l list of text, c list of lists of text, m map of text to text, j unparsed
 * JSON. */
#define AK_KEY_COMMAND 1                /* [l] The program and its arguments, passed on byte for byte. */
#define AK_KEY_IMAGE 2                  /* [t] The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -. */
#define AK_KEY_PROFILE 3                /* [t] The security profile: permissive, moderate or restrictive. */
/* [o] Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool
 * re-parses arguments in a shell and loses exit codes. Of stream_event: whether a warm sandbox is used, in a started
 * event. */
#define AK_KEY_FAST 4
#define AK_KEY_NAME 5                   /* [t] The name: 1 to 63 letters, digits, hyphens and underscores. */
#define AK_KEY_BACKEND 6                /* [t] The backend that isolates the sandbox. */
#define AK_KEY_VCPUS 7                  /* [i] The number of virtual processors. */
#define AK_KEY_MEMORY_MB 8              /* [i] The memory in MiB. */
#define AK_KEY_SOURCE_URL 9             /* [t] The git repository to clone into /workspace. */
#define AK_KEY_SOURCE_REF 10            /* [t] The branch, tag or commit to check out. */
#define AK_KEY_VOLUMES 11               /* [l] Volumes to mount, each "slug:/path" or "slug:/path:ro". */
#define AK_KEY_SECRETS 12               /* [l] Secrets, each "KEY=value:host", "KEY:host" or "KEY:host:Header". */
#define AK_KEY_SECRET_FILES 13          /* [l] Keys of secrets that the sandbox gets as files. */
#define AK_KEY_ENV 14                   /* [l] Environment variables, each "NAME=VALUE". */
#define AK_KEY_WORKDIR 15               /* [t] The working directory, an absolute path in the sandbox. */
/* [o] Whether to run the command as root in the sandbox. Servers may forbid it. */
#define AK_KEY_SUDO 16
/* [o] Whether a failing command is an error. Default: true. Of request: whether a status other than 2xx is an error.
 * Default: true. */
#define AK_KEY_CHECK 17
#define AK_KEY_TIMEOUT_MS 18            /* [i] Milliseconds for the whole call. */
#define AK_KEY_CONNECT_TIMEOUT_MS 19    /* [i] Milliseconds for connecting. */
#define AK_KEY_IDLE_TIMEOUT_MS 20       /* [i] Milliseconds that a stream may be silent after its first byte. */
#define AK_KEY_TOTAL_TIMEOUT_MS 21      /* [i] Milliseconds for a whole stream. */
/* [t] The record as the server sent it, with members that this version does not know. */
#define AK_KEY_RAW 22
/* [t] The state, such as running, stopped or paused; an open set. Of health: "ok". */
#define AK_KEY_STATUS 23
#define AK_KEY_OUTPUT 24                /* [b] What the command wrote. */
#define AK_KEY_EXIT_CODE 25             /* [i] The exit code of the command. */
#define AK_KEY_TYPE 26                  /* [t] The kind of event or log entry; an open set. */
#define AK_KEY_DATA 27                  /* [b] The bytes that the command wrote, in an output event. */
#define AK_KEY_STREAM 28                /* [t] The output stream: stdout or stderr. */
#define AK_KEY_SUCCESS 29               /* [o] Whether the exit code is 0, in a done event. */
#define AK_KEY_MESSAGE 30               /* [t] What went wrong, in an error event. */
#define AK_KEY_TIMESTAMP 31             /* [t] The time, in RFC 3339 format. */
#define AK_KEY_STAGE 32                 /* [t] How far the sandbox is, such as sandbox_created, in a progress event. */
#define AK_KEY_SANDBOX 33               /* [t] The name of the sandbox. */
/* [o] Whether the event's data is a JSON object. If not, only raw, type and id are set. */
#define AK_KEY_PARSED 34
#define AK_KEY_ID 35                    /* [t] The identifier. Of stream_event: the last event id of the stream. */
#define AK_KEY_UUID 36                  /* [t] The unique identifier; all zeros when unknown. */
#define AK_KEY_IP 37                    /* [t] The IP address, if there is one. */
#define AK_KEY_CREATED_AT 38            /* [t] When it was created, in RFC 3339 format. */
#define AK_KEY_CREATED_FROM_TEMPLATE 39 /* [t] The name of the template it was created from. */
#define AK_KEY_TEMPLATE_HELP_TEXT 40    /* [t] What that template says about its use. */
#define AK_KEY_PORTS 41                 /* [l] Published ports, each such as "8080:80", "3000" or "53:53/udp". */
#define AK_KEY_ENDPOINTS 42             /* [j] A list of {container_port, protocol, url}. */
/* [o] Whether the sandbox sees placeholders, which a proxy replaces by the secrets. */
#define AK_KEY_PLACEHOLDER_SECRETS 43
#define AK_KEY_PROXY_PORT 44            /* [i] The port that proxy listens on. */
/* [m] Environment variables mapped to hosts. Values of secrets are never shown. */
#define AK_KEY_SECRET_MAPPINGS 45
#define AK_KEY_LABELS 46                /* [m] User-defined labels. */
#define AK_KEY_DESCRIPTION 47           /* [t] A user-defined description. */
#define AK_KEY_LAST_ACTIVITY_AT 48      /* [t] When it was last used, in RFC 3339 format. */
#define AK_KEY_WORKSPACE_REVISION 49    /* [t] The revision of /workspace. */
#define AK_KEY_ARCHIVED_AT 50           /* [t] When it was archived, in RFC 3339 format. */
#define AK_KEY_ARCHIVED_REASON 51       /* [t] Why it was archived. */
/* [j] Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. */
#define AK_KEY_LIFECYCLE 52
#define AK_KEY_TRUNCATED 53             /* [o] Whether the output was longer than the server keeps. */
#define AK_KEY_TOTAL_BYTES 54           /* [i] The length of the whole output in bytes. */
#define AK_KEY_OOM 55                   /* [o] Whether the command was killed for exceeding its memory limit. */
/* [t] The absolute path of a file in the sandbox. Of request: the path with its query. */
#define AK_KEY_PATH 56
#define AK_KEY_CONTENT 57               /* [b] The content in bytes. */
#define AK_KEY_ENCODING 58              /* [t] How the content was sent: utf8 or base64. It is returned decoded. */
/* [i] The size of the content in bytes. As a parameter: how many bytes ak_call_write will supply. */
#define AK_KEY_SIZE 59
#define AK_KEY_FILES 60                 /* [m] Absolute paths mapped to text. */
#define AK_KEY_WRITTEN 61               /* [i] The number of files written. */
#define AK_KEY_COMMANDS 62              /* [c] The commands, each a program and its arguments. */
#define AK_KEY_ERROR 63                 /* [t] Why the command or step failed. */
/* [i] The process id, as the server counts it. Of log_entry: the process id of the server. */
#define AK_KEY_PID 64
#define AK_KEY_STARTED_AT 65            /* [t] When it was started, in RFC 3339 format. */
#define AK_KEY_STDOUT 66                /* [b] What the command wrote to its standard output. */
#define AK_KEY_STDERR 67                /* [b] What the command wrote to its standard error. */
/* [t] How much longer, in seconds ("90") or as a duration such as "15m" or "1h30m". Default: one hour. */
#define AK_KEY_BY 68
#define AK_KEY_EXPIRES_AT 69            /* [t] When it expires, in RFC 3339 format. */
/* [t] The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores. */
#define AK_KEY_AS_NAME 70
#define AK_KEY_START 71                 /* [o] Whether to start it at once. */
#define AK_KEY_IMAGE_TAG 72             /* [t] The backend's name for the snapshot. */
#define AK_KEY_BASE_IMAGE 73            /* [t] The image of the sandbox the snapshot was taken of. */
#define AK_KEY_USER 74                  /* [t] Who did it. */
#define AK_KEY_NETWORK 75               /* [j] The network to join: {name, subnet, gateway, dns, static_ip}. */
#define AK_KEY_AGENT 76                 /* [t] The agent to prepare the sandbox for. */
#define AK_KEY_INIT_SCRIPT 77           /* [t] A shell script to run after creation. */
#define AK_KEY_DEFAULT_BACKEND 78       /* [t] The backend of sandboxes that ask for none. */
/* [j] A list of {backend, configured, usable, readiness_reason, capabilities}. */
#define AK_KEY_BACKENDS 79
#define AK_KEY_VERSION 80               /* [t] The version of the server. */
#define AK_KEY_API_KEY_CONFIGURED 81    /* [o] Whether the server requires an API key. */
#define AK_KEY_SANDBOX_COUNT 82         /* [i] The number of sandboxes. */
#define AK_KEY_SANDBOX_LIMIT 83         /* [i] The maximum number of sandboxes; 0 for no limit. */
#define AK_KEY_UPTIME_SECONDS 84        /* [i] How long the server has been running, in seconds. */
/* [j] Resource usage: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}. */
#define AK_KEY_RESOURCE_USAGE 85
#define AK_KEY_METHOD 86                /* [t] The HTTP method: GET, POST, PUT, PATCH or DELETE. */
#define AK_KEY_BODY 87                  /* [j] The JSON to send. */
#define AK_KEY_HTTP_STATUS 88           /* [i] The HTTP status of the reply. */
#define AK_KEY_CONTENT_TYPE 89          /* [t] The media type of the content. */

/* Properties of a parameter or field (ak_parameter_flags, ak_field_flags). */
#define AK_KEY_REQUIRED 1 /* Parameter: must be bound. Field: always present. */
#define AK_KEY_SETTING 2  /* Parameter: affects this library only, is not sent. */

/* Types (ak_parameter_type, ak_field_type, ak_value.type). */
#define AK_TYPE_ABSENT 0
#define AK_TYPE_NULL 1
#define AK_TYPE_TEXT 2
#define AK_TYPE_BYTES 3
#define AK_TYPE_INT 4
#define AK_TYPE_BOOL 5
#define AK_TYPE_LIST 6   /* Of text. */
#define AK_TYPE_MAP 7    /* Of text to text. */
#define AK_TYPE_JSON 8   /* Unparsed JSON. */
#define AK_TYPE_LISTS 9  /* Of lists of text. */

/* Client settings: the value set, else the environment variable, else the default. */
/* [t] The server: http://, https://, unix:///path.sock, or local: for one of this process's own. AGENTKERNEL_BASE_URL;
 * http://localhost:18888. */
#define AK_CLIENT_BASE_URL 1
#define AK_CLIENT_API_KEY 2            /* [t] The API key; write-only. AGENTKERNEL_API_KEY; none. */
/* [i] Milliseconds for a unary call, from its first step to the last byte. 30000. */
#define AK_CLIENT_TIMEOUT_MS 3
#define AK_CLIENT_CONNECT_TIMEOUT_MS 4 /* [i] Milliseconds for connecting, of streams too. 10000. */
#define AK_CLIENT_IDLE_TIMEOUT_MS 5    /* [i] Milliseconds that a stream may be silent after its first byte. 60000. */
#define AK_CLIENT_TOTAL_TIMEOUT_MS 6   /* [i] Milliseconds for a whole stream. None. */
#define AK_CLIENT_CA_FILE 7            /* [t] File of trusted certificates (PEM). AGENTKERNEL_CA_FILE; the system's. */
/* [t] Hashed directory of trusted certificates. AGENTKERNEL_CA_DIR; the system's. */
#define AK_CLIENT_CA_DIR 8
#define AK_CLIENT_CERT_FILE 9          /* [t] Client certificate (PEM). AGENTKERNEL_CERT_FILE; none. */
/* [t] Private key of the client certificate (PEM). AGENTKERNEL_KEY_FILE; none. */
#define AK_CLIENT_KEY_FILE 10
/* [t] URL of a proxy. Those of the environment are not used for loopback addresses. http_proxy, https_proxy, all_proxy;
 * none. */
#define AK_CLIENT_PROXY 11
/* [t] Hosts that are reached without a proxy, separated by commas. no_proxy; none. */
#define AK_CLIENT_NO_PROXY 12
#define AK_CLIENT_MAX_REPLY_BYTES 13   /* [i] Maximum size of the reply of a unary call. 64 MiB. */
#define AK_CLIENT_MAX_EVENT_BYTES 14   /* [i] Maximum size of an event of a stream. 64 MiB. */
#define AK_CLIENT_USER_AGENT 15        /* [t] Text appended to the user agent "libagentkernel/VERSION". None. */
#define AK_CLIENT_MAX_IDLE 16          /* [i] Number of idle connections kept for later calls; 0 keeps none. 64. */
/* [t] Absolute path of the agentkernel-local that local: starts. AGENTKERNEL_LOCAL; the one that comes with the library
 * or is in PATH. */
#define AK_CLIENT_LOCAL_PROGRAM 17

/* Values of timeouts besides milliseconds. 0 means that no time is left: the call fails before anything is sent. */
#define AK_TIMEOUT_DEFAULT (-1) /* The client's value. */
#define AK_TIMEOUT_NONE (-2)    /* No timeout. */

/* Fields of an error. */
#define AK_ERROR_CODE 1           /* [i] The status code. */
#define AK_ERROR_MESSAGE 2        /* [t] One line, without secrets. */
#define AK_ERROR_HTTP_STATUS 3    /* [i] The HTTP status; absent if there was no reply. */
#define AK_ERROR_SERVER_TEXT 4    /* [t] The server's own message, or the beginning of its body if it sent none. */
#define AK_ERROR_EXIT_CODE 5      /* [i] The exit code of a failed command. */
#define AK_ERROR_OUTPUT 6         /* [b] The output of a failed command. */
#define AK_ERROR_RETRY_AFTER_MS 7 /* [i] Milliseconds after which the server asked to retry. */
#define AK_ERROR_OPERATION 8      /* [t] The name of the operation. */
#define AK_ERROR_PHASE 9          /* [t] The phase: bind, resolve, connect, send, wait, receive or decode. */
#define AK_ERROR_LIBCURL 10       /* [i] The CURLcode of libcurl, if it failed. */
#define AK_ERROR_SENT 11          /* [i] Whether the request may have been executed: AK_SENT_*. */

/* Values of AK_ERROR_SENT. */
#define AK_SENT_NOTHING 0  /* Nothing left this process: repeating is safe. */
#define AK_SENT_SOME 1     /* It was sent, at least in part, without a reply: it may have been executed. */
#define AK_SENT_ANSWERED 2 /* The server replied. */

/* States of a call (ak_call_state). */
#define AK_STATE_NEW 1
#define AK_STATE_RUNNING 2
#define AK_STATE_ITEM 3
#define AK_STATE_READING 4
#define AK_STATE_DONE 5
#define AK_STATE_FAILED 6

/* clang-format on */
/* ---- end of the numbers ---- */

typedef struct ak_client ak_client;
typedef struct ak_call ak_call;
typedef struct ak_error ak_error;

/* One field of a record, as ak_call_values fills it. The layout is ABI: 32 bytes on 64-bit machines. data is valid as
 * long as a view is. */
typedef struct ak_value {
    int32_t key;
    int32_t type;     /* AK_TYPE_ABSENT, AK_TYPE_NULL, or the field's type */
    int64_t integer;  /* INT and BOOL: the value; LIST and MAP: the number of entries */
    const char *data; /* TEXT and BYTES: the bytes; LIST, MAP and JSON: the raw JSON; else NULL */
    size_t size;
} ak_value;

/* ---- library ---- */

/* The library's version as a number (compare >= AK_VERSION of the header you need). Thread: any. */
AK_API uint32_t ak_version(void);

/* The version as text, with libcurl's after it. Static. Thread: any. */
AK_API const char *ak_version_text(void);

/* The name of a status code, such as "AK_E_TIMEOUT"; NULL for an unknown one. Static. Thread: any. */
AK_API const char *ak_status_name(ak_status status);

/* The value of a constant of this header by its name, so that a binding can use what a newer library has. AK_ABSENT
 * when this library does not know it. Thread: any. */
AK_API ak_status ak_constant(const char *name, size_t len, int64_t *value);

/* ---- operations: what this library can do, for bindings, documentation and tests; thread of all: any ---- */

/* The operation at an index, 0 past the last. */
AK_API int32_t ak_operation_at(size_t index);
/* Its name, such as "exec_in_sandbox"; NULL for an unknown one. Static. */
AK_API const char *ak_operation_name(int32_t operation);
/* Its method and path, such as "POST /sandboxes/{name}/exec". Static. */
AK_API const char *ak_operation_route(int32_t operation);
/* AK_OP_STREAMS, AK_OP_IDEMPOTENT, AK_OP_READABLE, AK_OP_MANY or-ed together. */
AK_API int32_t ak_operation_flags(int32_t operation);
/* The name of a parameter or field, such as "memory_mb"; NULL for an unknown one. Static. */
AK_API const char *ak_key_name(int32_t key);
/* The key of the parameter at an index, 0 past the last. The timeouts count as parameters. */
AK_API int32_t ak_parameter_at(int32_t operation, size_t index);
/* Its type (TEXT, INT, BOOL, LIST, MAP), 0 when the operation has no such parameter. */
AK_API int32_t ak_parameter_type(int32_t operation, int32_t key);
/* AK_KEY_REQUIRED, AK_KEY_SETTING. */
AK_API int32_t ak_parameter_flags(int32_t operation, int32_t key);
/* The key of the field at an index, 0 past the last: the order in which ak_call_values fills them. */
AK_API int32_t ak_field_at(int32_t operation, size_t index);
AK_API int32_t ak_field_type(int32_t operation, int32_t key);
AK_API int32_t ak_field_flags(int32_t operation, int32_t key);

/* ---- client ---- */

/* Makes a client from the environment and the defaults. No I/O. Errors: AK_E_ARGUMENT (a variable of the environment
 * is invalid, or libcurl was built without an asynchronous resolver; the message says so), AK_E_MEMORY.
 * The environment is read only here, and where the base URL is set to local:. Thread: any. */
AK_API ak_status ak_client_new(ak_client **client, ak_error *err);

/* Changes a setting; an empty text unsets it (back to the default). Settings are fixed by the first ak_call_new.
 * Errors: AK_E_ARGUMENT (unknown setting, wrong type, an invalid value: a base URL without one of the
 * schemes, with user info, query or fragment; CR, LF or NUL anywhere; a file that cannot be read), AK_E_STATE,
 * AK_E_MEMORY. Thread: one, before the client is shared. */
AK_API ak_status ak_client_set_text(ak_client *client, int32_t setting, const char *text, size_t len, ak_error *err);
AK_API ak_status ak_client_set_int(ak_client *client, int32_t setting, int64_t value, ak_error *err);

/* Copies a setting to the caller's buffer, as ak_call_text does. AK_ABSENT when it is unset. The API key is never
 * returned: AK_E_ARGUMENT. Thread: any. */
AK_API ak_status ak_client_text(const ak_client *client, int32_t setting, char *buf, size_t cap, size_t *len,
                                ak_error *err);
AK_API ak_status ak_client_int(const ak_client *client, int32_t setting, int64_t *value, ak_error *err);

/* Adds a reference. Thread: any. */
AK_API ak_client *ak_client_retain(ak_client *client);

/* Drops a reference. Calls hold a reference, so a client that is freed first exists until they are freed. Thread:
 * any. */
AK_API void ak_client_free(ak_client *client);

/* ---- call ---- */

/* Prepares a call of an operation. No I/O. Errors: AK_E_ARGUMENT (unknown operation), AK_E_MEMORY. Thread: any. */
AK_API ak_status ak_call_new(ak_client *client, int32_t operation, ak_call **call, ak_error *err);

/* Binds a parameter; binding again replaces. Values are checked here: AK_E_ARGUMENT with the rule in the message. A
 * failure poisons the call (state table, 1). Text also binds bytes, which may have any values, and JSON; an empty text
 * empties a list or map. Integers also bind bools (0 or 1). Thread: one. */
AK_API ak_status ak_call_set_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
AK_API ak_status ak_call_set_int(ak_call *call, int32_t key, int64_t value, ak_error *err);

/* Appends to a list parameter. An empty text is an entry like any other. Thread: one. */
AK_API ak_status ak_call_add_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);

/* Starts the next list of a parameter that is a list of lists; ak_call_add_text adds to it. No list may be empty.
 * Thread: one. */
AK_API ak_status ak_call_add_list(ak_call *call, int32_t key, ak_error *err);

/* Adds an entry to a map parameter, replacing one with that name, or "NAME=VALUE" to the list AK_KEY_ENV. Thread:
 * one. */
AK_API ak_status ak_call_put_text(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text,
                                  size_t len, ak_error *err);

/* Advances the call without blocking: AK_ITEM, AK_DONE, AK_AGAIN or an error. The first step checks that all required
 * parameters are bound and sends the request. Thread: one. */
AK_API ak_status ak_call_step(ak_call *call, ak_error *err);

/* Steps, and while nothing is available waits at most max_ms milliseconds (negative: as long as the call's own
 * deadlines allow). AK_AGAIN on timeout or when a signal interrupted the wait. Where step is not allowed (state
 * table, 5) it waits without stepping. Thread: one. */
AK_API ak_status ak_call_wait(ak_call *call, int32_t max_ms, ak_error *err);

/* The descriptor to wait on after AK_AGAIN: see CONVENTIONS. -1 while the call is new. Thread: one. */
AK_API int ak_call_fd(const ak_call *call);

/* AK_STATE_*. Thread: one. */
AK_API int32_t ak_call_state(const ak_call *call);

/* Cancels: the next step returns AK_E_CANCELLED, and a wait on the descriptor returns. Other calls and the client
 * are not affected. May be called again, before the first step, after the end. Thread: any; the caller must hold a
 * reference. */
AK_API void ak_call_cancel(ak_call *call);

AK_API ak_call *ak_call_retain(ak_call *call); /* Thread: any. */

/* Drops a reference; with the last, a call in flight is abandoned and its connection closed, without waiting. Thread:
 * any. */
AK_API void ak_call_free(ak_call *call);

/* ---- record: reading what step yielded; thread of all: one ---- */

/* Copies a TEXT or BYTES field (or the raw JSON of any other) to buf. *len is always its full size. When cap is smaller
 * nothing is copied and the status is AK_E_BUFFER; nothing is ever truncated. No NUL is appended. AK_NULL and AK_ABSENT
 * are results, not errors. A member of another type than the protocol's is AK_ABSENT; AK_KEY_RAW still has it.
 * Errors: AK_E_ARGUMENT (the operation has no such field), AK_E_STATE, AK_E_BUFFER, AK_E_MEMORY. */
AK_API ak_status ak_call_text(ak_call *call, int32_t key, char *buf, size_t cap, size_t *len, ak_error *err);

/* An INT or BOOL (0 or 1) field. */
AK_API ak_status ak_call_int(ak_call *call, int32_t key, int64_t *value, ak_error *err);

/* The same as ak_call_text without the copy: valid until the next step, wait, read or free of the call. Not
 * NUL-terminated. */
AK_API ak_status ak_call_view(ak_call *call, int32_t key, const char **data, size_t *len, ak_error *err);

/* The value of ak_call_view with a NUL after it: a TEXT or BYTES field, or the raw JSON of any other. NULL when it is
 * absent or null, the operation has no such field, there is no current record, or out of memory. Valid as long as a
 * view. Text that contains a NUL appears shorter; ak_call_view returns all of it. */
AK_API const char *ak_call_cstring(ak_call *call, int32_t key);

/* The value of ak_call_int, or default_value where that is not AK_OK. */
AK_API int64_t ak_call_number(ak_call *call, int32_t key, int64_t default_value);

/* The number of entries of a LIST or MAP field. */
AK_API ak_status ak_call_count(ak_call *call, int32_t key, size_t *count, ak_error *err);

/* The entry at an index of a LIST or MAP, copied or viewed; for a MAP its value, and key_at its name. AK_NULL when the
 * entry is null. An index past the end is AK_E_ARGUMENT. Entries that are not text are returned as raw JSON. */
AK_API ak_status ak_call_text_at(ak_call *call, int32_t key, size_t index, char *buf, size_t cap, size_t *len,
                                 ak_error *err);
AK_API ak_status ak_call_view_at(ak_call *call, int32_t key, size_t index, const char **data, size_t *len,
                                 ak_error *err);
AK_API ak_status ak_call_key_at(ak_call *call, int32_t key, size_t index, const char **data, size_t *len,
                                ak_error *err);

/* All fields of the record at once, in the order of ak_field_at: fills at most cap values and sets *count to the number
 * of fields. AK_E_BUFFER, with nothing filled, when cap is smaller. */
AK_API ak_status ak_call_values(ak_call *call, ak_value *values, size_t cap, size_t *count, ak_error *err);

/* Reads output bytes like read(2), stepping as needed, decoded straight into buf: AK_OK with *len > 0 bytes, AK_ITEM
 * at a record without output (look at it, then read again), AK_DONE at the end, AK_AGAIN, or an error. Only for
 * operations with AK_OP_READABLE; cap must not be 0.
 *
 * A call of AK_OP_READ_FILE that begins with a read returns the file as it arrives, in constant memory, and yields no
 * record. That needs a server that sends "encoding" before "content", as agentkernel-local does; one that sends it
 * after is first read to its end, up to max_reply_bytes. So bytes may be returned before an error shows that the file
 * is incomplete: only AK_DONE means that it is complete. */
AK_API ak_status ak_call_read(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err);

/* Writes content piece by piece, like write(2), stepping as needed: AK_OK with *taken > 0 bytes accepted, AK_AGAIN
 * (wait, then write the same bytes again), AK_DONE when the server has replied already, or an error. A size of 0
 * ends the content: AK_OK; after it step to the end. The first write starts the call. AK_KEY_SIZE declares the size of
 * the content; more than fits into a request (12 MiB less 27 bytes) is then refused before anything is sent, else as it
 * is written, and ending before that size fails the call. At most 64 KiB are held. Only for operations with
 * AK_OP_WRITABLE, instead of binding AK_KEY_CONTENT. Errors: AK_E_ARGUMENT, AK_E_STATE, AK_E_TOO_LARGE, any of step.
 * Thread: one. */
AK_API ak_status ak_call_write(ak_call *call, const void *data, size_t size, size_t *taken, ak_error *err);

/* ---- error: owned by the caller, one per thread or per use; thread of all: one ---- */

/* An empty error (code AK_OK), or NULL when out of memory. */
AK_API ak_error *ak_error_new(void);

/* The code of the last failure written to it. AK_OK for NULL. */
AK_API ak_status ak_error_code(const ak_error *err);

/* Fields, read in the same ways as a record's; AK_ABSENT where there is none. A view is valid until the error is
 * written to or freed. */
AK_API ak_status ak_error_text(const ak_error *err, int32_t field, char *buf, size_t cap, size_t *len);
AK_API ak_status ak_error_int(const ak_error *err, int32_t field, int64_t *value);
AK_API ak_status ak_error_view(const ak_error *err, int32_t field, const char **data, size_t *len);

/* The same, returned as the result: NULL, or default_value, when it is absent or of another type. A text is valid as
 * long as a view; one that contains a NUL appears shorter. */
AK_API const char *ak_error_cstring(const ak_error *err, int32_t field);
AK_API int64_t ak_error_number(const ak_error *err, int32_t field, int64_t default_value);

AK_API void ak_error_free(ak_error *err);

#ifdef __cplusplus
}
#endif

#endif /* AGENTKERNEL_H */
