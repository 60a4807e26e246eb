--- Waiting in luv's loop: `agentkernel.new{wait = require("agentkernel.luv")}`. Coroutines wait, and are resumed by
--- the loop; outside of one there is nothing to yield to.
local uv = require("luv")
local protect = require("agentkernel.protect")

---@type agentkernel.Waiter
local M = {}

--- A watcher for each number of a descriptor, idle but while somebody waits. They are stopped and kept: closing them is
--- luv's own affair, when the program ends. An idle one keeps no loop alive, and stands in nobody's way.
local polls = {}

--- From the moment on that luv closes watchers none is touched any more. Each has something younger, which is finalized
--- first, and says so.
local ending = false

local function poll_of(fd)
	local known = polls[fd]
	if not known then
		local poll = assert(uv.new_poll(fd))
		local last = protect.at_collection(function()
			ending = true
		end)
		polls[fd] = { poll = poll, last = last }
		return poll
	end
	return known.poll
end

--- The coroutine to resume; nil where Lua cannot yield: outside of one, and in what a closed one still does.
local function current()
	local thread, main = protect.running()
	if not main and (not coroutine.isyieldable or coroutine.isyieldable()) then
		return thread
	end
end

local function resume(thread)
	if coroutine.status(thread) ~= "suspended" then -- closed while it waited
		return
	end
	local fine, err = coroutine.resume(thread)
	if not fine then
		error(debug.traceback(thread, tostring(err)), 0)
	end
end

function M.wait(fd)
	local thread = current()
	if not thread then
		return false
	end
	local poll = poll_of(fd)
	poll:start("r", function()
		poll:stop() -- the descriptor stays readable: it would be told again and again
		resume(thread)
	end)
	coroutine.yield()
end

function M.release(fd)
	local known = polls[fd]
	if known and not ending then
		known.poll:stop()
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
