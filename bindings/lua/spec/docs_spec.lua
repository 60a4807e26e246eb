--- Every Lua snippet of the documentation, and every example, is run unchanged.
local agentkernel = require("agentkernel")
local kit = require("spec.kit")

local LUA = "lua" .. os.getenv("AK_LUA")

local function read(path)
	local file = assert(io.open(path))
	local text = file:read("*a")
	file:close()
	return text
end

--- Runs a program against agentkernel-local: its output and exit code.
local function run(program, arguments)
	return kit.shell("AGENTKERNEL_BASE_URL='%s' %s '%s' %s 2>&1", kit.local_url(), LUA, program, arguments or "")
end

--- The binding's own snippets need no server.
local function run_alone(program)
	return kit.shell("%s '%s' 2>&1", LUA, program)
end

--- The loop of copas 1 never ends.
local function ends(loop)
	return kit.has(loop) and (loop ~= "copas" or require("copas").finished)
end

local documents = { "README.md", "bindings/lua/README.md" }
local pipe = io.popen("cd '" .. kit.tree .. "' && ls docs/*.md")
for path in pipe:lines() do
	documents[#documents + 1] = path
end
pipe:close()

describe("documentation", function()
	local count = 0
	for _, document in ipairs(documents) do
		local text = read(kit.tree .. "/" .. document)
		for mark, snippet in text:gmatch("([^\n]*)\n```lua\n(.-)\n```") do
			count = count + 1
			local loop = snippet:match('"agentkernel%.(%a+)"')
			if (not mark:find("5.4", 1, true) or kit.closes) and (not loop or ends(loop)) then
				it(document .. " " .. count, function()
					local path = kit.folder() .. "/snippet.lua"
					local file = assert(io.open(path, "w"))
					file:write(snippet, "\n")
					file:close()
					local output, status = (document:find("/lua/", 1, true) and run_alone or run)(path)
					assert.are.equal(0, status, output)
					assert.are_not.equal("", output)
					-- The output that a line's comment promises.
					for wanted in snippet:gmatch('print%([^\n]-%) %-%- "([^\n]-)"\n') do
						assert.is_truthy(output:find(wanted:gsub("\\n", "\n"), 1, true), output)
					end
				end)
			end
		end
	end

	it("has snippets", function()
		assert.is_true(count >= 8)
	end)
end)

describe("example", function()
	local examples = kit.tree .. "/examples/lua/"

	it("run.lua shows the output and exits as the command does", function()
		local output, status = run(examples .. "run.lua", "sh -c 'echo to be seen; exit 3'")
		assert.are.equal("to be seen\n", output)
		assert.are.equal(3, status)
	end)

	it("run.lua says when nobody is there, and how it is used", function()
		local output, status = kit.shell("AGENTKERNEL_BASE_URL=http://127.0.0.1:1 %s '%srun.lua' true 2>&1", LUA, examples)
		assert.is_truthy(output:find("AK_E_CONNECT", 1, true), output)
		assert.are.equal(125, status)
		output, status = run(examples .. "run.lua")
		assert.is_truthy(output:find("COMMAND", 1, true), output)
		assert.are.equal(2, status)
	end)

	it("files.lua copies a file in and out, and shows how far it is", function()
		local copy = kit.folder() .. "/copy"
		local output, status = run(examples .. "files.lua", ("'%s/build/lib/libagentkernel.so' '%s'"):format(kit.tree, copy))
		assert.are.equal(0, status, output)
		local wanted = read(kit.tree .. "/tests/examples/files.expected"):gsub("exit 0\n$", "")
		assert.are.equal(wanted, output)
		assert.is_true(read(copy) == read(kit.tree .. "/build/lib/libagentkernel.so"))
		output, status = run(examples .. "files.lua")
		assert.is_truthy(output:find("usage", 1, true), output)
		assert.are.equal(2, status)
	end)

	it("demo.lua shows it all, and leaves nothing", function()
		local output, status = run(examples .. "demo.lua")
		assert.are.equal(0, status, output)
		assert.is_truthy(output:find("kept\nno luck\n(AK_E_COMMAND, exit code 3)", 1, true), output)
		for _, way in ipairs(kit.loops) do
			local shown = output:find("-- Lua, " .. way .. "[^\n]*\n1 2 3 4 5 6 7 8 9 10")
			assert.is_truthy(way == "copas" or shown, output)
		end
		local client = assert(agentkernel.new({ base_url = kit.local_url() }))
		local _, err = client:get_sandbox("demo-lua")
		assert.are.equal("AK_E_NOT_FOUND", err.code)
	end)
end)
