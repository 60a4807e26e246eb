/*
 * ruby.i: the typemaps of Ruby. The result is the module AgentKernel::Raw (bindings/ruby/ext/agentkernel): the
 * functions of the header one to one, with Ruby's own values in and out. A failure is raised: AgentKernel::Error.of
 * makes the exception from the error's fields. JSON is parsed by AgentKernel::Text.field. Nothing here waits, so
 * nothing releases the GVL, which also protects the static variables below.
 *
 * SPDX-License-Identifier: MIT
 */

/* Not for Ruby; common.i lists what no language wraps. */
%ignore ak_call_wait;   /* would hold the GVL: step, and wait with IO#wait_readable */
%ignore ak_error_new;   /* exceptions carry the fields of errors, */
%ignore ak_error_code;  /* so that */
%ignore ak_error_int;   /* no */
%ignore ak_error_view;  /* handle */
%ignore ak_error_free;  /* is needed */
%ignore ak_client_free; /* these two are below: */
%ignore ak_call_free;   /* they clear their argument */

%{
#include <ruby/encoding.h>

static ak_error *ak_ruby_error; /* where failures are written, until the exception is made */

/* ---- handles: objects whose destructor is ak_*_free, and that can be emptied earlier ----------------------------- */

/* A call in flight holds five descriptors, and so does a client's idle connection. The garbage collector does not count
 * them. It is told that each object has this many bytes, so that it collects forgotten ones before the process is out
 * of descriptors. */
#define AK_RUBY_WEIGHT (512 * 1024)

static void ak_ruby_free_client(void *client) {
    if (client) rb_gc_adjust_memory_usage(-AK_RUBY_WEIGHT);
    ak_client_free(client);
}

static void ak_ruby_free_call(void *call) {
    if (call) rb_gc_adjust_memory_usage(-AK_RUBY_WEIGHT);
    ak_call_free(call);
}

static const rb_data_type_t ak_ruby_client = {
    .wrap_struct_name = "AgentKernel::Raw::Client",
    .function = {.dfree = ak_ruby_free_client},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};
static const rb_data_type_t ak_ruby_call = {
    .wrap_struct_name = "AgentKernel::Raw::Call",
    .function = {.dfree = ak_ruby_free_call},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};
static VALUE ak_ruby_client_class, ak_ruby_call_class;
static ID ak_ruby_fields;

static VALUE ak_ruby_new_client(ak_client *client) {
    VALUE object = TypedData_Wrap_Struct(ak_ruby_client_class, &ak_ruby_client, client);
    rb_gc_adjust_memory_usage(AK_RUBY_WEIGHT);
    return object;
}

static VALUE ak_ruby_new_call(ak_call *call) {
    VALUE object = TypedData_Wrap_Struct(ak_ruby_call_class, &ak_ruby_call, call);
    rb_gc_adjust_memory_usage(AK_RUBY_WEIGHT);
    return object;
}

static VALUE ak_ruby_symbol(const char *name) { return ID2SYM(rb_intern(name)); }

static VALUE ak_ruby_frozen(VALUE object) {
    OBJ_FREEZE(object);
    return object;
}

/* Text is valid UTF-8. */
static VALUE ak_ruby_text(const char *data, size_t size) {
    VALUE text = rb_utf8_str_new(data, (long)size);
    if (rb_enc_str_coderange(text) == ENC_CODERANGE_BROKEN) text = rb_str_scrub(text, Qnil);
    return ak_ruby_frozen(text);
}

static VALUE ak_ruby_bytes(const char *data, size_t size) { return ak_ruby_frozen(rb_str_new(data, (long)size)); }

static void ak_ruby_error_text(VALUE fields, const char *name, int32_t field) {
    const char *data;
    size_t size;
    if (ak_error_view(ak_ruby_error, field, &data, &size) == AK_OK)
        rb_hash_aset(fields, ak_ruby_symbol(name),
                     field == AK_ERROR_OUTPUT ? ak_ruby_bytes(data, size) : ak_ruby_text(data, size));
}

static void ak_ruby_error_int(VALUE fields, const char *name, int32_t field) {
    int64_t value;
    if (ak_error_int(ak_ruby_error, field, &value) == AK_OK)
        rb_hash_aset(fields, ak_ruby_symbol(name), LL2NUM(value));
}

/* Everything is copied first: the exception's class may run code that fails and overwrites the error. */
NORETURN(static void ak_ruby_raise(ak_status status));
static void ak_ruby_raise(ak_status status) {
    const char *name = ak_status_name(status);
    VALUE fields = rb_hash_new();
    rb_hash_aset(fields, ak_ruby_symbol("code"),
                 name ? ak_ruby_text(name, strlen(name)) : rb_sprintf("AK_E_%d", (int)-status));
    if (ak_error_code(ak_ruby_error) == status) {
        ak_ruby_error_text(fields, "message", AK_ERROR_MESSAGE);
        ak_ruby_error_text(fields, "server_text", AK_ERROR_SERVER_TEXT);
        ak_ruby_error_text(fields, "output", AK_ERROR_OUTPUT);
        ak_ruby_error_text(fields, "operation", AK_ERROR_OPERATION);
        ak_ruby_error_text(fields, "phase", AK_ERROR_PHASE);
        ak_ruby_error_int(fields, "http_status", AK_ERROR_HTTP_STATUS);
        ak_ruby_error_int(fields, "exit_code", AK_ERROR_EXIT_CODE);
        ak_ruby_error_int(fields, "retry_after_ms", AK_ERROR_RETRY_AFTER_MS);
        ak_ruby_error_int(fields, "libcurl", AK_ERROR_LIBCURL);
        ak_ruby_error_int(fields, "sent", AK_ERROR_SENT);
    }
    rb_exc_raise(rb_funcall(rb_path2class("AgentKernel::Error"), rb_intern("of"), 1, fields));
}

static ak_client *ak_ruby_get_client(VALUE object) {
    ak_client *client = rb_check_typeddata(object, &ak_ruby_client);
    if (!client) rb_raise(rb_eIOError, "the client is closed");
    return client;
}

static ak_call *ak_ruby_get_call(VALUE object) {
    ak_call *call = rb_check_typeddata(object, &ak_ruby_call);
    if (!call) rb_raise(rb_eIOError, "the call is closed");
    return call;
}

/* Frees a handle now, instead of when it is forgotten; a second time it does nothing. */
static VALUE ak_ruby_client_free(VALUE self, VALUE object) {
    ak_client *client = rb_check_typeddata(object, &ak_ruby_client);
    RTYPEDDATA_DATA(object) = NULL;
    ak_ruby_free_client(client);
    return Qnil;
}

static VALUE ak_ruby_call_free(VALUE self, VALUE object) {
    ak_call *call = rb_check_typeddata(object, &ak_ruby_call);
    RTYPEDDATA_DATA(object) = NULL;
    ak_ruby_free_call(call);
    return Qnil;
}

/* ---- numbers in: exactly, or refused ----------------------------------------------------------------------------- */

static int64_t ak_ruby_integer(VALUE object) {
    if (!RB_INTEGER_TYPE_P(object)) rb_raise(rb_eTypeError, "no Integer: %" PRIsVALUE, rb_obj_class(object));
    return NUM2LL(object);
}

static int32_t ak_ruby_int32(VALUE object) {
    int64_t value = ak_ruby_integer(object);
    if (value != (int32_t)value) rb_raise(rb_eRangeError, "more than 32 bits: %" PRIsVALUE, object);
    return (int32_t)value;
}

static size_t ak_ruby_size(VALUE object) {
    int64_t value = ak_ruby_integer(object);
    if (value < 0) rb_raise(rb_eRangeError, "less than nothing: %" PRIsVALUE, object);
    return (size_t)value;
}

/* ---- buffers ----------------------------------------------------------------------------------------------------- */

/* Makes room for so many bytes in the caller's string, which then has as many as are filled. */
static char *ak_ruby_room(VALUE string, size_t cap) {
    if (cap > LONG_MAX / 2) rb_raise(rb_eRangeError, "more bytes than a string can have");
    rb_str_modify(string);
    if (rb_str_capacity(string) < cap) rb_str_modify_expand(string, (long)cap - RSTRING_LEN(string));
    return RSTRING_PTR(string);
}

static void ak_ruby_filled(VALUE string, size_t size) {
    rb_str_set_len(string, (long)size);
    rb_enc_associate(string, rb_ascii8bit_encoding());
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* An entry of a list or map: a text, or nil when it is null. */
static VALUE ak_ruby_entry(ak_status (*view)(ak_call *, int32_t, size_t, const char **, size_t *, ak_error *),
                           ak_call *call, int32_t key, size_t index) {
    const char *data;
    size_t size;
    ak_status status = view(call, key, index, &data, &size, ak_ruby_error);
    if (status < 0) ak_ruby_raise(status);
    return status == AK_OK ? ak_ruby_text(data, size) : Qnil;
}

static VALUE ak_ruby_list(ak_call *call, const ak_value *value) {
    VALUE list = rb_ary_new_capa((long)value->integer);
    for (size_t i = 0; i < (size_t)value->integer; i++)
        rb_ary_push(list, ak_ruby_entry(ak_call_view_at, call, value->key, i));
    return ak_ruby_frozen(list);
}

static VALUE ak_ruby_map(ak_call *call, const ak_value *value) {
    VALUE map = rb_hash_new();
    for (size_t i = 0; i < (size_t)value->integer; i++) {
        VALUE name = ak_ruby_entry(ak_call_key_at, call, value->key, i);
        rb_hash_aset(map, name, ak_ruby_entry(ak_call_view_at, call, value->key, i));
    }
    return ak_ruby_frozen(map);
}

static VALUE ak_ruby_names; /* of keys, as symbols */
static VALUE ak_ruby_texts; /* the last text of each key */

/* A short text, such as an event's type, is often the same as the last one; then it needs no new object. */
static VALUE ak_ruby_text_again(const ak_value *value) {
    VALUE last = rb_ary_entry(ak_ruby_texts, value->key);
    if (!NIL_P(last) && (size_t)RSTRING_LEN(last) == value->size &&
        (!value->size || !memcmp(RSTRING_PTR(last), value->data, value->size)))
        return last;
    last = ak_ruby_text(value->data, value->size);
    if (value->size < 32) rb_ary_store(ak_ruby_texts, value->key, last);
    return last;
}

/* Open JSON, as Ruby's own parser reads it. */
static VALUE ak_ruby_json(VALUE text) {
    return rb_funcall(rb_path2class("AgentKernel::Text"), rb_intern("field"), 1, text);
}

/* A field's value. The raw record is text just as it was sent. */
static VALUE ak_ruby_value(ak_call *call, const ak_value *value) {
    switch (value->type) {
    case AK_TYPE_TEXT: return ak_ruby_text_again(value);
    case AK_TYPE_JSON: {
        VALUE text = ak_ruby_frozen(rb_utf8_str_new(value->data, (long)value->size));
        return value->key == AK_KEY_RAW ? text : ak_ruby_json(text);
    }
    case AK_TYPE_BYTES: return ak_ruby_bytes(value->data, value->size);
    case AK_TYPE_INT: return LL2NUM(value->integer);
    case AK_TYPE_BOOL: return value->integer ? Qtrue : Qfalse;
    case AK_TYPE_LIST: return ak_ruby_list(call, value);
    case AK_TYPE_MAP: return ak_ruby_map(call, value);
    default: return Qnil;
    }
}

static VALUE ak_ruby_name(int32_t key) {
    VALUE name = rb_ary_entry(ak_ruby_names, key);
    if (NIL_P(name)) rb_ary_store(ak_ruby_names, key, name = ak_ruby_symbol(ak_key_name(key)));
    return name;
}

/* More than any record has; a record of more would be AK_E_BUFFER. */
enum { AK_RUBY_MAX_FIELDS = 128 };

typedef struct {
    ak_value values[AK_RUBY_MAX_FIELDS];
    size_t count;
} ak_ruby_record;

/* The fields of a record by name, from an array of at most AK_RUBY_MAX_FIELDS values, whatever filled it. A field that
 * is null is nil, one that is absent is left out. Entries of lists and maps are read from the call's current record. */
static VALUE ak_ruby_hash(ak_call *call, const ak_value *values, size_t count) {
    VALUE hash = rb_hash_new(), pairs[2 * AK_RUBY_MAX_FIELDS];
    long filled = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i].type == AK_TYPE_ABSENT) continue;
        pairs[filled] = ak_ruby_name(values[i].key);
        pairs[filled + 1] = ak_ruby_value(call, &values[i]);
        filled += 2;
    }
    rb_hash_bulk_insert(filled, pairs, hash);
    return hash;
}

