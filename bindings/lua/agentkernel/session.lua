--- Sandboxes for the length of a function or a block: removed however it is left.
---
--- A create whose answer never came may have made a sandbox all the same: it is looked up by its name, and removed.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local protect = require("agentkernel.protect")

local M = {}

--- How long removing may take when a function or block is left.
local REMOVE_SECONDS = 30

--- A server that was left alone in the middle of a create may still finish it: look again after these seconds.
local LOOK_UP_PAUSES = { 0, 0.05, 0.2, 0.5, 1 }

--- How far the server's clock may be behind ours. A sandbox older than that is somebody else's, not the create's.
local CLOCK_SECONDS = 60

---@class agentkernel.Session
---@field name string
---@field sandbox agentkernel.Sandbox the sandbox as it was created
---@field private client agentkernel.Client
---@field private removed boolean
local Session = {}
Session.__index = Session
Session.__name = "agentkernel.Session"

--- Runs a command in the sandbox: see Client:exec_in_sandbox.
---@param ... table
---@return agentkernel.Output?
---@return agentkernel.Error?
function Session:run(...)
	return self.client:exec_in_sandbox(self.name, ...)
end

--- The sandbox as it is now.
---@param options? agentkernel.Options
---@return agentkernel.Sandbox?
---@return agentkernel.Error?
function Session:info(options)
	return self.client:get_sandbox(self.name, options)
end

--- A method of the client for this sandbox.
local function of_client(name)
	return function(self, ...)
		return self.client[name](self.client, self.name, ...)
	end
end

--- Runs a command in the sandbox and does not wait for it: see Client:exec_detached, and detached_wait.
---@type fun(self: agentkernel.Session, options: agentkernel.DetachedOptions, more?: agentkernel.DetachedOptions): agentkernel.Detached?, agentkernel.Error?
Session.exec_detached = of_client("exec_detached")

--- Waits until such a command has ended.
---@type fun(self: agentkernel.Session, id: string, options?: agentkernel.Options): agentkernel.Detached?, agentkernel.Error?
Session.detached_wait = of_client("detached_wait")

--- What such a command wrote so far.
---@type fun(self: agentkernel.Session, id: string, options?: agentkernel.DetachedLogsOptions): agentkernel.DetachedLogs?, agentkernel.Error?
Session.detached_logs = of_client("detached_logs")

--- Ends such a command.
---@type fun(self: agentkernel.Session, id: string, options?: agentkernel.Options): true?, agentkernel.Error?
Session.detached_kill = of_client("detached_kill")

--- A file of the sandbox, at once.
---@type fun(self: agentkernel.Session, path: string, options?: agentkernel.Options): agentkernel.File?, agentkernel.Error?
Session.read_file = of_client("read_file")

--- A file of the sandbox, to be read piece by piece.
---@type fun(self: agentkernel.Session, path: string, options?: agentkernel.Options): agentkernel.FileReader
Session.open_file = of_client("open_file")

--- Writes a file of the sandbox.
---@type fun(self: agentkernel.Session, path: string, content: string, options?: agentkernel.Options): true?, agentkernel.Error?
Session.write_file = of_client("write_file")

--- Writes a file of the sandbox with what a function or a file gives.
---@type fun(self: agentkernel.Session, path: string, source: agentkernel.Source, options?: agentkernel.WriteOptions): true?, agentkernel.Error?
Session.write_file_from = of_client("write_file_from")

--- Writes a file of the sandbox with a file of this machine: see Client:upload.
---@type fun(self: agentkernel.Session, from: string, path: string, options?: agentkernel.Options): integer?, agentkernel.Error?
Session.upload = of_client("upload")

--- The same, with how far it is.
---@type fun(self: agentkernel.Session, from: string, path: string, options?: agentkernel.Options): agentkernel.Transfer
Session.iter_upload = of_client("iter_upload")

--- Writes a file of this machine with a file of the sandbox: see Client:download.
---@type fun(self: agentkernel.Session, path: string, to: string, options?: agentkernel.Options): integer?, agentkernel.Error?
Session.download = of_client("download")

--- The same, with how far it is.
---@type fun(self: agentkernel.Session, path: string, to: string, options?: agentkernel.Options): agentkernel.Transfer
Session.iter_download = of_client("iter_download")

--- Writes several files of text.
---@type fun(self: agentkernel.Session, options: agentkernel.WriteFilesOptions): agentkernel.Written?, agentkernel.Error?
Session.write_files = of_client("write_files")

--- Removes a file of the sandbox.
---@type fun(self: agentkernel.Session, path: string, options?: agentkernel.Options): true?, agentkernel.Error?
Session.delete_file = of_client("delete_file")

--- Changes the sandbox's labels, description or lifecycle.
---@type fun(self: agentkernel.Session, options: agentkernel.UpdateOptions): agentkernel.Sandbox?, agentkernel.Error?
Session.update = of_client("update_sandbox")

