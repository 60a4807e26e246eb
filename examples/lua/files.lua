-- Copies a file into a sandbox and out again, piece by piece, and shows how far it is.
--
--     lua5.4 examples/lua/files.lua FILE COPY
--
-- The server is AGENTKERNEL_BASE_URL, or http://localhost:18888.
local agentkernel = require("agentkernel")

if #arg ~= 2 then
	io.stderr:write("usage: files.lua FILE COPY\n")
	os.exit(2)
end

--- A function that is told of each piece, and prints each tenth of the way once.
local function shown(direction, size)
	local done, tenth = 0, 0
	return function(bytes)
		done = done + #bytes
		while tenth < 10 and done * 10 >= size * (tenth + 1) do
			tenth = tenth + 1
			print(("%-3s %3d %%"):format(direction, tenth * 10))
		end
	end
end

local function upload(sandbox, from, size)
	local show = shown("in", size)
	return sandbox:write_file_from("/workspace/copy", function()
		local bytes, err = from:read(65536)
		if bytes then
			show(bytes)
		end
		return bytes, err
	end, { size = size, timeout = math.huge })
end

local function download(sandbox, to, size)
	local show = shown("out", size)
	local reader = sandbox:open_file("/workspace/copy", { timeout = math.huge })
	local bytes, err = reader:read()
	while bytes do
		assert(to:write(bytes))
		show(bytes)
		bytes, err = reader:read()
	end
	return not err, err
end

local from, to = assert(io.open(arg[1], "rb")), assert(io.open(arg[2], "wb"))
local size = from:seek("end")
from:seek("set")
local client = assert(agentkernel.new())
local done, err = client:sandbox("files-lua", function(sandbox)
	local sent, failure = upload(sandbox, from, size)
	if not sent then
		return nil, failure
	end
	return download(sandbox, to, size)
end)
assert(to:close())
client:close()
if not done then
	io.stderr:write("files.lua: ", tostring(err), "\n")
	os.exit(1)
end
