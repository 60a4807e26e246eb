--- One way to do one case, in a process of its own: worker.lua CASE WAY URL. Prints CPU, wall time and peak of memory.
local socket = require("socket")

local case, way, url = arg[1], arg[2], arg[3]
local RUNS = 3000

-- The server's streams: the command that requests it, the number of its events, and the least number of their bytes.
local STREAMS = {
	["events 150 B"] = { command = "small", events = 100000, bytes = 100000 * 100 },
	["events 16 KiB"] = { command = "large", events = 10000, bytes = 10000 * 16000 },
}
local STREAM = STREAMS[case]

-- The server's file, byte i of which is i mod 256.
local FILE_PATH = "/tmp/x"
local FILE_BYTES = 12000000
local FILES = 5
local PIECE_BYTES = 65536

local cases = { run = {}, stream = {}, ["read file 12 MB"] = {}, ["write file 12 MB"] = {} }

--- luasocket and lua-cjson, by hand: one persistent connection, which socket.http does not support.
local function kept()
	local cjson = require("cjson")
	local host, port = url:match("^http://([%d.]+):(%d+)")
	local connection = assert(socket.connect(host, tonumber(port)))
	connection:setoption("tcp-nodelay", true)
	return function(command)
		local body = cjson.encode({ command = command, fast = false })
		assert(connection:send(table.concat({
			"POST /run HTTP/1.1", "Host: " .. host .. ":" .. port, "Content-Type: application/json",
			"Accept: application/json", "Content-Length: " .. #body, "", body,
		}, "\r\n")))
		assert(connection:receive("*l"):find("^HTTP/1.1 200"))
		local length
		repeat
			local line = assert(connection:receive("*l"))
			local name, value = line:match("^([^:]+):%s*(.*)$")
			if name and name:lower() == "content-length" then
				length = tonumber(value)
			end
		until line == ""
		return cjson.decode((assert(connection:receive(length)))).data.output
	end
end

local function times(count, run)
	return function()
		for _ = 1, count do
			assert(run({ "echo", "hello" }) == "hello\n")
		end
		return count
	end
end

cases.run["socket, cjson, kept"] = function()
	return times(RUNS, kept())
end

