--- This binding has all of the library's operations, parameters, fields, settings and functions, as the library's
--- tables list them; the methods are the client's own, the types those of the annotations.
local raw = require("agentkernel_raw")
local arguments = require("agentkernel.arguments")
local Client = require("agentkernel.client")
local RECORDS = require("agentkernel.generated.records")
local SETTINGS = require("agentkernel.generated.settings")
local kit = require("spec.kit")

local PACKAGE = kit.tree .. "/bindings/lua/agentkernel/"
local OPERATIONS = PACKAGE .. "generated/operations.lua"

local function keys(at, ...)
	local list, index = {}, 0
	local given = { ... }
	local function ask()
		if given[1] then
			return at(given[1], index)
		end
		return at(index)
	end
	local key = ask()
	while key ~= 0 do
		list[#list + 1] = key
		index = index + 1
		key = ask()
	end
	return list
end

local function read(path)
	local file = assert(io.open(path))
	local text = file:read("*a")
	file:close()
	return text
end

--- The fields of each annotated class, those of its parent included.
local function classes()
	local found, name = {}, nil
	local generated = PACKAGE .. "generated/"
	local texts = { read(generated .. "options.lua"), read(generated .. "types.lua"), read(generated .. "settings.lua") }
	for line in table.concat(texts):gmatch("[^\n]+") do
		local class, parent = line:match("^%-%-%-@class agentkernel%.(%w+):? ?a?g?e?n?t?k?e?r?n?e?l?%.?(%w*)")
		if class then
			name = class
			found[name] = setmetatable({}, { __index = parent ~= "" and assert(found[parent], parent) or nil })
		end
		local field = line:match("^%-%-%-@field ([%w_]+)")
		if field then
			found[name][field] = true
		end
	end
	return found
end

--- The options and the result of a method, by its annotation, and its positional arguments.
local function annotation(name)
	local line = read(OPERATIONS):match("%-%-%-@type ([^\n]+)\nClient%." .. name .. " = ")
	assert(line, name .. " has no annotation")
	local takes, gives
	local places = {}
	for place in line:match("^fun(%b())"):gmatch("([%w_]+)%??: string[,)]") do
		places[#places + 1] = place
	end
	for class in line:match("^fun(%b())"):gmatch("agentkernel%.(%w+)") do
		takes = class ~= "Client" and class or takes
	end
	gives = line:match("^fun%b(): agentkernel%.(%w+)")
	return takes, gives, places
end

describe("parity", function()
	local types = classes()

	for _, id in ipairs(keys(raw.operation_at)) do
		local name = raw.operation_name(id)
		it("has " .. name, function()
			assert.is_function(Client[name])
			local takes, gives, places = annotation(name)
			assert.are.same(arguments.operation(name).places, places)
			for _, key in ipairs(keys(raw.parameter_at, id)) do
				local option = raw.key_name(key):gsub("timeout_ms$", "timeout"):gsub("^total_timeout$", "timeout")
				local named = option == "name" -- the first argument
				assert.is_truthy(named or types[takes][option], name .. " takes " .. option)
			end
			for _, key in ipairs(keys(raw.field_at, id)) do
				local field = raw.key_name(key)
				local plain = name == "health" and (field == "status" or field == "raw")
				if name == "run_stream" then
					gives = "Event"
				end
				assert.is_truthy(plain or types[gives][field], name .. " gives " .. field)
			end
			local shown = RECORDS[name]
			assert.are.equal(gives, shown and shown.name)
			for _, field in ipairs(shown or {}) do
				assert.is_true(types[gives][field] and field ~= "raw", name .. " shows " .. field)
			end
		end)
	end

	it("has a test of every operation in its annotations, and no more", function()
		local count = 0
		for name in read(OPERATIONS):gmatch('\nClient%.([%w_]+) = methods%.%w+%("') do
			assert.are.equal(raw.OK, (raw.constant("AK_OP_" .. name:upper())))
			count = count + 1
		end
		assert.are.equal(#keys(raw.operation_at), count)
	end)

	it("has all settings, fields of errors and values of sent", function()
		local errors = read(PACKAGE .. "errors.lua")
		local settings = 0
		for line in read(kit.tree .. "/abi/symbols.txt"):gmatch("[^\n]+") do
			local setting, field = line:match("^AK_CLIENT_([%w_]+) "), line:match("^AK_ERROR_([%w_]+) ")
			if setting then
				local name = setting:lower():gsub("timeout_ms$", "timeout")
				assert.is_table(SETTINGS[name], name)
				assert.is_truthy(types.ClientOptions[name], name)
				settings = settings + 1
			elseif field then
				local name = field:lower():gsub("^http_status$", "status"):gsub("_ms$", "")
				assert.is_truthy(errors:find("@field " .. name .. "[? ]"), name)
			elseif line:find("^AK_SENT_") then
				assert.is_truthy(errors:find("raw." .. line:match("^AK_(SENT_%w+)"), 1, true), line)
			end
		end
		for name in pairs(SETTINGS) do
			settings = settings - 1
			assert.is_truthy(types.ClientOptions[name], name)
		end
		assert.are.equal(0, settings)
	end)
end)
