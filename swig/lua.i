/*
 * lua.i: the typemaps of Lua 5.1 to 5.4 and LuaJIT, in one C file for all of them. The result is the module
 * agentkernel_raw: the functions of the header one to one. What gives an ak_status answers that number, and then what
 * came (nil where it is null or absent), or nil and a table that holds the error. Wrong types are Lua's own errors.
 *
 * SPDX-License-Identifier: MIT
 */

/* Lua's garbage collector is what keeps references. */
%ignore ak_client_retain;
%ignore ak_call_retain;

/* Errors are tables: nothing is left to ask an ak_error. */
%ignore ak_error_new;
%ignore ak_error_code;
%ignore ak_error_int;
%ignore ak_error_view;
%ignore ak_error_number;
%ignore ak_error_free;

/* These empty the object, so that it may be done early, and twice. */
%ignore ak_client_free;
%ignore ak_call_free;
%native(client_free) int ak_lua_client_free(lua_State *L);
%native(call_free) int ak_lua_call_free(lua_State *L);

/* What a loop over records does each turn, in one: a step and, when that gives an item, its record. */
%native(call_next) int ak_lua_call_next(lua_State *L);

/* event_next, the same over events, is added to the module below. */

/* Lua has no way to wait: this waits for that many milliseconds, less when a signal comes. */
%native(sleep) int ak_lua_sleep(lua_State *L);

/* Nor to ask what a path leads to: the size of a regular file, false for what is none, nil and why not. */
%native(file_size) int ak_lua_file_size(lua_State *L);

/* And where it leads to, without links; nil when that is nothing. */
%native(real_path) int ak_lua_real_path(lua_State *L);

%{
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <poll.h>
#include <sys/stat.h>

/* ---- integers: never through a double ---- */

#if LUA_VERSION_NUM >= 503 && LUA_MAXINTEGER >= INT64_MAX

static void ak_lua_push_integer(lua_State *L, int64_t value) { lua_pushinteger(L, value); }

static int ak_lua_to_integer(lua_State *L, int index, int64_t *value) {
    int exact = 0;
    if (lua_type(L, index) == LUA_TNUMBER)
        *value = lua_tointegerx(L, index, &exact);
    return exact;
}

#else

/* Numbers are doubles here: beyond 2^53 an integer is the text of its digits, both ways. */
#define AK_LUA_EXACT 9007199254740992.0

static void ak_lua_push_integer(lua_State *L, int64_t value) {
    char digits[24];
    if (value <= (int64_t)AK_LUA_EXACT && value >= -(int64_t)AK_LUA_EXACT) {
        lua_pushnumber(L, (lua_Number)value);
        return;
    }
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    lua_pushstring(L, digits);
}

static int ak_lua_to_integer(lua_State *L, int index, int64_t *value) {
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number number = lua_tonumber(L, index);
        if (!(number >= -AK_LUA_EXACT && number <= AK_LUA_EXACT) || (lua_Number)(int64_t)number != number)
            return 0;
        *value = (int64_t)number;
        return 1;
    }
    if (lua_type(L, index) == LUA_TSTRING) {
        size_t len;
        char *end;
        const char *digits = lua_tolstring(L, index, &len);
        const char *first = digits + (*digits == '-');
        if (*first < '0' || *first > '9')
            return 0;
        errno = 0;
        *value = strtoll(digits, &end, 10);
        return errno == 0 && end == digits + len;
    }
    return 0;
}

#endif

static int64_t ak_lua_integer(lua_State *L, int index, int64_t least, int64_t most) {
    int64_t value = 0;
    if (!ak_lua_to_integer(L, index, &value))
        luaL_argerror(L, index, "an integer is needed");
    if (value < least || value > most)
        luaL_argerror(L, index, "the integer is out of range");
    return value;
}

static int ak_lua_sleep(lua_State *L) {
    poll(NULL, 0, (int)ak_lua_integer(L, 1, 0, INT32_MAX));
    return 0;
}

static int ak_lua_file_size(lua_State *L) {
    struct stat found;
    if (stat(luaL_checkstring(L, 1), &found) != 0) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    if (S_ISREG(found.st_mode))
        ak_lua_push_integer(L, found.st_size);
    else
        lua_pushboolean(L, 0);
    return 1;
}

static int ak_lua_real_path(lua_State *L) {
    char path[PATH_MAX];
    lua_pushstring(L, realpath(luaL_checkstring(L, 1), path));
    return 1;
}

/* ---- objects ---- */

