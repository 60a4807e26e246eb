/*
 * go.i: the typemaps of Go. The result is package raw (bindings/go/internal/raw): the functions of the header one to
 * one, without copies or allocations. Out-parameters stay pointers, because SWIG gives a Go function one result: let
 * them point into a struct that is already on the heap and holds no pointers (cgo checks that).
 *
 * SPDX-License-Identifier: MIT
 */

/* Integers keep their width; constants are int, and the parameters that take them are int32_t. */
%typemap(gotype) int, int32_t, ak_status "int32"
%typemap(gotype) uint32_t "uint32"
%typemap(gotype) int64_t "int64"
%typemap(gotype) size_t "int"

%typemap(gotype) int64_t *value "*int64"
%typemap(gotype) size_t *len, size_t *count, size_t *taken "*int"

/* Handles are numbers in Go: its garbage collector must not follow them. */
%define AK_HANDLE(TYPE, NAME)
%typemap(gotype) TYPE *, const TYPE * "NAME"
%typemap(imtype) TYPE *, const TYPE * "uintptr"
%typemap(goin) TYPE *, const TYPE * "$result = uintptr($input)"
%typemap(goout) TYPE *, const TYPE * "$result = NAME($1)"
%typemap(in) TYPE *, const TYPE * %{ $1 = ($1_ltype)$input; %}
%typemap(out) TYPE *, const TYPE * %{ $result = $1; %}
%typemap(gotype) TYPE ** "*NAME"
%typemap(in) TYPE ** %{ $1 = ($1_ltype)$input; %}
%enddef
AK_HANDLE(ak_client, Client)
AK_HANDLE(ak_call, Call)
AK_HANDLE(ak_error, Error)

/* Text in: the string's own bytes, which the library copies. */
%typemap(gotype) (const char *text, size_t len) "string"
%typemap(in) (const char *text, size_t len) %{ $1 = $input.p; $2 = (size_t)$input.n; %}

/* Copies and reads: into the caller's slice, which SWIG's code keeps on the heap, where it does not move, and alive
 * until the function returns. */
%typemap(gotype) (char *buf, size_t cap), (void *buf, size_t cap) "[]byte"
%typemap(in) (char *buf, size_t cap), (void *buf, size_t cap)
%{ $1 = ($1_ltype)$input.array; $2 = (size_t)$input.len; %}

/* Writes: from the caller's slice. */
%typemap(gotype) (const void *data, size_t size) "[]byte"
%typemap(in) (const void *data, size_t size) %{ $1 = ($1_ltype)$input.array; $2 = (size_t)$input.len; %}

/* Views: the address of the library's memory, valid until the call advances. */
%typemap(gotype) (const char **data, size_t *len) "*View"
%typemap(in) (const char **data, size_t *len) %{ $1 = (char **)&((ak_go_view *)$input)->data; $2 = &((ak_go_view *)$input)->size; %}

/* A whole record: Value has the layout of ak_value, so that the library fills Go's slice. */
%typemap(gotype) (ak_value *values, size_t cap) "[]Value"
%typemap(in) (ak_value *values, size_t cap) %{ $1 = (ak_value *)$input.array; $2 = (size_t)$input.len; %}

/* Names and other static texts: the string refers to them without a copy. */
%typemap(out) const char * %{ $result.p = (char *)$1; $result.n = $1 ? (intgo)strlen($1) : 0; %}
%typemap(goout) const char * "$result = $1"

%{
#include <string.h>

/* Value and View of Go, below. */
_Static_assert(sizeof(ak_value) == 16 + sizeof(char *) + sizeof(size_t), "Value is not ak_value");
typedef struct {
    const char *data;
    size_t size;
} ak_go_view;
%}

/* Two functions in one cgo call: steps, and after AK_ITEM reads all fields of the record. */
%rename(Call_next) ak_go_next;
%inline %{
static ak_status ak_go_next(ak_call *call, ak_value *values, size_t cap, ak_error *err) {
    size_t count;
    ak_status status = ak_call_step(call, err);
    ak_status taken = status == AK_ITEM ? ak_call_values(call, values, cap, &count, err) : AK_OK;
    return taken < 0 ? taken : status;
}
%}

%insert(go_wrapper) %{
type (
	Client uintptr
	Call   uintptr
	Error  uintptr
)

// View is memory of the library. Its address is a number, because to the garbage collector it is none of Go's.
type View struct {
	data uintptr
	size int
}

// Bytes is that memory itself: copy it before the call advances.
func (v *View) Bytes() []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&v.data)), v.size)
}

// Len is its length.
func (v *View) Len() int { return v.size }

// Value is one field of a record: ak_value.
type Value struct {
	Key     int32
	Type    int32
	Integer int64
	View
}
%}
