-- Generated from abi/schema by tools/generate: do not edit.
--- The type of each operation's records, and their main fields, which tostring shows.

local Output = { name = "Output", "output", "exit_code" }
local Event = { name = "Event", "type", "data", "exit_code", "message", "stage" }
local Sandbox = { name = "Sandbox", "name", "status" }
local File = { name = "File", "content" }
local Written = { name = "Written", "written" }
local BatchResult = { name = "BatchResult", "output", "error" }
local LogEntry = { name = "LogEntry", "type", "timestamp", "sandbox", "name" }
local Detached = { name = "Detached", "id", "status", "exit_code" }
local DetachedLogs = { name = "DetachedLogs", "stdout", "stderr" }
local Expiry = { name = "Expiry", "expires_at" }
local Snapshot = { name = "Snapshot", "name", "sandbox" }
local Backends = { name = "Backends", "default_backend" }
local ServerStatus = { name = "ServerStatus", "version" }
local ServerStats = { name = "ServerStats", "sandbox_count" }
local Reply = { name = "Reply", "http_status", "content" }

return {
	run = Output,
	run_stream = Event,
	list_sandboxes = Sandbox,
	create_sandbox = Sandbox,
	get_sandbox = Sandbox,
	exec_in_sandbox = Output,
	get_sandbox_by_uuid = Sandbox,
	fork_sandbox = Sandbox,
	resize_sandbox = Sandbox,
	recover_sandbox = Sandbox,
	update_sandbox = Sandbox,
	read_file = File,
	write_files = Written,
	get_sandbox_logs = LogEntry,
	batch_run = BatchResult,
	exec_detached = Detached,
	detached_status = Detached,
	detached_logs = DetachedLogs,
	detached_list = Detached,
	extend_ttl = Expiry,
	take_snapshot = Snapshot,
	list_snapshots = Snapshot,
	get_snapshot = Snapshot,
	restore_snapshot = Sandbox,
	get_backends = Backends,
	get_status = ServerStatus,
	get_stats = ServerStats,
	request = Reply,
}
