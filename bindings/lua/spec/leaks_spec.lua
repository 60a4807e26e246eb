--- Ten thousand calls and streams, a quarter of them abandoned: constant memory and descriptors.
local agentkernel = require("agentkernel")
local kit = require("spec.kit")

local unpack = unpack or table.unpack
local ROUNDS = 10000
local OUTPUT = '{"event": "output", "data": {"data": "' .. ("x"):rep(200) .. '", "stream": "stdout"}}'
local DONE = '{"event": "done", "data": {"exit_code": 0, "success": true}}'

local function serve()
	local events = table.concat({ OUTPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT, DONE }, ",")
	local failing = '{"success": false, "error": "no", "exit_code": 1, "output": "' .. ("x"):rep(200) .. '"}'
	local rule = '{"target": "%s", "times": "always", "steps": [%s]}'
	return kit.rules(
		rule:format("/run/stream", '{"sse": {"events": [' .. events .. "]}}"),
		rule:format("/sandboxes/sb/exec", '{"reply": {"status": 409, "json": ' .. failing .. "}}"),
		rule:format("/run", '{"reply": {"json": {"success": true, "data": {"output": "hello\\n"}}}}')
	)
end

local function one_round(client, number)
	local kind = number % 4
	if kind == 0 then
		assert(client:run({ "x" }))
	elseif kind == 1 then
		assert(select(2, client:exec_in_sandbox("sb", { "x" })).code == "AK_E_COMMAND")
	elseif kind == 2 then
		local count, stream = 0, client:run_stream({ "x" })
		while stream:recv() do
			count = count + 1
		end
		assert(count == 6)
	else
		assert(client:run_stream({ "x" }):recv()) -- and dropped
	end
	if number % 100 == 0 then -- Lua does not know how much memory a dropped call holds
		collectgarbage()
	end
end

local function check_flat(work)
	work(1, ROUNDS / 5)
	kit.collect()
	local memory, descriptors = kit.resident(), kit.descriptors()
	work(ROUNDS / 5 + 1, ROUNDS)
	kit.collect()
	local more = kit.descriptors() - descriptors
	assert.is_true(more <= 50, more .. " descriptors more") -- calls not yet collected; 2,000 were dropped since
	more = kit.resident() - memory
	assert.is_true(more <= 4096, more .. " KiB more")
end

for _, way in ipairs({ "block", "turns", unpack(kit.loops) }) do
	describe("leaks (" .. way .. ")", function()
		it("there are none in ten thousand rounds", function()
			local server = serve()
			local client = assert(agentkernel.new({ base_url = server.url, wait = kit.waiter(way), max_idle = 1 }))
			check_flat(function(first, last)
				kit.run(function()
					for number = first, last do
						one_round(client, number)
					end
				end, way)
			end)
			client:close()
			server:stop()
		end)
	end)
end

local function check_peak(before, peak, allowed) -- KiB
	assert.is_true(peak <= before + allowed, ("%d KiB before, %d at its peak"):format(before, peak))
end

describe("leaks", function()
	it("there are none where clients come and go", function()
		local server = serve()
		check_flat(function(first, last)
			for _ = first, last, 10 do
				local client = assert(agentkernel.new({ base_url = server.url }))
				assert(client:run({ "x" }))
				client:close()
			end
		end)
		server:stop()
	end)

	it("a long stream takes no memory", function()
		local event = 'event: output\\ndata: {\\"data\\":\\"' .. ("x"):rep(16384) .. '\\",\\"stream\\":\\"stdout\\"}\\n\\n'
		local count = 2048 -- 32 MiB
		local server = kit.rules(([[{"times": "always", "steps": [
			{"sse": {"events": [], "end": false}},
			{"repeat_text": "%s", "count": %d, "chunked": true},
			{"text": "event: done\ndata: {\"exit_code\":0,\"success\":true}\n\n", "chunked": true},
			{"last_chunk": true}]}]]):gsub("\n%s*", " "):format(event, count))
		local client = assert(agentkernel.new({ base_url = server.url }))
		local function read(how)
			local stream, total, peak, turns = client:run_stream({ "x" }), 0, 0, 0
			local item = stream[how](stream)
			while item do
				total = total + #(type(item) == "string" and item or item.data or "")
				turns = turns + 1
				peak = turns % 256 == 0 and math.max(peak, kit.resident()) or peak
				item = stream[how](stream)
			end
			assert.are.equal(count * 16384, total)
			return peak
		end
		local before = read("recv")
		check_peak(before, read("recv"), 8192)
		check_peak(before, read("read"), 8192)
		client:close()
		server:stop()
	end)

	local piece = ("x"):rep(65536)

	local function held() -- without garbage, which Lua keeps while there is little of it
		kit.collect()
		return kit.resident()
	end

	-- What the allocator keeps after a small file is not a leak: a large one is compared with that.
	it("a long file takes no memory, in or out", function()
		local function download(pieces)
			local server = kit.rules(([[{"method": "GET", "times": "always", "steps": [
				{"text": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"},
				{"text": "{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"", "chunked": true},
				{"repeat_text": "%s", "count": %d, "chunked": true},
				{"text": "\"}}", "chunked": true},
				{"last_chunk": true}]}]]):gsub("\n%s*", " "):format(piece, pieces))
			local client = assert(agentkernel.new({ base_url = server.url }))
			local reader, total, peak, turns = client:open_file("box", "/a"), 0, 0, 0
			local bytes, err = reader:read()
			while bytes do
				total, turns = total + #bytes, turns + 1
				peak = turns % 64 == 0 and math.max(peak, held()) or peak
				bytes, err = reader:read()
			end
			assert.is_nil(err)
			assert.are.equal(pieces * #piece, total)
			client:close()
			server:stop()
			return peak
		end
		local before = download(128) -- 8 MiB
		check_peak(before, download(512), 8192)
		local client = assert(agentkernel.new({ base_url = kit.local_url() }))
		local function upload(sb, pieces)
			local turns, peak = 0, 0
			assert(sb:write_file_from("/tmp/long", function()
				turns = turns + 1
				peak = turns % 16 == 0 and math.max(peak, held()) or peak
				return turns <= pieces and piece or nil
			end))
			return peak
		end
		assert(client:sandbox("lua-long", function(sb)
			before = upload(sb, 16)
			check_peak(before, upload(sb, 176), 8192) -- of 11 MiB; a request holds at most 12
			return true
		end))
		client:close()
	end)
end)
