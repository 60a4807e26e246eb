-- Runs a command in a sandbox of its own, shows its output as it comes, and exits with its exit code.
--
--     lua5.4 examples/lua/run.lua echo hello
local agentkernel = require("agentkernel")

local client = assert(agentkernel.new())
local code = 1
for event, err in client:run_stream({ command = arg }) do
	if not event then
		io.stderr:write(tostring(err), "\n")
	elseif event.type == "output" then
		io.write(event.data)
		io.flush()
	elseif event.type == "done" then
		code = event.exit_code
	elseif event.type == "error" then
		io.stderr:write(event.message, "\n")
	end
end
client:close()
os.exit(code)
