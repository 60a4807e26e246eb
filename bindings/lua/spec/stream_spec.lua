--- Streams: events, bytes, early ends, and failures.
local agentkernel = require("agentkernel")
local kit = require("spec.kit")

local DONE = '{"event": "done", "data": {"exit_code": 0, "success": true}}'

local function output(text)
	return '{"event": "output", "data": {"data": "' .. text .. '", "stream": "stdout"}}'
end

--- A server that sends these events to every stream, and then these steps.
local function stream_server(events, ending, steps)
	local sse = '{"sse": {"events": [' .. table.concat(events, ",") .. '], "end": ' .. tostring(ending) .. "}}"
	return kit.rules('{"times": "always", "steps": [' .. sse .. (steps and "," .. steps or "") .. "]}")
end

local function client_of(server)
	return assert(agentkernel.new({ base_url = server.url, wait = kit.waiter() }))
end

--- A test that runs with this process's way to wait.
local function test(name, body)
	it(name, function()
		kit.run(body)
	end)
end

describe("stream (" .. kit.way .. ")", function()
	test("comes while the command runs", function()
		local client = assert(agentkernel.new({ base_url = "local:", wait = kit.waiter() }))
		local stream = client:run_stream({ "sh", "-c", "echo one; sleep 0.3; echo two; exit 2" })
		local first, got = nil, {}
		local event, err = stream:recv()
		while event do
			if event.type == "output" then
				first = first or not stream.exit_code
				got[#got + 1] = event.data
			end
			event, err = stream:recv()
		end
		assert.is_nil(err)
		assert.are.equal("one\ntwo\n", table.concat(got))
		assert.is_true(first)
		assert.are.equal(2, stream.exit_code)
		assert.is_false(stream.final.success)
		assert.is_nil((stream:recv())) -- the end is repeated
		client:close()
	end)

	test("gives the same events of output as of any other kind", function()
		local events = {
			output("plain"),
			output("\\u0001\\n\\\\ \\\"\\u00e9"),
			output(""),
			'{"event": "output", "id": "7", "data": {"data": "a", "stream": "stderr", "more": [1]}}',
			'{"event": "output", "data": {"content": "a", "stream": "stdout"}}',
			'{"event": "output", "data": {"data": "b", "data_base64": "/wA=", "stream": "stdout"}}',
			'{"event": "output", "data": {"data": "a", "stream": null}}',
			'{"event": "output", "data": {"data": 1, "stream": "stdout"}}',
			'{"event": "output", "data": {"data": "a"}}',
			'{"event": "output", "data": {"data": "a", "stream": "stdout", "exit_code": 3}}',
			'{"event": "output", "data": [1]}',
			'{"event": "out", "data": {"data": "a", "stream": "stdout"}}',
			'{"event": "done", "data": {"data": "a", "stream": "stdout"}}',
		}
		local server = stream_server(events, true)
		local stream = client_of(server):run_stream({ "x" })
		local kinds = {}
		local event = stream:recv()
		while event do
			assert.are.same(stream.call and stream.call:record(), event)
			assert.are.equal('agentkernel.Event (type "' .. event.type, tostring(event):match('^[^"]*"%a+'))
			kinds[#kinds + 1] = event.type
			event = stream:recv()
		end
		assert.are.equal(#events, #kinds)
		assert.are.equal("done", stream.final.type)
		server:stop()
		if kit.way == "block" then -- and to the generic for, which has its own code there
			server = stream_server(events, true)
			local count = 0
			stream = client_of(server):run_stream({ "x" })
			for turn in stream do
				count = count + 1
				assert.are.same(stream.call:record(), turn)
				assert.are.equal(kinds[count], turn.type)
				assert.is_truthy(tostring(turn):find("^agentkernel%.Event %(type "))
			end
			assert.are.equal(#events, count)
			assert.are.equal("done", stream.final.type)
			server:stop()
		end
	end)

	test("gives output alone as bytes", function()
		local server = stream_server({ output("hello "), output("w\\u00e9rld"), output(""), output("!"), DONE }, true)
		local stream = client_of(server):run_stream({ "x" })
		local got = {}
		local bytes, err = stream:read(4)
		while bytes do
			assert.is_true(#bytes >= 1 and #bytes <= 4)
			got[#got + 1] = bytes
			bytes, err = stream:read(4)
		end
		assert.is_nil(err)
		assert.are.equal("hello wérld!", table.concat(got))
		assert.are.equal(0, stream.exit_code)
		server:stop()
	end)

	test("says when an event is left in part, and goes on", function()
		local server = stream_server({ output("hello"), DONE }, true)
		local stream = client_of(server):run_stream({ "x" })
		assert.are.equal("he", stream:read(2))
		local event, err = stream:recv()
		assert.is_nil(event)
		assert.are.equal("AK_E_STATE", err.code)
		assert.are.equal("llo", stream:read())
		assert.are.equal("done", stream:recv().type)
		assert.is_nil(stream:recv())
		server:stop()
	end)

	test("gives bytes of what recv has seen", function()
		local server = stream_server({ output("a"), output("b"), DONE }, true)
		local stream = client_of(server):run_stream({ "x" })
		assert.are.equal("a", stream:recv().data)
		assert.are.equal("a", stream:read())
		assert.are.equal("b", stream:read())
		assert.is_nil(stream:read())
		server:stop()
	end)

	test("gives the output that only a done event brings", function()
		local done = '{"event": "done", "data": {"exit_code": 0, "success": true, "output": "late"}}'
		local server = stream_server({ done }, true)
		local stream = client_of(server):run_stream({ "x" })
		assert.are.equal("la", stream:read(2))
		assert.are.equal("te", stream:read(2))
		assert.is_nil(stream:read(2))
		server:stop()
	end)

	test("has an error event as an event, and as an Error of read", function()
		local server = stream_server({ output("a"), '{"event": "error", "data": {"message": "no sandbox"}}' }, true)
		local client = client_of(server)
		local stream = client:run_stream({ "x" })
		assert.are.equal("output", stream:recv().type)
		assert.are.equal("no sandbox", stream:recv().message)
		assert.is_nil((stream:recv()))
		assert.are.equal("error", stream.final.type)
		stream = client:run_stream({ "x" })
		assert.are.equal("a", stream:read())
		for _ = 1, 2 do
			local bytes, err = stream:read()
			assert.is_nil(bytes)
			assert.are.equal("AK_E_STREAM", err.code)
			assert.are.equal("no sandbox", err.message)
		end
		server:stop()
	end)

	test("tells of a stream that breaks off, each time", function()
		local server = stream_server({ output("a") }, true)
		local stream = client_of(server):run_stream({ "x" })
		assert.are.equal("a", stream:recv().data)
		for _ = 1, 2 do
			local event, err = stream:recv()
			assert.is_nil(event)
			assert.are.equal("AK_E_TRUNCATED", err.code)
			local bytes, same = stream:read()
			assert.is_nil(bytes)
			assert.are.equal(err, same)
		end
		server:stop()
	end)

	test("ends the request when it is closed early", function()
		local server = stream_server({ output("a") }, false, '{"wait": "close"}')
		local stream = client_of(server):run_stream({ "x" })
		assert.are.equal("a", stream:recv().data)
		stream:close()
		stream:close()
		server:await("client_ended", 1)
		assert.is_nil((stream:recv()))
		assert.is_nil((stream:read()))
		server:stop()
	end)

	test("ends the request when it is forgotten", function()
		local server = stream_server({ output("a") }, false, '{"wait": "close"}')
		local client = client_of(server)
		assert.are.equal("a", client:run_stream({ "x" }):recv().data)
		kit.collect()
		server:await("client_ended", 1)
		assert.are.equal("a", client:run_stream({ "x" }):recv().data) -- its descriptor's number is free again
		server:stop()
	end)

	test("keeps its deadlines", function()
		local server = stream_server({ output("a") }, false, '{"wait": "close"}')
		local client = client_of(server)
		for _, option in ipairs({ "timeout", "idle_timeout" }) do
			kit.stretch(function(seconds)
				local stream = client:run_stream({ "x", [option] = seconds })
				local first = stream:recv()
				local event, err = stream:recv()
				assert.is_nil(event)
				assert.are.equal("AK_E_TIMEOUT", err.code)
				return first and first.data == "a"
			end)
		end
		server:stop()
	end)

	test("sends nothing before its first event is asked for", function()
		local server = stream_server({ DONE }, true)
		local stream = client_of(server):run_stream({ "x" })
		assert.are.same({}, server:requests())
		assert.are.equal("done", stream:recv().type)
		server:stop()
	end)
end)

if kit.way == "block" then
	describe("for over a stream", function()
		it("gives the events", function()
			local server = stream_server({ output("a"), output("b"), DONE }, true)
			local types = {}
			for event, err in client_of(server):run_stream({ "x" }) do
				assert.is_nil(err)
				types[#types + 1] = event.type
			end
			assert.are.same({ "output", "output", "done" }, types)
			server:stop()
		end)

		it("gives false and the Error as its last turn", function()
			local server = stream_server({ output("a") }, true)
			local turns = {}
			for event, err in client_of(server):run_stream({ "x" }) do
				turns[#turns + 1] = event and event.type or err.code
			end
			assert.are.same({ "output", "AK_E_TRUNCATED" }, turns)
			turns = {}
			for event, err in client_of(server):run_stream({ "x", image = "no way!" }) do
				turns[#turns + 1] = event and event.type or err.code
			end
			assert.are.same({ "AK_E_ARGUMENT" }, turns)
			server:stop()
		end)

		it("is misused with a size that is none", function()
			local server = stream_server({ DONE }, true)
			local stream = client_of(server):run_stream({ "x" })
			for _, size in ipairs({ 0, -1, 1.5, "4", 0 / 0 }) do
				assert.has_error(function()
					stream:read(size)
				end)
			end
			server:stop()
		end)

		if kit.closes then
			it("closes the stream however it is left", function()
				local server = stream_server({ output("a") }, false, '{"wait": "close"}')
				local client = client_of(server)
				for event in client:run_stream({ "x" }) do
					if event then
						break
					end
				end
				server:await("client_ended", 1)
				pcall(function()
					for _ in client:run_stream({ "x" }) do
						error("out")
					end
				end)
				server:await("client_ended", 2)
				load("local client = ... local stream <close> = client:run_stream({ 'x' }) stream:recv()")(client)
				server:await("client_ended", 3)
				local stream = client:run_stream({ "x" })
				for event in stream:events() do
					if event then
						break
					end
				end
				server:await("client_ended", 4)
				server:stop()
			end)
		end

		it("is ended by Ctrl-C", function()
			local server = stream_server({ output("a") }, false, '{"wait": "close"}')
			local code = [[
				local stream = require("agentkernel").new({ base_url = "]] .. server.url .. [[" }):run_stream({ "x" })
				io.stdout:setvbuf("line")
				print(pcall(function() for event in stream do print(event.type) end end))
				print(stream:recv())]]
			local text = kit.interrupt(code, function(printed)
				assert.are.equal("output", printed:read("*l"))
			end)
			assert.is_truthy(text:find("^false.*interrupted!"), text)
			server:await("client_ended", 1)
			server:stop()
		end)
	end)
end
