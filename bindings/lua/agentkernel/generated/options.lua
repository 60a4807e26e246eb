-- Generated from abi/schema by tools/generate: do not edit.
---@meta agentkernel.options
--- The options of methods. Nothing requires this file: it is for editors, and for the test that compares it with the
--- library. What a method takes by its place may be given by its name instead, and is optional here for that reason.

---@alias agentkernel.Profile "permissive"|"moderate"|"restrictive"

--- The text of JSON, or a table where lua-cjson is installed.
---@alias agentkernel.Json string|table

--- Of every method. For a timeout math.huge is none, and 0 leaves no time.
---@class agentkernel.Options
---@field timeout? number Seconds for the whole call.
---@field connect_timeout? number Seconds for connecting.

---@class agentkernel.CommandOptions: agentkernel.Options
---@field [integer] string The program and its arguments, passed on byte for byte.
---@field command? string[] The same by name.

--- Of run.
---@class agentkernel.RunOptions: agentkernel.CommandOptions
---@field image? string The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
---@field profile? agentkernel.Profile The security profile: permissive, moderate or restrictive.
---@field fast? boolean Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool re-parses arguments in a shell and loses exit codes.
---@field check? boolean Whether a failing command is an error. Default: true. If it is not, the result has the exit code.

--- Of run_stream.
---@class agentkernel.StreamOptions: agentkernel.CommandOptions
---@field image? string The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
---@field profile? agentkernel.Profile The security profile: permissive, moderate or restrictive.
---@field fast? boolean Whether to use the server's pool of warm sandboxes. Sent as false when not set, because the full server's pool re-parses arguments in a shell and loses exit codes.
---@field idle_timeout? number Seconds that a stream may be silent after its first byte.

--- Of list_sandboxes.
---@class agentkernel.ListOptions: agentkernel.Options
---@field labels? table<string, string> User-defined labels.

--- Of create_sandbox.
---@class agentkernel.SandboxOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field image? string The image name: 1 to 256 of A-Z a-z 0-9 . _ / : @ -.
---@field vcpus? integer The number of virtual processors.
---@field memory_mb? integer The memory in MiB.
---@field profile? agentkernel.Profile The security profile: permissive, moderate or restrictive.
---@field backend? string The backend that isolates the sandbox.
---@field source_url? string The git repository to clone into /workspace.
---@field source_ref? string The branch, tag or commit to check out.
---@field volumes? string[] Volumes to mount, each "slug:/path" or "slug:/path:ro".
---@field secrets? string[] Secrets, each "KEY=value:host", "KEY:host" or "KEY:host:Header".
---@field secret_files? string[] Keys of secrets that the sandbox gets as files.
---@field ports? string[] Published ports, each such as "8080:80", "3000" or "53:53/udp".
---@field network? agentkernel.Json The network to join: {name, subnet, gateway, dns, static_ip}.
---@field agent? string The agent to prepare the sandbox for.
---@field placeholder_secrets? boolean Whether the sandbox sees placeholders, which a proxy replaces by the secrets.
---@field secret_mappings? table<string, string> Environment variables mapped to hosts. Values of secrets are never shown.
---@field init_script? string A shell script to run after creation.
---@field created_from_template? string The name of the template it was created from.
---@field template_help_text? string What that template says about its use.
---@field labels? table<string, string> User-defined labels.
---@field description? string A user-defined description.
---@field lifecycle? agentkernel.Json Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}.

--- Of exec_in_sandbox.
---@class agentkernel.ExecOptions: agentkernel.CommandOptions
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field env? string[]|table<string, string> Environment variables, each "NAME=VALUE".
---@field workdir? string The working directory, an absolute path in the sandbox.
---@field sudo? boolean Whether to run the command as root in the sandbox. Servers may forbid it.
---@field check? boolean Whether a failing command is an error. Default: true. If it is not, the result has the exit code.

--- Of get_sandbox_by_uuid.
---@class agentkernel.UuidOptions: agentkernel.Options
---@field uuid? string The unique identifier; all zeros when unknown.

--- Of fork_sandbox.
---@class agentkernel.ForkOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field as_name? string The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores.

--- Of resize_sandbox.
---@class agentkernel.ResizeOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field vcpus? integer The number of virtual processors.
---@field memory_mb? integer The memory in MiB.

--- Of update_sandbox.
---@class agentkernel.UpdateOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field labels? table<string, string> User-defined labels. An empty map removes them all.
---@field description? string A user-defined description.
---@field lifecycle? agentkernel.Json Automatic actions: {auto_stop_after_seconds, auto_archive_after_seconds, auto_delete_after_seconds}.

--- Of read_file and delete_file.
---@class agentkernel.FileOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field path? string The absolute path of a file in the sandbox.

--- Of write_file.
---@class agentkernel.WriteOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field path? string The absolute path of a file in the sandbox.
---@field content? string The content in bytes.
---@field size? integer The size of the content in bytes. As a parameter: how many bytes write_file_from will supply.

--- Of write_files.
---@class agentkernel.WriteFilesOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field files table<string, string> Absolute paths mapped to text.

--- Of batch_run.
---@class agentkernel.BatchOptions: agentkernel.Options
---@field [integer] string[] The commands, each a program and its arguments.
---@field commands? string[][] The same by name.

--- Of exec_detached.
---@class agentkernel.DetachedOptions: agentkernel.CommandOptions
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field env? string[]|table<string, string> Environment variables, each "NAME=VALUE".
---@field workdir? string The working directory, an absolute path in the sandbox.
---@field sudo? boolean Whether to run the command as root in the sandbox. Servers may forbid it.

--- Of detached_status and detached_kill.
---@class agentkernel.DetachedIdOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field id? string The identifier.

--- Of detached_logs.
---@class agentkernel.DetachedLogsOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field id? string The identifier.
---@field stream? "stdout"|"stderr" The output stream: stdout or stderr. Default: stdout.

--- Of extend_ttl.
---@class agentkernel.ExtendOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field by? string How much longer, in seconds ("90") or as a duration such as "15m" or "1h30m". Default: one hour.

--- Of take_snapshot.
---@class agentkernel.TakeOptions: agentkernel.Options
---@field sandbox? string The name of the sandbox.
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.

--- Of restore_snapshot.
---@class agentkernel.RestoreOptions: agentkernel.Options
---@field name? string The name: 1 to 63 letters, digits, hyphens and underscores.
---@field as_name? string The name of the new sandbox: 1 to 63 letters, digits, hyphens and underscores. Default: the name of the snapshot's sandbox, followed by -restored.
---@field start? boolean Whether to start it at once. Otherwise it is stopped.

--- Of request.
---@class agentkernel.RequestOptions: agentkernel.Options
---@field method? string The HTTP method: GET, POST, PUT, PATCH or DELETE.
---@field path? string The path with its query. Escaped as in a URL.
---@field body? agentkernel.Json The JSON to send. Without it there is no body.
---@field check? boolean Whether a status other than 2xx is an error. Default: true. If it is not, the reply has the status.

error("this file is for editors: nothing requires it")
