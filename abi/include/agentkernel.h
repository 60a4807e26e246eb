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
 * THE STATES OF A CALL (a test holds every cell of this table)
 *
 *   function            new        running    item       reading    done       failed
 *   set_*, add_*, put_* OK         E_STATE    E_STATE    E_STATE    E_STATE    E_STATE, or the latched bind error (1)
 *   step, wait          goes on    goes on(5) goes on    E_STATE(2) DONE       the same error again (8)
 *   read                goes on    goes on    bytes (3)  bytes      DONE       the same error again (8)
 *   write (6)           takes      takes(7)   -          -          DONE       the same error again (8)
 *   text, int, view,    E_STATE    E_STATE    OK         OK         E_STATE    E_STATE
 *     count, *_at, values
 *   cstring, number     nothing    nothing    OK         OK         nothing    nothing
 *   fd                  -1         number     number     number     number     number, or -1 when it never ran
 *   cancel              (4)        (4)        (4)        (4)        no effect  no effect
 *   state, retain, free OK         OK         OK         OK         OK         OK
 *
 *   "goes on" answers AK_ITEM (state item), AK_DONE (done), AK_AGAIN (running) or an error (failed).
 *   "nothing" is NULL, or the number that the caller gave for that.
 *   (1) A bind that fails poisons the call: its state is still new, later binds give that same error, and so does the
 *       first step, which makes it failed. So C code may check once.
 *   (2) Output of the current record was read in part: going on would lose the rest. Nothing changes; read on, or free.
 *   (3) AK_OK with bytes of the current record if it has output that was not read yet, else it goes on. When going on
 *       meets a record without output, read answers AK_ITEM with no bytes: look at it, then read or step on.
 *   (4) The next step, wait, read or write gives AK_E_CANCELLED and the call has failed.
 *   (5) While the content of a file goes in by write or out by read, step is E_STATE, and nothing changes; wait only
 *       waits for the descriptor and gives AK_AGAIN: then write or read again. That lasts until write has been told of
 *       the end, and for read to the end of the call.
 *   (6) Of operations with AK_OP_WRITABLE, which yield no records; of others it is E_ARGUMENT in every state.
 *   (7) E_STATE when the content was bound, or has ended.
 *   (8) But after AK_E_DESCRIPTORS with nothing sent (AK_ERROR_SENT) the call begins again, with what was bound and
 *       written, new timeouts and perhaps another descriptor. So a host may free what it has forgotten, and try again.
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
 * Text and bytes go in as pointer and length, and are copied. Text must be UTF-8 without NUL. What comes out can be had
 * through several doors: copied to the caller's buffer (text), as a view of the library's memory (view), and, where one
 * expression should do and the reason for an absence does not matter, as a result (cstring, number). A function that
 * fails leaves its out-parameters NULL or 0. The last parameter of every function that can fail is an ak_error the
 * caller owns and may reuse; it may be NULL, because the returned code alone is enough to branch on. Only a failing
 * function writes to it.
 *
 * Threads, one word in each comment. **any**: any thread at any time. **one**: one thread at a time, not always the
 * same. A client may be shared by any number of threads; a call belongs to one at a time, except for ak_call_cancel.
 * Nothing here starts a thread, installs a signal handler, calls back, keeps a thread-local, or does anything when it
 * is loaded.
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
 * Fork: in a child process a client drops its connections and goes on; calls of the parent answer AK_E_FORKED there.
 * The parent's calls go on undisturbed.
 *
 * Every call in flight holds five descriptors, two of which are libcurl's own. Running out of them is AK_E_DESCRIPTORS;
 * when nothing was sent the call can be tried again (state table, 8).
 *
 * BASE URL: http:// or https:// with a host and, if need be, port and path; unix:///path.sock; or local:.
 *
 * LOCAL: with the base URL "local:" the library brings its own server, the program agentkernel-local, reached over a
 * private Unix socket that no other user can open. It asks for no API key and is sent none. The first call starts it (a
 * few milliseconds; the call does not wait until it is ready), and all such clients of the process share it. It ends,
 * with its sandboxes and their files, when the last client that made a call is freed, and within a second of the
 * process's end: exit, crash, SIGKILL or exec, with forked children alive or not.
 *
 * The program is AGENTKERNEL_LOCAL, or the first found beside this library, in ../bin from there, and in PATH; the
 * error (AK_E_CONNECT, from the first step) names them all. The environment for that search, and for the server, is the
 * one of the moment when the base URL is set. When the server was killed, the calls in flight fail and the next call
 * starts another, without the sandboxes.
 *
 * A forked child goes on with its parent's server through the clients that had made a call before the fork, as long as
 * that server lives; then they answer AK_E_CONNECT. It never ends or restarts the server of its parent. Its other
 * clients share a server of the child's own.
 *
 * Two descriptors are held while the server runs, and ten for a moment when it starts. No signal is raised and no child
 * is left to wait for; but a process that adopts orphans (process 1, a subreaper) adopts the server, too.
 *
 * All numbers in this header are ABI: they are never renumbered or reused, and new ones only add to them.
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

