--- The shared cases of tests/conformance, through the public methods of a client.
local agentkernel = require("agentkernel")
local arguments = require("agentkernel.arguments")
local raw = require("agentkernel_raw")
local json = require("spec.json")
local kit = require("spec.kit")

local unpack = unpack or table.unpack
local CASES = kit.tree .. "/tests/conformance/"
local KNOWN = {
	file = "version cases",
	case = "id about shows client server client_error calls requests connections",
	call = "operation arguments records error",
	request = "method target headers json body",
	contains = "contains",
	error = "code http_status exit_code retry_after_ms server_text output sent phase operation message_has message_lacks",
}

local function show(value)
	if type(value) ~= "table" then
		return type(value) == "string" and ("%q"):format(value):sub(1, 300) or tostring(value)
	end
	local parts = {}
	for name, entry in pairs(value) do
		parts[#parts + 1] = tostring(name) .. "=" .. show(entry)
	end
	return getmetatable(value) == nil and "{" .. table.concat(parts, " ") .. "}" or tostring(value)
end

local function check(fine, format, ...)
	if not fine then
		local values = {}
		for i = 1, select("#", ...) do
			values[i] = show((select(i, ...)))
		end
		error(format:format(unpack(values)), 0)
	end
end

local function members(kind, value)
	for name in pairs(value) do
		check((" " .. KNOWN[kind] .. " "):find(" " .. name .. " ", 1, true), "a " .. kind .. " has no member %s", name)
	end
end

--- Expands repeated texts, except in the server's script.
local function expand(value)
	if type(value) ~= "table" or value == json.null then
		return value
	end
	if type(value["repeat"]) == "string" and value.times then
		return value["repeat"]:rep(value.times)
	end
	for name, entry in pairs(value) do
		if name ~= "server" then
			value[name] = expand(entry)
		end
	end
	return value
end

local function load_cases(path)
	local file = assert(io.open(path))
	local content = json.decode(file:read("*a"))
	file:close()
	members("file", content)
	check(content.version == 1, "version %s", content.version)
	return content.cases
end

-- ---- the library's description of an operation ----

--- The type of a parameter or field of that name.
local function type_of(at, type_at, operation, name)
	local id, index = arguments.operation(operation).id, 0
	local key = at(id, index)
	while key ~= 0 do
		if raw.key_name(key) == name then
			return type_at(id, key)
		end
		index = index + 1
		key = at(id, index)
	end
end

--- Whether it yields a list of records.
local function yields_many(operation)
	return raw.operation_flags(arguments.operation(operation).id) % (2 * raw.OP_MANY) >= raw.OP_MANY
end

-- ---- arguments ----

local INTEGERS = { vcpus = true, memory_mb = true, max_reply_bytes = true, max_event_bytes = true, max_idle = true }

--- An integer in this Lua's form: above 2^53 its digits where all numbers are doubles.
local function integer(value)
	if type(value) == "string" and math.tointeger then
		return math.tointeger(tonumber(value))
	end
	return value
end

--- The text of {"json": value}.
local function json_argument(value)
	check(json.is_object(value) and value.json ~= nil and next(value, next(value)) == nil, "JSON as an argument: %s", value)
	return json.encode(value.json)
end

--- The factor by which a case's deadlines are extended.
local stretched = 1

local function option(name, value, places, kind)
	if name:find("timeout_ms$") then
		if value == "none" then
			return math.huge
		end
		return value ~= "default" and tonumber(value) / 1000 * stretched or nil
	elseif kind == raw.TYPE_JSON then
		return json_argument(value)
	elseif INTEGERS[name] or kind == raw.TYPE_INT then
		return integer(value)
	elseif json.is_object(value) and value.base64 then
		return json.base64(value.base64)
	elseif type(value) == "table" then
		local copy = {}
		for entry, text in pairs(value) do
			copy[entry] = option(name, text, places)
		end
		return copy
	elseif type(value) == "string" then
		return (value:gsub("%$([A-Z_]+)", places))
	end
	return value
end

local function options(operation, values, places)
	local named = {}
	for name, value in pairs(values or {}) do
		local known = name:gsub("timeout_ms$", "timeout")
		if operation and known == "total_timeout" then
			known = "timeout"
		end
		local kind = operation and type_of(raw.parameter_at, raw.parameter_type, operation, name)
		named[known] = option(name, value, places, kind)
	end
	return named
end

--- The records of a call and the error that ended it.
local function call(client, name, named)
	local method = client[name]
	check(method, "no method %s", name)
	if name == "health" then
		if kit.way ~= "block" then -- the whole record, by records()
			local list, err = client:records(name, named)
			return list or {}, err
		end
		local status, err = method(client, named)
		return { status and { status = status } }, err
	elseif name == "run_stream" then
		local list = {}
		local stream = method(client, named)
		if kit.way == "block" then
			for event, err in stream do
				if not event then
					return list, err
				end
				list[#list + 1] = event
			end
			return list, nil
		end
		local event, err = stream:recv()
		while event do
			list[#list + 1] = event
			event, err = stream:recv()
		end
		return list, err
	end
	local result, err, before = method(client, named)
	if result == true or result == nil then
		return before or {}, err
	end
	return yields_many(name) and result or { result }, err
end

-- ---- results ----

local TYPES = {
	text = raw.TYPE_TEXT,
	bytes = raw.TYPE_BYTES,
	int = raw.TYPE_INT,
	bool = raw.TYPE_BOOL,
	list = raw.TYPE_LIST,
	map = raw.TYPE_MAP,
	json = raw.TYPE_JSON,
	json_text = raw.TYPE_JSON,
}

local function bytes(value)
	return type(value) == "table" and json.base64(value.base64) or value
end

local function same_entry(got, want)
	if want == json.null then
		return got == false
	elseif type(want) == "table" then
		return type(got) == "string" and json.same(json.decode(got), want.json)
	end
	return got == want
end

local function same_entries(got, want)
	for name, value in pairs(want) do
		if not same_entry(got[name], value) then
			return false
		end
	end
	for name in pairs(got) do
		if want[name] == nil then
			return false
		end
	end
	return true
end

local same = {}

function same.text(got, want)
	return type(got) == "string" and got == bytes(want)
end
same.bytes, same.json_text = same.text, same.text

function same.int(got, want)
	if math.type then
		return math.type(got) == "integer" and got == integer(want)
	end
	return got == want
end

function same.bool(got, want)
	return got == want
end

function same.list(got, want)
	return type(got) == "table" and same_entries(got, want)
end
same.map = same.list

function same.json(got, want)
	return type(got) == "string" and json.same(json.decode(got), want)
end

local function compare_record(operation, got, wanted)
	for name, want in pairs(wanted) do
		local kind = type_of(raw.field_at, raw.field_type, operation, name) -- which distinguishes text from bytes
		check(kind, "%s has no field %s", operation, name)
		if want == "null" or want == "absent" then
			check(got[name] == nil, "%s is %s, not %s", name, got[name], want)
		elseif got.status == nil or operation ~= "health" or name == "status" or got[name] ~= nil then
			local as, value = next(want)
			check(same[as] and next(want, as) == nil, "an unknown type of field: %s", as)
			local right = (TYPES[as] == kind or name == "raw") and same[as](got[name], value)
			check(right, "%s is %s, not %s %s", name, got[name], as, value)
		end
	end
end

local NAMES = { http_status = "status", retry_after_ms = "retry_after" }

local function compare_error(got, wanted)
	check(wanted == nil or wanted.code, "an error without its code")
	if not (got and wanted) then
		check(not got and not wanted, "the error is %s, not %s", got, wanted)
		return
	end
	members("error", wanted)
	for name, want in pairs(wanted) do
		local value = got[NAMES[name] or name]
		if name == "message_has" or name == "message_lacks" then
			for _, part in ipairs(want) do
				local there = got.message:find(part, 1, true) ~= nil
				check(there == (name == "message_has"), name .. " %s: %s", part, got.message)
			end
		elseif want == json.null then
			check(value == nil, name .. " is %s, and should not be there", value)
		else
			value = name == "retry_after_ms" and value and value * 1000 or value
			check(value == bytes(want), name .. " is %s, not %s (%s)", value, want, got)
		end
	end
end

local function compare_headers(got, wanted)
	for name, want in pairs(wanted) do
		local values = {}
		for _, pair in ipairs(got) do
			if pair[1]:lower() == name:lower() then
				values[#values + 1] = pair[2]
			end
		end
		if want == json.null then
			check(#values == 0, "header %s: %s", name, values)
		elseif type(want) == "table" then
			members("contains", want)
			check(#values == 1 and values[1]:find(want.contains, 1, true), "header %s: %s", name, values)
		else
			check(#values == 1 and values[1] == want, "header %s: %s, not %s", name, values, want)
		end
	end
end

--- A target with its labels in a fixed order, since a Lua table has none, and its escapes in upper case or lower case
--- only, which depends on libcurl.
local function ordered(target)
	target = target:gsub("%%%x%x", string.upper)
	local path, query = target:match("^(.-%?)(label=.*)$")
	if not path then
		return target
	end
	local labels = {}
	for label in query:gmatch("[^&]+") do
		labels[#labels + 1] = label
	end
	table.sort(labels)
	return path .. table.concat(labels, "&")
end

local function compare_requests(case, server)
	server:await("complete", #case.requests)
	local log = server:log()
	check(#log.requests == #case.requests, "%s requests, not %s", #log.requests, #case.requests)
	check(not case.connections or #log.connections == case.connections, "%s connections", #log.connections)
	for i, want in ipairs(case.requests) do
		members("request", want)
		local got = log.requests[i]
		check(not want.method or got.method == want.method, "method %s, not %s", got.method, want.method)
		check(not want.target or ordered(got.target) == ordered(want.target), "target %s, not %s", got.target, want.target)
		compare_headers(got.headers, want.headers or {})
		local body = json.base64(got.body)
		check(want.json == nil or json.same(json.decode(body), want.json), "body %s", body)
		check(not want.body or body == bytes(want.body), "body %s, not %s", body, want.body)
	end
end

local function run(case)
	members("case", case)
	for name in ("id about server calls requests"):gmatch("%a+") do
		check(case[name], "a case without %s", name)
	end
	local server = kit.script(json.text(case.server))
	expand(case)
	local places = {}
	for _, name in ipairs({ "url", "port", "ca_file", "client_certificate_file", "client_key_file" }) do
		places[name:upper()] = server.answer[name] and tostring(server.answer[name])
	end
	local settings = options(nil, case.client, places)
	settings.base_url = settings.base_url or server.url
	settings.wait = kit.waiter()
	local client, failure = agentkernel.new(settings)
	compare_error(failure, case.client_error)
	for _, wanted in ipairs(case.calls) do
		members("call", wanted)
		local named = options(wanted.operation, wanted.arguments, places)
		local records, err = call(client, wanted.operation, named)
		compare_error(err, wanted.error)
		check(#records == #wanted.records, "%s records, not %s", #records, #wanted.records)
		for i, want in ipairs(wanted.records) do
			compare_record(wanted.operation, records[i], want)
		end
	end
	compare_requests(case, server)
	server:stop()
	if client then
		client:close()
	end
end

--- Whether a case is about a deadline that passes. On a slow machine less may have arrived before it than expected.
local function has_deadline(case)
	for _, wanted in ipairs(case.calls) do
		if wanted.error and wanted.error.code == "AK_E_TIMEOUT" then
			return true
		end
	end
end

--- Runs a case with this process's way to wait.
local function run_patiently(case)
	local fine, failure
	for _, longer in ipairs(has_deadline(case) and { 1, 4, 16 } or { 1 }) do
		stretched = longer
		fine, failure = pcall(kit.run, function()
			run(case)
		end)
		stretched = 1
		if fine then
			return
		end
	end
	error(failure, 0)
end

describe("conformance (" .. kit.way .. ")", function()
	local files = io.popen("ls '" .. CASES .. "cases'")
	for name in files:lines() do
		for _, case in ipairs(load_cases(CASES .. "cases/" .. name)) do
			it(case.id, function()
				run_patiently(case)
			end)
		end
	end
	files:close()

	for _, case in ipairs(load_cases(CASES .. "must_fail.json")) do
		it("fails " .. case.id, function()
			assert.has_error(function()
				kit.run(function()
					run(case)
				end)
			end)
		end)
	end
end)
