-- Generated from abi/schema by tools/generate: do not edit.
--- The methods of a session that are operations on its sandbox.
local methods = require("agentkernel.methods")

---@class agentkernel.Session
local Session = {}

--- Returns one sandbox. See Client:get_sandbox.
---@type fun(self: agentkernel.Session, options?: agentkernel.Options): agentkernel.Sandbox?, agentkernel.Error?
Session.info = methods.of_client("get_sandbox")

--- Runs a command in an existing sandbox and returns its output. See Client:exec_in_sandbox.
---@type fun(self: agentkernel.Session, options: agentkernel.ExecOptions, more?: agentkernel.ExecOptions): agentkernel.Output?, agentkernel.Error?
Session.run = methods.of_client("exec_in_sandbox")

--- Changes the labels, description or lifecycle of a sandbox. Labels are replaced as a whole. See
--- Client:update_sandbox.
---@type fun(self: agentkernel.Session, options?: agentkernel.UpdateOptions): agentkernel.Sandbox?, agentkernel.Error?
Session.update = methods.of_client("update_sandbox")

--- Reads a file from a sandbox. See Client:read_file.
---@type fun(self: agentkernel.Session, path: string, options?: agentkernel.FileOptions): agentkernel.File?, agentkernel.Error?
Session.read_file = methods.of_client("read_file")

--- Writes a file in a sandbox and creates its parent directories. See Client:write_file.
---@type fun(self: agentkernel.Session, path: string, content: string, options?: agentkernel.WriteOptions): true?, agentkernel.Error?
Session.write_file = methods.of_client("write_file")

--- Deletes a file from a sandbox. See Client:delete_file.
---@type fun(self: agentkernel.Session, path: string, options?: agentkernel.FileOptions): true?, agentkernel.Error?
Session.delete_file = methods.of_client("delete_file")

--- Writes several text files. When one fails, others may have been written. See Client:write_files.
---@type fun(self: agentkernel.Session, options: agentkernel.WriteFilesOptions): agentkernel.Written?, agentkernel.Error?
Session.write_files = methods.of_client("write_files")

--- Starts a command in a sandbox without waiting for it. See Client:exec_detached.
---@type fun(self: agentkernel.Session, options: agentkernel.DetachedOptions, more?: agentkernel.DetachedOptions): agentkernel.Detached?, agentkernel.Error?
Session.exec_detached = methods.of_client("exec_detached")

--- Returns what a detached command has written so far. See Client:detached_logs.
---@type fun(self: agentkernel.Session, id: string, options?: agentkernel.DetachedLogsOptions): agentkernel.DetachedLogs?, agentkernel.Error?
Session.detached_logs = methods.of_client("detached_logs")

--- Kills a detached command. See Client:detached_kill.
---@type fun(self: agentkernel.Session, id: string, options?: agentkernel.DetachedIdOptions): true?, agentkernel.Error?
Session.detached_kill = methods.of_client("detached_kill")

return Session
