--- Waiting in a controller of cqueues: `agentkernel.new{wait = require("agentkernel.cqueues")}`.
local cqueues = require("cqueues")
local protect = require("agentkernel.protect")

---@type agentkernel.Waiter
local M = {}

--- Whether this is a coroutine of a controller that can yield; one that is being closed cannot. The main thread is
--- never one; in its last finalizers, at the end of the program, cqueues may be unloaded.
local function inside()
	local _, main = protect.running()
	return not main and (not coroutine.isyieldable or coroutine.isyieldable()) and cqueues.running()
end

function M.wait(fd)
	if not inside() then
		return false
	end
	cqueues.poll({ pollfd = fd, events = "r" })
end

function M.release(fd)
	cqueues.cancel(fd)
end

function M.sleep(seconds)
	if not inside() then
		return false
	end
	cqueues.sleep(seconds)
end

return M
