/*
 * lua_objects.i: arguments and results of the module's functions except records: integers, clients and calls, errors.
 *
 * SPDX-License-Identifier: MIT
 */

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

typedef struct {
    ak_client *client;
    ak_call *call;
    int lent;   /* its data is being copied to Lua: a finalizer must neither step the call nor free it */
    int closed; /* a finalizer wanted to free it meanwhile */
} ak_lua_object;

static int ak_lua_client_free(lua_State *L) {
    ak_lua_object *object = luaL_checkudata(L, 1, AK_LUA_CLIENT);
    ak_client *client = object->client;
    object->client = NULL;
    ak_client_free(client);
    return 0;
}

static void ak_lua_drop_call(ak_lua_object *object) {
    ak_call *call = object->call;
    object->call = NULL;
    ak_call_free(call);
}

static int ak_lua_call_free(lua_State *L) {
    ak_lua_object *object = luaL_checkudata(L, 1, AK_LUA_CALL);
    if (object->lent)
        object->closed = 1;
    else
        ak_lua_drop_call(object);
    return 0;
}

/* A call that is collected is not in use; if it is lent still, Lua ran out of memory. */
static int ak_lua_call_collect(lua_State *L) {
    ak_lua_drop_call(luaL_checkudata(L, 1, AK_LUA_CALL));
    return 0;
}

/* Pushes the metatable of a kind of objects, which is made with the first. */
static void ak_lua_push_metatable(lua_State *L, const char *kind, lua_CFunction collect, lua_CFunction close) {
    if (luaL_newmetatable(L, kind)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, close);
        lua_setfield(L, -2, "__close");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
}

static void ak_lua_push_client_metatable(lua_State *L) {
    ak_lua_push_metatable(L, AK_LUA_CLIENT, ak_lua_client_free, ak_lua_client_free);
}

static void ak_lua_push_call_metatable(lua_State *L) {
    ak_lua_push_metatable(L, AK_LUA_CALL, ak_lua_call_collect, ak_lua_call_free);
}

/* Pushes an empty object for the library to fill, so that nothing is lost if Lua is out of memory. */
static ak_lua_object *ak_lua_new_object(lua_State *L, void (*push_metatable)(lua_State *L)) {
    ak_lua_object *object = lua_newuserdata(L, sizeof *object);
    memset(object, 0, sizeof *object);
    push_metatable(L);
    lua_setmetatable(L, -2);
    return object;
}

/* NULL if it is closed. */
static ak_client *ak_lua_client(lua_State *L, int index) {
    return ((ak_lua_object *)luaL_checkudata(L, index, AK_LUA_CLIENT))->client;
}

/* NULL if it is closed or lent. */
static ak_call *ak_lua_call(lua_State *L, int index) {
    ak_lua_object *object = luaL_checkudata(L, index, AK_LUA_CALL);
    return object->lent ? NULL : object->call;
}

/* The failure of an object for which those returned NULL. */
static int ak_lua_refuse(lua_State *L, int index, const char *what) {
    const ak_lua_object *object = lua_touserdata(L, index);
    lua_pushnil(L);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, ak_status_name(AK_E_STATE));
    lua_setfield(L, -2, "code");
    lua_pushfstring(L, "the %s is %s", what, object->lent && !object->closed ? "in use" : "closed");
    lua_setfield(L, -2, "message");
    return 2;
}

/* Lends the data of the call, to be copied to Lua, until ak_lua_give_back. */
static ak_call *ak_lua_lend(ak_lua_object *object) {
    object->lent = 1;
    return object->call;
}

static void ak_lua_give_back(ak_lua_object *object) {
    object->lent = 0;
    if (object->closed)
        ak_lua_drop_call(object);
}

/* Pushes a view of the call that is the first argument. */
static void ak_lua_push_view(lua_State *L, const char *data, size_t len) {
    ak_lua_object *object = lua_touserdata(L, 1);
    ak_lua_lend(object);
    lua_pushlstring(L, data, len);
    ak_lua_give_back(object);
}

/* ---- errors ---- */

static const char ak_lua_error_key = 0;

/* At the end of the state older finalizers may still run and fail: they find no error, and the library writes none. */
static int ak_lua_error_free(lua_State *L) {
    ak_error **slot = lua_touserdata(L, 1);
    ak_error *err = *slot;
    *slot = NULL;
    ak_error_free(err);
    return 0;
}

/* Pushes the object that holds the error of this state, or nil. */
static void ak_lua_push_error(lua_State *L) {
    lua_pushlightuserdata(L, (void *)&ak_lua_error_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

/* Makes the value on top of the stack that object, and pops it. */
static void ak_lua_keep_error(lua_State *L) {
    lua_pushlightuserdata(L, (void *)&ak_lua_error_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/* The error that all functions of a state write to, made for the first of them. */
static ak_error *ak_lua_error(lua_State *L) {
    ak_error **slot;
    ak_lua_push_error(L);
    slot = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!slot) {
        slot = lua_newuserdata(L, sizeof *slot);
        *slot = NULL;
        lua_newtable(L);
        lua_pushcfunction(L, ak_lua_error_free);
        lua_setfield(L, -2, "__gc");
        lua_setmetatable(L, -2);
        *slot = ak_error_new();
        ak_lua_keep_error(L);
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

/* Sets the fields of an error in the table on top. */
static void ak_lua_set_error(lua_State *L, const ak_error *err) {
    size_t i;
    for (i = 0; i < sizeof ak_lua_error_fields / sizeof *ak_lua_error_fields; i++) {
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
}

/* Returns nil and the error as a table: code is the name of the status, the other fields are set if the error has them.
 * What fails meanwhile, in a finalizer, writes to another error. */
static int ak_lua_fail(lua_State *L, ak_status status) {
    ak_error *err = ak_lua_error(L);
    const char *name = ak_status_name(status);
    ak_lua_push_error(L);
    lua_pushnil(L);
    ak_lua_keep_error(L);
    lua_pushnil(L);
    lua_createtable(L, 0, 8);
    if (name)
        lua_pushstring(L, name);
    else
        lua_pushfstring(L, "AK_E_%d", (int)-status);
    lua_setfield(L, -2, "code");
    if (ak_error_code(err) == status)
        ak_lua_set_error(L, err);
    lua_pushvalue(L, -3);
    ak_lua_keep_error(L);
    return 2;
}
%}