/* Zero and above is no error. */
typedef int32_t ak_status;

#define AK_OK 0     /* done as asked */
#define AK_ITEM 1   /* a record is current: read it */
#define AK_DONE 2   /* the call has ended well; no more records */
#define AK_AGAIN 3  /* nothing yet: wait on the descriptor, then step */
#define AK_NULL 4   /* the field is there and is null */
#define AK_ABSENT 5 /* the field is not there */

/* Wrong use. */
#define AK_E_ARGUMENT (-1) /* an argument cannot be right: found before any I/O */
#define AK_E_STATE (-2)    /* not in this state of the call or client: see the table above */
#define AK_E_MEMORY (-3)   /* out of memory */
#define AK_E_BUFFER (-4)   /* the caller's buffer is too small; nothing was copied, the length says what is needed */

/* No whole answer came. */
#define AK_E_RESOLVE (-10)     /* the host name could not be resolved */
#define AK_E_CONNECT (-11)     /* no connection could be made */
#define AK_E_TLS (-12)         /* no trusted TLS connection could be made */
#define AK_E_NETWORK (-13)     /* the connection broke before the answer was whole */
#define AK_E_TIMEOUT (-14)     /* a deadline passed */
#define AK_E_CANCELLED (-15)   /* ak_call_cancel */
#define AK_E_FORKED (-16)      /* the call belongs to the process that this one was forked from */
#define AK_E_TRUNCATED (-17)   /* the stream ended without its final event */
#define AK_E_PROTOCOL (-18)    /* the answer is not what the protocol says: not JSON, no envelope, wrong type */
#define AK_E_TOO_LARGE (-19)   /* a size limit was passed: of a reply or its head, an event, a URL, a body's 16 MiB */
#define AK_E_DESCRIPTORS (-20) /* the process or the system is out of file descriptors */
#define AK_E_REDIRECT (-21)    /* the server answered with a redirect; these are never followed */

/* The server's answer was an error; one code per meaning of the HTTP status. */
#define AK_E_HTTP (-40)           /* a status without a code of its own */
#define AK_E_BAD_REQUEST (-41)    /* 400 */
#define AK_E_UNAUTHORIZED (-42)   /* 401: no key, or a wrong one */
#define AK_E_FORBIDDEN (-43)      /* 403 */
#define AK_E_NOT_FOUND (-44)      /* 404 */
#define AK_E_CONFLICT (-45)       /* 409 without an exit code */
#define AK_E_COMMAND (-46)        /* the command exited with another code than 0, which the error has */
#define AK_E_BODY_TOO_LARGE (-47) /* 413: the server refused the size of the request */
#define AK_E_UNPROCESSABLE (-48)  /* 422: this server or backend cannot do it */
#define AK_E_QUOTA (-49)          /* 429 */
#define AK_E_SERVER (-50)         /* 5xx */

