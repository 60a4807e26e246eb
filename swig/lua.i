/*
 * lua.i: the typemaps of Lua 5.1 to 5.5 and LuaJIT, in one C file for all. The result is the module
 * agentkernel_raw: the functions of the header one to one. A function with an ak_status returns that number, and then the
 * value (nil if it is null or absent), or nil and a table with the error. Wrong types raise Lua errors; a closed object
 * does not, because a finalizer cannot know what was collected before it.
 *
 * Finalizers may run wherever Lua allocates memory, and may call anything: so an object is checked again after an
 * allocation, and a call is locked against them while its data is copied to Lua.
 *
 * SPDX-License-Identifier: MIT
 */

/* For realpath, whatever C standard the flags of LuaRocks select. */
%begin %{
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
%}

/* Lua's garbage collector keeps references. */
%ignore ak_client_retain;
%ignore ak_call_retain;

/* Errors are tables, so ak_error is not exposed. */
%ignore ak_error_new;
%ignore ak_error_code;
%ignore ak_error_int;
%ignore ak_error_view;
%ignore ak_error_number;
%ignore ak_error_free;

/* These close the object, so that they may be called early, and twice. */
%ignore ak_client_free;
%ignore ak_call_free;
%native(client_free) int ak_lua_client_free(lua_State *L);
%native(call_free) int ak_lua_call_free(lua_State *L);

/* The whole record as a table. */
%ignore ak_call_values;
%native(call_values) int ak_lua_call_values(lua_State *L);

/* A step and, after AK_ITEM, its record: one iteration of a loop over records. */
%native(call_next) int ak_lua_call_next(lua_State *L);

/* event_next, the same for events, is added to the module below. */

/* Sleeps for the given milliseconds, or until a signal arrives. Lua has no function for that. */
%native(sleep) int ak_lua_sleep(lua_State *L);

/* The size of a regular file; false if it is not one; nil and the reason if there is none. */
%native(file_size) int ak_lua_file_size(lua_State *L);

/* A path without symbolic links; nil if there is no such file. */
%native(real_path) int ak_lua_real_path(lua_State *L);

%include "lua_objects.i"
%include "lua_records.i"

%init %{
    ak_lua_error(L); /* before anything uses it */
    ak_lua_push_call_metatable(L);
    lua_pushcclosure(L, ak_lua_event_next, 1);
    lua_setfield(L, -2, "event_next");
%}

/* Integers in: exact, else an error. */
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
%typemap(in) ak_client *, const ak_client * %{
    $1 = ak_lua_client(L, $input);
    if (!$1)
        return ak_lua_refuse(L, $input, "client");
%}
%typemap(in) ak_call *, const ak_call * %{
    $1 = ak_lua_call(L, $input);
    if (!$1)
        return ak_lua_refuse(L, $input, "call");
%}
%typemap(in, numinputs=0) ak_client **client, ak_call **call "" /* created later: arguments are counted on the stack */
%typemap(check) ak_client **client %{ $1 = &ak_lua_new_object(L, ak_lua_push_client_metatable)->client; %}
%typemap(check) ak_call **call %{
    $1 = &ak_lua_new_object(L, ak_lua_push_call_metatable)->call;
    arg1 = ak_lua_client(L, 1);
    if (!arg1)
        return ak_lua_refuse(L, 1, "client");
%}
%typemap(argout) ak_client **client, ak_call **call %{ lua_pushvalue(L, -1 - SWIG_arg); SWIG_arg++; %}

/* Text in: the string's own bytes. Numbers are not accepted. */
%typemap(in) (const char *text, size_t len)
%{ luaL_checktype(L, $input, LUA_TSTRING); $1 = (char *)lua_tolstring(L, $input, &$2); %}

/* A view, which is copied. */
%typemap(in, numinputs=0) (const char **data, size_t *len) (char *view, size_t size) %{ $1 = &view; $2 = &size; %}
%typemap(argout) (const char **data, size_t *len) %{
    if (result == AK_OK)
        ak_lua_push_view(L, *$1, *$2);
    else
        lua_pushnil(L);
    SWIG_arg++;
%}

/* A copy: called without a buffer first, then with one of Lua's. */
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
    while (result == AK_E_BUFFER) {
        arg4 = *arg5;
        arg3 = lua_newuserdata(L, arg4);
        arg1 = ak_lua_client(L, 1);
        if (!arg1)
            return ak_lua_refuse(L, 1, "client");
        $action
    }
%}

/* Reading: at most the requested number of bytes, and at most 64 KiB. */
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

/* Writing: a string, and how many of its bytes were accepted; an empty one ends the content. */
%typemap(in) (const void *data, size_t size)
%{ luaL_checktype(L, $input, LUA_TSTRING); $1 = (void *)lua_tolstring(L, $input, &$2); %}
%typemap(in, numinputs=0) size_t *taken (size_t number) %{ $1 = &number; %}
%typemap(argout) size_t *taken %{ ak_lua_push_integer(L, (int64_t)*$1); SWIG_arg++; %}
