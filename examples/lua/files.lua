-- Copies a file into a sandbox and out again, piece by piece, and shows its progress.
--
--     lua5.4 examples/lua/files.lua FILE COPY
--
-- The server is AGENTKERNEL_BASE_URL, or http://localhost:18888.
local agentkernel = require("agentkernel")

if #arg ~= 2 then
	io.stderr:write("usage: files.lua FILE COPY\n")
	os.exit(2)
end

--- Runs a transfer until it ends, and prints the progress in steps of a tenth.
local function show(direction, size, transfer)
	local tenth = 0
	for done, err in transfer do
		if not done then
			return nil, err
		end
		while tenth < 10 and done * 10 >= size * (tenth + 1) do
			tenth = tenth + 1
			print(("%-3s %3d %%"):format(direction, tenth * 10))
		end
	end
	return true
end

local from = assert(io.open(arg[1], "rb"))
local size = from:seek("end")
from:close()
local client = assert(agentkernel.new())
local done, err = client:sandbox("files-lua", function(sandbox)
	local long = { timeout = math.huge }
	local sent, failure = show("in", size, sandbox:iter_upload(arg[1], "/workspace/copy", long))
	if not sent then
		return nil, failure
	end
	return show("out", size, sandbox:iter_download("/workspace/copy", arg[2], long))
end)
client:close()
if not done then
	io.stderr:write("files.lua: ", tostring(err), "\n")
	os.exit(1)
end