/* Operations. What each takes and yields is in README.md and can be asked at run time. */
#define AK_OP_HEALTH 1              /* whether the server is there */
#define AK_OP_RUN 2                 /* runs a command in a fresh sandbox to its end */
#define AK_OP_RUN_STREAM 3          /* runs a command in a fresh sandbox, with events as it goes */
#define AK_OP_LIST_SANDBOXES 4      /* every sandbox */
#define AK_OP_CREATE_SANDBOX 5      /* makes a sandbox that stays */
#define AK_OP_GET_SANDBOX 6         /* what one sandbox is like */
#define AK_OP_REMOVE_SANDBOX 7      /* removes a sandbox with all that is in it */
#define AK_OP_EXEC_IN_SANDBOX 8     /* runs a command in a sandbox that is there */
#define AK_OP_GET_SANDBOX_BY_UUID 9 /* what the sandbox of a uuid is like */
#define AK_OP_START_SANDBOX 10      /* starts a stopped sandbox */
#define AK_OP_STOP_SANDBOX 11       /* ends every process of a sandbox, which stays */
#define AK_OP_PAUSE_SANDBOX 12      /* freezes a sandbox with its memory; few backends can */
#define AK_OP_RESUME_SANDBOX 13     /* goes on with a paused one */
#define AK_OP_FORK_SANDBOX 14       /* makes a second sandbox of a paused one, memory and all */
#define AK_OP_RESIZE_SANDBOX 15     /* gives a sandbox other processors or memory */
#define AK_OP_RECOVER_SANDBOX 16    /* brings an archived sandbox back */
#define AK_OP_UPDATE_SANDBOX 17     /* changes labels, description or lifecycle */
#define AK_OP_READ_FILE 18          /* a file's content; ak_call_read hands it out as it comes */
#define AK_OP_WRITE_FILE 19         /* writes a file; ak_call_write takes its content piece by piece */
#define AK_OP_DELETE_FILE 20        /* removes a file */
#define AK_OP_WRITE_FILES 21        /* writes several files of text */
#define AK_OP_GET_SANDBOX_LOGS 22   /* what happened to a sandbox, oldest first */
#define AK_OP_BATCH_RUN 23          /* runs several commands side by side, a record for each in their order */
#define AK_OP_EXEC_DETACHED 24      /* starts a command in a sandbox and does not wait for it */
#define AK_OP_DETACHED_STATUS 25    /* how such a command is */
#define AK_OP_DETACHED_LOGS 26      /* what such a command wrote */
#define AK_OP_DETACHED_KILL 27      /* ends such a command */
#define AK_OP_DETACHED_LIST 28      /* all such commands of a sandbox */
#define AK_OP_EXTEND_TTL 29         /* lets a sandbox live for longer */
#define AK_OP_TAKE_SNAPSHOT 30      /* keeps the state of a sandbox under a name */
#define AK_OP_LIST_SNAPSHOTS 31     /* every snapshot, oldest first */
#define AK_OP_GET_SNAPSHOT 32       /* what one snapshot is like */
#define AK_OP_DELETE_SNAPSHOT 33    /* removes a snapshot */
#define AK_OP_RESTORE_SNAPSHOT 34   /* makes a sandbox of a snapshot */
#define AK_OP_GET_BACKENDS 35       /* what the server can isolate sandboxes with */
#define AK_OP_GET_STATUS 36         /* the server itself */
#define AK_OP_GET_STATS 37          /* how much of the server is in use */
#define AK_OP_REQUEST 38            /* any request: for routes that have no operation */

/* What an operation is like (ak_operation_flags). */
#define AK_OP_STREAMS 1    /* its records come as they happen */
#define AK_OP_IDEMPOTENT 2 /* repeating it changes nothing more */
#define AK_OP_READABLE 4   /* ak_call_read hands out its output */
#define AK_OP_MANY 8       /* it yields any number of records; others yield one, or none when they have no fields */
#define AK_OP_WRITABLE 16  /* ak_call_write takes its content */

/* Parameters and fields share one set of keys; the same key has the same meaning in both. The number in brackets is the
 * type: t text, b bytes, i integer, o bool, l list of text, m map of text to text, j raw JSON. */