/* A frozen object of a record's class, with its fields in @fields. */
static VALUE ak_ruby_object(VALUE kind, VALUE fields) {
    VALUE object = rb_obj_alloc(kind);
    rb_ivar_set(object, ak_ruby_fields, fields);
    return ak_ruby_frozen(object);
}

/* ak_call_step and ak_call_values in one, because there may be hundreds of thousands of events: the next record as an
 * object of its class; false for AK_AGAIN, nil at the end. */
static VALUE ak_ruby_call_next(VALUE self, VALUE object, VALUE kind) {
    ak_call *call = ak_ruby_get_call(object);
    ak_ruby_record record;
    ak_status status = ak_call_step(call, ak_ruby_error);
    if (status == AK_AGAIN) return Qfalse;
    if (status == AK_DONE) return Qnil;
    if (status == AK_ITEM)
        status = ak_call_values(call, record.values, AK_RUBY_MAX_FIELDS, &record.count, ak_ruby_error);
    if (status < 0) ak_ruby_raise(status);
    return ak_ruby_object(kind, ak_ruby_hash(call, record.values, record.count));
}

/* What a function returns when there is no value: nil for null, else :absent. */
static VALUE ak_ruby_nothing(ak_status status) { return status == AK_ABSENT ? ak_ruby_symbol("absent") : Qnil; }
%}

