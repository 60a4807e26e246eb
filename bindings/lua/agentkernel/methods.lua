--- Builds the methods of generated/operations.lua and generated/session.lua, by the kind of result.
local arguments = require("agentkernel.arguments")
local errors = require("agentkernel.errors")
local Stream = require("agentkernel.stream")

local M = {}

-- client.run{...}, with a dot, is told to its caller.
local function own(self)
	if type(self) ~= "table" or not self.prepare then
		errors.misuse("a method is called with a colon, as in client:run{...}")
	end
	return self
end

--- A method that returns its operation's records, converted by a function.
local function method(name, result)
	return function(self, ...)
		local list, err = own(self):records(name, ...)
		if not list then
			return nil, err
		end
		return result(list)
	end
end

--- Returns the one record.
function M.one(name)
	return method(name, function(list)
		return list[1]
	end)
end

--- Returns the text that is a field of the one record.
function M.text(name, field)
	return method(name, function(list)
		return list[1][field]
	end)
end

function M.nothing(name)
	return method(name, function()
		return true
	end)
end

--- Returns all records; a failure returns those before it as its third value.
function M.many(name)
	return function(self, ...)
		return own(self):records(name, ...)
	end
end

function M.events(name)
	return function(self, ...)
		return Stream.new(own(self):prepare(name, ...)):events()
	end
end

--- Returns the restored sandbox. A server that ignores the option `start` leaves it stopped: then it is started.
function M.restored(name)
	local restore = M.one(name)
	return function(self, ...)
		local made, err = restore(self, ...)
		local given = arguments.operation(name):by_name(...)
		if not made or made.status ~= "stopped" or not given.start then
			return made, err
		end
		local options = { timeout = given.timeout, connect_timeout = given.connect_timeout }
		local found
		found, err = self:start_sandbox(made.name, options)
		if found then
			found, err = self:get_sandbox(made.name, options)
		end
		if not found then
			return nil, err, { made }
		end
		return found
	end
end

--- A method of a client, as a method of a session for its sandbox.
function M.of_client(name)
	return function(self, ...)
		return self.client[name](self.client, self.name, ...)
	end
end

return M