#define AK_KEY_COMMAND 1             /* [l] program and arguments, passed on byte for byte */
#define AK_KEY_IMAGE 2               /* [t] image name, 1 to 256 bytes of A-Za-z0-9._/:@- */
#define AK_KEY_PROFILE 3             /* [t] permissive, moderate or restrictive */
#define AK_KEY_FAST 4                /* [o] use the server's pool of warm sandboxes; sent as false when not set (5) */
#define AK_KEY_NAME 5                /* [t] sandbox name, 1 to 63 bytes */
#define AK_KEY_BACKEND 6             /* [t] what isolates the sandbox */
#define AK_KEY_VCPUS 7               /* [i] processors */
#define AK_KEY_MEMORY_MB 8           /* [i] memory in MiB */
#define AK_KEY_SOURCE_URL 9          /* [t] git repository to clone into /workspace */
#define AK_KEY_SOURCE_REF 10         /* [t] branch, tag or commit of it */
#define AK_KEY_VOLUMES 11            /* [l] "slug:/path" or "slug:/path:ro" */
#define AK_KEY_SECRETS 12            /* [l] "KEY=value:host", "KEY:host" or "KEY:host:Header" */
#define AK_KEY_SECRET_FILES 13       /* [l] secrets given to the sandbox as files */
#define AK_KEY_ENV 14                /* [l] "KEY=VALUE"; ak_call_put_text takes the two apart */
#define AK_KEY_WORKDIR 15            /* [t] absolute path inside the sandbox */
#define AK_KEY_SUDO 16               /* [o] run it as root in the sandbox; servers may forbid it */
#define AK_KEY_CHECK 17              /* [o] default true: a failing command is AK_E_COMMAND; false: it is a record */
#define AK_KEY_TIMEOUT_MS 18         /* [i] these four override the client's settings for one call */
#define AK_KEY_CONNECT_TIMEOUT_MS 19 /* [i] */
#define AK_KEY_IDLE_TIMEOUT_MS 20    /* [i] */
#define AK_KEY_TOTAL_TIMEOUT_MS 21   /* [i] */
#define AK_KEY_RAW 22        /* [t] the record as the server sent it: members this library does not know are here */
#define AK_KEY_STATUS 23     /* [t] health: "ok"; sandbox: running, stopped, paused, ... an open set */
#define AK_KEY_OUTPUT 24     /* [b] what the command wrote */
#define AK_KEY_EXIT_CODE 25  /* [i] the command's exit code */
#define AK_KEY_TYPE 26       /* [t] event: started, progress, output, done, error, or one unknown here */
#define AK_KEY_DATA 27       /* [b] event output: the bytes written */
#define AK_KEY_STREAM 28     /* [t] event output: "stdout" */
#define AK_KEY_SUCCESS 29    /* [o] event done: whether the exit code is 0 */
#define AK_KEY_MESSAGE 30    /* [t] event error: what went wrong */
#define AK_KEY_TIMESTAMP 31  /* [t] event started: RFC 3339 */
#define AK_KEY_STAGE 32      /* [t] event progress: how far it is, such as sandbox_created */
#define AK_KEY_SANDBOX 33    /* [t] event progress: name of the sandbox */
#define AK_KEY_PARSED 34     /* [o] event: whether its data was a JSON object; if not, only RAW, TYPE and ID tell */
#define AK_KEY_ID 35         /* [t] event: the stream's last event id */
#define AK_KEY_UUID 36       /* [t] its unique id; all zeros when unknown */
#define AK_KEY_IP 37         /* [t] its address, where it has one */
#define AK_KEY_CREATED_AT 38 /* [t] time, RFC 3339 */
#define AK_KEY_CREATED_FROM_TEMPLATE 39 /* [t] name of the template it was made from */
#define AK_KEY_TEMPLATE_HELP_TEXT 40    /* [t] what that template says about its use */
#define AK_KEY_PORTS 41                 /* [l] "8080:80", "3000", "53:53/udp" */
#define AK_KEY_ENDPOINTS 42             /* [j] list of {container_port, protocol, url} */
#define AK_KEY_PLACEHOLDER_SECRETS 43   /* [o] it holds placeholders for secrets, which a proxy replaces */
#define AK_KEY_PROXY_PORT 44            /* [i] where that proxy listens */
#define AK_KEY_SECRET_MAPPINGS 45       /* [m] environment variable to host; values are never shown */
#define AK_KEY_LABELS 46                /* [m] the user's own names and values */
#define AK_KEY_DESCRIPTION 47           /* [t] the user's own words */
#define AK_KEY_LAST_ACTIVITY_AT 48      /* [t] time, RFC 3339 */
#define AK_KEY_WORKSPACE_REVISION 49    /* [t] which state of /workspace it has */
#define AK_KEY_ARCHIVED_AT 50           /* [t] time, RFC 3339 */
#define AK_KEY_ARCHIVED_REASON 51       /* [t] why */
#define AK_KEY_LIFECYCLE 52             /* [j] {auto_stop_after_seconds, auto_archive_..., auto_delete_...} */
#define AK_KEY_TRUNCATED 53             /* [o] output was longer than the server keeps */
#define AK_KEY_TOTAL_BYTES 54           /* [i] how long it was */
#define AK_KEY_OOM 55                   /* [o] event done: the command was killed for passing its memory limit */
#define AK_KEY_PATH 56                  /* [t] a file in the sandbox, absolute; request: path with its query */
#define AK_KEY_CONTENT 57               /* [b] the bytes of a file or of an answer */
#define AK_KEY_ENCODING 58              /* [t] how the content came: utf8 or base64 (it is given out decoded) */
#define AK_KEY_SIZE 59                  /* [i] the content's bytes; as a parameter: how many ak_call_write will bring */
#define AK_KEY_FILES 60                 /* [m] absolute path to text */
#define AK_KEY_WRITTEN 61               /* [i] how many files were written */
#define AK_KEY_COMMANDS 62        /* [c] several commands: ak_call_add_list begins each, ak_call_add_text adds to it */
#define AK_KEY_ERROR 63           /* [t] why this command or step failed */
#define AK_KEY_PID 64             /* [i] process id, where the server counts */
#define AK_KEY_STARTED_AT 65      /* [t] time, RFC 3339 */
#define AK_KEY_STDOUT 66          /* [b] what the command wrote to its standard output */
#define AK_KEY_STDERR 67          /* [b] what it wrote to its standard error */
#define AK_KEY_BY 68              /* [t] seconds, or such as 90m or 1h30m */
#define AK_KEY_EXPIRES_AT 69      /* [t] time, RFC 3339 */
#define AK_KEY_AS_NAME 70         /* [t] name of the sandbox to make, 1 to 63 bytes */
#define AK_KEY_START 71           /* [o] start it at once */
#define AK_KEY_IMAGE_TAG 72       /* [t] what the backend calls the snapshot */
#define AK_KEY_BASE_IMAGE 73      /* [t] image of the sandbox it was taken of */
#define AK_KEY_USER 74            /* [t] who did it */
#define AK_KEY_NETWORK 75         /* [j] {name, subnet, gateway, dns, static_ip} */
#define AK_KEY_AGENT 76           /* [t] agent to prepare the sandbox for */
#define AK_KEY_INIT_SCRIPT 77     /* [t] shell script to run once it is made */
#define AK_KEY_DEFAULT_BACKEND 78 /* [t] what a sandbox gets that asks for none */
#define AK_KEY_BACKENDS 79        /* [j] list of {backend, configured, usable, readiness_reason, capabilities} */
#define AK_KEY_VERSION 80         /* [t] the server's version */
#define AK_KEY_API_KEY_CONFIGURED 81 /* [o] whether the server wants a key */
#define AK_KEY_SANDBOX_COUNT 82      /* [i] how many sandboxes there are */
#define AK_KEY_SANDBOX_LIMIT 83      /* [i] how many there may be; 0: no limit */
#define AK_KEY_UPTIME_SECONDS 84     /* [i] how long the server has been running */
#define AK_KEY_RESOURCE_USAGE 85     /* [j] {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb} */
#define AK_KEY_METHOD 86             /* [t] GET, POST, PUT, PATCH or DELETE */
#define AK_KEY_BODY 87               /* [j] JSON to send */
#define AK_KEY_HTTP_STATUS 88        /* [i] status of the answer */
#define AK_KEY_CONTENT_TYPE 89       /* [t] type of the answer's content */
/* (5) The full server's warm pool re-parses arguments in a shell and loses exit codes: the safe way is the default. */