%init %{
    ak_ruby_error = ak_error_new();
    if (!ak_ruby_error) rb_memerror();
    rb_gc_register_address(&ak_ruby_names);
    rb_gc_register_address(&ak_ruby_texts);
    ak_ruby_names = rb_ary_new();
    ak_ruby_texts = rb_ary_new();
    ak_ruby_client_class = rb_define_class_under(mRaw, "Client", rb_cObject);
    ak_ruby_call_class = rb_define_class_under(mRaw, "Call", rb_cObject);
    rb_undef_alloc_func(ak_ruby_client_class);
    rb_undef_alloc_func(ak_ruby_call_class);
    rb_define_module_function(mRaw, "client_free", ak_ruby_client_free, 1);
    rb_define_module_function(mRaw, "call_free", ak_ruby_call_free, 1);
    rb_define_module_function(mRaw, "call_next", ak_ruby_call_next, 2);
    ak_ruby_fields = rb_intern("@fields");
%}


/* ---- statuses and errors ----------------------------------------------------------------------------------------- */

%typemap(out) ak_status %{
    if ($1 < 0) ak_ruby_raise($1);
    $result = INT2FIX($1);
%}
%typemap(in, numinputs=0) ak_error *err "$1 = ak_ruby_error;"

/* ---- handles ----------------------------------------------------------------------------------------------------- */

