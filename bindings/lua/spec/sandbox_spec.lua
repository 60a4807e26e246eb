--- Sandboxes for the duration of a function: removed however it is left, and after a create without a reply.
local agentkernel = require("agentkernel")
local json = require("spec.json")
local kit = require("spec.kit")
local protect = require("agentkernel.protect") -- Lua 5.1 cannot yield across its own pcall

local unpack = unpack or table.unpack
local CREATE, LOOK, REMOVE = "POST /sandboxes", "GET /sandboxes/sb", "DELETE /sandboxes/sb"
local EXEC = "POST /sandboxes/sb/exec"
local HANG = '{"wait": "close"}'

local function reply(status, text)
	return ('{"reply": {"status": %d, "json": %s}}'):format(status, text)
end

local function sandbox_of(created_at)
	local data = ('{"name": "sb", "status": "running", "created_at": "%s"}'):format(created_at or "")
	return reply(200, '{"success": true, "data": ' .. data .. "}")
end

local MISSING = reply(404, '{"success": false, "error": "Sandbox not found"}')
local BROKEN = reply(500, '{"success": false, "error": "disk full"}')
local REMOVED = reply(200, '{"success": true, "data": "Sandbox removed"}')

--- A server with one sandbox, with scripted replies to each create, look-up and removal.
local function server_for(steps)
	local rules = {}
	local usual = { [CREATE] = sandbox_of(), [LOOK] = sandbox_of(), [REMOVE] = REMOVED }
	usual[EXEC] = reply(200, '{"success": true, "data": {"output": "hello\\n"}}')
	for request, step in pairs(usual) do
		local method, target = request:match("(%S+) (%S+)")
		local answers = steps and steps[request] or { step }
		for i, answer in ipairs(answers) do
			local times = i == #answers and ', "times": "always"' or ""
			rules[#rules + 1] = ('{"method": "%s", "target": "%s"%s, "steps": [%s]}'):format(method, target, times, answer)
		end
	end
	return kit.rules(unpack(rules))
end

local function client_of(server)
	return assert(agentkernel.new({ base_url = server.url, wait = kit.waiter() }))
end

--- A server whose create hangs, a client that times out, and its error. The request has reached the server.
local function lose_create(steps, check)
	kit.stretch(function(seconds)
		steps[CREATE] = { HANG }
		local server = server_for(steps)
		local _, err = client_of(server):sandbox("sb", { timeout = seconds }, error)
		assert.are.equal("AK_E_TIMEOUT", err.code)
		local came = server:requests()[1] == CREATE
		if came then
			check(server, err)
		end
		server:stop()
		return came
	end)
end

local function test(name, body)
	it(name, function()
		kit.run(body)
	end)
end

describe("sandbox (" .. kit.way .. ")", function()
	test("lives for real as long as its function", function()
		local client = assert(agentkernel.new({ base_url = "local:", wait = kit.waiter() }))
		local a, b, c = client:sandbox("lua-session", { vcpus = 1 }, function(sb)
			assert.are.equal("lua-session", sb.name)
			assert.are.equal("running", sb.sandbox.status)
			assert(sb:run({ "sh", "-c", "echo kept > file" }))
			assert.are.equal("kept\nb\n", assert(sb:run({ "sh", "-c", "cat file; echo $A", env = { A = "b" } })).output)
			assert.are.equal("running", assert(sb:info()).status)
			return 1, nil, 3
		end)
		assert.are.same({ 1, 3 }, { a, c })
		assert.is_nil(b)
		local _, err = client:get_sandbox("lua-session")
		assert.are.equal("AK_E_NOT_FOUND", err.code)
		client:close()
	end)

	test("hands its options to the server", function()
		local server = server_for()
		local used = client_of(server):sandbox("sb", { backend = "docker", volumes = { "v:/d" } }, function()
			return true
		end)
		assert.is_true(used)
		local body = json.decode(json.base64(server:log().requests[1].body))
		assert.is_true(json.same(json.decode('{"name":"sb","backend":"docker","volumes":["v:/d"]}'), body))
		server:stop()
	end)

	test("is removed by return, failure and error", function()
		local server = server_for()
		local client = client_of(server)
		assert.are.equal("hello\n", client:sandbox("sb", function(sb)
			return sb:run({ "x" }).output
		end))
		local none, why = client:sandbox("sb", function()
			return nil, "why"
		end)
		assert.is_nil(none)
		assert.are.equal("why", why)
		local object = {}
		for _, thrown in ipairs({ "text", object }) do
			local fine, err = protect.pcall(client.sandbox, client, "sb", {}, function()
				error(thrown, 0)
			end)
			assert.is_false(fine)
			assert.are.equal(thrown, err)
		end
		assert.are.same({ CREATE, EXEC, REMOVE, CREATE, REMOVE, CREATE, REMOVE, CREATE, REMOVE }, server:requests())
		server:stop()
	end)

	test("may be gone already", function()
		local server = server_for({ [REMOVE] = { MISSING } })
		assert.is_true(client_of(server):sandbox("sb", function()
			return true
		end))
		server:stop()
	end)

	test("tells of a removal that fails", function()
		local server = server_for({ [REMOVE] = { BROKEN } })
		local client = client_of(server)
		local done, err = client:sandbox("sb", function()
			return true
		end)
		assert.is_nil(done)
		assert.are.equal("AK_E_SERVER", err.code)
		local other
		done, err = client:sandbox("sb", function()
			other = select(2, client:run({}))
			return nil, other
		end)
		assert.is_nil(done)
		assert.are.equal(other, err)
		assert.are.equal("AK_E_SERVER", err.removal.code)
		local fine, text = protect.pcall(client.sandbox, client, "sb", {}, function()
			error("mine", 0)
		end)
		assert.is_false(fine)
		assert.is_truthy(text:find("^mine\n.*could not be removed.*disk full"), text)
		server:stop()
	end)

	test("is a session without a function", function()
		local server = server_for({ [REMOVE] = { BROKEN, REMOVED } })
		local sb = assert(client_of(server):sandbox("sb"))
		assert.are.equal("hello\n", sb:run({ "x" }).output)
		local done, err = sb:remove()
		assert.is_nil(done)
		assert.are.equal("AK_E_SERVER", err.code)
		assert.is_true(sb:remove())
		assert.is_true(sb:remove())
		assert.are.same({ CREATE, EXEC, REMOVE, REMOVE }, server:requests())
		server:stop()
	end)

	test("removes nothing where nothing was made", function()
		for _, status in ipairs({ 400, 409, 500 }) do
			local server = server_for({ [CREATE] = { reply(status, '{"success": false, "error": "no"}') } })
			local sb, err = client_of(server):sandbox("sb", error)
			assert.is_nil(sb)
			assert.are.equal("no", err.server_text)
			assert.are.same({ CREATE }, server:requests())
			server:stop()
		end
		local sb, err = assert(agentkernel.new({ base_url = "http://127.0.0.1:1" })):sandbox("sb", error)
		assert.is_nil(sb)
		assert.are.equal("nothing", err.sent)
	end)

	test("asks the server nothing where it is used wrongly", function()
		local server = server_for()
		local client = client_of(server)
		assert.is_false((pcall(client.sandbox, client, "sb", { colour = "red" }, error)))
		assert.is_nil((client:sandbox("sb", { image = "no way!" }, error)))
		assert.are.same({}, server:requests())
		server:stop()
	end)

	test("is looked up and removed when the answer did not come in time", function()
		lose_create({}, function(server, err)
			assert.is_nil(err.removal)
			assert.are.same({ CREATE, LOOK, REMOVE }, server:requests())
		end)
	end)

	local lost = {
		reset = '{"reset": true}',
		cut = '{"text": "HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\n{"}, {"close": true}',
		["not JSON"] = '{"reply": {"text": "<html>"}}',
		["a gateway's"] = '{"reply": {"status": 504, "text": "<html>"}}',
	}
	for name, steps in pairs(lost) do
		test("is looked up and removed when the answer was lost: " .. name, function()
			local server = server_for({ [CREATE] = { steps } })
			local sb, err = client_of(server):sandbox("sb", error)
			assert.is_nil(sb)
			assert.is_nil(err.removal)
			assert.are.same({ CREATE, LOOK, REMOVE }, server:requests())
			server:stop()
		end)
	end

	test("is found though the server finishes the create later", function()
		lose_create({ [LOOK] = { MISSING, MISSING, sandbox_of() } }, function(server)
			assert.are.same({ CREATE, LOOK, LOOK, LOOK, REMOVE }, server:requests())
		end)
	end)

	test("tells of a leftover that cannot be removed", function()
		lose_create({ [REMOVE] = { BROKEN } }, function(_, err)
			assert.are.equal("AK_E_SERVER", err.removal.code)
		end)
	end)

	local ages = {
		{ os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 86400), false },
		{ os.date("!%Y-%m-%dT%H:%M:%SZ"), true },
		{ "nonsense", true },
	}
	for _, age in ipairs(ages) do
		test("leaves somebody else's alone: " .. age[1], function()
			lose_create({ [LOOK] = { sandbox_of(age[1]) } }, function(server)
				assert.are.same(age[2] and { CREATE, LOOK, REMOVE } or { CREATE, LOOK }, server:requests())
			end)
		end)
	end
end)

