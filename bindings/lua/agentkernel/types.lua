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

---@class agentkernel.ExecOptions: agentkernel.CommandOptions
---@field name? string where it is not given before
---@field env? string[]|table<string, string> "NAME=VALUE" each, or by name
---@field workdir? string absolute path inside of the sandbox
---@field sudo? boolean run it as root in the sandbox
---@field check? boolean false: a command that fails is a result like any other

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

error("this file is for editors: nothing requires it")