%define AK_HANDLE(TYPE, NAME)
%typemap(in) TYPE *, const TYPE * { $1 = ak_ruby_get_##NAME($input); }
%typemap(out) TYPE * { $result = ak_ruby_new_##NAME($1); }
%typemap(in, numinputs=0) TYPE ** (TYPE *made) "made = NULL; $1 = &made;"
%typemap(argout) TYPE ** { $result = ak_ruby_new_##NAME(*$1); }
%enddef
AK_HANDLE(ak_client, client)
AK_HANDLE(ak_call, call)

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

%typemap(in) int64_t "$1 = ak_ruby_integer($input);"
%typemap(in) int, int32_t, ak_status "$1 = ak_ruby_int32($input);"
%typemap(in) size_t "$1 = ak_ruby_size($input);"
%typemap(out) int, int32_t "$result = INT2NUM($1);"
%typemap(out) uint32_t "$result = UINT2NUM($1);"
%typemap(out) int64_t "$result = LL2NUM($1);"

%typemap(in, numinputs=0) int64_t *value (int64_t value) "value = 0; $1 = &value;"
%typemap(argout) int64_t *value "$result = result == AK_OK ? LL2NUM(*$1) : ak_ruby_nothing(result);"
%typemap(in, numinputs=0) size_t *count (size_t count) "count = 0; $1 = &count;"
%typemap(argout) size_t *count "$result = result == AK_OK ? SIZET2NUM(*$1) : ak_ruby_nothing(result);"

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Text in: the string's own bytes, in UTF-8. The library checks and copies them. */
%typemap(in) (const char *text, size_t len) (VALUE text) %{
    text = $input;
    StringValue(text);
    text = rb_str_export_to_enc(text, rb_utf8_encoding());
    $1 = RSTRING_PTR(text);
    $2 = (size_t)RSTRING_LEN(text);
%}
%typemap(freearg) (const char *text, size_t len) "RB_GC_GUARD(text$argnum);"

/* Names and other static texts. */
%typemap(out) const char * "$result = $1 ? ak_ruby_text($1, strlen($1)) : Qnil;"

/* Functions that return a view: a copy, as bytes. */
%typemap(in, numinputs=0) (const char **data, size_t *len) (const char *data, size_t size)
    "data = NULL; size = 0; $1 = (char **)&data; $2 = &size;"
%typemap(argout) (const char **data, size_t *len)
    "$result = result == AK_OK ? ak_ruby_bytes(*$1, *$2) : ak_ruby_nothing(result);"

/* Functions that copy into a buffer (settings): called again with a larger one when it was too small. */
%typemap(in, numinputs=0) (char *buf, size_t cap, size_t *len) (VALUE string, size_t size) %{
    string = rb_str_new(NULL, 0);
    size = 0;
    $1 = NULL;
    $2 = 0;
    $3 = &size;
%}
%exception ak_client_text {
    $action
    if (result == AK_E_BUFFER) {
        arg4 = *arg5;
        arg3 = ak_ruby_room(string3, arg4);
        $action
    }
}
%typemap(argout) (char *buf, size_t cap, size_t *len) %{
    rb_str_set_len(string$argnum, (long)*$3);
    $result = result == AK_OK ? ak_ruby_text(RSTRING_PTR(string$argnum), *$3) : ak_ruby_nothing(result);
    RB_GC_GUARD(string$argnum);
%}

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* ak_call_read: the caller's string is filled in place, with at most that many bytes. */
%typemap(in) void *buf %{
    Check_Type($input, T_STRING);
    $1 = NULL;
%}
%typemap(in, numinputs=0) size_t *len (size_t size) "size = 0; $1 = &size;"
%exception ak_call_read {
    arg2 = ak_ruby_room(argv[1], arg3);
    $action
    ak_ruby_filled(argv[1], *arg4);
}

/* ak_call_write: the string's bytes unchanged, whatever their encoding. Returns the status and how many were accepted;
 * an empty string ends the content. */
%typemap(in) (const void *data, size_t size) %{
    Check_Type($input, T_STRING);
    $1 = RSTRING_PTR($input);
    $2 = (size_t)RSTRING_LEN($input);
%}
%typemap(in, numinputs=0) size_t *taken (size_t taken) "taken = 0; $1 = &taken;"
%typemap(argout) size_t *taken "$result = rb_assoc_new($result, SIZET2NUM(*$1));"

/* ak_call_values: a record. */
%typemap(in, numinputs=0) (ak_value *values, size_t cap, size_t *count) (ak_ruby_record record) %{
    record.count = 0;
    $1 = record.values;
    $2 = AK_RUBY_MAX_FIELDS;
    $3 = &record.count;
%}
%typemap(argout) (ak_value *values, size_t cap, size_t *count)
    "$result = ak_ruby_hash(arg1, record$argnum.values, record$argnum.count);"
