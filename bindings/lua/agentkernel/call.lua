--- One call. It is bound when it is created, nothing is sent before its first step, and its user waits for it.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local protect = require("agentkernel.protect")
local records = require("agentkernel.records")

local ITEM, AGAIN = raw.ITEM, raw.AGAIN
local next_record, wait, values = raw.call_next, raw.call_wait, raw.call_values
local read, write = raw.call_read, raw.call_write

--- How long the library waits at a time. Lua runs its hooks in between, which delivers Ctrl-C.
local TURN_MS = 100

---@class agentkernel.Call
---@field handle userdata?
---@field operation string its name
---@field kind table? the metatable of its records
---@field waiter agentkernel.Waiter?
---@field watched table? the descriptor that the waiter watches, and whether the call was collected
---@field guard any makes the waiter forget the descriptor when the call is collected
---@field waiting boolean a coroutine waits for it: it must not be freed now
local Call = {}
Call.__index = Call

---@param client userdata
---@param operation agentkernel.Operation
---@param named table
---@param waiter agentkernel.Waiter?
---@return agentkernel.Call?
---@return agentkernel.Error?
function Call.new(client, operation, named, waiter)
	local status, handle = raw.call_new(client, operation.id)
	if not status then
		handle.operation = handle.operation or operation.name
		return nil, errors.from(handle)
	end
	local bound, err = operation:bind(handle, named)
	if not bound then
		raw.call_free(handle)
		return nil, errors.from(err)
	end
	local kind = records.metatable(operation.name)
	return setmetatable({ handle = handle, operation = operation.name, kind = kind, waiter = waiter, waiting = false }, Call)
end

--- Waits in the library, which steps as well.
local function block(self)
	local status, err
	repeat
		status, err = wait(self.handle, TURN_MS)
	until status ~= AGAIN
	return status, err
end

--- Waits in the library once, which does not step where bytes are read or written.
local function turn(self)
	return wait(self.handle, TURN_MS)
end

--- Makes the waiter forget the descriptor, before it is closed and its number is used again.
local function forget(watched)
	local fd = watched.fd
	watched.fd = nil
	if fd and watched.release then
		watched.release(fd)
	end
end

--- Waits with the waiter until the call may be stepped; false if it cannot wait here.
local function watch(self)
	local watched = self.watched
	if not watched then
		watched = { release = self.waiter.release }
		self.watched = watched
		self.guard = protect.at_collection(function() -- it is younger than the handle, so finalized before it
			watched.ended = true
			forget(watched)
		end)
	elseif watched.ended then -- used in an older finalizer: nothing would make the waiter forget it later
		return false
	end
	local before, fd = watched.fd, raw.call_fd(self.handle)
	watched.fd = fd
	if self.waiter.wait(fd) == false then
		watched.fd = before
		return false
	end
	return true
end

--- Whether a waiter failed because Lua cannot yield here, as in a finalizer or while a coroutine is being closed.
local function cannot_yield(failure)
	return type(failure) == "string" and failure:find("attempt to yield", 1, true)
end

local function waited(self, fine, ...)
	self.waiting = false
	if not fine and self.watched and cannot_yield((...)) then
		forget(self.watched)
		return false
	end
	if not fine then -- Ctrl-C, or an error of the loop: the call is abandoned
		self:close()
		error((...), 0)
	end
	return ...
end

local function guarded(self, protected, f)
	self.waiting = true
	return waited(self, protected(f, self))
end

--- Waits after AGAIN, and steps again: by `transfer`, which is raw.call_read or raw.call_write with its argument, or else
--- to the next record. A read that waited in the library may return ITEM for output as well, whose bytes are still to be
--- read.
function Call:await(transfer, argument)
	local status, result
	repeat
		if not (self.waiter and guarded(self, protect.pcall, watch)) then
			status, result = guarded(self, pcall, transfer and turn or block)
			if status == ITEM and not transfer then
				local there, record = values(self.handle)
				return there and ITEM, record
			elseif status ~= AGAIN then
				return status, result
			end
		end
		if transfer then
			status, result = transfer(self.handle, argument)
		else
			status, result = next_record(self.handle)
		end
	until status ~= AGAIN
	return status, result
end

--- A step's status and result, after waiting if necessary; or nil and the Error.
local function complete(self, status, result, transfer, argument)
	if status == AGAIN then
		status, result = self:await(transfer, argument)
	end
	if not status then
		return nil, errors.from(result)
	end
	return status, result
end

--- ITEM and the next record, as a table of the fields that are set, or DONE; or nil and the Error.
function Call:next()
	local status, result = next_record(self.handle)
	status, result = complete(self, status, result)
	if status == ITEM then
		setmetatable(result, self.kind)
	end
	return status, result
end

--- OK and bytes of output, ITEM, or DONE; or nil and the Error.
function Call:read(size)
	local status, result = read(self.handle, size)
	return complete(self, status, result, read, size)
end

--- OK and how many bytes were accepted, or DONE if the server has replied already; or nil and the Error. An empty
--- string ends the content.
function Call:write(bytes)
	local status, result = write(self.handle, bytes)
	return complete(self, status, result, write, bytes)
end

--- The current record.
function Call:record()
	local status, record = values(self.handle)
	if not status then
		return nil, errors.from(record)
	end
	return setmetatable(record, self.kind)
end

--- All records to the call's end, which is freed then; or nil, the Error, and the records before it.
function Call:records()
	local list = {}
	local status, result = self:next()
	while status == ITEM do
		list[#list + 1] = result
		status, result = self:next()
	end
	self:close()
	if not status then
		return nil, result, list
	end
	return list
end

--- Frees the call; one in flight is abandoned. If another coroutine waits for it, it is cancelled, which wakes that
--- coroutine, and that frees it.
function Call:close()
	local handle = self.handle
	if not handle then
		return
	end
	if self.waiting then
		raw.call_cancel(handle)
		return
	end
	self.handle = nil
	if self.watched then
		forget(self.watched)
	end
	raw.call_free(handle)
end

--- Sleeps, with the waiter if it can do that here.
---@param waiter agentkernel.Waiter?
---@param seconds number
function Call.sleep(waiter, seconds)
	if waiter and waiter.sleep and waiter.sleep(seconds) ~= false then
		return
	end
	for _ = 1, math.ceil(seconds * 1000 / TURN_MS) do
		raw.sleep(math.ceil(math.min(seconds * 1000, TURN_MS)))
	end
end

return Call
