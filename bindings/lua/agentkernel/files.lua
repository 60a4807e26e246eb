--- Files of sandboxes, read and written in pieces. See transfer.lua for copying local files.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local protect = require("agentkernel.protect")
local Stream = require("agentkernel.stream")

--- How many bytes are read from a source and written at a time.
local PIECE_BYTES = 65536

local M = { PIECE_BYTES = PIECE_BYTES }

---@class agentkernel.FileReader
---@field private call agentkernel.Call?
---@field private failure agentkernel.Error?
local Reader = {}
Reader.__index = Reader
Reader.__name = "agentkernel.FileReader"

--- Bytes of the file: at least one, at most size (65536 if it is not given, or larger), and nil at the end; nil and the
--- Error if it fails. Only an end without an Error means that the file is complete.
---@type fun(self: agentkernel.FileReader, size?: integer): string?, agentkernel.Error?
Reader.read = Stream.read

--- Closes the reader. It may be called again.
---@type fun(self: agentkernel.FileReader)
Reader.close = Stream.close
Reader.__close = Stream.close

---@return agentkernel.FileReader
function M.reader(call, failure)
	return setmetatable({ call = call, failure = failure }, Reader)
end

--- See Client:open_file.
function M.open(client, name, path, options)
	return M.reader(client:prepare("read_file", name, path, options))
end

--- The source of a file's content: a function that returns pieces until nil, or an object whose method read does, such
--- as a file handle, FileReader or Stream.
---@alias agentkernel.Source (fun(): string?, any)|file*|agentkernel.FileReader|agentkernel.Stream

---@param source agentkernel.Source
---@return fun(): string?, any
local function pieces_of(source)
	if type(source) == "function" then
		return source
	elseif type(source) ~= "table" and type(source) ~= "userdata" then
		errors.misuse("the content must come from a function or a file, not %s", type(source))
	end
	return function()
		return source:read(PIECE_BYTES)
	end
end

--- Writes a piece; true, DONE if the server has replied already, or nil and the Error.
function M.put(call, bytes)
	for first = 1, #bytes, PIECE_BYTES do
		local rest = #bytes <= PIECE_BYTES and bytes or bytes:sub(first, first + PIECE_BYTES - 1)
		while rest ~= "" do
			local status, taken = call:write(rest)
			if status ~= raw.OK then
				return status, taken
			end
			rest = rest:sub(taken + 1)
		end
	end
	return true
end

--- Ends the content, and waits for the reply; true, or nil and the Error.
function M.finish(call)
	local status, err = call:write("")
	if not status then
		return nil, err
	end
	local list
	list, err = call:records()
	return list and true, err
end

--- The failure of a source as an Error.
local function failed(call, failure)
	if getmetatable(failure) == errors.Error then
		return failure
	end
	return errors.new("AK_E_CANCELLED", "the content could not be read: " .. tostring(failure), call.operation)
end

--- Writes all pieces of a source; true, or nil and the Error.
local function pour(call, piece)
	local bytes, failure = piece()
	while bytes ~= nil do
		errors.check("each piece of the content", bytes, "string")
		local status, err = M.put(call, bytes)
		if not status then
			return nil, err
		elseif status == raw.DONE then
			return true
		end
		bytes, failure = piece()
	end
	if failure then
		return nil, failed(call, failure)
	end
	return M.finish(call)
end

--- See Client:write_file_from. If the source fails, the server gets an incomplete request and writes nothing.
function M.write_from(client, name, path, source, options)
	local piece = pieces_of(source)
	local call, failure = client:prepare("write_file", name, path, options)
	if not call then
		return nil, failure
	end
	local fine, done, err = protect.pcall(pour, call, piece)
	call:close()
	if not fine then
		error(done, 0)
	end
	return done, err
end

return M
