--- Finalizers in any order, which use live, closed or collected objects: nothing crashes, and closed objects report it.
--- Each is a separate program, finalizers.lua, and runs with the normal module and with AddressSanitizer.
local kit = require("spec.kit")

local PROGRAM = kit.tree .. "/bindings/lua/spec/finalizers.lua"

local function rule(target, steps, more)
	return ('{"target": "%s", "times": "always", %s "steps": [%s]}'):format(target, more or "", steps)
end

local function reply(text, status)
	return ('{"reply": {"status": %d, "json": %s}}'):format(status or 200, text)
end

local function events(list, steps)
	return '{"sse": {"events": [' .. table.concat(list, ",") .. '], "end": false}},' .. steps
end

local OUTPUT = '{"event": "output", "data": {"data": "one of several", "stream": "stdout"}}'
local RICH = '{"event": "rich", "data": {"data": "' .. ("d"):rep(500) .. '", "more": "' .. ("m"):rep(500) .. '"}}'
local FAILED = '{"success": false, "error": "no", "exit_code": 1, "output": "' .. ("o"):rep(2000) .. '"}'
local DONE = '{"event": "done", "data": {"exit_code": 0, "success": true, "output": "late"}}'
local FILE = [[{"reply": {"text": "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"]] .. ("x"):rep(200000)
	.. [[", "headers": {"Content-Type": "application/json", "Content-Length": "900000"}}}]]

--- A server with rules for each of the program's objects.
local function serve()
	local many = {}
	for i = 1, 20 do
		many[i] = i % 2 == 0 and RICH or OUTPUT
	end
	many[21] = DONE
	return kit.rules(
		rule("/health", reply('{"success": true, "data": "ok"}')),
		rule("/run", '{"delay_ms": 20}, ' .. reply('{"success": true, "data": {"output": "hello\\n"}}')),
		rule("/run/stream", events(many, '{"wait": "close"}')),
		rule("/sandboxes/sb", reply('{"success": true, "data": "removed"}')),
		rule("/sandboxes", reply('{"success": true, "data": {"name": "sb", "status": "running"}}')),
		rule("/sandboxes/sb/exec", reply(FAILED, 409)),
		rule("/sandboxes/sb/files/x", FILE .. ',{"wait": "close"}', '"method": "GET",'),
		rule("/sandboxes/sb/files/x", reply('{"success": true, "data": "Wrote it"}'), '"method": "PUT", "read": "head",')
	)
end

--- Ways to run the program: normally, and under AddressSanitizer.
local modes = { ["as it is"] = "" }
if os.getenv("AK_ASAN") then
	local path = kit.tree .. "/build/lua/asan/" .. os.getenv("AK_LUA") .. "/?.so"
	modes["under AddressSanitizer"] = ([[LD_PRELOAD='%s' ASAN_OPTIONS=detect_leaks=0 LUA_CPATH='%s;'"$LUA_CPATH"]]):format(
		os.getenv("AK_ASAN"), path
	)
end

local function tests_of(scenario, ways)
	for name, mode in pairs(modes) do
		for _, way in ipairs(ways) do
			it(scenario .. ", " .. way .. ", " .. name, function()
				local server = serve()
				local program = ("lua%s '%s' %s %s"):format(os.getenv("AK_LUA"), PROGRAM, scenario, way)
				local output, status = kit.shell("%s %s '%s' 2>&1", mode, program, server.url)
				server:stop()
				assert.are.equal(0, status, output)
				assert.is_truthy(output:find("^[1-9]%d* uses\n$"), output)
			end)
		end
	end
end

describe("finalizers", function()
	it("the library has no loop over pairs or next by these names", function() -- see protect.each
		local files = io.popen("cat '" .. kit.tree .. "'/bindings/lua/agentkernel/*.lua")
		local text = files:read("*a")
		files:close()
		assert.is_truthy(text:find("in each(", 1, true))
		assert.is_nil(text:find("in pairs(", 1, true) or text:find("in next,", 1, true))
	end)

	local loops = { "turns", (unpack or table.unpack)(kit.loops) }
	local all = { "block", (unpack or table.unpack)(loops) }

	for _, scenario in ipairs({ "collected", "inside", "ended", "resurrected", "last", "amid", "clients", "errors" }) do
		tests_of(scenario, all)
	end
	tests_of("waiting", loops)
	if kit.closes then
		tests_of("closed", { "block" })
	end
end)