#define AK_LUA_CLIENT "agentkernel.client"
#define AK_LUA_CALL "agentkernel.call"

typedef union {
    ak_client *client;
    ak_call *call;
} ak_lua_object;

static int ak_lua_client_free(lua_State *L) {
    ak_lua_object *object = luaL_checkudata(L, 1, AK_LUA_CLIENT);
    ak_client *client = object->client;
    object->client = NULL;
    ak_client_free(client);
    return 0;
}

static int ak_lua_call_free(lua_State *L) {
    ak_lua_object *object = luaL_checkudata(L, 1, AK_LUA_CALL);
    ak_call *call = object->call;
    object->call = NULL;
    ak_call_free(call);
    return 0;
}

/* Pushes the metatable of a kind of objects, which is made with the first. */
static void ak_lua_push_metatable(lua_State *L, const char *kind, lua_CFunction destroy) {
    if (luaL_newmetatable(L, kind)) {
        lua_pushcfunction(L, destroy);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, destroy);
        lua_setfield(L, -2, "__close");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
}

/* Pushes an empty object, for the library to fill: so nothing is lost when Lua has no memory for it. */
static ak_lua_object *ak_lua_new_object(lua_State *L, const char *kind, lua_CFunction destroy) {
    ak_lua_object *object = lua_newuserdata(L, sizeof *object);
    memset(object, 0, sizeof *object);
    ak_lua_push_metatable(L, kind, destroy);
    lua_setmetatable(L, -2);
    return object;
}

static ak_client *ak_lua_client(lua_State *L, int index) {
    ak_client *client = ((ak_lua_object *)luaL_checkudata(L, index, AK_LUA_CLIENT))->client;
    if (!client)
        luaL_argerror(L, index, "the client is closed");
    return client;
}

static ak_call *ak_lua_call(lua_State *L, int index) {
    ak_call *call = ((ak_lua_object *)luaL_checkudata(L, index, AK_LUA_CALL))->call;
    if (!call)
        luaL_argerror(L, index, "the call is closed");
    return call;
}

/* ---- errors ---- */

static int ak_lua_error_free(lua_State *L) {
    ak_error_free(*(ak_error **)lua_touserdata(L, 1));
    return 0;
}

/* The one that all functions of a state write to, made with the first. */
static ak_error *ak_lua_error(lua_State *L) {
    static const char key = 0;
    ak_error **slot;
    lua_pushlightuserdata(L, (void *)&key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    slot = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!slot) {
        lua_pushlightuserdata(L, (void *)&key);
        slot = lua_newuserdata(L, sizeof *slot);
        *slot = NULL;
        lua_newtable(L);
        lua_pushcfunction(L, ak_lua_error_free);
        lua_setfield(L, -2, "__gc");
        lua_setmetatable(L, -2);
        *slot = ak_error_new();
        lua_rawset(L, LUA_REGISTRYINDEX);
    }
    return *slot;
}

static const struct {
    int32_t field;
    const char *name;
} ak_lua_error_fields[] = {
    {AK_ERROR_MESSAGE, "message"},           {AK_ERROR_HTTP_STATUS, "http_status"}, {AK_ERROR_SERVER_TEXT, "server_text"},
    {AK_ERROR_EXIT_CODE, "exit_code"},       {AK_ERROR_OUTPUT, "output"},           {AK_ERROR_RETRY_AFTER_MS, "retry_after_ms"},
    {AK_ERROR_OPERATION, "operation"},       {AK_ERROR_PHASE, "phase"},             {AK_ERROR_LIBCURL, "libcurl"},
    {AK_ERROR_SENT, "sent"},
};

/* Answers nil and the error as a table: code is the status's name, the rest is there where the error has it. */
static int ak_lua_fail(lua_State *L, ak_status status) {
    ak_error *err = ak_lua_error(L);
    const char *name = ak_status_name(status);
    size_t i;
    lua_pushnil(L);
    lua_createtable(L, 0, 8);
    if (name)
        lua_pushstring(L, name);
    else
        lua_pushfstring(L, "AK_E_%d", (int)-status);
    lua_setfield(L, -2, "code");
    for (i = 0; ak_error_code(err) == status && i < sizeof ak_lua_error_fields / sizeof *ak_lua_error_fields; i++) {
        const char *text;
        size_t len;
        int64_t number;
        if (ak_error_int(err, ak_lua_error_fields[i].field, &number) == AK_OK)
            ak_lua_push_integer(L, number);
        else if (ak_error_view(err, ak_lua_error_fields[i].field, &text, &len) == AK_OK)
            lua_pushlstring(L, text, len);
        else
            continue;
        lua_setfield(L, -2, ak_lua_error_fields[i].name);
    }
    return 2;
}

