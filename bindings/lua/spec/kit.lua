--- Shared by the tests: paths, the scripted fault server, and ways to wait.
local raw = require("agentkernel_raw")
local json = require("spec.json")

local M = {}

M.tree = assert(os.getenv("AK_TREE"), "AK_TREE names the source tree")
M.way = os.getenv("AK_WAY") or "block"

--- Whether this Lua has to-be-closed variables.
M.closes = _VERSION >= "Lua 5.4"

--- Whether this Lua has a module.
function M.has(name)
	return (pcall(require, name))
end

--- The loops installed for it.
M.loops = {}
for _, name in ipairs({ "copas", "cqueues", "luv" }) do
	M.loops[#M.loops + 1] = M.has(name) and name or nil
end

-- ---- ways to wait: the same tests, blocking and in coroutines ----

--- Runs copas until its coroutines have ended. The loop of copas 1 does not end by itself.
function M.run_copas(over)
	local copas = require("copas")
	if copas.finished then
		return copas.loop()
	end
	while not over() do
		copas.step()
	end
end

--- Sleeps in copas. Copas 1 cannot: there it is a turn of its loop, after which all wait.
function M.sleep_in_copas(seconds)
	local copas = require("copas")
	if copas.pause then
		copas.pause(seconds)
		return
	end
	local waited = false
	local ready = { close = function() end }
	function ready.getfd()
		return 0
	end
	function ready.dirty()
		return true
	end
	function ready.receive()
		waited = not waited
		return not waited or nil, "timeout"
	end
	copas.receive(ready)
	raw.sleep(math.ceil(seconds * 1000))
end

local ways = {}

function ways.block(work)
	work()
end

function ways.cqueues(work)
	local controller = require("cqueues").new()
	controller:wrap(work)
	local fine, failure = controller:loop()
	controller:close() -- its descriptors, which the collector would close late
	assert(fine, failure)
end

function ways.luv(work)
	local uv = require("luv")
	local fine, failure = false, "the loop ended before the coroutine"
	coroutine.wrap(function()
		fine, failure = require("agentkernel.protect").pcall(work)
	end)()
	uv.run()
	if not fine then
		error(failure, 0)
	end
end

function ways.copas(work)
	local over, fine, failure = false, nil, nil
	require("copas").addthread(function()
		fine, failure = require("agentkernel.protect").pcall(work)
		over = true
	end)
	M.run_copas(function()
		return over
	end)
	if not fine then
		error(failure, 0)
	end
end

--- A minimal loop, available in every Lua.
function ways.turns(work)
	local thread = coroutine.create(work)
	repeat
		local fine, failure = coroutine.resume(thread)
		assert(fine, failure)
		raw.sleep(1)
	until coroutine.status(thread) == "dead"
end

--- Runs a function with this process's way to wait.
function M.run(work, way)
	ways[way or M.way](work)
end

--- For a deadline before which something has to arrive: tries with longer and longer ones, since the machine may be
--- slow. `try` gets seconds, and returns whether it arrived.
function M.stretch(try)
	local seconds = 0.1
	while not try(seconds) do
		seconds = seconds * 3
		assert(seconds < 60, "it does not come at all")
	end
end

--- The option `wait` of a client for it.
function M.waiter(way)
	way = way or M.way
	if way == "turns" then
		return coroutine.yield
	end
	return way ~= "block" and require("agentkernel." .. way) or nil
end

-- ---- the fault server ----

local commands, answers, folder

local function shell(format, ...)
	local done = os.execute(format:format(...))
	assert(done == true or done == 0, format)
end

--- A folder of this process, removed at its end; on a disk, because files in a tmpfs count as a sandbox's memory.
function M.folder()
	if not folder then
		local pipe = io.popen("mktemp -d -p /var/tmp")
		folder = pipe:read("*l")
		pipe:close()
	end
	return folder
end

local function start_fault_server()
	local program = os.getenv("AK_FAULT_SERVER") or M.tree .. "/build/bin/ak-fault-server"
	local where = M.folder()
	shell("mkfifo '%s/in' '%s/out'", where, where)
	shell("'%s' <'%s/in' >'%s/out' &", program, where, where)
	commands = assert(io.open(where .. "/in", "w"))
	answers = assert(io.open(where .. "/out"))
end

--- Sends a command to ak-fault-server, as its line of JSON or as a table.
function M.ask(command)
	if not commands then
		start_fault_server()
	end
	commands:write(type(command) == "string" and command or json.encode(command), "\n")
	commands:flush()
	local answer = json.decode(assert(answers:read("*l"), "the fault server is gone"))
	assert(answer.ok, answer.error)
	return answer
end

local Server = {}
Server.__index = Server

--- A scripted server; the script is JSON.
function M.script(script)
	local answer = M.ask('{"op": "script", "script": ' .. script .. "}")
	return setmetatable({ id = answer.id, url = answer.url, answer = answer }, Server)
end

--- A scripted server with these rules, each of them JSON.
function M.rules(...)
	return M.script('{"rules": [' .. table.concat({ ... }, ",") .. "]}")
end

function Server:await(counter, least)
	local answer = M.ask({ op = "await", id = self.id, counter = counter, least = least, timeout_ms = 60000 })
	assert(answer.reached, counter .. " has not reached " .. least)
end

function Server:release()
	M.ask({ op = "release", id = self.id })
end

function Server:log()
	return M.ask({ op = "log", id = self.id })
end

function Server:stop()
	M.ask({ op = "stop", id = self.id })
end

--- "METHOD /target" of every request that arrived.
function Server:requests()
	local list = {}
	for i, request in ipairs(self:log().requests) do
		list[i] = request.method .. " " .. request.target
	end
	return list
end

-- ---- agentkernel-local ----

local local_url

--- The address of this process's agentkernel-local.
function M.local_url()
	if not local_url then
		local where = M.folder()
		shell("mkfifo '%s/ready'", where)
		shell(
			"'%s/build/bin/agentkernel-local' --unix '%s/socket' --state '%s/state' >'%s/ready' 2>'%s/log' & echo $! >'%s/pid'",
			M.tree, where, where, where, where, where
		)
		local ready = assert(io.open(where .. "/ready"))
		local_url = assert((ready:read("*l") or ""):match("^listening on (.+)"), "the server did not start")
	end
	return local_url
end

require("busted").subscribe({ "exit" }, function()
	if commands then
		commands:close()
	end
	if folder then
		os.execute(("[ ! -e '%s/pid' ] || { read pid <'%s/pid' && kill $pid; }"):format(folder, folder))
		os.execute(("for i in $(seq 50); do rm -rf '%s' 2>/dev/null && break; sleep 0.1; done"):format(folder))
	end
	return nil, true
end)

-- ---- this process ----

--- Its number of open descriptors.
function M.descriptors()
	local pipe = io.popen("ls /proc/$PPID/fd | wc -l")
	local count = tonumber(pipe:read("*l"))
	pipe:close()
	return count
end

--- Its resident memory in KiB.
function M.resident()
	local file = io.open("/proc/self/status")
	local kib = file:read("*a"):match("VmRSS:%s*(%d+)")
	file:close()
	return tonumber(kib)
end

--- Runs code in a separate process, and sends SIGINT when `ready`, which gets its output, returns. Returns what it
--- printed afterwards.
function M.interrupt(code, ready)
	local pipe = io.popen(("echo $$; exec lua%s -e '%s' 2>&1"):format(os.getenv("AK_LUA"), code))
	local id = pipe:read("*l")
	ready(pipe)
	shell("kill -INT %s", id)
	local text = pipe:read("*a")
	pipe:close()
	return text
end

--- Collects all garbage, and runs its finalizers.
function M.collect()
	collectgarbage()
	collectgarbage()
end

--- Runs a shell command: its output and exit code.
function M.shell(format, ...)
	local pipe = io.popen(format:format(...) .. "; echo $?")
	local text = pipe:read("*a")
	pipe:close()
	local output, code = text:match("^(.-)(%d+)\n$")
	return output, tonumber(code)
end

return M
