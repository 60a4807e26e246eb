--- Waiting in a controller of cqueues: `agentkernel.new{wait = require("agentkernel.cqueues")}`.
local cqueues = require("cqueues")

---@type agentkernel.Waiter
local M = {}

--- In a coroutine of a controller, and not where Lua cannot yield, as in what a closed coroutine still does.
local yieldable = coroutine.isyieldable or function()
	return true
end

function M.wait(fd)
	if not (cqueues.running() and yieldable()) then
		return false
	end
	cqueues.poll({ pollfd = fd, events = "r" })
end

function M.release(fd)
	cqueues.cancel(fd)
end

function M.sleep(seconds)
	if not (cqueues.running() and yieldable()) then
		return false
	end
	cqueues.sleep(seconds)
end

return M
