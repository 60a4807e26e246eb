--- A separate program for finalizers_spec.lua, run without busted: finalizers that use clients and the objects created
--- from them. `lua finalizers.lua SCENARIO WAY URL`; prints a line for each fault, and how many uses there were.
local scenario, way, url = arg[1], arg[2], arg[3]

local uses, last, kept = 0, nil, {}

--- Keeps something for as long as the program runs.
local function keep(thing)
	kept[#kept + 1] = thing
	return thing
end

--- Lua 5.1 does not report where it cannot yield: finalizers cannot wait in a loop there, and get an error.
local yields = _VERSION == "Lua 5.1" and not jit and scenario == "inside"

local function wrong(format, ...)
	print("wrong: " .. format:format(...))
end

--- An object that calls a function when it is collected, as in agentkernel.protect.
local function finalizer(f)
	local function guarded()
		local fine, failure = pcall(f)
		if not fine and not (yields and tostring(failure):find("attempt to yield", 1, true)) then
			wrong("%s", tostring(failure))
		end
	end
	if newproxy then
		local proxy = newproxy(true)
		getmetatable(proxy).__gc = guarded
		return proxy
	end
	return setmetatable({}, { __gc = guarded })
end

--- Older than all other objects, so that it is collected last when the program ends.
local oldest = finalizer(function()
	if last then
		last()
	end
	kept = nil
	print(uses .. " uses")
end)

local agentkernel = require("agentkernel")

local waiters = { turns = coroutine.yield }
local waiter = waiters[way] or (way ~= "block" and require("agentkernel." .. way)) or nil

local function new_client()
	return assert(agentkernel.new({ base_url = url, wait = waiter }))
end

--- Collects all garbage at once. Nothing is collected before, so that it is known what is collected together.
local function collect()
	collectgarbage("restart")
	for _ = 1, 3 do
		collectgarbage()
	end
	collectgarbage("stop")
end

--- Checks the result of a use: nil and an Error of one of these codes, or, if `alive`, a success.
local function expect(what, alive, codes, result, err)
	uses = uses + 1
	if result == nil and err ~= nil then
		local code = type(err) == "table" and err.code
		if not (code and (" " .. codes .. " "):find(" " .. code .. " ", 1, true)) then
			wrong("%s: %s", what, tostring(err))
		elseif code == "AK_E_STATE" and not err.message:find("is closed", 1, true) and not alive then
			wrong("%s says: %s", what, err.message)
		end
	elseif not alive then
		wrong("%s works", what)
	end
end

-- ---- objects that can be collected, and then used ----

local things = {}

things.client = {
	make = new_client,
	use = function(client, alive)
		local codes = "AK_E_STATE"
		expect("health", alive, codes, client:health())
		expect("run", alive, codes, client:run({ "x" }))
		expect("setting", alive, codes, client:setting("base_url"))
		expect("stream", alive, codes, client:run_stream({ "x" }):recv())
		expect("reader", alive, codes, client:open_file("sb", "/x"):read())
		expect("transfer", alive, codes, client:iter_download("sb", "/x", os.tmpname()):next())
		expect("sandbox", alive, codes, client:sandbox("sb", function()
			return true
		end))
		if not tostring(client):find(alive and "http" or "closed", 1) then
			wrong("the client is %s", tostring(client))
		end
		client:close()
		expect("a closed client", false, codes, client:health())
	end,
}

things.session = {
	make = function()
		return assert(new_client():sandbox("sb"))
	end,
	use = function(session, alive)
		expect("run", alive, alive and "AK_E_COMMAND" or "AK_E_STATE", session:run({ "x" }))
		expect("remove", alive, "AK_E_STATE", session:remove())
	end,
}

things.stream = {
	make = function()
		local stream = new_client():run_stream({ "x" })
		assert(assert(stream:recv()).type == "output")
		return stream
	end,
	use = function(stream, alive)
		expect("recv", alive, "AK_E_STATE", stream:recv())
		expect("read", alive, "AK_E_STATE", stream:read(1))
		local event, err = stream()
		expect("for", alive, "AK_E_STATE", event or nil, err)
		stream:close()
		stream:close()
	end,
}

things.reader = {
	make = function()
		local reader = new_client():open_file("sb", "/x")
		assert(reader:read(1))
		return reader
	end,
	use = function(reader, alive)
		expect("read", alive, "AK_E_STATE", reader:read(1))
		reader:close()
	end,
}

things.download = {
	make = function()
		local transfer = new_client():iter_download("sb", "/x", os.tmpname())
		assert(transfer:next())
		return transfer
	end,
	use = function(transfer, alive) -- its file is younger than itself, and may be closed where the call is not
		expect("next", alive, "AK_E_STATE", transfer:next())
		transfer:close()
	end,
}

things.upload = {
	make = function()
		local path = os.tmpname()
		local file = io.open(path, "w")
		file:write(("x"):rep(300000))
		file:close()
		local transfer = new_client():iter_upload("sb", path, "/x")
		assert(transfer:next())
		os.remove(path)
		return transfer
	end,
	use = function(transfer, alive)
		expect("next", alive, "AK_E_STATE", transfer:next())
		transfer:close()
	end,
}

--- Runs a function as this way to wait requires.
local function run(f)
	if way == "turns" then
		local thread = coroutine.create(f)
		while coroutine.status(thread) ~= "dead" do
			assert(coroutine.resume(thread))
		end
	elseif way == "cqueues" then
		local controller = require("cqueues").new()
		controller:wrap(f)
		assert(controller:loop())
	elseif way == "luv" then
		coroutine.wrap(f)()
		require("luv").run()
	else
		f()
	end
end

--- Finalizers that are older than the objects that they use, which are then collected first; and younger ones.
local function pairs_of(list)
	for _, thing in pairs(things) do
		local used
		list[#list + 1] = finalizer(function()
			thing.use(used, false)
		end)
		run(function()
			used = thing.make()
		end)
		local other
		run(function()
			other = thing.make()
		end)
		list[#list + 1] = finalizer(function()
			thing.use(other, true)
		end)
	end
end

local scenarios = {}

function scenarios.collected()
	pairs_of({})
	collect()
end

--- In a coroutine, where finalizers cannot yield.
function scenarios.inside()
	pairs_of({})
	run(collect)
end

function scenarios.ended()
	pairs_of(keep({}))
end

--- A finalizer may resurrect objects.
function scenarios.resurrected()
	local rescued = {}
	local function lose(name, thing)
		local used
		local holder = finalizer(function()
			rescued[name] = used
		end)
		run(function()
			used = thing.make()
		end)
		return holder and nil
	end
	for name, thing in pairs(things) do
		lose(name, thing)
	end
	collect()
	for name, thing in pairs(things) do
		run(function()
			thing.use(rescued[name], false)
		end)
		rescued[name] = nil
	end
	collect()
end

--- When the program ends, an object older than this package uses it, after all of it has been collected.
function scenarios.last()
	local client, stream = new_client(), nil
	run(function()
		stream = things.stream.make()
	end)
	function last()
		things.client.use(client, false)
		things.stream.use(stream, false)
		local lonely = assert(agentkernel.new({ base_url = "http://127.0.0.1:1" }))
		expect("a server that is not there", false, "AK_E_CONNECT", lonely:health())
		expect("a setting", false, "AK_E_ARGUMENT", agentkernel.new({ timeout = -1 }))
		local fresh = new_client()
		expect("a new client", true, "", fresh:run({ "x", check = false }))
		fresh:close()
	end
end

--- Coroutines that wait when they are no longer referenced, or when the program ends.
local function waiting(count)
	local list = {}
	for _ = 1, count do
		local client, stream
		list[#list + 1] = finalizer(function()
			pcall(stream.recv, stream) -- which may fail because another coroutine reads
			stream:close()
			client:close()
			expect("health", false, "AK_E_STATE", client:health())
		end)
		client = new_client()
		stream = client:run_stream({ "silent" })
		local function wait()
			stream:recv()
		end
		if way == "turns" then
			local thread = coroutine.create(wait)
			assert(coroutine.resume(thread))
		elseif way == "cqueues" then
			local controller = require("cqueues").new()
			controller:wrap(wait)
			assert(controller:step(0.01))
			list[#list + 1] = controller
		else
			coroutine.wrap(wait)()
			require("luv").run("nowait")
		end
	end
	return list
end

function scenarios.waiting()
	waiting(5)
	collect()
	keep(waiting(5))
end

--- A coroutine that is closed by a finalizer, when the objects that it closes are garbage, too.
function scenarios.closed()
	local code = [[
		local new_client, url = ...
		local client <close> = new_client()
		for event in client:run_stream({ "x" }) do
			client:sandbox("sb", function(sb)
				local reader <close> = sb:open_file("/x")
				coroutine.yield(reader:read(1) and event)
			end)
		end]]
	local function lose(list)
		local thread
		list[1] = finalizer(function()
			uses = uses + 1
			local fine, failure = coroutine.close(thread)
			if not fine then
				wrong("close: %s", tostring(failure))
			end
		end)
		thread = coroutine.create(assert((loadstring or load)(code)))
		run(function()
			local fine, event
			repeat
				fine, event = coroutine.resume(thread, new_client, url)
				assert(fine, event)
			until event and event.type
		end)
	end
	lose({})
	collect()
	lose(keep({}))
end

-- ---- finalizers that run amid the work of live objects ----

--- Makes the collector run at every allocation, and this function with every cycle of it.
local function always(f)
	local function again()
		finalizer(function()
			if f then
				f()
				again()
			end
		end)
	end
	again()
	if jit then
		jit.off() -- compiled code makes no progress while the collector always runs
	end
	collectgarbage("restart")
	if _VERSION == "Lua 5.5" then
		collectgarbage("incremental")
		collectgarbage("param", "pause", 0)
		collectgarbage("param", "stepmul", 100000)
		collectgarbage("param", "stepsize", 1)
	else
		collectgarbage("setpause", 0)
		collectgarbage("setstepmul", 100000)
	end
	return function()
		f = nil
	end
end

local function plenty(f)
	run(function()
		for _ = 1, 30 do
			f()
		end
	end)
end

--- While a record is being built, its stream is closed or asked for the next one.
function scenarios.amid()
	local client, stream, turn = new_client(), nil, 0
	local stop = always(function()
		turn = turn + 1
		local used = stream
		if used and turn % 7 == 0 then
			used:close()
		elseif used and turn % 7 < 4 then
			local fine, failure = pcall(used.recv, used)
			if not fine and not failure:find("read by another coroutine", 1, true) then
				error(failure, 0)
			end
		end
	end)
	plenty(function()
		stream = client:run_stream({ "rich" })
		repeat
			local event, err = stream:recv()
			expect("recv", true, "AK_E_STATE AK_E_CANCELLED", event, err)
		until not event and not (err and err.message:find("in use", 1, true))
		stream:close()
	end)
	stop()
end

--- A client is closed while it creates a call or its settings are read: once at each cycle of the collector.
function scenarios.clients()
	local client, left
	local stop = always(function()
		left = (left or 0) - 1
		if left == 0 then
			client:close()
		end
	end)
	for turn = 1, 60 do
		local agent = ("a"):rep(3000 + turn)
		client = assert(agentkernel.new({ base_url = url, user_agent = agent, wait = waiter }))
		left = turn
		expect("setting", true, "AK_E_STATE", client:setting("user_agent"))
		left = 0
		client = new_client()
		left = turn
		run(function()
			expect("stream", true, "AK_E_STATE", client:run_stream({ "x" }):recv())
		end)
		left = 0
	end
	stop()
end

--- An Error keeps its own fields, even if another call fails meanwhile.
function scenarios.errors()
	local client, other = new_client(), new_client()
	local stop = always(function()
		other:open_file("sb", "/none/" .. ("n"):rep(3000) .. "\0"):read()
	end)
	plenty(function()
		local result, err = client:exec_in_sandbox("sb", { "x" })
		uses = uses + 1
		if result or err.code ~= "AK_E_COMMAND" or err.output ~= ("o"):rep(2000) or err.status ~= 409 then
			wrong("the error is %s, %s, %d bytes of output", tostring(err), tostring(err.status), #(err.output or ""))
		end
	end)
	stop()
end

collectgarbage("stop")
scenarios[scenario]()
keep(oldest)