/* What a parameter or field is like (ak_parameter_flags, ak_field_flags). */
#define AK_KEY_REQUIRED 1 /* parameter: must be bound. Field: always present */
#define AK_KEY_SETTING 2  /* parameter: steers this library, is not sent */

/* Types (ak_parameter_type, ak_field_type, ak_value.type). */
#define AK_TYPE_ABSENT 0
#define AK_TYPE_NULL 1
#define AK_TYPE_TEXT 2
#define AK_TYPE_BYTES 3
#define AK_TYPE_INT 4
#define AK_TYPE_BOOL 5
#define AK_TYPE_LIST 6  /* of text */
#define AK_TYPE_MAP 7   /* text to text */
#define AK_TYPE_JSON 8  /* raw JSON, for the language's own parser */
#define AK_TYPE_LISTS 9 /* lists of text */

/* Client settings: what was set, else the variable of the environment that is named here, else the default. */
#define AK_CLIENT_BASE_URL 1           /* [t] see BASE URL above; AGENTKERNEL_BASE_URL; http://localhost:18888 */
#define AK_CLIENT_API_KEY 2            /* [t] AGENTKERNEL_API_KEY; none. Write-only */
#define AK_CLIENT_TIMEOUT_MS 3         /* [i] bounds a unary call, first step to last byte; 30000 */
#define AK_CLIENT_CONNECT_TIMEOUT_MS 4 /* [i] bounds connecting, in streams too; 10000 */
#define AK_CLIENT_IDLE_TIMEOUT_MS 5    /* [i] bounds a stream's silence after its first byte; 60000 */
#define AK_CLIENT_TOTAL_TIMEOUT_MS 6   /* [i] bounds a whole stream; none */
#define AK_CLIENT_CA_FILE 7            /* [t] certificates to trust, PEM; AGENTKERNEL_CA_FILE; the system's */
#define AK_CLIENT_CA_DIR 8             /* [t] the same as a hashed directory; AGENTKERNEL_CA_DIR */
#define AK_CLIENT_CERT_FILE 9          /* [t] client certificate, PEM; AGENTKERNEL_CERT_FILE */
#define AK_CLIENT_KEY_FILE 10          /* [t] its private key, PEM; AGENTKERNEL_KEY_FILE */
#define AK_CLIENT_PROXY 11             /* [t] URL; http_proxy, https_proxy, all_proxy, but none of these to loopback */
#define AK_CLIENT_NO_PROXY 12          /* [t] hosts without a proxy, by comma; no_proxy */
#define AK_CLIENT_MAX_REPLY_BYTES 13   /* [i] longest reply of a unary call; 64 MiB */
#define AK_CLIENT_MAX_EVENT_BYTES 14   /* [i] longest event of a stream; 64 MiB */
#define AK_CLIENT_USER_AGENT 15        /* [t] appended to "libagentkernel/VERSION" */
#define AK_CLIENT_MAX_IDLE 16          /* [i] kept-alive connections to keep for later calls; 0: none; 64 */

