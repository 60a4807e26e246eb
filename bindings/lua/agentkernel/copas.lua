--- Waiting in copas: `agentkernel.new{wait = require("agentkernel.copas")}`.
---
--- Copas waits for whatever LuaSocket's select takes: any object that tells its descriptor by getfd. What it does with
--- one is receive, again and again while that returns "timeout", and each time it waits for the descriptor.
local copas = require("copas")
local protect = require("agentkernel.protect")

---@type agentkernel.Waiter
local M = {}

---@class agentkernel.CopasSocket a descriptor, as copas sees it
---@field fd integer
---@field waited boolean copas has waited for it
---@field released boolean the descriptor is closed: select returns the object at once then, and does not look at it
local Socket = {}
Socket.__index = Socket

function Socket:getfd()
	return self.fd
end

function Socket:dirty()
	return self.released
end

function Socket:receive()
	self.waited = not self.waited
	if self.waited then
		return nil, "timeout"
	end
	return true
end

--- Copas 1 closes what a coroutine waited for last. The descriptor is the library's.
function Socket.close() end

local sockets = {}

--- Whether this is a coroutine that can yield to copas. Before version 2 copas does not say whether its loop runs.
local function inside()
	local _, main = protect.running()
	return not main and (not coroutine.isyieldable or coroutine.isyieldable()) and copas.running ~= false
end

function M.wait(fd)
	if not inside() then
		return false
	end
	local socket = sockets[fd]
	if not socket then
		socket = setmetatable({ fd = fd, waited = false, released = false }, Socket)
		sockets[fd] = socket
	end
	copas.receive(socket)
end

function M.release(fd)
	local socket = sockets[fd]
	if socket then
		sockets[fd] = nil
		socket.released = true
	end
end

--- Before version 2 copas has no timer.
function M.sleep(seconds)
	local pause = copas.pause or copas.sleep
	if not pause or not inside() then
		return false
	end
	pause(seconds)
end

return M
