--- The client: its settings, its calls, and the methods that are more than one operation.
local raw = require("agentkernel_raw")
local arguments = require("agentkernel.arguments")
local errors = require("agentkernel.errors")
local Call = require("agentkernel.call")
local detached = require("agentkernel.detached")
local files = require("agentkernel.files")
local session = require("agentkernel.session")
local transfer = require("agentkernel.transfer")
local SETTINGS = require("agentkernel.generated.settings")

---@class agentkernel.Client
---@field private handle userdata?
---@field private waiter agentkernel.Waiter?
local Client = require("agentkernel.generated.operations")
local each = require("agentkernel.protect").each
Client.__index = Client
Client.__name = "agentkernel.Client"

local function setting_of(name)
	local setting = SETTINGS[name]
	if not setting then
		errors.misuse("a client has no option %s", tostring(name))
	end
	return setting[1], setting[2]
end

local function set(handle, name, value)
	local key, kind = setting_of(name)
	if kind == "text" then
		return raw.client_set_text(handle, key, arguments.text(name, value))
	elseif kind == "seconds" then
		return raw.client_set_int(handle, key, arguments.milliseconds(name, value))
	end
	return arguments.integer(raw.client_set_int, handle, key, name, value)
end

--- How calls wait. A function that waits is enough; a table like this may do more.
---@class agentkernel.Waiter
---@field wait fun(fd: integer): false? yields until fd is readable, or shorter; false: it cannot wait here
---@field release? fun(fd: integer) forgets fd, which is about to be closed; called once for each call that was waited for,
--- in a finalizer if the call was not closed
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

--- Closes the client. Calls in flight are not affected; new ones fail with AK_E_STATE.
function Client:close()
	if self.handle then
		raw.client_free(self.handle)
		self.handle = nil
	end
end

Client.__close = Client.close

--- The value of a setting: text, seconds (math.huge: no limit) or an integer; nil if it is unset. The API key is never
--- returned.
---@param name string
---@return string|number|nil
---@return agentkernel.Error?
function Client:setting(name)
	local key, kind = setting_of(name)
	if not self.handle then
		return nil, errors.new("AK_E_STATE", "the client is closed")
	end
	local read = kind == "text" and raw.client_text or raw.client_int
	local status, value = read(self.handle, key)
	if not status then
		return nil, errors.from(value)
	elseif kind == "seconds" and value then
		return value == raw.TIMEOUT_NONE and math.huge or value / 1000
	end
	return value
end

function Client:__tostring()
	return "agentkernel.Client (" .. (self.handle and self:setting("base_url") or "closed") .. ")"
end

--- A call that is bound but not sent.
---@private
---@param name string
---@param ... string|table
---@return agentkernel.Call?
---@return agentkernel.Error?
function Client:prepare(name, ...)
	local operation = arguments.operation(name)
	local named = operation:by_name(...)
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

--- A file of a sandbox, to be read in pieces: `file:read(n)`. The first read sends the request and returns its failure.
---@type fun(self: agentkernel.Client, name: string, path: string, options?: agentkernel.Options): agentkernel.FileReader
Client.open_file = files.open

--- Writes a file of a sandbox with the pieces that a function returns, until nil, or with those that are read from a
--- file handle or stream. With the option size, content of another length is refused.
---@type fun(self: agentkernel.Client, name: string, path: string, source: agentkernel.Source, options?: agentkernel.WriteOptions): true?, agentkernel.Error?
Client.write_file_from = files.write_from

--- Copies a local file, `from`, into a sandbox, in pieces. Returns the number of bytes.
---@type fun(self: agentkernel.Client, name: string, from: string, path: string, options?: agentkernel.Options): integer?, agentkernel.Error?
Client.upload = transfer.upload

--- The same with its progress: `for done, total in client:iter_upload("box", "/etc/passwd", "/tmp/copy")`. It starts with
--- the first iteration. The total is nil if the file has no size, as with pipes.
---@type fun(self: agentkernel.Client, name: string, from: string, path: string, options?: agentkernel.Options): agentkernel.Transfer
Client.iter_upload = transfer.iter_upload

--- Copies a file of a sandbox to a local file, `to`, in pieces. Returns the number of bytes. An existing file is
--- replaced only when the new one is complete.
---@type fun(self: agentkernel.Client, name: string, path: string, to: string, options?: agentkernel.Options): integer?, agentkernel.Error?
Client.download = transfer.download

--- The same with its progress: `for done, err in client:iter_download("box", "/tmp/copy", "copy")`.
---@type fun(self: agentkernel.Client, name: string, path: string, to: string, options?: agentkernel.Options): agentkernel.Transfer
Client.iter_download = transfer.iter_download

--- Waits until a command of exec_detached has ended. The timeout is for the whole wait, to the second; without one it
--- waits for as long as the command runs.
---@type fun(self: agentkernel.Client, name: string, id: string, options?: agentkernel.Options): agentkernel.Detached?, agentkernel.Error?
Client.detached_wait = detached.wait

--- Creates a sandbox, passes it to a function, returns what the function returns, and removes the sandbox however that
--- ends. If removing fails, that is the Error, or the member `removal` of the function's own Error. Without a function it
--- returns the session, for `local sb <close>` (5.4 and newer) and `sb:remove()`.
---@type fun(self: agentkernel.Client, name: string, options?: agentkernel.SandboxOptions, use?: fun(sb: agentkernel.Session): ...): any, agentkernel.Error?
Client.sandbox = session.open

return Client
