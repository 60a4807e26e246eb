--- Copies local files into sandboxes and out of them, and reports progress.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local protect = require("agentkernel.protect")
local files = require("agentkernel.files")

local M = {}

--- What a step returns besides its number when the copy is complete.
local WHOLE = {}

--- A file that is being copied. A generic for runs over the number of bytes copied, for an upload with the total; its
--- last iteration after a failure is false and the Error. The last number is returned when the copy is complete: until
--- then there is none, or the previous file.
---@class agentkernel.Transfer
---@field private call agentkernel.Call?
---@field private step fun(self: agentkernel.Transfer): integer?, any copies a piece
---@field private failure agentkernel.Error? why it broke off
---@field private told boolean whether a generic for has received that
---@field private busy boolean a coroutine waits for it
---@field private done integer bytes
---@field private total integer? of an upload, if the file has a size
---@field private file file*? the local file, open
---@field private drop fun()? removes an incomplete download
---@overload fun(): integer|false?, integer|agentkernel.Error|nil
local Transfer = {}
Transfer.__index = Transfer
Transfer.__name = "agentkernel.Transfer"

local function new(call, failure, step)
	return setmetatable({ call = call, failure = failure, step = step, told = false, busy = false, done = 0 }, Transfer)
end

--- The collector may have closed it, in a finalizer that still uses the Transfer.
local function is_open(file)
	return io.type(file) == "file"
end

--- Copies a piece. Returns the number of bytes copied, and for an upload the total if the file has a size; nil at the
--- end; nil and the Error after a failure, each time.
---@return integer? done
---@return integer|agentkernel.Error|nil total
function Transfer:next()
	if self.busy then
		errors.misuse("the file is on its way in another coroutine")
	elseif not self.call then
		return nil, self.failure
	end
	self.busy = true
	local fine, done, result = protect.pcall(self.step, self)
	self.busy = false
	if not fine or not done or result == WHOLE then
		self.failure = fine and not done and result or nil
		self:close()
	end
	if not fine then -- Ctrl-C, or an error of the loop
		error(done, 0)
	end
	return done, done and self.total or self.failure
end

--- For a generic for.
---@return integer|false? done
---@return integer|agentkernel.Error|nil total
function Transfer:__call()
	local done, second = self:next()
	if not done and second and not self.told then
		self.told = true
		return false, second
	end
	return done, second
end

--- Ends the transfer; before the last number that leaves no copy. It may be called again. If another coroutine waits
--- for it, that fails with AK_E_CANCELLED.
function Transfer:close()
	local call = self.call
	if not call then
		return
	elseif self.busy then
		call:close()
		return
	end
	self.call = nil
	call:close()
	if self.file then
		if is_open(self.file) then
			self.file:close()
		end
		self.file = nil
	end
	if self.drop then
		self.drop()
	end
end

Transfer.__close = Transfer.close

--- For a generic for, which closes it however the loop is left (5.4 and newer).
function Transfer:pieces()
	return self, nil, nil, self
end

--- Copies all of it: the number of bytes, or nil and the Error.
function Transfer:run()
	local last
	local done, err = self:next()
	while done do
		last = done
		done, err = self:next()
	end
	return not err and last or nil, err
end

--- The failure of a local file as an Error.
local function trouble(operation, code, what, why)
	return errors.new(code, ("the local file cannot be %s: %s"):format(what, why), operation)
end

local function closed(operation, what, path)
	return trouble(operation, "AK_E_STATE", what, path .. ": it is closed")
end

-- ---- into a sandbox ----

--- Reads a piece. Of a file with a size no more than that many bytes are read, even if it grows.
local function read_piece(self)
	local wanted = self.bound and math.min(self.bound - self.done, files.PIECE_BYTES) or files.PIECE_BYTES
	if wanted > 0 then
		return self.file:read(wanted)
	end
end

local function put_piece(self)
	if not is_open(self.file) then
		return nil, closed("write_file", "read", self.from)
	end
	local bytes, why = read_piece(self)
	if why then
		return nil, trouble("write_file", "AK_E_CANCELLED", "read", self.from .. ": " .. why)
	end
	local status, err = raw.DONE, nil
	if bytes then
		status, err = files.put(self.call, bytes)
		self.done = self.done + #bytes
	end
	if status == true and self.done ~= self.bound then
		return self.done
	elseif status then -- the end, or the server has replied already
		status, err = files.finish(self.call)
	end
	if not status then
		return nil, err
	end
	return self.done, WHOLE
end

local function new_upload(client, name, from, path, options)
	errors.check("the path of the local file", from, "string")
	local size = raw.file_size(from) or nil
	local bound = size ~= 0 and size or nil -- files of /proc have content, but no size
	local call, err = client:prepare("write_file", name, path, { size = bound }, options)
	if not call then
		return new(nil, err)
	end
	local file, why = io.open(from, "rb")
	if not file then
		call:close()
		return new(nil, trouble("write_file", "AK_E_ARGUMENT", "read", why))
	end
	local transfer = new(call, nil, put_piece)
	transfer.from, transfer.file, transfer.total, transfer.bound = from, file, size, bound
	return transfer
end

--- See Client:upload.
function M.upload(...)
	return new_upload(...):run()
end

--- See Client:iter_upload.
function M.iter_upload(...)
	return new_upload(...):pieces()
end

-- ---- out of a sandbox ----

--- Opens a file next to the one that it will replace. It is removed unless it was kept, at the latest when the Transfer
--- is collected.
local function open_part(self)
	local random = assert(io.open("/dev/urandom", "rb"))
	random:setvbuf("no")
	local letters = random:read(8):gsub(".", function(byte)
		return ("%02x"):format(byte:byte())
	end)
	random:close()
	local part = ("%s.%s.part"):format(self.to, letters)
	local file, why = io.open(part, "wb")
	if not file then
		return nil, why
	end
	self.file = file
	function self.drop()
		if part then
			os.remove(part)
			part = nil
		end
	end
	function self.keep()
		self.file = nil
		local fine, reason = file:close()
		if fine then
			fine, reason = os.rename(part, self.to)
		end
		part = not fine and part or nil
		return fine, reason
	end
	self.guard = protect.at_collection(self.drop)
	return true
end

local function take_piece(self)
	if not self.file then
		local opened, reason = open_part(self)
		if not opened then
			return nil, trouble("read_file", "AK_E_ARGUMENT", "written", reason)
		end
	end
	if not is_open(self.file) then
		return nil, closed("read_file", "written", self.to)
	end
	local bytes, err = self.reader:read(files.PIECE_BYTES)
	if err then
		return nil, err
	end
	local fine, why
	if bytes then
		fine, why = self.file:write(bytes)
		self.done = self.done + #bytes
	else
		fine, why = self.keep()
	end
	if not fine then
		return nil, trouble("read_file", "AK_E_CANCELLED", "written", self.to .. ": " .. why)
	end
	return self.done, not bytes and WHOLE or nil
end

local function new_download(client, name, path, to, options)
	errors.check("the path of the local file", to, "string")
	local call, err = client:prepare("read_file", name, path, options)
	if not call then
		return new(nil, err)
	elseif raw.file_size(to) == false then
		call:close()
		return new(nil, trouble("read_file", "AK_E_ARGUMENT", "written", to .. " is no regular file"))
	end
	local transfer = new(call, nil, take_piece)
	transfer.to, transfer.reader = raw.real_path(to) or to, files.reader(call) -- a symbolic link is kept
	return transfer
end

--- See Client:download.
function M.download(...)
	return new_download(...):run()
end

--- See Client:iter_download.
function M.iter_download(...)
	return new_download(...):pieces()
end

return M
