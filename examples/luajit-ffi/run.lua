-- The plain shared library from LuaJIT's ffi: run a command, stream one, handle an error.
--
-- Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
local ffi = require("ffi")
ffi.cdef [[ /* from agentkernel.h, whose numbers never change */
enum { AK_ITEM = 1, AK_AGAIN = 3, AK_OP_RUN = 2, AK_OP_RUN_STREAM = 3, AK_KEY_COMMAND = 1, AK_KEY_OUTPUT = 24,
       AK_KEY_EXIT_CODE = 25, AK_KEY_DATA = 27, AK_ERROR_MESSAGE = 2, AK_ERROR_EXIT_CODE = 5, AK_ERROR_OUTPUT = 6 };
int32_t ak_client_new(void **client, void *err); void ak_client_free(void *client); void ak_call_free(void *call);
int32_t ak_call_new(void *client, int32_t operation, void **call, void *err);
int32_t ak_call_add_text(void *call, int32_t key, const char *text, size_t len, void *err);
int32_t ak_call_wait(void *call, int32_t max_ms, void *err);
const char *ak_call_cstring(void *call, int32_t key); const char *ak_error_cstring(void *err, int32_t field);
int64_t ak_call_number(void *call, int32_t key, int64_t default_value);
int64_t ak_error_number(void *err, int32_t field, int64_t default_value);
void *ak_error_new(void); void ak_error_free(void *err); const char *ak_status_name(int32_t status);
]]
local ak = ffi.load("libagentkernel.so.0")
local err = ffi.gc(ak.ak_error_new(), ak.ak_error_free)

local function text(pointer) return pointer ~= nil and ffi.string(pointer) or "" end

local function check(status)
    if status >= 0 then return status end
    error(text(ak.ak_status_name(status)) .. ": " .. text(ak.ak_error_cstring(err, ak.AK_ERROR_MESSAGE)), 0)
end

-- Iterates over the records of a call, yielding the call each time, which then has that record.
local function records(client, operation, ...)
    local made = ffi.new("void *[1]")
    check(ak.ak_call_new(client, operation, made, err))
    local call = ffi.gc(made[0], ak.ak_call_free)
    for _, word in ipairs({...}) do -- the wait reports what was wrong here
        ak.ak_call_add_text(call, ak.AK_KEY_COMMAND, word, #word, err)
    end
    return function()
        local status
        repeat status = check(ak.ak_call_wait(call, -1, err)) until status ~= ak.AK_AGAIN
        return status == ak.AK_ITEM and call or nil
    end
end

local made = ffi.new("void *[1]")
check(ak.ak_client_new(made, err))
local client = ffi.gc(made[0], ak.ak_client_free)
for call in records(client, ak.AK_OP_RUN, "echo", "hello") do
    io.write("run: ", text(ak.ak_call_cstring(call, ak.AK_KEY_OUTPUT)))
end
io.stdout:setvbuf("no")
for call in records(client, ak.AK_OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done") do
    io.write(text(ak.ak_call_cstring(call, ak.AK_KEY_DATA)))
    local code = tonumber(ak.ak_call_number(call, ak.AK_KEY_EXIT_CODE, -1))
    if code >= 0 then print("exit code " .. code) end
end
local ok, message = pcall(records(client, ak.AK_OP_RUN, "sh", "-c", "echo no luck; exit 3"))
if not ok then
    local code = tonumber(ak.ak_error_number(err, ak.AK_ERROR_EXIT_CODE, -1))
    io.write(message:match("[%u_]+"), " exit code ", code, " ", text(ak.ak_error_cstring(err, ak.AK_ERROR_OUTPUT)))
end
