--- The client: its settings, and a method for each operation.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local operations = require("agentkernel.operations")
local Call = require("agentkernel.call")
local Stream = require("agentkernel.stream")
local files = require("agentkernel.files")
local transfer = require("agentkernel.transfer")
local sandbox = require("agentkernel.sandbox")
local each = require("agentkernel.protect").each

---@class agentkernel.Client
---@field private handle userdata?
---@field private waiter agentkernel.Waiter?
local Client = {}
Client.__index = Client
Client.__name = "agentkernel.Client"

local SETTINGS = {
	base_url = { raw.CLIENT_BASE_URL, "text" },
	api_key = { raw.CLIENT_API_KEY, "text" },
	timeout = { raw.CLIENT_TIMEOUT_MS, "seconds" },
	connect_timeout = { raw.CLIENT_CONNECT_TIMEOUT_MS, "seconds" },
	idle_timeout = { raw.CLIENT_IDLE_TIMEOUT_MS, "seconds" },
	total_timeout = { raw.CLIENT_TOTAL_TIMEOUT_MS, "seconds" },
	ca_file = { raw.CLIENT_CA_FILE, "text" },
	ca_dir = { raw.CLIENT_CA_DIR, "text" },
	cert_file = { raw.CLIENT_CERT_FILE, "text" },
	key_file = { raw.CLIENT_KEY_FILE, "text" },
	proxy = { raw.CLIENT_PROXY, "text" },
	no_proxy = { raw.CLIENT_NO_PROXY, "text" },
	max_reply_bytes = { raw.CLIENT_MAX_REPLY_BYTES, "integer" },
	max_event_bytes = { raw.CLIENT_MAX_EVENT_BYTES, "integer" },
	user_agent = { raw.CLIENT_USER_AGENT, "text" },
	max_idle = { raw.CLIENT_MAX_IDLE, "integer" },
}
Client.SETTINGS = SETTINGS

local function set(handle, name, value)
	local setting = SETTINGS[name]
	if not setting then
		errors.misuse("a client has no option %s", tostring(name))
	end
	local key, kind = setting[1], setting[2]
	if kind == "text" then
		return raw.client_set_text(handle, key, operations.text(name, value))
	elseif kind == "seconds" then
		return raw.client_set_int(handle, key, operations.milliseconds(name, value))
	end
	return operations.integer(raw.client_set_int, handle, key, name, value)
end

--- A function that waits is enough; a table of this kind may do more.
---@class agentkernel.Waiter
---@field wait fun(fd: integer): false? yields until fd is readable, or longer than needed; false: it cannot wait here
---@field release? fun(fd: integer) forgets fd, whose number is soon another's; once for each call that was waited for, and
--- from a finalizer for one that nobody closed
---@field sleep? fun(seconds: number): false? yields for that time; false: it cannot do that here

local function waiter_of(value)
	if type(value) == "function" then
		return { wait = value }
	end
	errors.check("wait", value, "table")
	errors.check("wait.wait", value.wait, "function")
	return value
end

---@param options? agentkernel.ClientOptions
---@return agentkernel.Client?
---@return agentkernel.Error?
function Client.new(options)
	errors.check("options", options or {}, "table")
	local status, handle = raw.client_new()
	if not status then
		return nil, errors.from(handle)
	end
	local waiter
	for name, value in each(options or {}) do
		local set_status, err = raw.OK, nil
		if name == "wait" then
			waiter = waiter_of(value)
		else
			set_status, err = set(handle, name, value)
		end
		if not set_status then
			raw.client_free(handle)
			return nil, errors.from(err)
		end
	end
	return setmetatable({ handle = handle, waiter = waiter }, Client)
end

--- Closes the client's connections. Calls in flight end well; new ones are AK_E_STATE.
function Client:close()
	if self.handle then
		raw.client_free(self.handle)
		self.handle = nil
	end
end

Client.__close = Client.close

--- A setting as it is: text, seconds (math.huge: no limit) or an integer; nil when it is unset. The key is never told.
---@param name string
---@return string|number|nil
---@return agentkernel.Error?
function Client:setting(name)
	local setting = SETTINGS[name]
	if not setting then
		errors.misuse("a client has no option %s", tostring(name))
	end
	if not self.handle then
		return nil, errors.new("AK_E_STATE", "the client is closed")
	end
	local read = setting[2] == "text" and raw.client_text or raw.client_int
	local status, value = read(self.handle, setting[1])
	if not status then
		return nil, errors.from(value)
	elseif setting[2] == "seconds" and value then
		return value == raw.TIMEOUT_NONE and math.huge or value / 1000
	end
	return value