/* Values of timeouts beside milliseconds. 0 means that no time is left: the call fails before anything is sent. */
#define AK_TIMEOUT_DEFAULT (-1)
#define AK_TIMEOUT_NONE (-2)

/* Fields of an error. */
#define AK_ERROR_CODE 1           /* [i] the status code */
#define AK_ERROR_MESSAGE 2        /* [t] one line, without secrets */
#define AK_ERROR_HTTP_STATUS 3    /* [i] absent when no answer came */
#define AK_ERROR_SERVER_TEXT 4    /* [t] the server's own message, or the start of its body when it sent none */
#define AK_ERROR_EXIT_CODE 5      /* [i] when a command failed */
#define AK_ERROR_OUTPUT 6         /* [b] what that command wrote */
#define AK_ERROR_RETRY_AFTER_MS 7 /* [i] when the server named a time */
#define AK_ERROR_OPERATION 8      /* [t] the operation's name */
#define AK_ERROR_PHASE 9          /* [t] bind, resolve, connect, send, wait, receive or decode */
#define AK_ERROR_LIBCURL 10       /* [i] libcurl's CURLcode when it failed */
#define AK_ERROR_SENT 11          /* [i] whether the request may have run: AK_SENT_* */

#define AK_SENT_NOTHING 0 /* nothing of it left this process: repeating is safe */
#define AK_SENT_SOME 1    /* it was sent, at least in part, and no answer came: it may have run */
#define AK_SENT_ANSWERED 2

/* States (ak_call_state). */
#define AK_STATE_NEW 1
#define AK_STATE_RUNNING 2
#define AK_STATE_ITEM 3
#define AK_STATE_READING 4
#define AK_STATE_DONE 5
#define AK_STATE_FAILED 6

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
 * holds something impossible, or libcurl was built without an asynchronous resolver; the message says so), AK_E_MEMORY.
 * The environment is read only here, and where the base URL is set to local:. Thread: any. */
AK_API ak_status ak_client_new(ak_client **client, ak_error *err);

/* Changes a setting; an empty text unsets it (back to the default). Settings are fixed by the first ak_call_new.
 * Errors: AK_E_ARGUMENT (unknown setting, wrong type, a value that cannot be right: a base URL without one of the
 * schemes, with user info, query or fragment; CR, LF or NUL anywhere; a file that cannot be read), AK_E_STATE,
 * AK_E_MEMORY. Thread: one, before the client is shared. */
