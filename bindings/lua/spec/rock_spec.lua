--- The rocks: made by LuaRocks in the tree, and installed from what `dev dist` packs.
local kit = require("spec.kit")

local VERSION = _VERSION:match("%d.%d")
local NATIVE = os.getenv("AK_NATIVE") -- what tools/dist makes

local PROGRAM = [[
local client = require("agentkernel").new({ base_url = arg[1] })
io.write(assert(client:run({ "echo", "from a rock" })).output)
for line in io.lines("/proc/self/maps") do
	io.write(line, "\n")
end
]]

local function succeeds(format, ...)
	local output, status = kit.shell("(" .. format .. ") 2>&1", ...)
	assert.are.equal(0, status, output)
	return output
end

--- Runs a command with an interpreter in a tree of rocks, without anything else of this build; returns the files that
--- were mapped.
local function use(rocks, version, lua, url, before)
	local path = kit.folder() .. "/from_a_rock.lua"
	local program = assert(io.open(path, "w"))
	program:write(PROGRAM)
	program:close()
	local share = rocks .. "/share/lua/" .. version
	local output = succeeds(
		"cd / && env -i PATH=/usr/bin:/bin %s LUA_PATH='%s' LUA_CPATH='%s' %s '%s' '%s'",
		before, share .. "/?.lua;" .. share .. "/?/init.lua", rocks .. "/lib/lua/" .. version .. "/?.so", lua, path, url
	)
	assert.are.equal("from a rock\n", output:sub(1, #"from a rock\n"))
	return output
end

local function check_module(module)
	local flags = succeeds("readelf -d '%s'", module)
	assert.is_truthy(flags:find("NODELETE", 1, true), flags)
	local exported = succeeds("nm -D --defined-only '%s'", module)
	assert.is_truthy(exported:find("^%x+ T luaopen_agentkernel_raw\n$"), exported)
end

--- Packs the source rock, and the binary rocks of these targets; returns the folder.
local function pack(name, native, targets)
	local out = kit.folder() .. "/" .. name
	succeeds("mkdir -p '%s/none'", out)
	succeeds("'%s/bindings/lua/dev' dist '%s' '%s' %s", kit.tree, native or out .. "/none", out, targets)
	return out .. "/rocks"
end

if VERSION == "5.1" and not jit then
	describe("rock", function()
		it("is made with the library that pkg-config finds", function()
			local where, tree = kit.folder(), kit.tree
			succeeds(
				[[set -e; mkdir -p '%s/tree/bindings' && cd '%s/tree' && cp -r '%s/bindings/lua' bindings && cd bindings/lua &&
				PKG_CONFIG_PATH='%s/build' LIBRARY_PATH='%s/build/lib' C_INCLUDE_PATH='%s/abi/include' \
				luarocks --lua-version 5.1 --tree '%s/rocks' make]],
				where, where, tree, tree, tree, tree, where
			)
			use(where .. "/rocks", "5.1", "lua5.1", kit.local_url(), "LD_LIBRARY_PATH='" .. tree .. "/build/lib'")
			local module = where .. "/rocks/lib/lua/5.1/agentkernel_raw.so"
			check_module(module)
			assert.is_truthy(succeeds("readelf -d '%s'", module):find("[libagentkernel.so.0]", 1, true))
		end)
	end)
elseif VERSION == "5.4" or VERSION == "5.5" then
	describe("source rock", function()
		it("has all that is compiled", function()
			local rocks = kit.folder() .. "/compiled"
			local packed = pack("packed", nil, "")
			succeeds("env BUNDLED=yes luarocks --lua-version %s --tree '%s' install '%s'/*.src.rock", VERSION, rocks, packed)
			use(rocks, VERSION, "lua" .. VERSION, kit.local_url(), "")
			local module = rocks .. "/lib/lua/" .. VERSION .. "/agentkernel_raw.so"
			check_module(module)
			assert.is_nil(succeeds("readelf -d '%s'", module):find("libagentkernel", 1, true))
			succeeds("cmp '%s'/*.src.rock '%s'/*.src.rock", packed, pack("again", nil, "")) -- the same bytes
		end)
	end)
end

if VERSION == "5.4" and NATIVE then
	describe("binary rock", function()
		local packed, target

		setup(function()
			target = succeeds("uname -m"):match("%S+") .. "-linux-gnu"
			packed = pack("binary", NATIVE, target)
			-- Nothing may be compiled.
			succeeds("mkdir -p '%s/no' && cd '%s/no' && for each in cc gcc make git; do ln -s /bin/false $each; done", packed, packed)
		end)

		local function install(rocks, version, of)
			local command = "env PATH='%s/no':$PATH luarocks --lua-version %s --tree '%s' install --only-server='%s/%s' agentkernel"
			return command:format(packed, version, rocks, packed, of)
		end

		for _, version in ipairs({ "5.1", "5.2", "5.3", "5.4", "5.5" }) do
			if kit.shell("pkg-config --exists lua%s && command -v lua%s", version, version):find("/") then
				it("of " .. version .. " needs nothing", function()
					local rocks = kit.folder() .. "/installed"
					succeeds("%s", install(rocks, version, version))
					local luas = { "lua" .. version, version == "5.1" and kit.shell("command -v luajit"):match("%S+") or nil }
					for _, lua in ipairs(luas) do
						local mapped = use(rocks, version, lua, "local:", "HOME='" .. kit.folder() .. "'")
						local own = rocks .. "/lib/lua/" .. version .. "/agentkernel/libagentkernel.so.0"
						assert.is_truthy(mapped:find(own, 1, true), mapped)
						for _, name in ipairs({ "libcurl", "libcjson", "libssl", "libcrypto" }) do
							assert.is_nil(mapped:find(name, 1, true), mapped)
						end
					end
					check_module(rocks .. "/lib/lua/" .. version .. "/agentkernel_raw.so")
					succeeds("luarocks --lua-version %s --tree '%s' remove agentkernel", version, rocks)
					assert.are.equal("", succeeds("find '%s' -name '*agentkernel*' -o -name bwrap", rocks))
				end)
			end
		end

		it("of 5.4 is refused for another Lua", function()
			local output, status = kit.shell(
				"luarocks --lua-version 5.3 --tree '%s/other' install '%s'/5.4/*.rock 2>&1", kit.folder(), packed
			)
			assert.are_not.equal(0, status)
			assert.is_truthy(output:find("lua ~> 5.4", 1, true), output)
		end)
	end)
end
