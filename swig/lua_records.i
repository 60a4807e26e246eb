/*
 * lua_records.i: records and events as Lua tables.
 *
 * SPDX-License-Identifier: MIT
 */

%{
/* ---- records ---- */

/* Pushes a field that is a list or map; in both, false stands for null. */
static ak_status ak_lua_push_entries(lua_State *L, ak_call *call, const ak_value *value) {
    int64_t i;
    lua_newtable(L);
    for (i = 0; i < value->integer; i++) {
        const char *text = NULL;
        size_t len = 0;
        ak_status status = AK_OK;
        if (value->type == AK_TYPE_MAP) {
            status = ak_call_key_at(call, value->key, (size_t)i, &text, &len, NULL);
            if (status < 0)
                return status;
            lua_pushlstring(L, text, len);
        }
        status = ak_call_view_at(call, value->key, (size_t)i, &text, &len, NULL);
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

/* Pushes the table of the names of fields by their keys, which is filled when they are first used. */
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

/* Pushes a table of the fields that are set. The values may come from anything that fills them as ak_call_values does; the
 * call is asked for the entries of lists and maps. */
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

/* What ak_call_values fills; some has room for all records of current libraries. */
typedef struct {
    ak_value some[64], *values;
    size_t count;
} ak_lua_record;

static ak_status ak_lua_values(lua_State *L, ak_call *call, ak_lua_record *record, ak_error *err) {
    ak_status status;
    record->values = record->some;
    status = ak_call_values(call, record->some, sizeof record->some / sizeof *record->some, &record->count, err);
    if (status == AK_E_BUFFER) {
        record->values = lua_newuserdata(L, record->count * sizeof *record->values);
        status = ak_call_values(call, record->values, record->count, &record->count, NULL);
    }
    return status;
}

/* ak_call_step, and after AK_ITEM ak_call_values. A failure is what ak_lua_fail takes. */
static ak_status ak_lua_next(lua_State *L, ak_call *call, ak_lua_record *record) {
    ak_status status = ak_call_step(call, NULL);
    if (status < 0)
        return ak_call_step(call, ak_lua_error(L)); /* a failed call fails in the same way again */
    if (status == AK_ITEM) {
        ak_status there = ak_lua_values(L, call, record, NULL);
        status = there < 0 ? there : AK_ITEM;
    }
    return status;
}

/* Pushes the results: the status, and after AK_ITEM the record. Returns their number. */
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
    ak_lua_object *object = luaL_checkudata(L, 1, AK_LUA_CALL);
    ak_lua_record record;
    ak_status status;
    int count;
    if (!ak_lua_call(L, 1))
        return ak_lua_refuse(L, 1, "call");
    status = ak_lua_next(L, ak_lua_lend(object), &record);
    count = ak_lua_answer(L, object->call, status, &record);
    ak_lua_give_back(object);
    return count;
}

static int ak_lua_call_values(lua_State *L) {
    ak_lua_object *object = luaL_checkudata(L, 1, AK_LUA_CALL);
    ak_lua_record record;
    ak_status status;
    int count = 2;
    if (!ak_lua_call(L, 1))
        return ak_lua_refuse(L, 1, "call");
    status = ak_lua_values(L, ak_lua_lend(object), &record, ak_lua_error(L));
    if (status >= 0) {
        lua_pushinteger(L, status);
        status = ak_lua_push_record(L, object->call, record.values, record.count);
    }
    if (status < 0)
        count = ak_lua_fail(L, status);
    ak_lua_give_back(object);
    return count;
}

/* ---- events of output: there may be hundreds of thousands ---- */

/* The fields of such an event. */
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

/* Finds the parts; false for other events, and if one of the parts is missing or there are more. */
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

/* The call that is the first argument. The metatable of calls is an upvalue; luaL_checkudata would look it up by name. */
static ak_lua_object *ak_lua_upvalue_call(lua_State *L) {
    ak_lua_object *object = lua_touserdata(L, 1);
    if (object && lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1)))
        return object;
    return luaL_checkudata(L, 1, AK_LUA_CALL); /* raises the error */
}

/* Pushes the status and the parts of an event of output: raw, id, data, stream and parsed. Returns their number. */
static int ak_lua_push_parts(lua_State *L, const ak_value *parts[AK_LUA_PARTS]) {
    int part;
    lua_pushinteger(L, AK_ITEM);
    for (part = 0; part < AK_LUA_PARSED; part++)
        lua_pushlstring(L, parts[part]->data, parts[part]->size);
    lua_pushboolean(L, parts[AK_LUA_PARSED]->integer != 0);
    return 1 + AK_LUA_TYPE;
}

/* call_next for events. It returns an event of output as its parts: Lua code makes a table of them in half the time that
 * this would take. */
static int ak_lua_event_next(lua_State *L) {
    ak_lua_object *object = ak_lua_upvalue_call(L);
    ak_lua_record record;
    const ak_value *parts[AK_LUA_PARTS];
    ak_status status;
    int count;
    if (!object->call || object->lent)
        return ak_lua_refuse(L, 1, "call");
    status = ak_lua_next(L, ak_lua_lend(object), &record);
    if (status == AK_ITEM && ak_lua_find_parts(&record, parts))
        count = ak_lua_push_parts(L, parts);
    else
        count = ak_lua_answer(L, object->call, status, &record);
    ak_lua_give_back(object);
    return count;
}
%}

