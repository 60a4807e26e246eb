-- From packages alone: a command, a stream, a sandbox and its files by local:, and a command through a TLS connection.
local agentkernel = require("agentkernel")

local client = assert(agentkernel.new({ base_url = "local:" }))
io.write(assert(client:run({ "echo", "hello" })).output)
local text = {}
for event, err in client:run_stream({ "sh", "-c", "echo one; echo two" }) do
	assert(event, err)
	text[#text + 1] = event.type == "output" and event.data or ""
end
assert(table.concat(text) == "one\ntwo\n")
assert(client:sandbox("check-lua", function(sb)
	assert(sb:write_file("/tmp/data", "\0\255"))
	assert(assert(sb:read_file("/tmp/data")).content == "\0\255")
	assert(assert(sb:run({ "sh", "-c", "wc -c </tmp/data" })).output:match("%d+") == "2")
	return true
end))
local safe = assert(agentkernel.new({ base_url = os.getenv("CHECK_URL"), ca_file = os.getenv("CHECK_CA") }))
assert(assert(safe:run({ "echo", "safe" })).output == "safe\n")
for line in io.lines("/proc/self/maps") do
	assert(not line:find("libcurl") and not line:find("libcjson"), line)
end
