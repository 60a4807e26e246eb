--- Sandboxes for a function or a block, removed however it is left.
---
--- A create that got no reply may have created a sandbox: it is looked up by its name and removed.
local Call = require("agentkernel.call")
local errors = require("agentkernel.errors")
local of_client = require("agentkernel.methods").of_client
local protect = require("agentkernel.protect")

local M = {}

--- The timeout of the removal at the end of a function or block.
local REMOVE_SECONDS = 30

--- A server may finish a create after the client has given up: look again after these seconds.
local LOOK_UP_PAUSES = { 0, 0.05, 0.2, 0.5, 1 }

--- How far the server's clock may be behind the local one. An older sandbox is not the one of the create.
local CLOCK_SECONDS = 60

---@class agentkernel.Session
---@field name string
---@field sandbox agentkernel.Sandbox the sandbox as it was created
---@field private client agentkernel.Client
---@field private removed boolean
local Session = require("agentkernel.generated.session")
Session.__index = Session
Session.__name = "agentkernel.Session"

--- Waits until a command of exec_detached has ended. See Client:detached_wait.
---@type fun(self: agentkernel.Session, id: string, options?: agentkernel.Options): agentkernel.Detached?, agentkernel.Error?
Session.detached_wait = of_client("detached_wait")

--- Opens a file of the sandbox, to be read in pieces. See Client:open_file.
---@type fun(self: agentkernel.Session, path: string, options?: agentkernel.Options): agentkernel.FileReader
Session.open_file = of_client("open_file")

--- Writes a file of the sandbox from a function or a file. See Client:write_file_from.
---@type fun(self: agentkernel.Session, path: string, source: agentkernel.Source, options?: agentkernel.WriteOptions): true?, agentkernel.Error?
Session.write_file_from = of_client("write_file_from")

--- Copies a local file into the sandbox. See Client:upload.
---@type fun(self: agentkernel.Session, from: string, path: string, options?: agentkernel.Options): integer?, agentkernel.Error?
Session.upload = of_client("upload")

--- The same with its progress. See Client:iter_upload.
---@type fun(self: agentkernel.Session, from: string, path: string, options?: agentkernel.Options): agentkernel.Transfer
Session.iter_upload = of_client("iter_upload")

--- Copies a file of the sandbox to a local file. See Client:download.
---@type fun(self: agentkernel.Session, path: string, to: string, options?: agentkernel.Options): integer?, agentkernel.Error?
Session.download = of_client("download")

--- The same with its progress. See Client:iter_download.
---@type fun(self: agentkernel.Session, path: string, to: string, options?: agentkernel.Options): agentkernel.Transfer
Session.iter_download = of_client("iter_download")

--- Removes the sandbox. It is not an error if it does not exist any more; after a failure this may be called again.
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

--- For `local sb <close>`. A failure can only be a warning of Lua here; remove returns it.
function Session:__close()
	local done, err = self:remove(bounded())
	if not done and warn then
		warn("agentkernel: the sandbox ", self.name, " could not be removed: ", tostring(err))
	end
end

--- Seconds since 1970 of a time in RFC 3339 format; nil if it is not one.
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
	-- The number of the day, with years that begin in March, so that a leap day is the last of its year.
	local m = (month + 9) % 12
	local y = year - math.floor(m / 10)
	local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400) + math.floor((m * 306 + 5) / 10)
	return ((days + day - 1 - 719468) * 24 + hour) * 3600 + minute * 60 + second - ahead
end
M.seconds_of = seconds_of

--- Whether a create that failed like this may have created a sandbox. A 502 or 504 comes from a proxy, which does not
--- know whether the server executed the request.
local function may_exist(err)
	if err.sent == "nothing" or not err.sent then
		return false
	end
	return not err.status or err.status < 300 or err.status == 502 or err.status == 504
end

--- Looks up the sandbox of a create whose reply was lost, and removes it; nil and the Error if that fails.
local function remove_lost(client, name, started)
	local deadline = os.time() + REMOVE_SECONDS
	local function left()
		return { timeout = math.max(deadline - os.time(), 0) }
	end
	for _, pause in ipairs(LOOK_UP_PAUSES) do
		if pause > 0 then
			Call.sleep(client.waiter, pause)
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

--- Calls a function. Where Lua has to-be-closed variables, `net` is closed even if its coroutine is closed meanwhile.
local scoped = (loadstring or load)("local net, f = ... local closed <close> = net return f()")
	or function(_, f)
		return f()
	end

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
	elseif not fine then -- interrupted anywhere
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