end

function Client:__tostring()
	return "agentkernel.Client (" .. (self.handle and self:setting("base_url") or "closed") .. ")"
end

--- A call that is bound and not sent.
---@private
---@param name string
---@param ... string|table
---@return agentkernel.Call?
---@return agentkernel.Error?
function Client:prepare(name, ...)
	local operation = operations.get(name)
	local named = operation:arguments(...)
	if not self.handle then
		return nil, errors.new("AK_E_STATE", "the client is closed", name)
	end
	return Call.new(self.handle, operation, named, self.waiter)
end

--- Any operation of the library by its name: its records as a list. A failure has the records before it as third value.
---@param operation string
---@param ... string|table
---@return table[]? records
---@return agentkernel.Error? err
---@return table[]? before
function Client:records(operation, ...)
	local call, err = self:prepare(operation, ...)
	if not call then
		return nil, err
	end
	return call:records()
end

-- What an operation gives: its one record, a member of that, all records, nothing, or a stream of them.

local function one(name, member)
	return function(self, ...)
		local list, err = self:records(name, ...)
		if not list then
			return nil, err
		end
		return member and list[1][member] or list[1]
	end
end

local function many(name)
	return function(self, ...)
		return self:records(name, ...)
	end
end

local function none(name)
	return function(self, ...)
		local list, err = self:records(name, ...)
		if not list then
			return nil, err
		end
		return true
	end
end

local function stream(name)
	return function(self, ...)
		return Stream.new(self:prepare(name, ...)):events()
	end
end

local function restored(name)
	local restore = one(name)
	return function(self, ...)
		local made, err = restore(self, ...)
		local named = operations.get(name):arguments(...)
		if not made or made.status ~= "stopped" or not named.start then
			return made, err
		end
		local options = { timeout = named.timeout, connect_timeout = named.connect_timeout }
		local found
		found, err = self:start_sandbox(made.name, options)
		if found then
			found, err = self:get_sandbox(made.name, options)
		end
		if not found then
			return nil, err, { made }
		end
		return found
	end
end

--- Whether the server is there: "ok".
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): string?, agentkernel.Error?
Client.health = one("health", "status")

--- Runs a command in a sandbox of its own: `client:run{"echo", "hello", image = "alpine"}`.
---@type fun(self: agentkernel.Client, options: agentkernel.RunOptions, more?: agentkernel.RunOptions): agentkernel.Output?, agentkernel.Error?
Client.run = one("run")

--- Runs a command in a sandbox of its own, with its events while it runs: `for event, err in client:run_stream{"make"}`.
--- The command starts with the first event that is asked for; a failure comes in that event's place.
---@type fun(self: agentkernel.Client, options: agentkernel.StreamOptions, more?: agentkernel.StreamOptions): agentkernel.Stream
Client.run_stream = stream("run_stream")

--- All sandboxes, or those that have some labels. A list that is broken amid has those before as third value.
---@type fun(self: agentkernel.Client, options?: agentkernel.ListOptions): agentkernel.Sandbox[]?, agentkernel.Error?, agentkernel.Sandbox[]?
Client.list_sandboxes = many("list_sandboxes")

--- Makes a sandbox that stays until it is removed.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.SandboxOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.create_sandbox = one("create_sandbox")

--- The sandbox of that name.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Sandbox?, agentkernel.Error?
Client.get_sandbox = one("get_sandbox")

--- Ends what runs in a sandbox, and removes it.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.remove_sandbox = none("remove_sandbox")

--- Runs a command in a sandbox that is there: `client:exec_in_sandbox("box", {"ls", workdir = "/"})`.
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.ExecOptions, more?: agentkernel.ExecOptions): agentkernel.Output?, agentkernel.Error?
Client.exec_in_sandbox = one("exec_in_sandbox")