AK_API ak_status ak_client_set_text(ak_client *client, int32_t setting, const char *text, size_t len, ak_error *err);
AK_API ak_status ak_client_set_int(ak_client *client, int32_t setting, int64_t value, ak_error *err);

/* Reads a setting through the copy door (see ak_call_text). AK_ABSENT when it is unset. The API key is never given
 * back: AK_E_ARGUMENT. Thread: any. */
AK_API ak_status ak_client_text(const ak_client *client, int32_t setting, char *buf, size_t cap, size_t *len,
                                ak_error *err);
AK_API ak_status ak_client_int(const ak_client *client, int32_t setting, int64_t *value, ak_error *err);

/* Adds a reference. Thread: any. */
AK_API ak_client *ak_client_retain(ak_client *client);

/* Drops a reference. Calls hold their client, so one that is freed first lives until they are. Thread: any. */
AK_API void ak_client_free(ak_client *client);

/* ---- call ---- */

/* Prepares a call of an operation. No I/O. Errors: AK_E_ARGUMENT (unknown operation), AK_E_MEMORY. Thread: any. */
AK_API ak_status ak_call_new(ak_client *client, int32_t operation, ak_call **call, ak_error *err);

/* Binds a parameter; binding again replaces. Values are checked here: AK_E_ARGUMENT with the rule in the message. A
 * failure poisons the call (state table, 1). Text also binds bytes, which may hold anything, and JSON; an empty text
 * empties a list or map. Integers also bind bools (0 or 1). Thread: one. */
AK_API ak_status ak_call_set_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
AK_API ak_status ak_call_set_int(ak_call *call, int32_t key, int64_t value, ak_error *err);

/* Appends to a list parameter. An empty text is an entry like any other. Thread: one. */
AK_API ak_status ak_call_add_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);

/* Begins the next list of a parameter that is a list of lists; ak_call_add_text adds to it. None may stay empty.
 * Thread: one. */
AK_API ak_status ak_call_add_list(ak_call *call, int32_t key, ak_error *err);

/* Adds an entry to a map parameter, in the place of one with that name, or "NAME=VALUE" to the list AK_KEY_ENV. Thread:
 * one. */
AK_API ak_status ak_call_put_text(ak_call *call, int32_t key, const char *name, size_t name_len, const char *text,
                                  size_t len, ak_error *err);

/* Goes on without ever blocking: AK_ITEM, AK_DONE, AK_AGAIN or an error. The first step checks that all required
 * parameters are there and sends the request. Thread: one. */
AK_API ak_status ak_call_step(ak_call *call, ak_error *err);

/* Steps, and while nothing has come waits for it at most max_ms milliseconds (negative: as long as the call's own
 * deadlines allow). AK_AGAIN when that time passed or a signal interrupted the wait. Where step must keep out (state
 * table, 5) it waits without stepping. Thread: one. */
AK_API ak_status ak_call_wait(ak_call *call, int32_t max_ms, ak_error *err);

/* The descriptor to wait on after AK_AGAIN: see CONVENTIONS. -1 while the call is new. Thread: one. */
AK_API int ak_call_fd(const ak_call *call);

/* AK_STATE_*. Thread: one. */
AK_API int32_t ak_call_state(const ak_call *call);

/* Cancels: the next step gives AK_E_CANCELLED, and whoever waits on the descriptor wakes. Other calls and the client
 * are not touched. May be called again, before the first step, after the end. Thread: any; the caller must hold a
 * reference. */
AK_API void ak_call_cancel(ak_call *call);

AK_API ak_call *ak_call_retain(ak_call *call); /* Thread: any. */

/* Drops a reference; with the last, a call in flight is abandoned and its connection closed, without waiting. Thread:
 * any. */
AK_API void ak_call_free(ak_call *call);

/* ---- record: reading what step yielded; thread of all: one ---- */

/* Copies a TEXT or BYTES field (or the raw JSON of any other) to buf. *len is always its full size. When cap is smaller
 * nothing is copied and the status is AK_E_BUFFER; nothing is ever truncated. No NUL is appended. AK_NULL and AK_ABSENT
 * are answers, not errors. A member of a type the protocol does not say is AK_ABSENT; AK_KEY_RAW still shows it.
 * Errors: AK_E_ARGUMENT (the operation has no such field), AK_E_STATE, AK_E_BUFFER, AK_E_MEMORY. */
