--- agentkernel: commands in isolated sandboxes. A client of agentkernel on the C library libagentkernel.
---
---     local agentkernel = require("agentkernel")
---     local client = assert(agentkernel.new({ base_url = "local:" }))
---     local result, err = client:run({ "echo", "hello" })
---     print(result and result.output or err)
local raw = require("agentkernel_raw")
local Client = require("agentkernel.client")

local M = {}

--- Makes a client; nothing is sent. What is not given comes from the environment, or is the default.
M.new = Client.new

--- The C library's version, and libcurl's.
M.version = raw.version_text()

return M
