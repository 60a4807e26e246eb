--- The client against a real server, its settings, its errors, and wrong use.
local agentkernel = require("agentkernel")
local json = require("spec.json")
local kit = require("spec.kit")

local function misuse(pattern, f, ...)
	local fine, err = pcall(f, ...)
	assert.is_false(fine)
	assert.is_string(err)
	assert.is_truthy(err:find("client_spec.lua:%d+: "), "points to another line: " .. err)
	assert.is_truthy(err:find(pattern), err)
end

for _, place in ipairs({ "local:", "agentkernel-local" }) do
	describe("client of " .. place, function()
		local client

		setup(function()
			client = assert(agentkernel.new({ base_url = place == "local:" and place or kit.local_url() }))
		end)

		teardown(function()
			client:close()
		end)

		it("is healthy", function()
			assert.are.equal("ok", client:health())
			assert.are.equal("ok", client:records("health")[1].status)
		end)

		it("runs commands", function()
			local result = assert(client:run({ "echo", "hello" }))
			assert.are.equal("hello\n", result.output)
			assert.are.equal(0, result.exit_code)
			assert.are.equal("b c\n", assert(client:run({ "echo", "b c" }, { profile = "restrictive" })).output)
			assert.are.equal("x\n", assert(client:run({ command = { "echo", "x" }, fast = false })).output)
		end)

		it("keeps bytes", function()
			local result = assert(client:run({ "printf", "\\000\\377é\\n" }))
			assert.are.equal("\0\255é\n", result.output)
		end)

		it("tells of commands that fail", function()
			local result, err = client:run({ "sh", "-c", "echo partly; exit 3" })
			assert.is_nil(result)
			assert.are.equal("AK_E_COMMAND", err.code)
			assert.are.equal(3, err.exit_code)
			assert.are.equal("partly\n", err.output)
			assert.are.equal(409, err.status)
			assert.are.equal("run", err.operation)
			assert.are.equal("answered", err.sent)
			assert.are.equal(3, assert(client:run({ "sh", "-c", "exit 3", check = false })).exit_code)
		end)

		it("has what there is beside commands", function()
			local results = assert(client:batch_run({ { "echo", "a" }, { "sh", "-c", "exit 3" } }))
			assert.are.equal("a\n", results[1].output)
			assert.is_string(results[2].error)
			assert(client:create_sandbox("lua-all", { labels = { team = "blue" }, lifecycle = '{"auto_stop_after_seconds":60}' }))
			local uuid = assert(client:get_sandbox("lua-all")).uuid
			assert.are.equal("lua-all", assert(client:get_sandbox_by_uuid(uuid)).name)
			assert.are.equal(1, #assert(client:list_sandboxes({ labels = { team = "blue" } })))
			assert.are.same({}, assert(client:update_sandbox("lua-all", { labels = {} })).labels or {})
			assert.is_string(assert(client:extend_ttl("lua-all", "90")).expires_at)
			assert.is_true(client:stop_sandbox("lua-all"))
			assert.are.equal("stopped", assert(client:get_sandbox("lua-all")).status)
			assert.is_true(client:start_sandbox("lua-all"))
			assert.is_true(#assert(client:get_sandbox_logs("lua-all")) >= 1)
			assert.are.equal("lua-all", assert(client:take_snapshot("lua-all", "lua-before")).sandbox)
			assert.are.equal("lua-before", assert(client:get_snapshot("lua-before")).name)
			assert.are.equal(1, #assert(client:list_snapshots()))
			local again = assert(client:restore_snapshot("lua-before", { as_name = "lua-again", start = true }))
			assert.are.equal("running", again.status)
			assert.is_true(client:remove_sandbox("lua-again"))
			assert.is_true(client:delete_snapshot("lua-before"))
			assert.is_true(client:remove_sandbox("lua-all"))
			assert.is_string(assert(client:get_backends()).backends)
			assert.is_string(assert(client:get_status()).version)
			assert.is_number(assert(client:get_stats()).sandbox_count)
			assert.are.equal(200, assert(client:request("GET", "/health")).http_status)
		end)

		it("has sandboxes that stay", function()
			local made = assert(client:create_sandbox("lua-stays", { vcpus = 1, memory_mb = 128 }))
			assert.are.equal("lua-stays", made.name)
			assert(client:exec_in_sandbox("lua-stays", { "sh", "-c", "echo kept > file" }))
			local result = assert(client:exec_in_sandbox("lua-stays", { "sh", "-c", "cat file; echo $A $B" }, {
				env = { A = "a", B = "b=" },
			}))
			assert.are.equal("kept\na b=\n", result.output)
			assert.are.equal("/tmp\n", assert(client:exec_in_sandbox("lua-stays", { "pwd", workdir = "/tmp" })).output)
			assert.are.equal("c\n", assert(client:exec_in_sandbox("lua-stays", { "sh", "-c", "echo $A", env = { "A=c" } })).output)
			assert.are.equal("lua-stays", assert(client:get_sandbox("lua-stays")).name)
			local names = {}
			for _, sandbox in ipairs(assert(client:list_sandboxes())) do
				names[sandbox.name] = sandbox.status
			end
			assert.are.equal("running", names["lua-stays"])
			assert.is_true(client:remove_sandbox("lua-stays"))
			local gone, err = client:get_sandbox("lua-stays")
			assert.is_nil(gone)
			assert.are.equal("AK_E_NOT_FOUND", err.code)
		end)
	end)
end

describe("client", function()
	it("has settings", function()
		local client = assert(agentkernel.new({ base_url = "http://127.0.0.1:1/x", timeout = 2.5, total_timeout = 0 }))
		assert.are.equal("http://127.0.0.1:1/x", client:setting("base_url"))
		assert.are.equal(2.5, client:setting("timeout"))
		assert.are.equal(0, client:setting("total_timeout"))
		assert.are.equal(60, client:setting("idle_timeout"))
		assert.are.equal(64 * 1024 * 1024, client:setting("max_reply_bytes"))
		assert.is_nil((client:setting("ca_file")))
		local key, err = client:setting("api_key")
		assert.is_nil(key)
		assert.are.equal("AK_E_ARGUMENT", err.code)
		assert.are.equal("agentkernel.Client (http://127.0.0.1:1/x)", tostring(client))
		assert.are.equal(math.huge, assert(agentkernel.new({ timeout = math.huge })):setting("timeout"))
	end)

	it("has the version", function()
		assert.is_truthy(agentkernel._VERSION:find("^%d+%.%d+%.%d+$"))
		assert.is_truthy(agentkernel.version:find(agentkernel._VERSION, 1, true))
	end)

	it("has records that say what they are", function()
		local long = ("x"):rep(39) .. "\195\164"
		local replies = {
			run = '{"output": "two\\n\\"lines\\"", "exit_code": 0}',
			exec_in_sandbox = '{"output": "' .. long .. '", "exit_code": 0}',
			get_sandbox = '{"name": "box", "status": "running", "labels": {"team": "hidden"}}',
			read_file = '{"content": "hidden", "encoding": "utf8", "size": 6}',
		}
		local wanted = {
			run = [[agentkernel.Output (output "two\n\"lines\"", exit_code 0)]],
			exec_in_sandbox = 'agentkernel.Output (output "' .. ("x"):rep(39) .. '"..., exit_code 0)',
			get_sandbox = 'agentkernel.Sandbox (name "box", status "running")',
			read_file = "agentkernel.File (content 6 bytes)",
		}
		local arguments = {
			run = { { "x" } },
			exec_in_sandbox = { "box", { "x" } },
			get_sandbox = { "box" },
			read_file = { "box", "/x" },
		}
		for name, data in pairs(replies) do
			local server = kit.rules('{"steps": [{"reply": {"json": {"success": true, "data": ' .. data .. "}}}]}")
			local client = assert(agentkernel.new({ base_url = server.url }))
			assert.are.equal(wanted[name], tostring(assert(client[name](client, (unpack or table.unpack)(arguments[name])))))
			server:stop()
		end
	end)

	it("takes the environment where it is told nothing", function()
		local output, status = kit.shell(
			[[AGENTKERNEL_BASE_URL=local: lua%s -e 'print(require("agentkernel").new():run({"echo", "hello"}).output)']],
			os.getenv("AK_LUA")
		)
		assert.are.equal("hello\n\n", output)
		assert.are.equal(0, status)
	end)

	it("refuses settings that cannot be right", function()
		for name, value in pairs({ base_url = "ftp://x", timeout = -1, ca_file = "/none", max_idle = -5, idle_timeout = 0 / 0 }) do
			local client, err = agentkernel.new({ [name] = value })
			assert.is_nil(client, name)
			assert.are.equal("AK_E_ARGUMENT", err.code)
		end
	end)

	it("sends JSON from its text and from a table, which lua-cjson encodes", function()
		local server = kit.rules('{"times": "always", "steps": [{"reply": {"json": {"success": true}}}]}')
		local client = assert(agentkernel.new({ base_url = server.url }))
		assert.are.equal(200, assert(client:request("POST", "/x", '{"a":  1}')).http_status)
		local wanted = { '{"a":  1}', "" }
		if kit.has("cjson") then
			assert(client:request("POST", "/x", { body = { a = { 1, 2 } } }))
			table.insert(wanted, 2, '{"a":[1,2]}')
			misuse("lifecycle is no JSON", client.update_sandbox, client, "a", { lifecycle = { a = print } })
		else
			misuse("there is no lua%-cjson", client.request, client, "POST", "/x", { body = { a = { 1, 2 } } })
		end
		assert(client:request("GET", "/x?y=z"))
		local bodies = {}
		for i, request in ipairs(server:log().requests) do
			bodies[i] = json.base64(request.body)
		end
		assert.are.same(wanted, bodies)
		server:stop()
	end)

	it("sends the key, and never shows it", function()
		local server = kit.rules('{"steps": [{"reply": {"status": 401, "json": {"success": false, "error": "no"}}}]}')
		local client = assert(agentkernel.new({ base_url = server.url, api_key = "lua-secret" }))
		local done, err = client:run({ "x" })
		assert.is_nil(done)
		assert.are.equal("AK_E_UNAUTHORIZED", err.code)
		assert.is_nil((tostring(err) .. tostring(client)):find("lua-secret", 1, true))
		local sent
		for _, pair in ipairs(server:log().requests[1].headers) do
			sent = sent or pair[2] == "Bearer lua-secret"
		end
		assert.is_true(sent)
		server:stop()
	end)

	it("answers wrong use with Lua's errors, at the line that did it", function()
		local client = assert(agentkernel.new({ base_url = "http://127.0.0.1:1" }))
		misuse("no option colour", agentkernel.new, { colour = "red" })
		misuse("base_url must be a string, not number", agentkernel.new, { base_url = 7 })
		misuse("timeout must be seconds, not string", agentkernel.new, { timeout = "7" })
		misuse("max_idle must be an integer", agentkernel.new, { max_idle = 1.5 })
		misuse("options must be a table", agentkernel.new, "local:")
		misuse("wait must be a table", agentkernel.new, { wait = 7 })
		misuse("wait.wait must be a function", agentkernel.new, { wait = {} })
		misuse("called with a colon", client.run, { "x" })
		misuse("called with a colon", client.list_sandboxes)
		misuse("run has no option imag", client.run, client, { "x", imag = "y" })
		misuse("each entry of command must be a string, not number", client.run, client, { "sleep", 1 })
		misuse("command must be a table, not string", client.run, client, { command = "ls" })
		misuse("command is given twice", client.run, client, { "ls", command = { "ls" } })
		misuse("takes one command", client.run, client, { "ls" }, { "ls" })
		misuse("takes no command", client.get_sandbox, client, "x", { "ls" })
		misuse("run takes tables, not string", client.run, client, "ls")
		misuse("takes name and tables, not number", client.get_sandbox, client, 7)
		misuse("takes name, path, content and tables, not string", client.write_file, client, "a", "/b", "c", "d")
		misuse("content must be a string, not number", client.write_file, client, "a", "/b", { content = 7 })
		misuse("each name in labels must be a string", client.update_sandbox, client, "a", { labels = { "b" } })
		misuse("each value of labels must be a string", client.update_sandbox, client, "a", { labels = { b = 1 } })
		misuse("each entry of commands must be a table", client.batch_run, client, { "true" })
		misuse("each index of commands must be a number", client.batch_run, client, { commands = { a = { "true" } } })
		misuse("lifecycle must be a string, not number", client.update_sandbox, client, "a", { lifecycle = 7 })
		misuse("from a function or a file, not string", client.write_file_from, client, "a", "/b", "c")
		misuse("name must be a string, not boolean", client.get_sandbox, client, { name = true })
		misuse("fast must be a boolean, not string", client.run, client, { "x", fast = "no" })
		misuse("vcpus must be an integer of 64 bits, not 1.5", client.create_sandbox, client, "x", { vcpus = 1.5 })
		misuse("vcpus must be an integer of 64 bits, not true", client.create_sandbox, client, "x", { vcpus = true })
		misuse("each value of env must be a string", client.exec_in_sandbox, client, "x", { "y", env = { A = 1 } })
		misuse("there is no operation fly", client.records, client, "fly")
		misuse("no option colour", client.setting, client, "colour")
		misuse("the name must be a string", client.sandbox, client, 7)
		misuse("a function is needed", client.sandbox, client, "x", {}, 7)
	end)

	it("gives what the library refuses as an Error, before anything is sent", function()
		local client = assert(agentkernel.new({ base_url = "http://127.0.0.1:1" }))
		local refused = { {}, { "x", image = "no way!" }, { "a\0b" }, { "x", profile = "wild" }, { "x", timeout = -1 } }
		for _, options in ipairs(refused) do
			local result, err = client:run(options)
			assert.is_nil(result)
			assert.are.equal("AK_E_ARGUMENT", err.code)
			assert.are.equal("nothing", err.sent)
		end
	end)

	it("tells nobody there, no time, and a silent server apart", function()
		local server = kit.rules('{"times": "always", "steps": [{"wait": "close"}]}')
		local client = assert(agentkernel.new({ base_url = server.url }))
		kit.stretch(function(seconds)
			local _, late = client:run({ "x", timeout = seconds })
			assert.are.equal("AK_E_TIMEOUT", late.code)
			return late.sent == "some"
		end)
		local _, none = client:run({ "x", timeout = 0 })
		assert.are.equal("AK_E_TIMEOUT", none.code)
		assert.are.equal("nothing", none.sent)
		local _, nobody = assert(agentkernel.new({ base_url = "http://127.0.0.1:1" })):health()
		assert.are.equal("AK_E_CONNECT", nobody.code)
		server:stop()
	end)

	it("has Errors that are text, too", function()
		local _, err = assert(agentkernel.new({ base_url = "http://127.0.0.1:1" })):health()
		assert.are.equal(err.message .. " (AK_E_CONNECT)", tostring(err))
		assert.are.equal("why: " .. tostring(err) .. "!", "why: " .. err .. "!")
	end)

	it("has retry_after in seconds", function()
		local reply = [[{"status": 429, "headers": {"Retry-After": "7"}, "json": {"success": false, "error": "slow"}}]]
		local server = kit.rules('{"steps": [{"reply": ' .. reply .. "}]}")
		local _, err = assert(agentkernel.new({ base_url = server.url })):health()
		assert.are.equal("AK_E_QUOTA", err.code)
		assert.are.equal(7, err.retry_after)
		assert.are.equal("slow", err.server_text)
		server:stop()
	end)

	it("is closed once and for all", function()
		local client = assert(agentkernel.new({ base_url = "local:" }))
		local stream = client:run_stream({ "echo", "still" })
		assert.are.equal("started", stream:recv().type)
		client:close()
		client:close()
		local result, err = client:run({ "x" })
		assert.is_nil(result)
		assert.are.equal("AK_E_STATE", err.code)
		local late, told = client:run_stream({ "x" }):recv()
		assert.is_nil(late)
		assert.are.equal("AK_E_STATE", told.code)
		assert.are.equal("agentkernel.Client (closed)", tostring(client))
		assert.are.equal("still\n", stream:read()) -- calls in flight continue
		assert.is_nil(stream:read())
		assert.are.equal(0, stream.exit_code)
	end)

	it("is interrupted by Ctrl-C, and leaves nothing behind", function()
		local server = kit.rules('{"times": "always", "steps": [{"wait": "close"}]}')
		local code = [[
			local client = require("agentkernel").new({ base_url = "]] .. server.url .. [[" })
			local fine, err = pcall(client.run, client, { "x" })
			print(fine, err)]]
		local output = kit.interrupt(code, function()
			server:await("complete", 1)
		end)
		assert.is_truthy(output:find("false.*interrupted!"), output)
		server:await("client_ended", 1)
		server:stop()
	end)

	if jit then
		it("takes LuaJIT's integers", function()
			local big = assert(loadstring("return 9007199254740993LL"))()
			local server = kit.rules('{"steps": [{"reply": {"status": 500, "json": {"success": false, "error": "no"}}}]}')
			local client = assert(agentkernel.new({ base_url = server.url, max_reply_bytes = big }))
			assert.are.equal("9007199254740993", client:setting("max_reply_bytes"))
			client:create_sandbox("x", { memory_mb = big })
			local body = require("spec.json").base64(server:log().requests[1].body)
			assert.is_truthy(body:find('"memory_mb":9007199254740993', 1, true), body)
			server:stop()
		end)
	end

	if kit.closes then
		it("is closed at the end of a block", function()
			local closed = load([[
				local agentkernel = ...
				local kept
				do
					local client <close> = assert(agentkernel.new({ base_url = "local:" }))
					kept = client
				end
				return tostring(kept)]])
			assert.are.equal("agentkernel.Client (closed)", closed(agentkernel))
		end)
	end
end)
