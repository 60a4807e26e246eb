--- Many coroutines at once in one thread, in copas, cqueues and luv: none waits for another, and any may be stopped.
local agentkernel = require("agentkernel")
local kit = require("spec.kit")

local REPLY = '{"reply": {"json": {"success": true, "data": {"output": "hello\\n"}}}}'
local HELLO = '{"times": "always", "steps": [' .. REPLY .. "]}"
local LATER = '{"times": "always", "steps": [{"delay_ms": 50}, ' .. REPLY .. "]}"
local HANG = '{"times": "always", "steps": [{"wait": "close"}]}'

local loops = {}

function loops.cqueues()
	local cqueues = require("cqueues")
	local controller = cqueues.new()
	return {
		spawn = function(f)
			controller:wrap(f)
		end,
		run = function()
			assert(controller:loop())
		end,
		sleep = cqueues.sleep,
	}
end

function loops.luv()
	local uv = require("luv")
	local failure
	return {
		spawn = function(f)
			coroutine.wrap(function()
				local fine, err = require("agentkernel.protect").pcall(f)
				failure = failure or not fine and err
			end)()
		end,
		run = function()
			uv.run()
			assert(not failure, failure)
		end,
		sleep = require("agentkernel.luv").sleep,
	}
end

function loops.copas()
	local copas = require("copas")
	local running, failure = 0, nil
	return {
		spawn = function(f)
			running = running + 1
			copas.addthread(function()
				local fine, err = require("agentkernel.protect").pcall(f)
				failure = failure or not fine and err
				running = running - 1
			end)
		end,
		run = function()
			kit.run_copas(function()
				return running == 0
			end)
			assert(not failure, failure)
		end,
		sleep = kit.sleep_in_copas,
	}
end

for _, way in ipairs(kit.loops) do
	local new_loop = loops[way]
	describe("in " .. way, function()
		local wait = require("agentkernel." .. way)

		it("a hundred coroutines make two thousand calls, in kept connections and in fresh ones", function()
			for _, max_idle in ipairs({ 64, 0 }) do
				local server = kit.rules(HELLO)
				local client = assert(agentkernel.new({ base_url = server.url, wait = wait, max_idle = max_idle }))
				local loop, right = new_loop(), 0
				for _ = 1, 100 do
					loop.spawn(function()
						for _ = 1, 20 do
							local result = assert(client:run({ "x" }))
							right = right + (result.output == "hello\n" and 1 or 0)
						end
					end)
				end
				loop.run()
				assert.are.equal(2000, right)
				client:close()
				server:stop()
			end
		end)

		it("the loop goes on while a call waits", function()
			local server = kit.rules('{"steps": [{"wait": "release"}, ' .. REPLY .. "]}")
			local waits = 0
			local counting = { release = wait.release }
			function counting.wait(fd)
				waits = waits + 1
				return wait.wait(fd)
			end
			local client = assert(agentkernel.new({ base_url = server.url, wait = counting }))
			local loop, ticks, result = new_loop(), 0, nil
			loop.spawn(function()
				result = client:run({ "x" })
			end)
			loop.spawn(function()
				for _ = 1, 20 do
					loop.sleep(0.01)
					ticks = ticks + 1
				end
				assert.is_nil(result)
				assert.is_true(waits < ticks) -- resumed to connect and to send, but not in every turn
				server:release()
			end)
			loop.run()
			assert.are.equal(20, ticks)
			assert.are.equal("hello\n", result.output)
			server:stop()
		end)

		it("streams come side by side", function()
			local output = '{"event": "output", "data": {"data": "x", "stream": "stdout"}}'
			local done = '{"event": "done", "data": {"exit_code": 0, "success": true}}'
			local server = kit.rules(([[{"times": "always", "steps": [{"sse": {"events": [%s], "end": false}},
				{"wait": "release"}, {"event": %s}, {"last_chunk": true}]}]]):gsub("\n%s*", " "):format(output, done))
			local client = assert(agentkernel.new({ base_url = server.url, wait = wait }))
			local loop, begun, ended = new_loop(), 0, 0
			for _ = 1, 3 do
				loop.spawn(function()
					local stream = client:run_stream({ "x" })
					assert.are.equal("x", assert(stream:recv()).data)
					begun = begun + 1
					if begun == 3 then -- all have started before any ends
						assert.are.equal(0, ended)
						for _ = 1, 3 do
							server:release()
						end
					end
					assert.are.equal("done", assert(stream:recv()).type)
					ended = ended + 1
				end)
			end
			loop.run()
			assert.are.equal(3, ended)
			client:close()
			server:stop()
		end)

		it("another coroutine ends a stream that is waited for", function()
			local server = kit.rules(HANG)
			local client = assert(agentkernel.new({ base_url = server.url, wait = wait }))
			local loop = new_loop()
			local stream = client:run_stream({ "x" })
			local event, err
			loop.spawn(function()
				event, err = stream:recv()
			end)
			loop.spawn(function()
				repeat
					loop.sleep(0.01)
				until #server:requests() == 1
				local fine, why = pcall(stream.recv, stream)
				assert.is_false(fine)
				assert.is_truthy(why:find("read by another coroutine"), why)
				stream:close()
			end)
			loop.run()
			assert.is_nil(event)
			assert.are.equal("AK_E_CANCELLED", err.code)
			server:await("client_ended", 1)
			-- The loop and the client remain usable, and so does the descriptor's number.
			local other = kit.rules(HELLO)
			local again = assert(agentkernel.new({ base_url = other.url, wait = wait }))
			local result
			loop.spawn(function()
				result = again:run({ "x" })
			end)
			loop.run()
			assert.are.equal("hello\n", result.output)
			other:stop()
			server:stop()
		end)

		it("a deadline ends what hangs", function()
			local server = kit.rules(HANG)
			local client = assert(agentkernel.new({ base_url = server.url, wait = wait }))
			local loop, codes = new_loop(), {}
			for i = 1, 20 do
				loop.spawn(function()
					local _, err = client:run({ "x", timeout = 0.1 })
					codes[i] = err.code
				end)
			end
			loop.run()
			for i = 1, 20 do
				assert.are.equal("AK_E_TIMEOUT", codes[i])
			end
			server:stop()
		end)

		if way == "copas" then -- where select would fail with a closed one
			it("a descriptor that is released is not waited for any more", function()
				local silent = require("socket").udp()
				assert(silent:setsockname("127.0.0.1", 0)) -- which opens it
				local loop, woken = new_loop(), false
				loop.spawn(function()
					wait.wait(silent:getfd())
					woken = true
				end)
				loop.spawn(function()
					wait.release(silent:getfd())
					silent:close()
				end)
				loop.run()
				assert.is_true(woken)
			end)
		end

		it("outside of the loop the client blocks", function()
			local server = kit.rules(HELLO)
			local client = assert(agentkernel.new({ base_url = server.url, wait = wait }))
			assert.are.equal("hello\n", assert(client:run({ "x" })).output)
			server:stop()
		end)

		it("a coroutine that waits is forgotten with its loop", function()
			local server = kit.rules(HANG)
			local client = assert(agentkernel.new({ base_url = server.url, wait = wait }))
			if way == "cqueues" then -- luv's loop is never collected
				local function wait_in_a_loop()
					local controller = require("cqueues").new()
					controller:wrap(function()
						client:run({ "x" })
					end)
					repeat
						assert(controller:step(0.01))
					until #server:requests() == 1
				end
				wait_in_a_loop()
				kit.collect()
				kit.collect()
				server:await("client_ended", 1)
			end
			client:close()
			server:stop()
		end)
	end)