/* ---- records ---- */

/* Pushes the list or map that a field is; in both, false is null. */
static ak_status ak_lua_push_entries(lua_State *L, ak_call *call, const ak_value *value) {
    ak_error *err = ak_lua_error(L);
    int64_t i;
    lua_newtable(L);
    for (i = 0; i < value->integer; i++) {
        const char *text = NULL;
        size_t len = 0;
        ak_status status = AK_OK;
        if (value->type == AK_TYPE_MAP) {
            status = ak_call_key_at(call, value->key, (size_t)i, &text, &len, err);
            if (status < 0)
                return status;
            lua_pushlstring(L, text, len);
        }
        status = ak_call_view_at(call, value->key, (size_t)i, &text, &len, err);
        if (status < 0)
            return status;
        if (status == AK_OK)
            lua_pushlstring(L, text, len);
        else
            lua_pushboolean(L, 0);
        if (value->type == AK_TYPE_MAP)
            lua_rawset(L, -3);
        else
            lua_rawseti(L, -2, (int)i + 1);
    }
    return AK_OK;
}

/* Pushes the table of the names of fields by their keys, which is filled as they come. */
static void ak_lua_push_names(lua_State *L) {
    static const char key = 0;
    lua_pushlightuserdata(L, (void *)&key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_istable(L, -1))
        return;
    lua_pop(L, 1);
    lua_createtable(L, 64, 0);
    lua_pushlightuserdata(L, (void *)&key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Pushes the name of a field. */
static void ak_lua_push_name(lua_State *L, int names, int32_t key) {
    lua_rawgeti(L, names, key);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    lua_pushstring(L, ak_key_name(key));
    lua_pushvalue(L, -1);
    lua_rawseti(L, names, key);
}

/* Pushes a table of the fields that are there. */
static ak_status ak_lua_push_record(lua_State *L, ak_call *call, const ak_value *values, size_t count) {
    const ak_value *value;
    int there = 0, names;
    ak_lua_push_names(L);
    names = lua_gettop(L);
    for (value = values; value < values + count; value++)
        there += value->type > AK_TYPE_NULL;
    lua_createtable(L, 0, there);
    for (value = values; value < values + count; value++) {
        ak_status status = AK_OK;
        if (value->type <= AK_TYPE_NULL)
            continue;
        ak_lua_push_name(L, names, value->key);
        switch (value->type) {
        case AK_TYPE_INT:
            ak_lua_push_integer(L, value->integer);
            break;
        case AK_TYPE_BOOL:
            lua_pushboolean(L, value->integer != 0);
            break;
        case AK_TYPE_LIST:
        case AK_TYPE_MAP:
            status = ak_lua_push_entries(L, call, value);
            break;
        default:
            lua_pushlstring(L, value->data, value->size);
        }
        if (status < 0)
            return status;
        lua_rawset(L, -3);
    }
    lua_remove(L, names);
    return AK_OK;
}

/* What ak_call_values gives; some has room for all that libraries have so far. */
typedef struct {
    ak_value some[64], *values;
    size_t count;
} ak_lua_record;

/* ak_call_step, and after AK_ITEM ak_call_values. A failure is answered as ak_lua_fail does; below 0 it is the latter's. */
static ak_status ak_lua_next(lua_State *L, ak_call *call, ak_lua_record *record) {
    ak_status status = ak_call_step(call, NULL);
    record->values = record->some;
    if (status < 0)
        return ak_call_step(call, ak_lua_error(L)); /* a failed call says the same again */
    if (status != AK_ITEM)
        return status;
    status = ak_call_values(call, record->some, sizeof record->some / sizeof *record->some, &record->count, NULL);
    if (status == AK_E_BUFFER) {
        record->values = lua_newuserdata(L, record->count * sizeof *record->values);
        status = ak_call_values(call, record->values, record->count, &record->count, NULL);
    }
    return status < 0 ? status : AK_ITEM;
}

static int ak_lua_answer(lua_State *L, ak_call *call, ak_status status, const ak_lua_record *record) {
    if (status < 0)
        return ak_lua_fail(L, status);
    lua_pushinteger(L, status);
    if (status != AK_ITEM)
        return 1;
    status = ak_lua_push_record(L, call, record->values, record->count);
    return status < 0 ? ak_lua_fail(L, status) : 2;
}

static int ak_lua_call_next(lua_State *L) {
    ak_call *call = ak_lua_call(L, 1);
    ak_lua_record record;
    ak_status status = ak_lua_next(L, call, &record);
    return ak_lua_answer(L, call, status, &record);
}

/* ---- events of output: they come by the hundred thousand ---- */

/* What such an event has, and nothing else. */
enum ak_lua_part { AK_LUA_RAW, AK_LUA_ID, AK_LUA_DATA, AK_LUA_STREAM, AK_LUA_PARSED, AK_LUA_TYPE, AK_LUA_PARTS };

static int ak_lua_part_of(int32_t key) {
    switch (key) {
    case AK_KEY_RAW:
        return AK_LUA_RAW;
    case AK_KEY_ID:
        return AK_LUA_ID;
    case AK_KEY_DATA:
        return AK_LUA_DATA;
    case AK_KEY_STREAM:
        return AK_LUA_STREAM;
    case AK_KEY_PARSED:
        return AK_LUA_PARSED;
    case AK_KEY_TYPE:
        return AK_LUA_TYPE;
    default:
        return AK_LUA_PARTS;
    }
}

/* Finds the parts; false for another event, and for one that lacks one of them or has more. */
static int ak_lua_find_parts(const ak_lua_record *record, const ak_value *parts[AK_LUA_PARTS]) {
    static const char type[] = "output";
    size_t i;
    int found = 0;
    for (i = 0; i < record->count; i++) {
        const ak_value *value = &record->values[i];
        int part;
        if (value->type <= AK_TYPE_NULL)
            continue;
        part = ak_lua_part_of(value->key);
        if (part == AK_LUA_PARTS)
            return 0;
        parts[part] = value;
        found++;
    }
    return found == AK_LUA_PARTS && parts[AK_LUA_TYPE]->size == sizeof type - 1 &&
           memcmp(parts[AK_LUA_TYPE]->data, type, sizeof type - 1) == 0;
}

/* The call at the first place. The metatable of calls, which luaL_checkudata would look up by its name, is an upvalue. */
static ak_call *ak_lua_upvalue_call(lua_State *L) {
    ak_lua_object *object = lua_touserdata(L, 1);
    if (object && lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1)) && object->call)
        return object->call;
    return ak_lua_call(L, 1); /* has the words for what is wrong */
}