AK_API ak_status ak_call_text(ak_call *call, int32_t key, char *buf, size_t cap, size_t *len, ak_error *err);

/* An INT or BOOL (0 or 1) field. */
AK_API ak_status ak_call_int(ak_call *call, int32_t key, int64_t *value, ak_error *err);

/* The same as ak_call_text without the copy: valid until the next step, wait, read or free of the call. Not
 * NUL-terminated. */
AK_API ak_status ak_call_view(ak_call *call, int32_t key, const char **data, size_t *len, ak_error *err);

/* What ak_call_view shows, with a NUL after it: a TEXT or BYTES field, or the raw JSON of any other. NULL when it is
 * absent or null, the operation has no such field, no record is current, or memory is out. Valid as long as a view.
 * Text that holds a NUL looks shorter; ak_call_view has it whole. */
AK_API const char *ak_call_cstring(ak_call *call, int32_t key);

/* What ak_call_int gives, or otherwise where that is not AK_OK. */
AK_API int64_t ak_call_number(ak_call *call, int32_t key, int64_t otherwise);

/* The number of entries of a LIST or MAP field. */
AK_API ak_status ak_call_count(ak_call *call, int32_t key, size_t *count, ak_error *err);

/* The entry at an index of a LIST or MAP, copied or viewed; for a MAP its value, and key_at its name. AK_NULL when the
 * entry is null. An index past the end is AK_E_ARGUMENT. Entries that are not text are given as raw JSON. */
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
 * when a record without output has come (look at it, then go on), AK_DONE at the end, AK_AGAIN, or an error. Only for
 * operations with AK_OP_READABLE; cap must not be 0.
 *
 * A call of AK_OP_READ_FILE that begins with a read hands the file out while it comes, in constant memory, and yields
 * no record. That takes a server that sends "encoding" before "content", as agentkernel-local does; one that sends it
 * after is first read to its end, up to max_reply_bytes. Bytes may so have been given out before an error shows that
 * the file is not whole: only AK_DONE says that it is. */
AK_API ak_status ak_call_read(ak_call *call, void *buf, size_t cap, size_t *len, ak_error *err);

/* Hands in content piece by piece, like write(2), stepping as needed: AK_OK with *taken > 0 bytes taken, AK_AGAIN
 * (wait, then hand in the same bytes again), AK_DONE when the server has answered already, or an error. A size of 0
 * ends the content: AK_OK; after it step to the end. The first write begins the call. AK_KEY_SIZE says beforehand how
 * many bytes will come; too many for a request (12 MiB less 27 bytes) are then refused before anything is sent, else
 * when they come, and an end before that size fails the call. At most 64 KiB are held. Only for operations with
 * AK_OP_WRITABLE, instead of binding AK_KEY_CONTENT. Errors: AK_E_ARGUMENT, AK_E_STATE, AK_E_TOO_LARGE, any of step.
 * Thread: one. */
AK_API ak_status ak_call_write(ak_call *call, const void *data, size_t size, size_t *taken, ak_error *err);

/* ---- error: owned by the caller, one per thread or per use; thread of all: one ---- */

/* An empty error (code AK_OK), or NULL when out of memory. */
AK_API ak_error *ak_error_new(void);

/* The code of the last failure written to it. NULL gives AK_OK. */
AK_API ak_status ak_error_code(const ak_error *err);

/* Fields through the same doors as a record's; AK_ABSENT where there is none. A view is valid until the error is
 * written to or freed. */
AK_API ak_status ak_error_text(const ak_error *err, int32_t field, char *buf, size_t cap, size_t *len);
AK_API ak_status ak_error_int(const ak_error *err, int32_t field, int64_t *value);
AK_API ak_status ak_error_view(const ak_error *err, int32_t field, const char **data, size_t *len);

/* The same as results: NULL, or otherwise, where there is none or it is of another type. A text is valid as long as a
 * view; one that holds a NUL looks shorter. */
AK_API const char *ak_error_cstring(const ak_error *err, int32_t field);
AK_API int64_t ak_error_number(const ak_error *err, int32_t field, int64_t otherwise);

AK_API void ak_error_free(ak_error *err);

#ifdef __cplusplus
}
#endif

#endif /* AGENTKERNEL_H */
