--- What Lua 5.1 lacks: a pcall that coroutines can yield across, and finalizers of tables.
---
--- If pcall cannot be yielded across, the function runs in a coroutine of its own, whose yields are passed on.
local M = {}

local function yields_across_pcall()
	local thread = coroutine.create(function()
		return pcall(coroutine.yield)
	end)
	coroutine.resume(thread)
	return coroutine.status(thread) == "suspended"
end

local outer = setmetatable({}, { __mode = "kv" }) -- weak: the outer coroutine refers to the inner one

--- The coroutine that a loop has to resume: not one that a pcall of this module runs in.
function M.running()
	local thread, main = coroutine.running()
	while outer[thread] do
		thread = outer[thread]
	end
	return thread, main or thread == nil
end

if yields_across_pcall() then
	M.pcall = pcall
else
	local function pass(thread, fine, ...)
		if coroutine.status(thread) == "suspended" then
			return pass(thread, coroutine.resume(thread, coroutine.yield(...)))
		end
		return fine, ...
	end

	function M.pcall(f, ...)
		local current = coroutine.running()
		if not current then
			return pcall(f, ...)
		end
		local thread = coroutine.create(f)
		outer[thread] = current
		return pass(thread, coroutine.resume(thread, ...))
	end
end

--- pairs by another name. LuaJIT has instructions of their own for loops over pairs and next by these names; in a
--- finalizer such a loop, once compiled, was seen not to end (2.1.0-beta3).
M.each = pairs

--- An object that calls a function when it is collected. At the end of a Lua state younger ones are collected first.
function M.at_collection(f)
	if newproxy then
		local proxy = newproxy(true)
		getmetatable(proxy).__gc = f
		return proxy
	end
	return setmetatable({}, { __gc = f })
end

return M
