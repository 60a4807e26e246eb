-- Generated from abi/schema by tools/generate: do not edit.
---@meta agentkernel.types
--- The records that operations yield. Nothing requires this file: it is for editors, and for the test that compares it
--- with the library. In lists and maps false stands for null.

--- What a command wrote and how it ended.
---@class agentkernel.Output
---@field output string What the command wrote.
---@field exit_code integer The exit code of the command. Not 0 only if check is false.
---@field truncated? boolean Whether the output was longer than the server keeps.
---@field total_bytes? integer The length of the whole output in bytes. Set when it was truncated.
---@field raw string The record as the server sent it, with members that this version does not know.

--- An event of a running command. Which fields are set depends on its type.
---@class agentkernel.Event
---@field type string The kind of event or log entry; an open set. Such as started, progress, output, done or error.
---@field raw string The record as the server sent it, with members that this version does not know.
---@field parsed boolean Whether the event's data is a JSON object. If not, only raw, type and id are set.
---@field id string The last event id of the stream.
---@field data? string The bytes that the command wrote, in an output event.
---@field stream? string The output stream: stdout or stderr.
---@field exit_code? integer The exit code of the command.
---@field success? boolean Whether the exit code is 0, in a done event.
---@field output? string What the command wrote. Some servers send it with the done event.
---@field message? string What went wrong, in an error event.
---@field command? (string|false)[] The program and its arguments, passed on byte for byte.
---@field fast? boolean Whether a warm sandbox is used, in a started event.
---@field timestamp? string The time, in RFC 3339 format.
---@field stage? string How far the sandbox is, such as sandbox_created, in a progress event.
---@field sandbox? string The name of the sandbox.
---@field oom? boolean Whether the command was killed for exceeding its memory limit.

--- A sandbox. Which fields are set depends on the server and its backend.
---@class agentkernel.Sandbox
---@field name string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field status string The state, such as running, stopped or paused; an open set.
---@field uuid? string The unique identifier; all zeros when unknown.
---@field backend? string The backend that isolates the sandbox.
---@field ip? string The IP address, if there is one.
---@field image? string The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
---@field vcpus? integer The number of virtual processors.
---@field memory_mb? integer The memory in MiB.
---@field created_at? string When it was created, in RFC 3339 format.
---@field created_from_template? string The name of the template it was created from.
---@field template_help_text? string What that template says about its use.
---@field ports? (string|false)[] Published ports, each such as "8080:80", "3000" or "53:53/udp".
---@field endpoints? string A list of {container_port, protocol, url}. JSON.
---@field secret_files? (string|false)[] Keys of secrets that the sandbox gets as files.
---@field placeholder_secrets? boolean Whether the sandbox sees placeholders, which a proxy replaces by the secrets.
---@field proxy_port? integer The port that proxy listens on.
---@field secret_mappings? table<string, string|false> Environment variables mapped to hosts. Values of secrets are never shown.
---@field labels? table<string, string|false> User-defined labels.
---@field description? string A user-defined description.
---@field last_activity_at? string When it was last used, in RFC 3339 format.
---@field workspace_revision? string The revision of /workspace.
---@field archived_at? string When it was archived, in RFC 3339 format.
---@field archived_reason? string Why it was archived.
---@field lifecycle? string Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}. JSON.
---@field raw string The record as the server sent it, with members that this version does not know.

--- A file of a sandbox.
---@class agentkernel.File
---@field content string The content in bytes.
---@field encoding? string How the content was sent: utf8 or base64. It is returned decoded.
---@field size? integer The size of the content in bytes. As a parameter: how many bytes write_file_from will supply.
---@field raw string The record as the server sent it, with members that this version does not know.

--- The result of writing several files.
---@class agentkernel.Written
---@field written integer The number of files written.
---@field raw string The record as the server sent it, with members that this version does not know.

--- The result of one command of a batch: its output, or why it failed.
---@class agentkernel.BatchResult
---@field output? string What the command wrote. Not set when the command failed.
---@field error? string Why the command or step failed. Not set when it did not.
---@field raw string The record as the server sent it, with members that this version does not know.

