--- The client: its settings, and a method for each operation.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local operations = require("agentkernel.operations")
local Call = require("agentkernel.call")
local Stream = require("agentkernel.stream")
local sandbox = require("agentkernel.sandbox")

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
	for name, value in pairs(options or {}) do
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

--- All sandboxes. A list that is broken amid has those before as third value.
---@type fun(self: agentkernel.Client, options?: agentkernel.Options): agentkernel.Sandbox[]?, agentkernel.Error?, agentkernel.Sandbox[]?
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

--- Ends every process of a sandbox, which stays.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.Options): true?, agentkernel.Error?
Client.stop_sandbox = none("stop_sandbox")

--- Runs a command in a sandbox that is there: `client:exec_in_sandbox("box", {"ls", workdir = "/"})`.
---@type fun(self: agentkernel.Client, name: string, options: agentkernel.ExecOptions, more?: agentkernel.ExecOptions): agentkernel.Output?, agentkernel.Error?
Client.exec_in_sandbox = one("exec_in_sandbox")

--- Makes a sandbox, hands it to a function, gives what the function gives, and removes the sandbox however that ends.
--- A removal that fails is the Error, or the member `removal` of the function's own Error. Without a function it gives
--- the session, for `local sb <close>` (5.4) and `sb:remove()`.
---@param name string
---@param options? agentkernel.SandboxOptions
---@param use? fun(sb: agentkernel.Session): ...
---@return any
---@return agentkernel.Error?
function Client:sandbox(name, options, use)
	return sandbox.open(self, name, options, use)
end

return Client
