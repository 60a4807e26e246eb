--- agentkernel: commands in isolated sandboxes. A client of agentkernel on the C library libagentkernel.
---
---     local agentkernel = require("agentkernel")
---     local client = assert(agentkernel.new({ base_url = "local:" }))
---     local result, err = client:run({ "echo", "hello" })
---     print(result and result.output or err)
local raw = require("agentkernel_raw")
local Client = require("agentkernel.client")

local M = {}

--- Returns a client; nothing is sent. Settings that are not given come from the environment, or have their defaults.
M.new = Client.new

--- The C library's version, and libcurl's.
M.version = raw.version_text()

--- The library's version alone, such as "1.2.3". This module is released together with the library.
M._VERSION = M.version:match("%d+%.%d+%.%d+")

return M
