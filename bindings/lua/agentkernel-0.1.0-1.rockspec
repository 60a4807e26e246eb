rockspec_format = "3.0"
package = "agentkernel"
version = "0.1.0-1"
source = {
	url = "git+https://github.com/thrashr888/agentkernel.git",
	tag = "v0.1.0",
	dir = "agentkernel/bindings/lua",
}
description = {
	summary = "Commands in isolated sandboxes: a client of agentkernel",
	detailed = [[
		Runs commands for AI agents in isolated sandboxes, on the C library libagentkernel, which is compiled in where it is
		not installed. Blocking, or in coroutines with cqueues, luv or any other loop.]],
	homepage = "https://github.com/thrashr888/agentkernel",
	license = "MIT",
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.1, < 5.6" }
build = {
	type = "make",
	build_target = "agentkernel_raw.so",
	build_variables = {
		CC = "$(CC)",
		CFLAGS = "$(CFLAGS)",
		LIBFLAG = "$(LIBFLAG)",
		LUA_INCDIR = "$(LUA_INCDIR)",
	},
	install_variables = {
		LIBDIR = "$(LIBDIR)",
		LUADIR = "$(LUADIR)",
	},
}