--- Removes the sandbox. One that is gone already is fine; after a failure it may be called again.
---@param options? agentkernel.Options
---@return true?
---@return agentkernel.Error?
function Session:remove(options)
	if not self.removed then
		local done, err = self.client:remove_sandbox(self.name, options)
		if not done and err.code ~= "AK_E_NOT_FOUND" then
			return nil, err
		end
		self.removed = true
	end
	return true
end

local function bounded()
	return { timeout = REMOVE_SECONDS }
end

--- For `local sb <close>`. There is nobody to tell of a failure here but Lua's warnings; remove tells.
function Session:__close()
	local done, err = self:remove(bounded())
	if not done and warn then
		warn("agentkernel: the sandbox ", self.name, " could not be removed: ", tostring(err))
	end
end

--- Seconds since 1970 of a time of RFC 3339; nil when it is none.
local function seconds_of(text)
	local pattern = "^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)%.?%d*([Zz+-])(.*)$"
	local year, month, day, hour, minute, second, zone, offset = (text or ""):match(pattern)
	if not year or tonumber(month) < 1 or tonumber(month) > 12 then
		return nil
	end
	local ahead = 0
	if zone:upper() ~= "Z" then
		local hours, minutes = offset:match("^(%d%d):(%d%d)$")
		if not hours then
			return nil
		end
		ahead = (hours * 60 + minutes) * (zone == "+" and 60 or -60)
	end
	-- The day's number, with years that begin in March, so that a leap day is a year's last.
	local m = (month + 9) % 12
	local y = year - math.floor(m / 10)
	local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400) + math.floor((m * 306 + 5) / 10)
	return ((days + day - 1 - 719468) * 24 + hour) * 3600 + minute * 60 + second - ahead
end
M.seconds_of = seconds_of

--- Whether a create that failed so may have made a sandbox. A proxy that gave up waiting (502, 504) says nothing of what
--- stands behind it.
local function may_exist(err)
	if err.sent == "nothing" or not err.sent then
		return false
	end
	return not err.status or err.status < 300 or err.status == 502 or err.status == 504
end

local function sleep(client, seconds)
	local waiter = client.waiter
	if waiter and waiter.sleep and waiter.sleep(seconds) ~= false then
		return
	end
	for _ = 1, math.ceil(seconds * 10) do -- in turns, for Ctrl-C
		raw.sleep(math.ceil(math.min(seconds, 0.1) * 1000))
	end
end

--- Looks up the sandbox of a create whose answer was lost, and removes it; nil and the Error when it could not.
local function remove_lost(client, name, started)
	local deadline = os.time() + REMOVE_SECONDS
	local function left()
		return { timeout = math.max(deadline - os.time(), 0) }
	end
	for _, pause in ipairs(LOOK_UP_PAUSES) do
		if pause > 0 then
			sleep(client, pause)
		end
		local found, err = client:get_sandbox(name, left())
		if found then
			local created = seconds_of(found.created_at)
			if created and created < started - CLOCK_SECONDS then
				return true
			end
			found, err = client:remove_sandbox(name, left())
		end
		if found then
			return true
		elseif err.code ~= "AK_E_NOT_FOUND" then
			return nil, err
		end
	end
	return true
end

--- Where Lua has variables that are closed, they are the net for a coroutine that is closed amid a function.
local scoped = (loadstring or load)("local net, f = ... local closed <close> = net return f()")
	or function(_, f)
		return f()
	end

M.sleep = sleep

local function create(client, name, options)
	local call, failure = client:prepare("create_sandbox", name, options) -- wrong use ends here: nothing is looked up
	if not call then
		return nil, failure
	end
	local started = os.time()
	local settled = false
	local function settle(...)
		settled = true
		return ...
	end
	local net = setmetatable({}, {
		__close = function()
			if not settled then
				remove_lost(client, name, started)
			end
		end,
	})
	local fine, list, err = scoped(net, function()
		return settle(protect.pcall(call.records, call))
	end)
	if fine and list then
		return setmetatable({ client = client, name = name, sandbox = list[1], removed = false }, Session)
	elseif fine and may_exist(err) then
		local _, removal = remove_lost(client, name, started)
		err.removal = removal
	elseif not fine then -- interrupted, wherever it was
		remove_lost(client, name, started)
		error(list, 0)
	end
	return nil, err
end

local function finish(session, fine, ...)
	local done, removal = session:remove(bounded())
	if not fine then
		local failure = ...
		if not done and type(failure) == "string" then
			failure = failure .. "\n(and the sandbox " .. session.name .. " could not be removed: " .. tostring(removal) .. ")"
		end
		error(failure, 0)
	end
	if not done then
		local _, err = ...
		if getmetatable(err) ~= errors.Error then
			return nil, removal
		end
		err.removal = removal
	end
	return ...
end

--- See Client:sandbox.
function M.open(client, name, options, use)
	if type(options) == "function" and use == nil then
		options, use = nil, options
	end
	errors.check("the name", name, "string")
	if use ~= nil and type(use) ~= "function" then
		errors.misuse("a function is needed to use the sandbox, not %s", type(use))
	end
	local session, err = create(client, name, options)
	if not session or not use then
		return session, err
	end
	return finish(session, scoped(session, function()
		return protect.pcall(use, session)
	end))
end

return M