/* call_next for events. Of an event of output it answers the parts: raw, id, data, stream and parsed. Lua's own code
 * makes a table of them in half the time that it takes from here. */
static int ak_lua_event_next(lua_State *L) {
    ak_call *call = ak_lua_upvalue_call(L);
    ak_lua_record record;
    const ak_value *parts[AK_LUA_PARTS];
    int part;
    ak_status status = ak_lua_next(L, call, &record);
    if (status != AK_ITEM || !ak_lua_find_parts(&record, parts))
        return ak_lua_answer(L, call, status, &record);
    lua_pushinteger(L, status);
    for (part = 0; part < AK_LUA_PARSED; part++)
        lua_pushlstring(L, parts[part]->data, parts[part]->size);
    lua_pushboolean(L, parts[AK_LUA_PARSED]->integer != 0);
    return 1 + AK_LUA_TYPE;
}
%}

%init %{
    ak_lua_push_metatable(L, AK_LUA_CALL, ak_lua_call_free);
    lua_pushcclosure(L, ak_lua_event_next, 1);
    lua_setfield(L, -2, "event_next");
%}

/* Integers in: exactly, or refused. */
%typemap(in) int, int32_t %{ $1 = ($1_ltype)ak_lua_integer(L, $input, INT32_MIN, INT32_MAX); %}
%typemap(in) int64_t %{ $1 = ak_lua_integer(L, $input, INT64_MIN, INT64_MAX); %}
%typemap(in) size_t %{ $1 = (size_t)ak_lua_integer(L, $input, 0, PTRDIFF_MAX); %}

/* And out. */
%typemap(out) int, int32_t, uint32_t, int64_t %{ ak_lua_push_integer(L, $1); SWIG_arg++; %}
%typemap(in, numinputs=0) int64_t *value (int64_t number) %{ $1 = &number; %}
%typemap(argout) int64_t *value %{
    if (result == AK_OK)
        ak_lua_push_integer(L, *$1);
    else
        lua_pushnil(L);
    SWIG_arg++;
%}
%typemap(in, numinputs=0) size_t *count (size_t number) %{ $1 = &number; %}
%typemap(argout) size_t *count %{
    if (result == AK_OK)
        ak_lua_push_integer(L, (int64_t)*$1);
    else
        lua_pushnil(L);
    SWIG_arg++;
%}

