-- Runs a command in a fresh sandbox, shows its output as it arrives, and exits with its exit code.
--
--     lua5.4 examples/lua/run.lua COMMAND [ARGUMENT ...]
--
-- The server is AGENTKERNEL_BASE_URL, or http://localhost:18888.
local agentkernel = require("agentkernel")

if not arg[1] then
	io.stderr:write("usage: run.lua COMMAND [ARGUMENT ...]\n")
	os.exit(2)
end
local client = assert(agentkernel.new())
local code = 125
for event, err in client:run_stream({ command = arg }) do
	if not event then
		io.stderr:write("run.lua: ", tostring(err), "\n")
	elseif event.type == "output" then
		io.write(event.data)
		io.flush()
	elseif event.type == "done" then
		code = event.exit_code
	elseif event.type == "error" then
		io.stderr:write("run.lua: ", event.message, "\n")
	end
end
client:close()
os.exit(code)