--- The sandbox of that uuid.
---@type fun(self: agentkernel.Client, uuid: string, options?: agentkernel.UuidOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.get_sandbox_by_uuid = one("get_sandbox_by_uuid")

--- Starts a stopped sandbox.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.start_sandbox = none("start_sandbox")

--- Ends every process of a sandbox, which stays.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.stop_sandbox = none("stop_sandbox")

--- Freezes a sandbox with its memory. Few backends can; others answer AK_E_UNPROCESSABLE.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.pause_sandbox = none("pause_sandbox")

--- Goes on with a paused sandbox.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.resume_sandbox = none("resume_sandbox")

--- Makes a second sandbox of a paused one, memory and all.
---@type fun(self: agentkernel.Client, name: string, as_name: string, options?: agentkernel.ForkOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.fork_sandbox = one("fork_sandbox")

--- Gives a sandbox other processors or memory. Some backends stop it and lose its state.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.ResizeOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.resize_sandbox = one("resize_sandbox")

--- Brings an archived sandbox back.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Sandbox?, agentkernel.Error?
Client.recover_sandbox = one("recover_sandbox")

--- Changes a sandbox's labels, description or lifecycle: `client:update_sandbox("box", {labels = {team = "blue"}})`.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.UpdateOptions): agentkernel.Sandbox?, agentkernel.Error?
Client.update_sandbox = one("update_sandbox")

--- A file of a sandbox, at once. See open_file for large ones.
---@type fun(self: agentkernel.Client, name: string, path: string, options?: agentkernel.FileOptions): agentkernel.File?, agentkernel.Error?
Client.read_file = one("read_file")

--- Writes a file of a sandbox, and makes the folders above it. Servers take about 12 MB at most.
---@type fun(self: agentkernel.Client, name: string, path: string, content: string, options?: agentkernel.WriteOptions): true?, agentkernel.Error?
Client.write_file = none("write_file")

--- Removes a file of a sandbox.
---@type fun(self: agentkernel.Client, name: string, path: string, options?: agentkernel.FileOptions): true?, agentkernel.Error?
Client.delete_file = none("delete_file")

--- Writes several files of text: `client:write_files("box", {files = {["/tmp/a"] = "text"}})`. When one fails, others may
--- have been written.
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.WriteFilesOptions): agentkernel.Written?, agentkernel.Error?
Client.write_files = one("write_files")

--- What happened to a sandbox, oldest first.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.LogEntry[]?, agentkernel.Error?, agentkernel.LogEntry[]?
Client.get_sandbox_logs = many("get_sandbox_logs")

--- Runs commands side by side, each in a sandbox of its own: `client:batch_run{{"make"}, {"make", "test"}}`. The results are
--- in the order of the commands; one that fails is no error, its result says so.
---@type fun(self: agentkernel.Client, options: agentkernel.BatchOptions): agentkernel.BatchResult[]?, agentkernel.Error?, agentkernel.BatchResult[]?
Client.batch_run = many("batch_run")

--- Starts a command in a sandbox and does not wait for it.
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.DetachedOptions, more?: agentkernel.DetachedOptions): agentkernel.Detached?, agentkernel.Error?
Client.exec_detached = one("exec_detached")

--- How such a command is.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.DetachedIdOptions): agentkernel.Detached?, agentkernel.Error?
Client.detached_status = one("detached_status")

--- What such a command wrote so far: its stdout, or with `{stream = "stderr"}` that.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.DetachedLogsOptions): agentkernel.DetachedLogs?, agentkernel.Error?
Client.detached_logs = one("detached_logs")

--- Ends such a command.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.DetachedIdOptions): true?, agentkernel.Error?
Client.detached_kill = none("detached_kill")

--- All such commands of a sandbox.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Detached[]?, agentkernel.Error?, agentkernel.Detached[]?
Client.detached_list = many("detached_list")

--- Lets a sandbox live for longer: by seconds ("90"), or such as "15m" or "1h30m"; by an hour when nothing is said.
---@type fun(self: agentkernel.Client, name: string, by?: string, options?: agentkernel.ExtendOptions): agentkernel.Expiry?, agentkernel.Error?
Client.extend_ttl = one("extend_ttl")

--- Keeps the state of a sandbox under a name: `client:take_snapshot("box", "before")`.
---@type fun(self: agentkernel.Client, sandbox: string, name: string, options?: agentkernel.TakeOptions): agentkernel.Snapshot?, agentkernel.Error?
Client.take_snapshot = one("take_snapshot")

--- All snapshots, oldest first.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.Snapshot[]?, agentkernel.Error?, agentkernel.Snapshot[]?
Client.list_snapshots = many("list_snapshots")

--- The snapshot of that name.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): agentkernel.Snapshot?, agentkernel.Error?
Client.get_snapshot = one("get_snapshot")

--- Removes a snapshot.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.delete_snapshot = none("delete_snapshot")

--- Makes a sandbox of a snapshot. It is stopped unless `start` is true; where the server passes over that, as full
--- servers do, it is started by a request of its own. When that fails, the sandbox comes as third value, in a list.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.RestoreOptions): agentkernel.Sandbox?, agentkernel.Error?, agentkernel.Sandbox[]?
Client.restore_snapshot = restored("restore_snapshot")

