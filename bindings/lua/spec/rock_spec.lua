--- The rock, built by LuaRocks: with the installed library, and with the library's sources compiled in.
local kit = require("spec.kit")

local version = _VERSION:match("%d.%d")
local modes = {
	["5.1"] = { "with the library that pkg-config finds", "env LIBRARY_PATH='%s/build/lib' C_INCLUDE_PATH='%s/abi/include'" },
	["5.4"] = { "with the sources compiled in", "env BUNDLED=yes" },
	["5.5"] = { "with the sources compiled in", "env BUNDLED=yes" },
}
local mode = not jit and modes[version]

if mode then
	describe("rock", function()
		it("is made " .. mode[1], function()
			local where = kit.folder()
			local prepare = [[set -e; mkdir -p '%s/tree/bindings' && cd '%s/tree' &&
				cp -r '%s/bindings/lua' bindings && ln -s '%s/core' '%s/abi' . && cd bindings/lua &&
				export PKG_CONFIG_PATH='%s/build' && ]]
			local tree = kit.tree
			local output, status = kit.shell(
				"(" .. prepare:format(where, where, tree, tree, tree, tree)
					.. mode[2]:format(tree, tree) .. " luarocks --lua-version %s --tree '%s/rocks' make) 2>&1",
				version, where
			)
			assert.are.equal(0, status, output)
			output, status = kit.shell(
				[[cd / && AGENTKERNEL_BASE_URL='%s' LD_LIBRARY_PATH='%s/build/lib' LUA_PATH='%s' LUA_CPATH='%s' lua%s -e '
					print(require("agentkernel").new():run({ "echo", "from a rock" }).output)' 2>&1]],
				kit.local_url(), tree,
				where .. "/rocks/share/lua/" .. version .. "/?.lua;" .. where .. "/rocks/share/lua/" .. version .. "/?/init.lua",
				where .. "/rocks/lib/lua/" .. version .. "/?.so", version
			)
			assert.are.equal("from a rock\n\n", output)
			assert.are.equal(0, status)
			local linked = kit.shell("ldd '%s/rocks/lib/lua/%s/agentkernel_raw.so'", where, version)
			assert.are.equal(version == "5.1", linked:find("libagentkernel", 1, true) ~= nil, linked)
			local flags = kit.shell("readelf -d '%s/rocks/lib/lua/%s/agentkernel_raw.so'", where, version)
			assert.is_truthy(flags:find("NODELETE", 1, true), flags)
			local exported = kit.shell("nm -D --defined-only '%s/rocks/lib/lua/%s/agentkernel_raw.so'", where, version)
			assert.is_truthy(exported:find("^%x+ T luaopen_agentkernel_raw\n$"), exported)
		end)
	end)
end
