std = "max" -- what any version of Lua has; the tests run on all
max_line_length = 125
exclude_files = { "build", ".luarocks" }
files["spec"] = { std = "max+busted" }
files["agentkernel"] = { ignore = { "631" } } -- annotations are one line each