--- What the server can isolate sandboxes with.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.Backends?, agentkernel.Error?
Client.get_backends = one("get_backends")

--- The server itself.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.ServerStatus?, agentkernel.Error?
Client.get_status = one("get_status")

--- How much of the server is in use.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.ServerStats?, agentkernel.Error?
Client.get_stats = one("get_stats")

--- Any request, for routes that have no method here: `client:request("GET", "/stats")`. The path may have a query.
---@type fun(self: agentkernel.Client, method: string, path: string, body?: string, options?: agentkernel.RequestOptions): agentkernel.Reply?, agentkernel.Error?
Client.request = one("request")

--- A file of a sandbox, to be read piece by piece: `file:read(n)`. It is asked for with the first read, and a failure
--- comes there.
---@param name string
---@param path string
---@param options? agentkernel.Options
---@return agentkernel.FileReader
function Client:open_file(name, path, options)
	return files.reader(self:prepare("read_file", name, path, options))
end

--- Writes a file of a sandbox with what a function gives, piece by piece until nil, or what a file handle or stream
--- does. With the option size, content of another length is refused.
---@param name string
---@param path string
---@param source agentkernel.Source
---@param options? agentkernel.WriteOptions
---@return true?
---@return agentkernel.Error?
function Client:write_file_from(name, path, source, options)
	local piece = files.pieces(source)
	local call, err = self:prepare("write_file", name, path, options)
	if not call then
		return nil, err
	end
	return files.write(call, piece)
end

--- Writes a file of a sandbox with a file of this machine, piece by piece: how many bytes that were.
---@param name string
---@param from string path of the file of this machine
---@param path string path of the file of the sandbox
---@param options? agentkernel.Options
---@return integer? bytes
---@return agentkernel.Error?
function Client:upload(name, from, path, options)
	return transfer.upload(self, name, from, path, options):run()
end

--- The same, with how far it is: `for done, total in client:iter_upload("box", "/etc/passwd", "/tmp/copy")`. It starts with
--- the first turn. The total is nil where the file has no size, as pipes do.
---@param name string
---@param from string
---@param path string
---@param options? agentkernel.Options
---@return agentkernel.Transfer
function Client:iter_upload(name, from, path, options)
	return transfer.upload(self, name, from, path, options):pieces()
end

--- Writes a file of this machine with a file of a sandbox, piece by piece: how many bytes that were. What is there stays
--- until all of the file has come.
---@param name string
---@param path string path of the file of the sandbox
---@param to string path of the file of this machine
---@param options? agentkernel.Options
---@return integer? bytes
---@return agentkernel.Error?
function Client:download(name, path, to, options)
	return transfer.download(self, name, path, to, options):run()
end

--- The same, with how far it is: `for done, err in client:iter_download("box", "/tmp/copy", "copy")`.
---@param name string
---@param path string
---@param to string
---@param options? agentkernel.Options
---@return agentkernel.Transfer
function Client:iter_download(name, path, to, options)
	return transfer.download(self, name, path, to, options):pieces()
end

--- How long detached_wait lets pass between its looks: at first, and at most.
local FIRST_LOOK, LAST_LOOK = 0.01, 1

--- Waits until a command of exec_detached has ended. The timeout is for all of it, to the second; without one it waits
--- for as long as the command runs.
---@param name string
---@param id string
---@param options? agentkernel.Options
---@return agentkernel.Detached?
---@return agentkernel.Error?
function Client:detached_wait(name, id, options)
	local one_look = {}
	for option, value in each(options or {}) do
		one_look[option] = value
	end
	local bound = one_look.timeout
	local deadline = type(bound) == "number" and bound < math.huge and os.time() + bound + 1 -- os.time rounds down
	local pause = FIRST_LOOK
	while true do
		local command, err = self:detached_status(name, id, one_look)
		if not command or command.status ~= "running" then
			return command, err
		end
		sandbox.sleep(self, pause)
		pause = math.min(2 * pause, LAST_LOOK)
		if deadline then
			one_look.timeout = math.max(deadline - os.time(), 0)
		end
	end
end

--- Makes a sandbox, hands it to a function, gives what the function gives, and removes the sandbox however that ends.
--- A removal that fails is the Error, or the member `removal` of the function's own Error. Without a function it gives
--- the session, for `local sb <close>` (5.4 and newer) and `sb:remove()`.
---@param name string
---@param options? agentkernel.SandboxOptions
---@param use? fun(sb: agentkernel.Session): ...
---@return any
---@return agentkernel.Error?
function Client:sandbox(name, options, use)
	return sandbox.open(self, name, options, use)
end

return Client
