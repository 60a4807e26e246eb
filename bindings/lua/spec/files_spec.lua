--- Files, detached commands and snapshots: against a real server, and with failures.
local agentkernel = require("agentkernel")
local kit = require("spec.kit")

--- A test that runs with this process's way to wait.
local function test(name, body)
	it(name, function()
		kit.run(body)
	end)
end

local function client_of(url)
	return assert(agentkernel.new({ base_url = url, wait = kit.waiter() }))
end

--- In a sandbox of agentkernel-local.
local function test_inside(name, body)
	test(name, function()
		local client = client_of(kit.local_url())
		assert(client:sandbox("lua-files-" .. kit.way, function(sb)
			body(sb, client)
			return true
		end))
		client:close()
	end)
end

local function all(reader, size)
	local got = {}
	local bytes, err = reader:read(size)
	while bytes do
		got[#got + 1] = bytes
		bytes, err = reader:read(size)
	end
	return table.concat(got), err
end

local function replies(...)
	local steps = {}
	for i, reply in ipairs({ ... }) do
		steps[i] = '{"steps": [{"reply": ' .. reply .. "}]}"
	end
	return kit.rules((unpack or table.unpack)(steps))
end

local BYTES = ("\0\255\r\n%é"):rep(40000)

describe("files (" .. kit.way .. ")", function()
	test_inside("are written and read as bytes", function(sb, client)
		assert.is_true(sb:write_file("/workspace/deep/a", BYTES))
		local file = assert(sb:read_file("/workspace/deep/a"))
		assert.is_true(file.content == BYTES)
		assert.are.equal(#BYTES, file.size)
		assert.is_true(all(sb:open_file("/workspace/deep/a"), 1000) == BYTES)
		assert.is_true(sb:write_file("/workspace/empty", ""))
		assert.are.equal("", (all(sb:open_file("/workspace/empty"))))
		assert.is_true(sb:delete_file("/workspace/deep/a"))
		local gone, err = sb:read_file("/workspace/deep/a")
		assert.is_nil(gone)
		assert.are.equal("AK_E_NOT_FOUND", err.code)
		local reader = sb:open_file("/workspace/deep/a")
		for _ = 1, 2 do -- a failure is latched
			gone, err = reader:read()
			assert.is_nil(gone)
			assert.are.equal("AK_E_NOT_FOUND", err.code)
		end
		assert.are.equal(2, assert(sb:write_files({ files = { ["/tmp/x"] = "1", ["/tmp/y"] = "2" } })).written)
		assert.are.equal("12", assert(client:exec_in_sandbox(sb.name, { "cat", "/tmp/x", "/tmp/y" })).output)
	end)

	test_inside("are written from functions, handles and readers", function(sb)
		local left = 5
		assert.is_true(sb:write_file_from("/workspace/f", function()
			left = left - 1
			return left >= 0 and (left == 2 and "" or BYTES) or nil
		end))
		assert.is_true(assert(sb:read_file("/workspace/f")).content == BYTES:rep(4))
		local path = kit.folder() .. "/content"
		local file = assert(io.open(path, "wb"))
		file:write(BYTES)
		file:close()
		file = assert(io.open(path, "rb"))
		assert.is_true(sb:write_file_from("/workspace/g", file, { size = #BYTES }))
		file:close()
		assert.is_true(sb:write_file_from("/workspace/h", sb:open_file("/workspace/g")))
		assert.is_true(all(sb:open_file("/workspace/h")) == BYTES)
	end)

	test_inside("are not written by half", function(sb)
		local count = 0
		local function breaking(how)
			count = 0
			return function()
				count = count + 1
				if count > 2 then
					return how()
				end
				return BYTES
			end
		end
		local done, err = sb:write_file_from("/workspace/half", breaking(function()
			return nil, "no disk"
		end))
		assert.is_nil(done)
		assert.are.equal("AK_E_CANCELLED", err.code)
		assert.is_truthy(err.message:find("no disk", 1, true))
		done, err = sb:write_file_from("/workspace/half", sb:open_file("/workspace/none"))
		assert.is_nil(done)
		assert.are.equal("AK_E_NOT_FOUND", err.code)
		local fine, raised = require("agentkernel.protect").pcall(sb.write_file_from, sb, "/workspace/half", breaking(function()
			error("a bug", 0)
		end))
		assert.is_false(fine)
		assert.are.equal("a bug", raised)
		done, err = sb:write_file_from("/workspace/half", breaking(function() end), { size = #BYTES * 2 + 1 })
		assert.is_nil(done)
		assert.are.equal("AK_E_ARGUMENT", err.code)
		done, err = sb:read_file("/workspace/half")
		assert.is_nil(done)
		assert.are.equal("AK_E_NOT_FOUND", err.code)
	end)

	test_inside("detached commands are waited for", function(sb)
		local script = "until [ -e /workspace/go ]; do sleep 0.05; done; echo $A; exit 3"
		local command = assert(sb:exec_detached({ "sh", "-c", script, env = { A = "out" } }))
		assert.are.equal("running", command.status)
		assert(sb:write_file("/workspace/go", ""))
		local ended = assert(sb:detached_wait(command.id))
		assert.are_not.equal("running", ended.status)
		assert.are.equal(3, ended.exit_code)
		assert.are.equal("out\n", assert(sb:detached_logs(command.id)).stdout)
		command = assert(sb:exec_detached({ "sleep", "60" }))
		local done, err = sb:detached_wait(command.id, { timeout = 0.2 })
		assert.is_nil(done)
		assert.are.equal("AK_E_TIMEOUT", err.code)
		assert.is_true(sb:detached_kill(command.id))
		assert(sb:detached_wait(command.id, { timeout = 60 }))
	end)

	test("a read waits for what comes late", function()
		local reply = [[{"reply": {"text": "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"late\"}}"},]]
		local server = kit.rules('{"steps": [' .. reply .. ' "piece": 30, "pause_ms": 150}]}') -- longer than a wait in the library
		local reader = client_of(server.url):open_file("box", "/a")
		assert.are.equal("late", (all(reader, 1)))
		reader:close()
		assert.is_nil((reader:read()))
		server:stop()
	end)

	test("a restored sandbox is started where the server does not", function()
		local made = '{"json": {"success": true, "data": {"name": "again", "status": "%s"}}}'
		local server = replies(made:format("stopped"), '{"json": {"success": true, "data": "x"}}', made:format("running"))
		local client = client_of(server.url)
		assert.are.equal("running", assert(client:restore_snapshot("before", { start = true })).status)
		assert.are.same(
			{ "POST /snapshots/before/restore", "POST /sandboxes/again/start", "GET /sandboxes/again" },
			server:requests()
		)
		server:stop()
		server = replies(made:format("stopped"), '{"status": 500, "json": {"success": false, "error": "no"}}')
		client = client_of(server.url)
		local found, err, before = client:restore_snapshot("before", { start = true })
		assert.is_nil(found)
		assert.are.equal("AK_E_SERVER", err.code)
		assert.are.equal("again", before[1].name)
		server:stop()
	end)
end)
