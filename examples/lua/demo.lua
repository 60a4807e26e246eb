-- A short tour against a running server: a stream, a sandbox that keeps its files, a command that fails, many at once.
local agentkernel = require("agentkernel")

local function stream(client)
	print("-- Lua, run_stream: output as the command writes it")
	for event, err in client:run_stream({ "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done" }) do
		assert(event, err)
		if event.type == "output" then
			io.write(event.data)
			io.flush()
		elseif event.type == "done" then
			print(("(exit code %d)"):format(event.exit_code))
		end
	end
end

local function session(client)
	print("-- Lua, sandbox: files are kept between commands, the sandbox goes with the function")
	assert(client:sandbox("demo-lua", function(sb)
		assert(sb:run({ "sh", "-c", "echo kept > note.txt" }))
		io.write(assert(sb:run({ "cat", "note.txt" })).output)
		local _, err = sb:run({ "sh", "-c", "echo no luck; exit 3" })
		print(("%s(%s, exit code %d)"):format(err.output, err.code, err.exit_code))
		return true
	end))
end

local function at_once(name, client, spawn, loop, now)
	print(("-- Lua, %s: ten commands that sleep for half a second, in one thread"):format(name))
	local started, outputs = now(), {}
	for i = 1, 10 do
		spawn(function()
			outputs[i] = assert(client:run({ "sh", "-c", "sleep 0.5; printf " .. i })).output
		end)
	end
	loop()
	print(table.concat(outputs, " "), ("(%.1f s)"):format(now() - started))
end

local client = assert(agentkernel.new())
stream(client)
session(client)

local has_cqueues, cqueues = pcall(require, "cqueues")
if has_cqueues then
	local controller = cqueues.new()
	local cooperative = assert(agentkernel.new({ wait = require("agentkernel.cqueues") }))
	at_once("cqueues", cooperative, function(work)
		controller:wrap(work)
	end, function()
		assert(controller:loop())
	end, cqueues.monotime)
end

local has_luv, uv = pcall(require, "luv")
if has_luv then
	local cooperative = assert(agentkernel.new({ wait = require("agentkernel.luv") }))
	at_once("luv", cooperative, function(work)
		coroutine.wrap(work)()
	end, uv.run, function()
		return uv.hrtime() / 1e9
	end)
end
