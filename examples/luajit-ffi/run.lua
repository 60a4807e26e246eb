-- The plain shared library from LuaJIT's ffi: run a command, stream one, meet an error.
--
-- Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
local ffi = require("ffi")
ffi.cdef [[
typedef struct ak_client ak_client;
typedef struct ak_call ak_call;
typedef struct ak_error ak_error;
int32_t ak_constant(const char *name, size_t len, int64_t *value);
const char *ak_status_name(int32_t status);
int32_t ak_client_new(ak_client **client, ak_error *err);
void ak_client_free(ak_client *client);
int32_t ak_call_new(ak_client *client, int32_t operation, ak_call **call, ak_error *err);
int32_t ak_call_add_text(ak_call *call, int32_t key, const char *text, size_t len, ak_error *err);
int32_t ak_call_wait(ak_call *call, int32_t max_ms, ak_error *err);
void ak_call_free(ak_call *call);
int32_t ak_call_view(ak_call *call, int32_t key, const char **data, size_t *len, ak_error *err);
int32_t ak_call_int(ak_call *call, int32_t key, int64_t *value, ak_error *err);
ak_error *ak_error_new(void);
int32_t ak_error_code(const ak_error *err);
int32_t ak_error_view(const ak_error *err, int32_t field, const char **data, size_t *len);
int32_t ak_error_int(const ak_error *err, int32_t field, int64_t *value);
void ak_error_free(ak_error *err);
]]
local lib = ffi.load("libagentkernel.so.0")
local err = ffi.gc(lib.ak_error_new(), lib.ak_error_free)

-- AK.OP_RUN and all the others, from the library itself.
local AK = setmetatable({}, {__index = function(_, name)
    local value = ffi.new("int64_t[1]")
    assert(lib.ak_constant("AK_" .. name, #name + 3, value) == 0, name)
    return tonumber(value[0])
end})

local function data(door, handle, key, ...)
    local start, size = ffi.new("const char *[1]"), ffi.new("size_t[1]")
    return door(handle, key, start, size, ...) == AK.OK and ffi.string(start[0], size[0]) or ""
end

local function number(door, handle, key, ...)
    local value = ffi.new("int64_t[1]")
    return door(handle, key, value, ...) == AK.OK and tonumber(value[0]) or nil
end

local function check(status)
    if status >= 0 then return status end
    error(ffi.string(lib.ak_status_name(status)) .. ": " .. data(lib.ak_error_view, err, AK.ERROR_MESSAGE))
end

-- Iterates over the records of a call: each time the call, which has that record.
local function records(client, operation, ...)
    local made = ffi.new("ak_call *[1]")
    check(lib.ak_call_new(client, operation, made, err))
    local call = ffi.gc(made[0], lib.ak_call_free)
    for _, word in ipairs({...}) do lib.ak_call_add_text(call, AK.KEY_COMMAND, word, #word, err) end
    return function()
        local status
        repeat status = check(lib.ak_call_wait(call, 100, err)) until status ~= AK.AGAIN
        return status == AK.ITEM and call or nil
    end
end

local made = ffi.new("ak_client *[1]")
check(lib.ak_client_new(made, err))
local client = ffi.gc(made[0], lib.ak_client_free)
for call in records(client, AK.OP_RUN, "echo", "hello") do
    io.write("run: ", data(lib.ak_call_view, call, AK.KEY_OUTPUT, err))
end
for call in records(client, AK.OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done") do
    io.write(data(lib.ak_call_view, call, AK.KEY_DATA, err))
    io.flush()
    local code = number(lib.ak_call_int, call, AK.KEY_EXIT_CODE, err)
    if code then print("exit code " .. code) end
end
if not pcall(records(client, AK.OP_RUN, "sh", "-c", "echo no luck; exit 3")) then
    io.write(ffi.string(lib.ak_status_name(lib.ak_error_code(err))), " exit code ",
        tostring(number(lib.ak_error_int, err, AK.ERROR_EXIT_CODE)), " ", data(lib.ak_error_view, err, AK.ERROR_OUTPUT))
end
