---@meta agentkernel.types
--- The types of what goes in and comes out. Nothing requires this file: it is for editors and for the test that compares
--- it with the library.

---@class agentkernel.Options
---@field timeout? number seconds for the whole call; math.huge: no limit
---@field connect_timeout? number seconds for connecting

---@class agentkernel.ClientOptions: agentkernel.Options
---@field base_url? string http://, https://, unix:///path.sock or local:
---@field api_key? string
---@field idle_timeout? number seconds of a stream's silence after its first byte
---@field total_timeout? number seconds for a whole stream
---@field ca_file? string certificates to trust, PEM
---@field ca_dir? string the same as a hashed directory
---@field cert_file? string the client's certificate, PEM
---@field key_file? string its private key, PEM
---@field proxy? string its URL
---@field no_proxy? string hosts without a proxy, by comma
---@field max_reply_bytes? integer the longest reply of a call that is no stream
---@field max_event_bytes? integer the longest event of a stream
---@field user_agent? string appended to the library's own
---@field max_idle? integer how many connections are kept for later calls
---@field wait? agentkernel.Waiter|fun(fd: integer): false? how to wait in coroutines

---@class agentkernel.CommandOptions: agentkernel.Options
---@field [integer] string program and arguments, passed on byte for byte
---@field command? string[] the same by name

---@alias agentkernel.Profile "permissive"|"moderate"|"restrictive"

---@class agentkernel.RunOptions: agentkernel.CommandOptions
---@field image? string what the sandbox is made of
---@field profile? agentkernel.Profile what it may do
---@field fast? boolean use a warm sandbox; those of the full server re-parse arguments and lose exit codes
---@field check? boolean false: a command that fails is a result like any other

---@class agentkernel.StreamOptions: agentkernel.CommandOptions
---@field image? string what the sandbox is made of
---@field profile? agentkernel.Profile what it may do
---@field fast? boolean as of run
---@field idle_timeout? number seconds of silence after the first byte

--- The text of JSON, or a table where lua-cjson is installed.
---@alias agentkernel.Json string|table

---@class agentkernel.SandboxOptions: agentkernel.Options
---@field name? string where it is not given before
---@field image? string what it is made of
---@field vcpus? integer processors
---@field memory_mb? integer memory in MiB
---@field profile? agentkernel.Profile what it may do
---@field backend? string what isolates it
---@field source_url? string git repository to clone into /workspace
---@field source_ref? string branch, tag or commit of it
---@field volumes? string[] "slug:/path" or "slug:/path:ro"
---@field secrets? string[] "KEY=value:host", "KEY:host" or "KEY:host:Header"
---@field secret_files? string[] secrets given to the sandbox as files
---@field labels? table<string, string> the user's own names and values
---@field description? string the user's own words
---@field lifecycle? agentkernel.Json {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}
---@field ports? string[] "8080:80", "3000", "53:53/udp"
---@field network? agentkernel.Json {name, subnet, gateway, dns, static_ip}
---@field agent? string agent to prepare the sandbox for
---@field init_script? string shell script to run once it is made
---@field placeholder_secrets? boolean it sees placeholders, which a proxy replaces
---@field secret_mappings? table<string, string> environment variable to host
---@field created_from_template? string name of the template it is made from
---@field template_help_text? string what that template says about its use

---@class agentkernel.ExecOptions: agentkernel.CommandOptions
---@field name? string where it is not given before
---@field env? string[]|table<string, string> "NAME=VALUE" each, or by name
---@field workdir? string absolute path inside of the sandbox
---@field sudo? boolean run it as root in the sandbox
---@field check? boolean false: a command that fails is a result like any other

---@class agentkernel.ListOptions: agentkernel.Options
---@field labels? table<string, string> only sandboxes that have all of these

---@class agentkernel.ForkOptions: agentkernel.Options
---@field as_name? string name of the new one, where it is not given before

---@class agentkernel.ResizeOptions: agentkernel.Options
---@field vcpus? integer processors
---@field memory_mb? integer memory in MiB

---@class agentkernel.UpdateOptions: agentkernel.Options
---@field labels? table<string, string> in place of all that there are; an empty table takes them away
---@field description? string the user's own words
---@field lifecycle? agentkernel.Json {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}

---@class agentkernel.UuidOptions: agentkernel.Options
---@field uuid? string where it is not given before

---@class agentkernel.FileOptions: agentkernel.Options
---@field path? string absolute, where it is not given before

---@class agentkernel.WriteOptions: agentkernel.Options
---@field path? string absolute, where it is not given before
---@field content? string bytes, where they are not given before
---@field size? integer how many bytes there will be

---@class agentkernel.WriteFilesOptions: agentkernel.Options
---@field files table<string, string> absolute path to text

---@class agentkernel.BatchOptions: agentkernel.Options
---@field [integer] string[] a command
---@field commands? string[][] the same by name

---@class agentkernel.DetachedOptions: agentkernel.CommandOptions
---@field env? string[]|table<string, string> "NAME=VALUE" each, or by name
---@field workdir? string absolute path inside of the sandbox
---@field sudo? boolean run it as root in the sandbox

---@class agentkernel.DetachedIdOptions: agentkernel.Options
---@field id? string where it is not given before

---@class agentkernel.DetachedLogsOptions: agentkernel.Options
---@field id? string where it is not given before
---@field stream? "stdout"|"stderr" which of the outputs; stdout

---@class agentkernel.ExtendOptions: agentkernel.Options
---@field by? string seconds ("90"), or such as "15m" or "1h30m"

---@class agentkernel.TakeOptions: agentkernel.Options
---@field sandbox? string what it is taken of, where it is not given before

