-- Generated from abi/schema by tools/generate: do not edit.
--- The methods of a client that are operations of the library. One that returns a list returns nil, an Error and the
--- records before it when it fails.
local methods = require("agentkernel.methods")

---@class agentkernel.Client
local Client = {}

--- Checks that the server is reachable.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): string?, agentkernel.Error?
Client.health = methods.text("health", "status")

--- Runs a command in a fresh sandbox and returns its output.
--- Example: `client:run{"echo", "hello", image = "alpine"}`
---@type fun(self: agentkernel.Client, options: agentkernel.RunOptions, more?: agentkernel.RunOptions): agentkernel.Output?, agentkernel.Error?
Client.run = methods.one("run")

--- Runs a command in a fresh sandbox and streams events as they arrive. A failing command is not an error here: its
--- done event has the exit code. A stream that breaks off is an error. The command starts with the first event that is
--- asked for; a failure is returned in place of it.
--- Example: `for event, err in client:run_stream{"make"} do`
---@type fun(self: agentkernel.Client, options: agentkernel.StreamOptions, more?: agentkernel.StreamOptions): agentkernel.Stream
Client.run_stream = methods.events("run_stream")

--- Lists all sandboxes, or those that have all of the given labels.
---@type fun(self: agentkernel.Client, options?: agentkernel.ListOptions): agentkernel.Sandbox[]?, agentkernel.Error?, agentkernel.Sandbox[]?
Client.list_sandboxes = methods.many("list_sandboxes")

--- Creates and starts a sandbox, which exists until it is removed.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.SandboxOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.create_sandbox = methods.one("create_sandbox")

--- Returns one sandbox.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Sandbox?, agentkernel.Error?
Client.get_sandbox = methods.one("get_sandbox")

--- Removes a sandbox and everything in it.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.remove_sandbox = methods.nothing("remove_sandbox")

--- Runs a command in an existing sandbox and returns its output.
--- Example: `client:exec_in_sandbox("box", {"ls", workdir = "/"})`
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.ExecOptions, more?: agentkernel.ExecOptions): agentkernel.Output?, agentkernel.Error?
Client.exec_in_sandbox = methods.one("exec_in_sandbox")

--- Returns the sandbox with a given UUID.
---@type fun(self: agentkernel.Client, uuid: string, options?: agentkernel.UuidOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.get_sandbox_by_uuid = methods.one("get_sandbox_by_uuid")

--- Starts a stopped sandbox. Starting one that is running is a conflict (409).
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.start_sandbox = methods.nothing("start_sandbox")

--- Stops a sandbox: its processes end, the sandbox is kept. Stopping a stopped one does nothing. With agentkernel-local
--- its files stay; the full server's containers lose those outside of volumes. Full servers also report success for a
--- sandbox that does not exist.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.stop_sandbox = methods.nothing("stop_sandbox")

--- Freezes a sandbox and its memory. Few backends support this. The others refuse it (422).
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.pause_sandbox = methods.nothing("pause_sandbox")

--- Resumes a paused sandbox.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.resume_sandbox = methods.nothing("resume_sandbox")

--- Creates a copy of a paused sandbox, including its memory.
---@type fun(self: agentkernel.Client, name: string, as_name: string, options?: agentkernel.ForkOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.fork_sandbox = methods.one("fork_sandbox")

--- Changes the processors or memory of a sandbox. Some backends restart it and lose its state.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.ResizeOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.resize_sandbox = methods.one("resize_sandbox")

--- Restores an archived sandbox. A dormant one, too.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Sandbox?, agentkernel.Error?
Client.recover_sandbox = methods.one("recover_sandbox")

--- Changes the labels, description or lifecycle of a sandbox. Labels are replaced as a whole. What is not set stays as
--- it is.
--- Example: `client:update_sandbox("box", {labels = {team = "blue"}})`
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.UpdateOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.update_sandbox = methods.one("update_sandbox")

--- Reads a file from a sandbox. See open_file for large ones.
---@type fun(self: agentkernel.Client, name: string, path: string, options?: agentkernel.FileOptions): agentkernel.File?, agentkernel.Error?
Client.read_file = methods.one("read_file")

--- Writes a file in a sandbox and creates its parent directories. Servers accept about 12 MB at most.
---@type fun(self: agentkernel.Client, name: string, path: string, content: string, options?: agentkernel.WriteOptions): true?, agentkernel.Error?
Client.write_file = methods.nothing("write_file")

--- Deletes a file from a sandbox.
---@type fun(self: agentkernel.Client, name: string, path: string, options?: agentkernel.FileOptions): true?, agentkernel.Error?
Client.delete_file = methods.nothing("delete_file")

--- Writes several text files. When one fails, others may have been written.
--- Example: `client:write_files("box", {files = {["/tmp/a"] = "text"}})`
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.WriteFilesOptions): agentkernel.Written?, agentkernel.Error?
Client.write_files = methods.one("write_files")

--- Lists the audit log of a sandbox, oldest entry first.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.LogEntry[]?, agentkernel.Error?, agentkernel.LogEntry[]?
Client.get_sandbox_logs = methods.many("get_sandbox_logs")

--- Runs several commands in parallel, each in a fresh sandbox, and returns their results in the same order. A failing
--- command is not an error here: its result has an error in place of its output.
--- Example: `client:batch_run{{"make"}, {"make", "test"}}`
---@type fun(self: agentkernel.Client, options: agentkernel.BatchOptions, more?: agentkernel.BatchOptions): agentkernel.BatchResult[]?, agentkernel.Error?, agentkernel.BatchResult[]?
Client.batch_run = methods.many("batch_run")

--- Starts a command in a sandbox without waiting for it. The timeouts bound the call, not the command.
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.DetachedOptions, more?: agentkernel.DetachedOptions): agentkernel.Detached?, agentkernel.Error?
Client.exec_detached = methods.one("exec_detached")

