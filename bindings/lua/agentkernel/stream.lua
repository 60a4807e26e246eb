--- The events of a running command.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")

local ITEM, OK, AGAIN = raw.ITEM, raw.OK, raw.AGAIN
local next_event = raw.event_next

--- The most bytes that stream:read returns.
local READ_BYTES = 65536

---@class agentkernel.Stream
---@field exit_code integer? the exit code of the command, after its done event
---@field private call agentkernel.Call?
---@field private failure agentkernel.Error? why it broke off
---@field private told boolean whether a generic for has received that
---@field private rest string? output of a done event, for read
---@field final agentkernel.Event? the event that ended the command: done or error
---@overload fun(): agentkernel.Event|false?, agentkernel.Error?
local Stream = {}
Stream.__index = Stream
Stream.__name = "agentkernel.Stream"

---@param call agentkernel.Call?
---@param failure agentkernel.Error?
---@return agentkernel.Stream
function Stream.new(call, failure)
	return setmetatable({ call = call, failure = failure, told = false }, Stream)
end

--- What reading returns after the end: nil, and after a failure nil and the Error, each time.
local function over(self)
	return nil, self.failure
end

local function ended(self, err)
	if err and err.code == "AK_E_STATE" then -- the output of an event was read in part: reading may continue
		return nil, err
	end
	local call = self.call
	self.failure, self.call = self.failure or err, nil
	if call then
		call:close()
	end
	return nil, self.failure
end

--- Whether the call can be used; if not, nil and the Error.
local function usable(call)
	if call.waiting then
		errors.misuse("the stream is being read by another coroutine")
	elseif not call.handle then -- Ctrl-C, or an error of the loop, interrupted the last read
		return nil, errors.new("AK_E_CANCELLED", "the stream was interrupted", call.operation)
	end
	return true
end

--- Keeps the event that ends the command.
local function note(self, event)
	local kind = event.type
	if kind == "done" or kind == "error" then
		self.final, self.exit_code = event, event.exit_code
	end
	return event
end

--- Anything but an event of output: another event, now or after waiting, the end, or a failure.
local function settle(self, call, status, result)
	local err
	if status == AGAIN then
		status, result = call:await()
	end
	if status == ITEM then
		return note(self, setmetatable(result, call.kind))
	elseif not status then
		err = errors.from(result)
	end
	return ended(self, err)
end

--- The next event; nil at the end; nil and the Error if the stream breaks off.
---@return agentkernel.Event? event
---@return agentkernel.Error? err
function Stream:recv()
	local call = self.call
	if not call then
		return over(self)
	end
	local fine, err = usable(call)
	if not fine then
		return ended(self, err)
	end
	local status, first, id, data, stream, parsed = next_event(call.handle)
	if data then -- see __call
		local event = { type = "output", raw = first, id = id, data = data, stream = stream, parsed = parsed }
		return setmetatable(event, call.kind)
	end
	return settle(self, call, status, first)
end

local recv = Stream.recv

--- For a generic for: an event in each iteration. The last of a stream that breaks off is false and the Error, so that
--- no loop takes it for a complete one.
---@return agentkernel.Event|false? event
---@return agentkernel.Error? err
function Stream:__call()
	local call, event, err = self.call
	if call and call.handle and not call.waiting then -- recv inline, for speed
		local status, first, id, data, stream, parsed = next_event(call.handle)
		if data then -- an event of output, as most are, is returned as its parts: building the table is fastest here
			event = { type = "output", raw = first, id = id, data = data, stream = stream, parsed = parsed }
			return setmetatable(event, call.kind)
		end
		event, err = settle(self, call, status, first)
	else
		event, err = recv(self)
	end
	if err and not self.told then
		self.told = true
		return false, err
	end
	return event
end

--- The stream for a generic for, which closes it however the loop is left (5.4 and newer).
---@return agentkernel.Stream
---@return nil
---@return nil
---@return agentkernel.Stream
function Stream:events()
	return self, nil, nil, self
end

local function read_rest(self, size)
	local bytes = self.rest:sub(1, size)
	self.rest = #self.rest > size and self.rest:sub(size + 1) or nil
	return bytes
end

--- Output of the command as bytes: at least one, at most size (65536 if it is not given, or larger), and nil at the end.
--- Events without output are skipped; see final. An error event is an Error here (AK_E_STREAM).
---@param size? integer
---@return string? bytes
---@return agentkernel.Error? err
function Stream:read(size)
	size = size or READ_BYTES
	if type(size) ~= "number" or size < 1 or size % 1 ~= 0 then
		errors.misuse("the size must be a whole number above 0, not %s", tostring(size))
	end
	size = math.min(size, READ_BYTES)
	while self.call or self.rest do
		if self.rest then
			return read_rest(self, size)
		end
		local status, result = usable(self.call)
		if status then
			status, result = self.call:read(size)
		end
		if status == OK then
			return result
		elseif status ~= ITEM then
			return ended(self, result)
		end
		local operation = self.call.operation
		local event, err = self.call:record()
		if not event then
			return ended(self, err)
		end
		note(self, event)
		if event.type == "error" then
			return ended(self, errors.new("AK_E_STREAM", event.message or "the command failed", operation))
		elseif event.output and event.output ~= "" then
			self.rest = event.output
		end
	end
	return over(self)
end

--- Ends the stream, and the command if it still runs. It may be called again. If another coroutine reads meanwhile, that
--- fails with AK_E_CANCELLED.
function Stream:close()
	local call = self.call
	if not call then
		return
	end
	if call.waiting then
		call:close()
		return
	end
	self.call, self.rest = nil, nil
	call:close()
end

Stream.__close = Stream.close

return Stream