/* A status, or the error. */
%typemap(out) ak_status %{
    if ($1 < 0)
        return ak_lua_fail(L, $1);
    lua_pushinteger(L, $1);
    SWIG_arg++;
%}
%typemap(in, numinputs=0) ak_error *err %{ $1 = ak_lua_error(L); %}

/* Only ak_status_name takes one. */
%typemap(in) ak_status %{ $1 = (ak_status)ak_lua_integer(L, $input, INT32_MIN, INT32_MAX); %}

/* Objects. */
%typemap(in) ak_client *, const ak_client * %{ $1 = ak_lua_client(L, $input); %}
%typemap(in) ak_call *, const ak_call * %{ $1 = ak_lua_call(L, $input); %}
%typemap(in, numinputs=0) ak_client **client, ak_call **call "" /* arguments are counted on the stack: not yet */
%typemap(check) ak_client **client %{ $1 = &ak_lua_new_object(L, AK_LUA_CLIENT, ak_lua_client_free)->client; %}
%typemap(check) ak_call **call %{ $1 = &ak_lua_new_object(L, AK_LUA_CALL, ak_lua_call_free)->call; %}
%typemap(argout) ak_client **client, ak_call **call %{ lua_pushvalue(L, -1 - SWIG_arg); SWIG_arg++; %}

/* Text in: the string's own bytes. A number is no text. */
%typemap(in) (const char *text, size_t len)
%{ luaL_checktype(L, $input, LUA_TSTRING); $1 = (char *)lua_tolstring(L, $input, &$2); %}

/* View door. */
%typemap(in, numinputs=0) (const char **data, size_t *len) (char *view, size_t size) %{ $1 = &view; $2 = &size; %}
%typemap(argout) (const char **data, size_t *len) %{
    if (result == AK_OK)
        lua_pushlstring(L, *$1, *$2);
    else
        lua_pushnil(L);
    SWIG_arg++;
%}

/* Copy door: asked with no buffer first, then with one that is Lua's. */
%typemap(in, numinputs=0) (char *buf, size_t cap, size_t *len) (size_t size) %{ $1 = NULL; $2 = 0; $3 = &size; %}
%typemap(argout) (char *buf, size_t cap, size_t *len) %{
    if (result == AK_OK)
        lua_pushlstring(L, $1 ? $1 : "", *$3);
    else
        lua_pushnil(L);
    SWIG_arg++;
%}
%exception ak_client_text %{
    $action
    if (result == AK_E_BUFFER) {
        arg4 = *arg5;
        arg3 = lua_newuserdata(L, arg4);
        $action
    }
%}

/* Read door: at most as many bytes as are asked for, and 64 KiB. */
%typemap(in) (void *buf, size_t cap, size_t *len) (char bytes[65536], size_t size) %{
    $1 = bytes;
    $2 = (size_t)ak_lua_integer(L, $input, 1, PTRDIFF_MAX);
    if ($2 > sizeof bytes)
        $2 = sizeof bytes;
    $3 = &size;
%}
%typemap(argout) (void *buf, size_t cap, size_t *len) %{
    if (result == AK_OK)
        lua_pushlstring(L, $1, *$3);
    else
        lua_pushnil(L);
    SWIG_arg++;
%}

/* Write door: a string, of which so many bytes were taken; an empty one ends the content. */
%typemap(in) (const void *data, size_t size)
%{ luaL_checktype(L, $input, LUA_TSTRING); $1 = (void *)lua_tolstring(L, $input, &$2); %}
%typemap(in, numinputs=0) size_t *taken (size_t number) %{ $1 = &number; %}
%typemap(argout) size_t *taken %{ ak_lua_push_integer(L, (int64_t)*$1); SWIG_arg++; %}

/* Bulk door: the record as a table. */
%typemap(in, numinputs=0) (ak_value *values, size_t cap, size_t *count) (ak_value some[64], size_t size)
%{ $1 = some; $2 = sizeof some / sizeof *some; $3 = &size; %}
%typemap(argout) (ak_value *values, size_t cap, size_t *count) %{
    result = ak_lua_push_record(L, arg1, $1, *$3);
    if (result < 0)
        return ak_lua_fail(L, result);
    SWIG_arg++;
%}
%exception ak_call_values %{
    $action
    if (result == AK_E_BUFFER) {
        arg3 = *arg4;
        arg2 = lua_newuserdata(L, arg3 * sizeof *arg2);
        $action
    }
%}