--- Returns the state of a detached command.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.DetachedIdOptions): agentkernel.Detached?, agentkernel.Error?
Client.detached_status = methods.one("detached_status")

--- Returns what a detached command has written so far.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.DetachedLogsOptions): agentkernel.DetachedLogs?, agentkernel.Error?
Client.detached_logs = methods.one("detached_logs")

--- Kills a detached command. One that has ended is left as it is.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.DetachedIdOptions): true?, agentkernel.Error?
Client.detached_kill = methods.nothing("detached_kill")

--- Lists the detached commands of a sandbox. The full server returns the states as they were when each was last
--- requested.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Detached[]?, agentkernel.Error?, agentkernel.Detached[]?
Client.detached_list = methods.many("detached_list")

--- Extends the lifetime of a sandbox.
---@type fun(self: agentkernel.Client, name: string, by?: string, options?: agentkernel.ExtendOptions): agentkernel.Expiry?, agentkernel.Error?
Client.extend_ttl = methods.one("extend_ttl")

--- Saves the state of a sandbox as a snapshot. A snapshot of the same name is replaced.
--- Example: `client:take_snapshot("box", "before")`
---@type fun(self: agentkernel.Client, sandbox: string, name: string, options?: agentkernel.TakeOptions): agentkernel.Snapshot?, agentkernel.Error?
Client.take_snapshot = methods.one("take_snapshot")

--- Lists all snapshots, oldest first.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.Snapshot[]?, agentkernel.Error?, agentkernel.Snapshot[]?
Client.list_snapshots = methods.many("list_snapshots")

--- Returns one snapshot.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Snapshot?, agentkernel.Error?
Client.get_snapshot = methods.one("get_snapshot")

--- Deletes a snapshot. Sandboxes restored from it stay.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.delete_snapshot = methods.nothing("delete_snapshot")

--- Creates a sandbox from a snapshot. It is stopped unless start is true. Where the server ignores start, as full
--- servers do, a second request starts it; if that fails, the third value is a list that holds the sandbox.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.RestoreOptions): agentkernel.Sandbox?, agentkernel.Error?, agentkernel.Sandbox[]?
Client.restore_snapshot = methods.restored("restore_snapshot")

--- Returns the backends that the server supports.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.Backends?, agentkernel.Error?
Client.get_backends = methods.one("get_backends")

--- Returns the version and configuration of the server.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.ServerStatus?, agentkernel.Error?
Client.get_status = methods.one("get_status")

--- Returns usage statistics of the server.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.ServerStats?, agentkernel.Error?
Client.get_stats = methods.one("get_stats")

--- Sends an arbitrary request, for routes that have no operation.
--- Example: `client:request("GET", "/stats")`
---@type fun(self: agentkernel.Client, method: string, path: string, body?: string, options?: agentkernel.RequestOptions): agentkernel.Reply?, agentkernel.Error?
Client.request = methods.one("request")

return Client
