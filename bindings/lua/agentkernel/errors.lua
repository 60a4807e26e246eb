--- Errors. A method that fails returns nil and an Error; Lua's own error() is for wrong use, such as an unknown option.
local raw = require("agentkernel_raw")

local M = {}

---@class agentkernel.Error
---@field code string name of the status, such as "AK_E_TIMEOUT"
---@field message string one line, without secrets
---@field status? integer the HTTP status; nil when there was no reply
---@field server_text? string the server's own message, or the start of its body when it sent none
---@field exit_code? integer when a command failed (AK_E_COMMAND)
---@field output? string what that command wrote: bytes
---@field retry_after? number seconds, when the server sent a time
---@field operation? string its name
---@field phase? string bind, resolve, connect, send, wait, receive or decode
---@field libcurl? integer libcurl's code when it failed
---@field sent? "nothing"|"some"|"answered" whether the request may have run
---@field removal? agentkernel.Error why the remaining sandbox could not be removed
---@operator concat(any): string
local Error = {}
Error.__index = Error
Error.__name = "agentkernel.Error"
M.Error = Error

function Error:__tostring()
	return self.message .. " (" .. self.code .. ")"
end

function Error.__concat(left, right)
	return tostring(left) .. tostring(right)
end

local SENT = {
	[raw.SENT_NOTHING] = "nothing",
	[raw.SENT_SOME] = "some",
	[raw.SENT_ANSWERED] = "answered",
}

--- Makes an Error of a failure of the raw layer, which has the same fields in the library's units.
---@param failure table
---@return agentkernel.Error
function M.from(failure)
	failure.message = failure.message or failure.code
	failure.status, failure.http_status = failure.http_status, nil
	failure.sent = SENT[failure.sent]
	if failure.retry_after_ms then
		failure.retry_after, failure.retry_after_ms = failure.retry_after_ms / 1000, nil
	end
	return setmetatable(failure, Error)
end

---@return agentkernel.Error
function M.new(code, message, operation)
	return setmetatable({ code = code, message = message, operation = operation }, Error)
end

local here = debug.getinfo(1, "S").source:match("^(.*)errors%.lua$")

--- Raises an error that points to the caller's line outside this package.
function M.misuse(format, ...)
	local level = 2
	while here do
		local caller = debug.getinfo(level, "S")
		if not caller or (caller.what ~= "C" and caller.what ~= "tail" and caller.source:sub(1, #here) ~= here) then
			break
		end
		level = level + 1
	end
	error(format:format(...), level)
end

--- A value of the wrong type is wrong use.
function M.check(name, value, kind)
	if type(value) ~= kind then
		M.misuse("%s must be a %s, not %s", name, kind, type(value))
	end
end

return M