--- An entry of a sandbox's audit log. Which fields are set depends on its type.
---@class agentkernel.LogEntry
---@field type string The kind of event or log entry; an open set. Such as sandbox_created, command_executed or file_written.
---@field timestamp? string The time, in RFC 3339 format.
---@field pid? integer The process id of the server.
---@field user? string Who did it.
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores. It is in entries about the creation, start, stop and removal of the sandbox; others have sandbox.
---@field sandbox? string The name of the sandbox. It is in entries about something in the sandbox.
---@field image? string The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
---@field backend? string The backend that isolates the sandbox.
---@field labels? table<string, string|false> User-defined labels.
---@field profile? string The security profile: permissive, moderate or restrictive.
---@field command? (string|false)[] The program and its arguments, passed on byte for byte.
---@field exit_code? integer The exit code of the command.
---@field path? string The absolute path of a file in the sandbox.
---@field error? string Why the command or step failed.
---@field raw string The record as the server sent it, with members that this version does not know.

--- A command that runs in the background.
---@class agentkernel.Detached
---@field id string The identifier.
---@field status string The state, such as running, stopped or paused; an open set. One that ended is completed or failed.
---@field sandbox? string The name of the sandbox.
---@field command? (string|false)[] The program and its arguments, passed on byte for byte.
---@field pid? integer The process id, as the server counts it.
---@field exit_code? integer The exit code of the command. Not set while it runs. Full servers of version 0.21 always report 127.
---@field started_at? string When it was started, in RFC 3339 format.
---@field raw string The record as the server sent it, with members that this version does not know.

--- What a detached command has written so far.
---@class agentkernel.DetachedLogs
---@field stdout? string What the command wrote to its standard output. Not set when the other stream was requested.
---@field stderr? string What the command wrote to its standard error. Set when this stream was requested.
---@field raw string The record as the server sent it, with members that this version does not know.

--- When a sandbox expires.
---@class agentkernel.Expiry
---@field expires_at? string When it expires, in RFC 3339 format.
---@field raw string The record as the server sent it, with members that this version does not know.

--- A snapshot, with properties of the sandbox it was taken of.
---@class agentkernel.Snapshot
---@field name string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field sandbox? string The name of the sandbox. The snapshot was taken of it.
---@field image_tag? string The backend's name for the snapshot.
---@field backend? string The backend that isolates the sandbox.
---@field base_image? string The image of the sandbox the snapshot was taken of.
---@field vcpus? integer The number of virtual processors.
---@field memory_mb? integer The memory in MiB.
---@field created_at? string When it was created, in RFC 3339 format.
---@field raw string The record as the server sent it, with members that this version does not know.

--- The backends of a server.
---@class agentkernel.Backends
---@field default_backend? string The backend of sandboxes that ask for none.
---@field backends string A list of {backend, configured, usable, readiness_reason, capabilities}. JSON.
---@field raw string The record as the server sent it, with members that this version does not know.

--- The version and configuration of a server.
---@class agentkernel.ServerStatus
---@field version string The version of the server.
---@field backend? string The backend that isolates the sandbox.
---@field api_key_configured? boolean Whether the server requires an API key.
---@field raw string The record as the server sent it, with members that this version does not know.

--- The usage of a server.
---@class agentkernel.ServerStats
---@field sandbox_count integer The number of sandboxes.
---@field sandbox_limit? integer The maximum number of sandboxes; 0 for no limit.
---@field backend? string The backend that isolates the sandbox.
---@field uptime_seconds? integer How long the server has been running, in seconds.
---@field version? string The version of the server.
---@field resource_usage? string Resource usage: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}. JSON.
---@field raw string The record as the server sent it, with members that this version does not know.

--- The reply to an arbitrary request.
---@class agentkernel.Reply
---@field http_status integer The HTTP status of the reply.
---@field content_type? string The media type of the content.
---@field content string The content in bytes.
---@field raw string The record as the server sent it, with members that this version does not know.

error("this file is for editors: nothing requires it")