if kit.way == "block" then
	describe("sandbox", function()
		it("reads times of RFC 3339", function()
			local seconds_of = require("agentkernel.session").seconds_of
			assert.are.equal(0, seconds_of("1970-01-01T00:00:00Z"))
			assert.are.equal(951782400, seconds_of("2000-02-29T00:00:00.123456789Z"))
			assert.are.equal(1738324800, seconds_of("2025-01-31t12:00:00+00:00"))
			assert.are.equal(1738324800 - 5400, seconds_of("2025-01-31 12:00:00+01:30"))
			assert.are.equal(1738324800 + 3600, seconds_of("2025-01-31T12:00:00.5-01:00"))
			for _, text in ipairs({ "", "x", "2025-13-01T00:00:00Z", "2025-01-31T12:00:00", "2025-01-31T12:00:00+0100" }) do
				assert.is_nil(seconds_of(text))
			end
			assert.is_nil(seconds_of(nil))
		end)

		it("is removed by Ctrl-C, in its function and in its create", function()
			local code = [[
				local client = require("agentkernel").new({ base_url = "%s" })
				print(pcall(client.sandbox, client, "sb", {}, function(sb) return sb:run({ "x" }) end))]]
			for _, where in ipairs({ EXEC, CREATE }) do
				local server = server_for({ [where] = { HANG } })
				local text = kit.interrupt(code:format(server.url), function()
					server:await("complete", where == EXEC and 2 or 1)
				end)
				assert.is_truthy(text:find("false.*interrupted!"), text)
				local wanted = where == EXEC and { CREATE, EXEC, REMOVE } or { CREATE, LOOK, REMOVE }
				assert.are.same(wanted, server:requests())
				server:stop()
			end
		end)

		if kit.closes then
			it("is removed at the end of a block, and with the coroutine that is closed in it", function()
				local server = server_for()
				local client = client_of(server)
				load("local client = ... local sb <close> = assert(client:sandbox('sb'))")(client)
				assert.are.same({ CREATE, REMOVE }, server:requests())
				local thread = coroutine.create(function()
					client:sandbox("sb", coroutine.yield)
				end)
				assert(coroutine.resume(thread))
				assert(coroutine.close(thread))
				assert.are.same({ CREATE, REMOVE, CREATE, REMOVE }, server:requests())
				server:stop()
			end)

			it("warns of a removal that fails at the end of a block", function()
				local server = server_for({ [REMOVE] = { BROKEN } })
				local code = ([[
					warn("@on")
					local client = require("agentkernel").new({ base_url = "%s" })
					local sb <close> = client:sandbox("sb")]]):format(server.url)
				local text = kit.shell("lua%s -e '%s' 2>&1", os.getenv("AK_LUA"), code)
				assert.is_truthy(text:find("the sandbox sb could not be removed: disk full", 1, true), text)
				server:stop()
			end)
		end
	end)
end
