--- Waiting for detached commands.
local Call = require("agentkernel.call")
local each = require("agentkernel.protect").each

local M = {}

--- Seconds between two requests for the state of a command: at first, and at most.
local FIRST_PAUSE, LAST_PAUSE = 0.01, 1

--- See Client:detached_wait.
function M.wait(client, name, id, options)
	local current = {}
	for option, value in each(options or {}) do
		current[option] = value
	end
	local bound = current.timeout
	local deadline = type(bound) == "number" and bound < math.huge and os.time() + bound + 1 -- os.time rounds down
	local pause = FIRST_PAUSE
	while true do
		local command, err = client:detached_status(name, id, current)
		if not command or command.status ~= "running" then
			return command, err
		end
		Call.sleep(client.waiter, pause)
		pause = math.min(2 * pause, LAST_PAUSE)
		if deadline then
			current.timeout = math.max(deadline - os.time(), 0)
		end
	end
end

return M
