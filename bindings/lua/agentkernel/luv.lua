--- Waiting in luv's loop: `agentkernel.new{wait = require("agentkernel.luv")}`. Coroutines wait, and are resumed by
--- the loop; outside of one there is nothing to yield to.
local uv = require("luv")
local protect = require("agentkernel.protect")

---@type agentkernel.Waiter
local M = {}

local polls = {}

--- The coroutine to resume; nil where Lua cannot yield: outside of one, and in what a closed one still does.
local function current()
	local thread, main = protect.running()
	if not main and (not coroutine.isyieldable or coroutine.isyieldable()) then
		return thread
	end
end

local function resume(thread)
	local fine, err = coroutine.resume(thread)
	if not fine then
		error(debug.traceback(thread, err), 0)
	end
end

function M.wait(fd)
	local thread = current()
	if not thread then
		return false
	end
	local poll = polls[fd]
	if not poll then
		poll = assert(uv.new_poll(fd))
		polls[fd] = poll
	end
	poll:start("r", function()
		poll:stop() -- the descriptor stays readable: it would be told again and again
		resume(thread)
	end)
	coroutine.yield()
end

function M.release(fd)
	local poll = polls[fd]
	polls[fd] = nil
	if poll then
		poll:stop()
		poll:close()
	end
end

function M.sleep(seconds)
	local thread = current()
	if not thread then
		return false
	end
	local timer = uv.new_timer()
	timer:start(math.ceil(seconds * 1000), 0, function()
		timer:close()
		resume(thread)
	end)
	coroutine.yield()
end

return M
