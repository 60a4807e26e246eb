--- Waiting in luv's loop: `agentkernel.new{wait = require("agentkernel.luv")}`. The loop resumes the coroutines that
--- wait; outside of a coroutine calls block.
local uv = require("luv")
local protect = require("agentkernel.protect")

---@type agentkernel.Waiter
local M = {}

--- A watcher for each number of a descriptor, active only while a coroutine waits. They are stopped and kept; luv closes
--- them at the end of the program. An inactive one does not keep the loop running.
local polls = {}

--- Set at the end of the program, when luv closes the watchers. Using one could crash the process from then on, so none
--- is used. A finalizer for each watcher sets it in time: it is younger than the watcher, so it runs first.
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

--- The coroutine to resume; nil where Lua cannot yield: outside of one, and while one is being closed.
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
		poll:stop() -- the descriptor stays readable: this would be called again and again
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
