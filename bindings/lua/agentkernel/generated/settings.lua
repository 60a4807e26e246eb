-- Generated from abi/schema by tools/generate: do not edit.
--- The settings of a client: the number that the library has for each, and its type.
local raw = require("agentkernel_raw")

--- What agentkernel.new takes.
---@class agentkernel.ClientOptions
---@field base_url? string The server: http://, https://, unix:///path.sock, or local: for one of this process's own.
---@field api_key? string The API key; write-only.
---@field timeout? number Seconds for a unary call, from its first step to the last byte.
---@field connect_timeout? number Seconds for connecting, of streams too.
---@field idle_timeout? number Seconds that a stream may be silent after its first byte.
---@field total_timeout? number Seconds for a whole stream.
---@field ca_file? string File of trusted certificates (PEM).
---@field ca_dir? string Hashed directory of trusted certificates.
---@field cert_file? string Client certificate (PEM).
---@field key_file? string Private key of the client certificate (PEM).
---@field proxy? string URL of a proxy. Those of the environment are not used for loopback addresses.
---@field no_proxy? string Hosts that are reached without a proxy, separated by commas.
---@field max_reply_bytes? integer Maximum size of the reply of a unary call.
---@field max_event_bytes? integer Maximum size of an event of a stream.
---@field user_agent? string Text appended to the user agent "libagentkernel/VERSION".
---@field max_idle? integer Number of idle connections kept for later calls; 0 keeps none.
---@field local_program? string Absolute path of the agentkernel-local that local: starts.
---@field wait? agentkernel.Waiter|fun(fd: integer): false? How to wait in coroutines.

return {
	base_url = { raw.CLIENT_BASE_URL, "text" },
	api_key = { raw.CLIENT_API_KEY, "text" },
	timeout = { raw.CLIENT_TIMEOUT_MS, "seconds" },
	connect_timeout = { raw.CLIENT_CONNECT_TIMEOUT_MS, "seconds" },
	idle_timeout = { raw.CLIENT_IDLE_TIMEOUT_MS, "seconds" },
	total_timeout = { raw.CLIENT_TOTAL_TIMEOUT_MS, "seconds" },
	ca_file = { raw.CLIENT_CA_FILE, "text" },
	ca_dir = { raw.CLIENT_CA_DIR, "text" },
	cert_file = { raw.CLIENT_CERT_FILE, "text" },
	key_file = { raw.CLIENT_KEY_FILE, "text" },
	proxy = { raw.CLIENT_PROXY, "text" },
	no_proxy = { raw.CLIENT_NO_PROXY, "text" },
	max_reply_bytes = { raw.CLIENT_MAX_REPLY_BYTES, "integer" },
	max_event_bytes = { raw.CLIENT_MAX_EVENT_BYTES, "integer" },
	user_agent = { raw.CLIENT_USER_AGENT, "text" },
	max_idle = { raw.CLIENT_MAX_IDLE, "integer" },
	local_program = { raw.CLIENT_LOCAL_PROGRAM, "text" },
}