---@class agentkernel.RestoreOptions: agentkernel.Options
---@field as_name? string name of the sandbox to make
---@field start? boolean start it at once

---@class agentkernel.RequestOptions: agentkernel.Options
---@field method? string GET, POST, PUT, PATCH or DELETE, where it is not given before
---@field path? string with its query, where it is not given before
---@field body? agentkernel.Json what is sent
---@field check? boolean false: a status that is no success is a result like any other

---@class agentkernel.Output
---@field output string what the command wrote: bytes
---@field exit_code integer
---@field truncated? boolean the output was longer than the server keeps
---@field total_bytes? integer how long it was
---@field raw string the record as it was sent: JSON

---@class agentkernel.Event
---@field type string started, progress, output, done, error, or one that is unknown here
---@field raw string its payload as it was sent
---@field parsed boolean whether that is a JSON object; if not, only raw, type and id tell
---@field id? string the stream's last event id
---@field data? string output: the bytes written
---@field stream? string output: "stdout"
---@field exit_code? integer done
---@field success? boolean done: whether the exit code is 0
---@field output? string done: all that was written, where the server sends that: bytes
---@field oom? boolean done: the command was killed for passing its memory limit
---@field message? string error: what went wrong
---@field command? (string|false)[] started
---@field fast? boolean started
---@field timestamp? string started: RFC 3339
---@field stage? string progress: how far it is, such as sandbox_created
---@field sandbox? string progress: name of the sandbox

---@class agentkernel.Sandbox
---@field name string
---@field status string running, stopped, paused ...: an open set
---@field uuid? string its unique id; all zeros when unknown
---@field backend? string what isolates it
---@field ip? string its address, where it has one
---@field image? string
---@field vcpus? integer
---@field memory_mb? integer
---@field created_at? string RFC 3339
---@field created_from_template? string name of the template it was made from
---@field template_help_text? string what that template says about its use
---@field ports? (string|false)[] "8080:80", "3000", "53:53/udp"
---@field endpoints? string JSON: a list of {container_port, protocol, url}
---@field secret_files? (string|false)[]
---@field placeholder_secrets? boolean it holds placeholders for secrets, which a proxy replaces
---@field proxy_port? integer where that proxy listens
---@field secret_mappings? table<string, string|false> environment variable to host
---@field labels? table<string, string|false> the user's own names and values
---@field description? string the user's own words
---@field last_activity_at? string RFC 3339
---@field workspace_revision? string which state of /workspace it has
---@field archived_at? string RFC 3339
---@field archived_reason? string why
---@field lifecycle? string JSON: {auto_stop_after_seconds, auto_archive_..., auto_delete_...}
---@field raw string the record as it was sent: JSON

---@class agentkernel.File
---@field content string bytes
---@field encoding? string how it came: utf8 or base64. It is decoded
---@field size? integer
---@field raw string the record as it was sent: JSON

---@class agentkernel.Written
---@field written integer how many files were written
---@field raw string the record as it was sent: JSON

---@class agentkernel.LogEntry
---@field type string sandbox_created, command_executed, file_written ...: an open set, which tells what else there is
---@field timestamp? string RFC 3339
---@field pid? integer of the server
---@field user? string who did it
---@field name? string of the sandbox, where it is made, started, stopped or removed
---@field sandbox? string of the sandbox, where something is done in it
---@field image? string
---@field backend? string
---@field labels? table<string, string|false>
---@field profile? string
---@field command? (string|false)[]
---@field exit_code? integer
---@field path? string
---@field error? string
---@field raw string the record as it was sent: JSON

---@class agentkernel.BatchResult
---@field output? string what the command wrote: bytes
---@field error? string why there is none
---@field raw string the record as it was sent: JSON

---@class agentkernel.Detached
---@field id string
---@field status string running, completed, failed ...: an open set
---@field sandbox? string
---@field command? (string|false)[]
---@field pid? integer
---@field exit_code? integer once it has ended. Full servers of version 0.21 say 127 always
---@field started_at? string RFC 3339
---@field raw string the record as it was sent: JSON

---@class agentkernel.DetachedLogs
---@field stdout? string bytes
---@field stderr? string bytes
---@field raw string the record as it was sent: JSON

---@class agentkernel.Expiry
---@field expires_at? string RFC 3339
---@field raw string the record as it was sent: JSON

---@class agentkernel.Snapshot
---@field name string
---@field sandbox? string what it was taken of
---@field image_tag? string what the backend calls it
---@field backend? string of that sandbox, as the next three
---@field base_image? string
---@field vcpus? integer
---@field memory_mb? integer
---@field created_at? string RFC 3339
---@field raw string the record as it was sent: JSON

---@class agentkernel.Backends
---@field default_backend? string what a sandbox gets that asks for none
---@field backends string JSON: a list of {backend, configured, usable, readiness_reason, capabilities}
---@field raw string the record as it was sent: JSON

---@class agentkernel.ServerStatus
---@field version string
---@field backend? string
---@field api_key_configured? boolean it wants a key
---@field raw string the record as it was sent: JSON

---@class agentkernel.ServerStats
---@field sandbox_count integer
---@field sandbox_limit? integer 0: none
---@field backend? string
---@field uptime_seconds? integer
---@field version? string
---@field resource_usage? string JSON: {cpu_percent, memory_used_mb, memory_total_mb, disk_used_mb}
---@field raw string the record as it was sent: JSON

---@class agentkernel.Reply
---@field http_status integer
---@field content_type? string
---@field content string bytes
---@field raw string the same as it was sent

error("this file is for editors: nothing requires it")
