--- What each operation takes and yields, as the library says it. Here is what Lua makes of it: names, types, units.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")

local misuse = errors.misuse
local set_text, set_int = raw.call_set_text, raw.call_set_int
local add_text, put_text = raw.call_add_text, raw.call_put_text
local ceil, huge, min = math.ceil, math.huge, math.min

local M = {}

--- A timeout for the library: seconds as milliseconds. What is negative, or no number, stays wrong for it to refuse.
function M.milliseconds(name, seconds)
	if type(seconds) ~= "number" then
		misuse("%s must be seconds, not %s", name, type(seconds))
	end
	if seconds == huge then
		return raw.TIMEOUT_NONE
	end
	return seconds >= 0 and ceil(min(seconds * 1000, 2 ^ 53)) or raw.TIMEOUT_NONE - 1
end

function M.text(name, value)
	if type(value) ~= "string" then
		misuse("%s must be a string, not %s", name, type(value))
	end
	return value
end

--- Gives an integer to the library by one of its setters. LuaJIT's 64-bit integers go as their digits.
function M.integer(setter, handle, key, name, value)
	local given = value
	if type(value) == "cdata" then
		given = tostring(value):match("^(-?%d+)U?LL$")
	end
	local fits, status, err = pcall(setter, handle, key, given)
	if not fits then
		misuse("%s must be an integer of 64 bits, not %s", name, tostring(value))
	end
	return status, err
end

local bind = {}

bind[raw.TYPE_TEXT] = function(call, parameter, value)
	return set_text(call, parameter.key, M.text(parameter.name, value))
end

bind[raw.TYPE_INT] = function(call, parameter, value)
	return M.integer(set_int, call, parameter.key, parameter.name, value)
end

bind[raw.TYPE_BOOL] = function(call, parameter, value)
	if type(value) ~= "boolean" then
		misuse("%s must be a boolean, not %s", parameter.name, type(value))
	end
	return set_int(call, parameter.key, value and 1 or 0)
end

--- A list, and where the library takes names and values (env, maps) the pairs of a table, too.
bind[raw.TYPE_LIST] = function(call, parameter, value)
	local name, key = parameter.name, parameter.key
	if type(value) ~= "table" then
		misuse("%s must be a table, not %s", name, type(value))
	end
	local status, err = raw.OK, nil
	local count = #value
	for i = 1, count do
		if type(value[i]) ~= "string" then
			misuse("each entry of %s must be a string, not %s", name, type(value[i]))
		end
		status, err = add_text(call, key, value[i])
		if not status then
			return nil, err
		end
	end
	if parameter.named then
		local names = {}
		for entry in pairs(value) do
			if type(entry) == "string" then
				names[#names + 1] = entry
			end
		end
		table.sort(names)
		for _, entry in ipairs(names) do
			status, err = put_text(call, key, entry, M.text("each value of " .. name, value[entry]))
			if not status then
				return nil, err
			end
		end
	end
	return status, err
end
bind[raw.TYPE_MAP] = bind[raw.TYPE_LIST]

local function bind_timeout(call, parameter, value)
	return set_int(call, parameter.key, M.milliseconds(parameter.name, value))
end

local function parameter_of(id, key)
	local name, kind = raw.key_name(key), raw.parameter_type(id, key)
	local parameter = { key = key, name = name, bind = bind[kind] }
	parameter.named = kind == raw.TYPE_MAP or key == raw.KEY_ENV
	if name:find("timeout_ms$") then -- seconds; and what bounds a whole stream is its timeout
		parameter.name = name == "total_timeout_ms" and "timeout" or name:sub(1, -#"_ms" - 1)
		parameter.bind = bind_timeout
	end
	return parameter
end

---@class agentkernel.Operation
---@field name string
---@field id integer
---@field parameters table<string, table>
local Operation = {}
Operation.__index = Operation

local known = {}

--- The operation of that name, asked from the library when it is first used.
---@return agentkernel.Operation
function M.get(name)
	local operation = known[name]
	if operation then
		return operation
	end
	local status, id = raw.constant("AK_OP_" .. tostring(name):upper())
	if status ~= raw.OK then
		misuse("there is no operation %s", tostring(name))
	end
	operation = setmetatable({ name = name, id = id, parameters = {} }, Operation)
	local index, key = 0, raw.parameter_at(id, 0)
	while key ~= 0 do
		local parameter = parameter_of(id, key)
		operation.parameters[parameter.name] = parameter
		index = index + 1
		key = raw.parameter_at(id, index)
	end
	known[name] = operation
	return operation
end

local function gather(self, named, options)
	if options[1] ~= nil then -- the list itself is the command
		if not self.parameters.command or named.command then
			misuse("%s takes %s", self.name, named.command and "one command" or "no command")
		end
		named.command = options
	end
	for name, value in pairs(options) do
		if type(name) ~= "number" then
			if not self.parameters[name] then
				misuse("%s has no option %s", self.name, tostring(name))
			elseif named[name] ~= nil then
				misuse("%s is given twice", name)
			end
			named[name] = value
		end
	end
end

--- The arguments of a call by name. A string is the sandbox's name; a table's list is the command, its names are options.
function Operation:arguments(...)
	local named = {}
	for i = 1, select("#", ...) do
		local value = select(i, ...)
		if type(value) == "table" then
			gather(self, named, value)
		elseif type(value) == "string" and self.parameters.name and named.name == nil then
			named.name = value
		elseif value ~= nil then
			misuse("%s takes %stables, not %s", self.name, self.parameters.name and "a name and " or "", type(value))
		end
	end
	return named
end

--- Gives the arguments to a call. A failure is nil and the raw error.
function Operation:bind(call, named)
	for name, value in pairs(named) do
		local parameter = self.parameters[name]
		local status, err = parameter.bind(call, parameter, value)
		if not status then
			return nil, err
		end
	end
	return true
end

return M