cases.run["socket.http, cjson"] = function()
	local http, ltn12, cjson = require("socket.http"), require("ltn12"), require("cjson")
	return times(RUNS, function(command)
		local body, parts = cjson.encode({ command = command, fast = false }), {}
		local _, status = http.request({
			url = url .. "/run",
			method = "POST",
			headers = { ["Content-Type"] = "application/json", ["Content-Length"] = #body },
			source = ltn12.source.string(body),
			sink = ltn12.sink.table(parts),
		})
		assert(status == 200)
		return cjson.decode(table.concat(parts)).data.output
	end)
end

cases.run.agentkernel = function()
	local client = assert(require("agentkernel").new({ base_url = url }))
	return times(RUNS, function(command)
		return assert(client:run(command)).output
	end)
end

--- Checks the stream's totals, and returns the number of events.
local function whole(count, bytes, code)
	assert(count == STREAM.events and bytes >= STREAM.bytes and code == 0, "not the whole stream")
	return count
end

--- The stream by socket.http. take gets the unparsed text and a function for events; it returns the rest.
local function by_http(take)
	local http, ltn12, cjson = require("socket.http"), require("ltn12"), require("cjson")
	return function()
		local body = cjson.encode({ command = { STREAM.command }, fast = false })
		local rest, count, bytes, code = "", 0, 0, nil
		local function on_event(kind, data)
			local event = cjson.decode(data)
			if kind == "output" then
				count, bytes = count + 1, bytes + #event.data
			elseif kind == "done" then
				code = event.exit_code
			end
		end
		assert(http.request({
			url = url .. "/run/stream",
			method = "POST",
			headers = { ["Content-Type"] = "application/json", ["Content-Length"] = #body },
			source = ltn12.source.string(body),
			sink = function(chunk)
				if chunk then
					rest = take(rest .. chunk, on_event)
				end
				return 1
			end,
		}))
		return whole(count, bytes, code)
	end
end

--- Events as specified: lines that end in LF or CR LF, fields in any order, comments, several data lines.
cases.stream["socket.http, cjson"] = function()
	local kind, data
	return by_http(function(text, on_event)
		local start = 1
		local stop = text:find("\n", 1, true)
		while stop do
			local line = text:sub(start, text:byte(stop - 1) == 13 and stop - 2 or stop - 1)
			start = stop + 1
			stop = text:find("\n", start, true)
			if line == "" then
				if data then
					on_event(kind, data)
				end
				kind, data = nil, nil
			else
				local colon = line:find(":", 1, true) or #line + 1
				local field = line:sub(1, colon - 1)
				local value = line:sub(line:byte(colon + 1) == 32 and colon + 2 or colon + 1)
				if field == "data" then
					data = data and data .. "\n" .. value or value
				elseif field == "event" then
					kind = value
				end
			end
		end
		return text:sub(start)
	end)
end

cases.stream.agentkernel = function()
	local client = assert(require("agentkernel").new({ base_url = url }))
	return function()
		local count, bytes, code = 0, 0, nil
		for event, err in client:run_stream({ STREAM.command }) do
			assert(event, err)
			if event.type == "output" then
				count, bytes = count + 1, bytes + #event.data
			elseif event.type == "done" then
				code = event.exit_code
			end
		end
		return whole(count, bytes, code)
	end
end

cases.stream["agentkernel, read"] = function()
	local client = assert(require("agentkernel").new({ base_url = url }))
	return function()
		local bytes, stream = 0, client:run_stream({ STREAM.command })
		local chunk, err = stream:read()
		while chunk do
			bytes = bytes + #chunk
			chunk, err = stream:read()
		end
		assert(not err, err)
		return whole(STREAM.events, bytes, stream.exit_code)
	end
end

local function file_content()
	local bytes = {}
	for i = 0, 255 do
		bytes[i + 1] = string.char(i)
	end
	return table.concat(bytes):rep(FILE_BYTES / 256)
end

--- Repeats a function, whose result must be true.
local function often(work)
	return function()
		for _ = 1, FILES do
			assert(work())
		end
		return FILES
	end
end

local read_file, write_file = cases["read file 12 MB"], cases["write file 12 MB"]

read_file["socket.http, cjson, mime"] = function()
	local http, mime, cjson = require("socket.http"), require("mime"), require("cjson")
	local wanted = file_content()
	return often(function()
		local body, status = http.request(url .. "/sandboxes/bench/files" .. FILE_PATH)
		assert(status == 200)
		return mime.unb64(cjson.decode(body).data.content) == wanted
	end)
end

read_file.agentkernel = function()
	local client, wanted = assert(require("agentkernel").new({ base_url = url })), file_content()
	return often(function()
		return assert(client:read_file("bench", FILE_PATH)).content == wanted
	end)
end

read_file["agentkernel, open_file"] = function()
	local client = assert(require("agentkernel").new({ base_url = url }))
	return often(function()
		local total, file = 0, client:open_file("bench", FILE_PATH)
		local bytes, err = file:read(PIECE_BYTES)
		while bytes do
			total = total + #bytes
			bytes, err = file:read(PIECE_BYTES)
		end
		return not err and total == FILE_BYTES
	end)
end

write_file["socket.http, cjson, mime"] = function()
	local http, ltn12, mime, cjson = require("socket.http"), require("ltn12"), require("mime"), require("cjson")
	local content = file_content()
	return often(function()
		local body = cjson.encode({ encoding = "base64", content = (mime.b64(content)) })
		local _, status = http.request({
			url = url .. "/sandboxes/bench/files" .. FILE_PATH,
			method = "PUT",
			headers = { ["Content-Type"] = "application/json", ["Content-Length"] = #body },
			source = ltn12.source.string(body),
			sink = ltn12.sink.null(),
		})
		return status == 200
	end)
end

write_file.agentkernel = function()
	local client, content = assert(require("agentkernel").new({ base_url = url })), file_content()
	return often(function()
		return client:write_file("bench", FILE_PATH, content)
	end)
end

write_file["agentkernel, write_file_from"] = function()
	local client, content = assert(require("agentkernel").new({ base_url = url })), file_content()
	return often(function()
		local first = 1 - PIECE_BYTES
		return client:write_file_from("bench", FILE_PATH, function()
			first = first + PIECE_BYTES
			return first <= FILE_BYTES and content:sub(first, first + PIECE_BYTES - 1) or nil
		end, { size = FILE_BYTES })
	end)
end

local work = (cases[case] or cases.stream)[way]()
local cpu, wall = os.clock(), socket.gettime()
local units = work()
cpu, wall = os.clock() - cpu, socket.gettime() - wall
local file = io.open("/proc/self/status")
local peak = file:read("*a"):match("VmHWM:%s*(%d+)")
file:close()
print(cpu / units * 1e6, wall / units * 1e6, peak)