end

if kit.closes then
	local HANGS = '{"wait": "close"}'
	local MADE = '{"reply": {"json": {"success": true, "data": {"name": "sb", "status": "running"}}}}'

	--- Resumes a coroutine until `ready` returns true.
	local drive = {}

	function drive.turns(thread, ready)
		repeat
			assert(coroutine.resume(thread))
		until ready()
	end

	function drive.luv(thread, ready)
		local uv = require("luv")
		assert(coroutine.resume(thread))
		local timer = uv.new_timer()
		timer:start(10, 10, function()
			if ready() then
				timer:close()
				uv.stop()
			end
		end)
		uv.run()
	end

	for _, way in ipairs({ "turns", kit.has("luv") and "luv" or nil }) do
		describe("a coroutine of " .. way .. " that is closed", function()
			--- The server's requests when a coroutine is closed in the middle of these replies.
			local function requests(create, execute, count)
				local rule = '{"method": "%s", "target": "%s", "steps": [%s]}'
				local server = kit.rules(
					rule:format("POST", "/sandboxes", create),
					rule:format("POST", "/sandboxes/sb/exec", execute),
					rule:format("GET", "/sandboxes/sb", MADE),
					rule:format("DELETE", "/sandboxes/sb", '{"reply": {"json": {"success": true, "data": "removed"}}}')
				)
				local client = assert(agentkernel.new({ base_url = server.url, wait = kit.waiter(way) }))
				local thread = coroutine.create(function()
					client:sandbox("sb", function(sb)
						sb:run({ "x" })
					end)
				end)
				drive[way](thread, function()
					return #server:requests() == count
				end)
				assert(coroutine.close(thread))
				kit.collect()
				if way == "luv" then -- its loop continues
					require("luv").run()
				end
				server:await("client_ended", 1)
				local list = server:requests()
				client:close()
				server:stop()
				return list
			end

			it("ends its call and removes its sandbox", function()
				local wanted = { "POST /sandboxes", "POST /sandboxes/sb/exec", "DELETE /sandboxes/sb" }
				assert.are.same(wanted, requests(MADE, HANGS, 2))
			end)

			it("ends its create and removes what that may have made", function()
				assert.are.same({ "POST /sandboxes", "GET /sandboxes/sb", "DELETE /sandboxes/sb" }, requests(HANGS, HANGS, 1))
			end)
		end)
	end
end

describe("another loop", function()
	it("needs a function that waits", function()
		local server = kit.rules(LATER)
		local fds = {}
		local client = assert(agentkernel.new({
			base_url = server.url,
			wait = function(fd)
				fds[#fds + 1] = fd
				coroutine.yield()
			end,
		}))
		local result
		local thread = coroutine.create(function()
			result = client:run({ "x" })
		end)
		while coroutine.status(thread) ~= "dead" do
			assert(coroutine.resume(thread))
		end
		assert.are.equal("hello\n", result.output)
		assert.is_number(fds[1])
		server:stop()
	end)

	it("may fail, and the call is freed", function()
		local server = kit.rules(HANG)
		local released
		local client = assert(agentkernel.new({
			base_url = server.url,
			wait = {
				wait = function(fd)
					server:await("complete", 1)
					released = -fd
					error("the loop is broken", 0)
				end,
				release = function(fd)
					released = fd
				end,
			},
		}))
		local fine, err = pcall(client.run, client, { "x" })
		assert.is_false(fine)
		assert.are.equal("the loop is broken", err)
		assert.is_true(released > 0)
		server:await("client_ended", 1)
		server:stop()
	end)
end)
