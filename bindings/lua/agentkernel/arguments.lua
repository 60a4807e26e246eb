--- The arguments of methods: the library's tables describe what an operation takes; this converts Lua's values to that.
local raw = require("agentkernel_raw")
local errors = require("agentkernel.errors")
local each = require("agentkernel.protect").each

local misuse = errors.misuse
local set_text, set_int = raw.call_set_text, raw.call_set_int
local add_text, put_text, add_list = raw.call_add_text, raw.call_put_text, raw.call_add_list
local ceil, huge, min = math.ceil, math.huge, math.min

local M = {}

--- A timeout for the library: seconds as milliseconds. A negative one, or NaN, becomes one that the library refuses.
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

--- Passes an integer to one of the library's setters. LuaJIT's 64-bit integers are passed as their digits.
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

-- A Lua string holds any bytes.
bind[raw.TYPE_BYTES] = bind[raw.TYPE_TEXT]

--- JSON: its text, which is sent unchanged, or a table if lua-cjson is installed to encode it.
bind[raw.TYPE_JSON] = function(call, parameter, value)
	if type(value) == "table" then
		local there, cjson = pcall(require, "cjson")
		if not there then
			misuse("%s must be the text of JSON: there is no lua-cjson here to encode a table", parameter.name)
		end
		local fine, text = pcall(cjson.encode, value)
		if not fine then
			misuse("%s is no JSON: %s", parameter.name, text)
		end
		value = text
	end
	return set_text(call, parameter.key, M.text(parameter.name, value))
end

local function add_texts(call, parameter, value)
	for i = 1, #value do
		local status, err = add_text(call, parameter.key, M.text("each entry of " .. parameter.name, value[i]))
		if not status then
			return nil, err
		end
	end
	return raw.OK
end

--- The pairs of a table in the order of their names, so that a request is the same each time.
local function put_texts(call, parameter, value)
	local names = {}
	for entry in each(value) do
		if type(entry) == "string" then
			names[#names + 1] = entry
		end
	end
	table.sort(names)
	for _, entry in ipairs(names) do
		local text = M.text("each value of " .. parameter.name, value[entry])
		local status, err = put_text(call, parameter.key, entry, text)
		if not status then
			return nil, err
		end
	end
	return raw.OK
end

--- A list, or, where the library takes names and values as well (env), the pairs of a table.
bind[raw.TYPE_LIST] = function(call, parameter, value)
	errors.check(parameter.name, value, "table")
	local status, err = add_texts(call, parameter, value)
	if status and parameter.named then
		status, err = put_texts(call, parameter, value)
	end
	return status, err
end

--- An empty map is bound: it differs from no map.
bind[raw.TYPE_MAP] = function(call, parameter, value)
	errors.check(parameter.name, value, "table")
	if next(value) == nil then
		return set_text(call, parameter.key, "")
	end
	for entry in each(value) do
		M.text("each name in " .. parameter.name, entry)
	end
	return put_texts(call, parameter, value)
end

bind[raw.TYPE_LISTS] = function(call, parameter, value)
	errors.check(parameter.name, value, "table")
	for index in each(value) do
		errors.check("each index of " .. parameter.name, index, "number")
	end
	for i = 1, #value do
		errors.check("each entry of " .. parameter.name, value[i], "table")
		local status, err = add_list(call, parameter.key)
		if status then
			status, err = add_texts(call, parameter, value[i])
		end
		if not status then
			return nil, err
		end
	end
	return raw.OK
end

local function bind_timeout(call, parameter, value)
	return set_int(call, parameter.key, M.milliseconds(parameter.name, value))
end

--- Optional parameters that may be passed by position. tools/generator/lua.py has the same.
local PLACED = { [raw.KEY_CONTENT] = true, [raw.KEY_BY] = true, [raw.KEY_BODY] = true }

local function has_place(id, key)
	local needed = raw.parameter_flags(id, key) % (2 * raw.KEY_REQUIRED) >= raw.KEY_REQUIRED
	return PLACED[key] or (needed and raw.parameter_type(id, key) == raw.TYPE_TEXT)
end

local function parameter_of(id, key)
	local name, kind = raw.key_name(key), raw.parameter_type(id, key)
	local parameter = { key = key, name = name, bind = bind[kind] }
	parameter.named = key == raw.KEY_ENV
	if name:find("timeout_ms$") then -- seconds; the total timeout of a stream is its timeout
		parameter.name = name == "total_timeout_ms" and "timeout" or name:sub(1, -#"_ms" - 1)
		parameter.bind = bind_timeout
	end
	return parameter
end

---@class agentkernel.Operation
---@field name string
---@field id integer
---@field parameters table<string, table>
---@field places string[] names of the positional parameters: name, path, id ...
local Operation = {}
Operation.__index = Operation

local known = {}

--- The operation of that name; it is looked up in the library when it is first used.
---@return agentkernel.Operation
function M.operation(name)
	local operation = known[name]
	if operation then
		return operation
	end
	local status, id = raw.constant("AK_OP_" .. tostring(name):upper())
	if status ~= raw.OK then
		misuse("there is no operation %s", tostring(name))
	end
	operation = setmetatable({ name = name, id = id, parameters = {}, places = {} }, Operation)
	local index, key = 0, raw.parameter_at(id, 0)
	while key ~= 0 do
		local parameter = parameter_of(id, key)
		operation.parameters[parameter.name] = parameter
		if has_place(id, key) then
			operation.places[#operation.places + 1] = parameter.name
		end
		index = index + 1
		key = raw.parameter_at(id, index)
	end
	known[name] = operation
	return operation
end

local function gather(self, named, options)
	if options[1] ~= nil then -- the list itself is the command, or the list of them
		local list = self.parameters.commands and "commands" or "command"
		if not self.parameters[list] or named[list] then
			misuse("%s takes %s", self.name, named[list] and "one command" or "no command")
		end
		named[list] = options
	end
	for name, value in each(options) do
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

--- Assigns a string to the first free place; false if there is none.
local function place(self, named, value)
	for _, name in ipairs(self.places) do
		if named[name] == nil then
			named[name] = value
			return true
		end
	end
	return false
end

--- The arguments of a call by name. Strings are assigned by place; a table's list is the command, its names are options.
function Operation:by_name(...)
	local named = {}
	for i = 1, select("#", ...) do
		local value = select(i, ...)
		if type(value) == "table" then
			gather(self, named, value)
		elseif value ~= nil and not (type(value) == "string" and place(self, named, value)) then
			local places = table.concat(self.places, ", ")
			misuse("%s takes %stables, not %s", self.name, places ~= "" and places .. " and " or "", type(value))
		end
	end
	return named
end

--- Binds arguments to a call. A failure is nil and the raw error.
function Operation:bind(call, named)
	for name, value in each(named) do
		local parameter = self.parameters[name]
		local status, err = parameter.bind(call, parameter, value)
		if not status then
			return nil, err
		end
	end
	return true
end

return M
