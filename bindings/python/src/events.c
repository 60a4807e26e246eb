/*
 * events.c: makes a StreamEvent of a call's current record. A stream may have hundreds of thousands of events, and this
 * is all that is done for each of them. And `untrack`, which Python does not offer; everything else of this package is
 * Python over the generated layer.
 *
 * That layer passes the addresses of the library's functions, so there is one copy of the library.
 */
#include <Python.h>
#include <stdbool.h>
#include <string.h>

#include "agentkernel.h"

#define MAX_FIELDS 64
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of StreamEvent's fields. */
enum { SLOT_TYPE, SLOT_DATA, SLOT_DATA_BYTES, SLOT_OUTPUT_BYTES, SLOT_ID, SLOT_RAW, SLOT_PARSED, SLOT_COUNT };
static const char *const slot_names[SLOT_COUNT] = {"type", "data", "data_bytes", "output_bytes", "id", "raw", "parsed"};

/* The fields that are read, and their places in the array of ak_call_values. */
enum { FIELD_TYPE, FIELD_RAW, FIELD_PARSED, FIELD_ID, FIELD_DATA, FIELD_OUTPUT, FIELD_COUNT };
static const int32_t field_keys[FIELD_COUNT] = {AK_KEY_TYPE, AK_KEY_RAW,  AK_KEY_PARSED,
                                                AK_KEY_ID,   AK_KEY_DATA, AK_KEY_OUTPUT};

static const char *const kind_names[] = {"output", "started", "progress", "done", "error"};

typedef ak_status (*step_function)(ak_call *, ak_error *);
typedef ak_status (*values_function)(ak_call *, ak_value *, size_t, size_t *, ak_error *);

typedef struct {
    PyObject *event; /* the class */
    PyObject *parse; /* (raw, parsed, kind, data_bytes) -> the payload as a dict */
    PyObject *slots[SLOT_COUNT];
    descrsetfunc set; /* sets a slot of a frozen dataclass, faster than its own __init__ */
    PyObject *kinds[COUNT(kind_names)];
    PyObject *name_data, *text_empty;
    PyObject *plain_payload; /* {"data": "", "stream": "stdout"}: copying it is faster than building one */
    step_function step;
    values_function values;
    size_t field_count;
    size_t position[FIELD_COUNT];
} state;

static void replace(PyObject **slot, PyObject *value) {
    PyObject *old = *slot;
    *slot = value;
    Py_XDECREF(old);
}

/* ---- the payload ------------------------------------------------------------------------------------------------- */

/* Whether text is the inside of a single JSON string. It is part of a valid object: if it were more than one string, it
 * would contain a quote without a backslash before it. */
static bool is_one_string(const char *text, size_t len) {
    const char *end = text + len;
    for (const char *quote = text; (quote = memchr(quote, '"', (size_t)(end - quote))) != NULL; quote++) {
        if (quote == text || quote[-1] != '\\') {
            return false;
        }
    }
    return true;
}

static bool is_between(const ak_value *raw, const char *head, const char *tail) {
    size_t head_len = strlen(head), tail_len = strlen(tail);
    return raw->size >= head_len + tail_len && memcmp(raw->data, head, head_len) == 0 &&
           memcmp(raw->data + raw->size - tail_len, tail, tail_len) == 0 &&
           is_one_string(raw->data + head_len, raw->size - head_len - tail_len);
}

/* Whether the payload has only the two members of an output event, so that nothing is left to parse. The library has
 * checked that it is a JSON object. */
static bool is_plain_output(const ak_value *raw) {
    return is_between(raw, "{\"data\":\"", "\",\"stream\":\"stdout\"}") ||
           is_between(raw, "{\"data\": \"", "\", \"stream\": \"stdout\"}");
}

static PyObject *plain_output(const state *s, const ak_value *data) {
    PyObject *payload = PyDict_Copy(s->plain_payload);
    PyObject *text = PyUnicode_DecodeUTF8(data->data, (Py_ssize_t)data->size, "replace");
    if (!payload || !text || PyDict_SetItem(payload, s->name_data, text) < 0) {
        Py_CLEAR(payload);
    }
    Py_XDECREF(text);
    return payload;
}

/* ---- the event --------------------------------------------------------------------------------------------------- */

static PyObject *bytes_or_none(const ak_value *value) {
    if (value->type <= AK_TYPE_NULL) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(value->data, (Py_ssize_t)value->size);
}

static PyObject *kind_of(const state *s, const ak_value *type) {
    for (size_t i = 0; i < COUNT(kind_names); i++) {
        if (strlen(kind_names[i]) == type->size && memcmp(kind_names[i], type->data, type->size) == 0) {
            return Py_NewRef(s->kinds[i]);
        }
    }
    return PyUnicode_DecodeUTF8(type->data, (Py_ssize_t)type->size, "replace");
}

static PyObject *id_of(const state *s, const ak_value *id) {
    return id->size ? PyUnicode_DecodeUTF8(id->data, (Py_ssize_t)id->size, "replace") : Py_NewRef(s->text_empty);
}

/* Makes all parts; on failure some are NULL. */
static void make_parts(const state *s, const ak_value *values, PyObject *parts[SLOT_COUNT]) {
    const ak_value *raw = &values[s->position[FIELD_RAW]], *data = &values[s->position[FIELD_DATA]];
    bool parsed = values[s->position[FIELD_PARSED]].integer == 1;
    parts[SLOT_TYPE] = kind_of(s, &values[s->position[FIELD_TYPE]]);
    parts[SLOT_DATA_BYTES] = bytes_or_none(data);
    parts[SLOT_OUTPUT_BYTES] = bytes_or_none(&values[s->position[FIELD_OUTPUT]]);
    parts[SLOT_ID] = id_of(s, &values[s->position[FIELD_ID]]);
    parts[SLOT_RAW] = PyBytes_FromStringAndSize(raw->data, (Py_ssize_t)raw->size);
    parts[SLOT_PARSED] = PyBool_FromLong(parsed);
    if (parsed && data->type == AK_TYPE_BYTES && is_plain_output(raw)) {
        parts[SLOT_DATA] = plain_output(s, data);
    } else if (parts[SLOT_RAW] && parts[SLOT_TYPE] && parts[SLOT_DATA_BYTES]) {
        parts[SLOT_DATA] = PyObject_CallFunctionObjArgs(s->parse, parts[SLOT_RAW], parts[SLOT_PARSED], parts[SLOT_TYPE],
                                                        parts[SLOT_DATA_BYTES], NULL);
    }
}

static PyObject *make_event(const state *s, ak_call *call) {
    ak_value values[MAX_FIELDS];
    size_t count = 0;
    if (s->values(call, values, s->field_count, &count, NULL) < 0) {
        return PyErr_NoMemory(); /* there is a current record and space for its fields: nothing else can fail */
    }
    PyObject *parts[SLOT_COUNT] = {NULL};
    make_parts(s, values, parts);
    PyObject *event = PyType_GenericAlloc((PyTypeObject *)s->event, 0);
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (event && (!parts[i] || s->set(s->slots[i], event, parts[i]) < 0)) {
            Py_CLEAR(event);
        }
        Py_XDECREF(parts[i]);
    }
    return event;
}

/* ---- handles ----------------------------------------------------------------------------------------------------- */

/* The collector finalizes all objects of one pass, in any order and before it frees them; so a handle of ffi.gc would
 * be freed while a later finalizer still uses it. An untracked object is freed only with its last reference. That leaks
 * nothing: a handle refers to nothing that could refer back to it. */
static PyObject *untrack(PyObject *module, PyObject *handle) {
    (void)module;
    if (PyType_GetFlags(Py_TYPE(handle)) & Py_TPFLAGS_HAVE_GC) {
        PyObject_GC_UnTrack(handle);
    }
    return Py_NewRef(handle);
}

/* ---- the module -------------------------------------------------------------------------------------------------- */

static PyObject *next_event(PyObject *module, PyObject *address) {
    const state *s = PyModule_GetState(module);
    ak_call *call = PyLong_AsVoidPtr(address);
    if (!call || !s->step) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "no call, or set_up was not called");
    }
    /* Never blocks, so the GIL need not be released. */
    if (s->step(call, NULL) != AK_ITEM) {
        Py_RETURN_NONE;
    }
    return make_event(s, call);
}

static PyObject *current_event(PyObject *module, PyObject *address) {
    const state *s = PyModule_GetState(module);
    ak_call *call = PyLong_AsVoidPtr(address);
    if (!call || !s->values) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "no call, or set_up was not called");
    }
    return make_event(s, call);
}

static int take_fields(state *s, PyObject *keys) {
    Py_ssize_t count = PyTuple_Size(keys);
    if (count < 0 || count > MAX_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "too many fields");
        return -1;
    }
    s->field_count = (size_t)count;
    for (size_t wanted = 0; wanted < FIELD_COUNT; wanted++) {
        bool found = false;
        for (Py_ssize_t i = 0; i < count && !found; i++) {
            found = PyLong_AsLong(PyTuple_GetItem(keys, i)) == field_keys[wanted];
            s->position[wanted] = (size_t)i;
        }
        if (!found) {
            PyErr_Format(PyExc_ValueError, "events have no field %d", (int)field_keys[wanted]);
            return -1;
        }
    }
    return 0;
}

static int take_slots(state *s) {
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        replace(&s->slots[i], PyObject_GetAttrString(s->event, slot_names[i]));
        if (!s->slots[i]) {
            return -1;
        }
        s->set = (descrsetfunc)PyType_GetSlot(Py_TYPE(s->slots[i]), Py_tp_descr_set);
        if (!s->set || Py_TYPE(s->slots[i]) != Py_TYPE(s->slots[0])) {
            PyErr_Format(PyExc_TypeError, "%s is no slot", slot_names[i]);
            return -1;
        }
    }
    return 0;
}

/* set_up(event class, parse, keys of the fields in order, address of ak_call_step, of ak_call_values) */
static PyObject *set_up(PyObject *module, PyObject *args) {
    state *s = PyModule_GetState(module);
    PyObject *event, *parse, *keys, *step, *values;
    if (!PyArg_ParseTuple(args, "OOO!OO", &event, &parse, &PyTuple_Type, &keys, &step, &values)) {
        return NULL;
    }
    if (!PyType_Check(event)) {
        return PyErr_Format(PyExc_TypeError, "the event's class is needed");
    }
    replace(&s->event, Py_NewRef(event));
    replace(&s->parse, Py_NewRef(parse));
    if (take_fields(s, keys) < 0 || take_slots(s) < 0) {
        return NULL;
    }
    /* POSIX allows converting a function's address to and from a data pointer. */
    void *step_address = PyLong_AsVoidPtr(step), *values_address = PyLong_AsVoidPtr(values);
    if (!step_address || !values_address) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "no address");
    }
    memcpy(&s->step, &step_address, sizeof s->step);
    memcpy(&s->values, &values_address, sizeof s->values);
    Py_RETURN_NONE;
}

static int module_exec(PyObject *module) {
    state *s = PyModule_GetState(module);
    s->name_data = PyUnicode_InternFromString("data");
    s->text_empty = PyUnicode_InternFromString("");
    s->plain_payload = Py_BuildValue("{s:s,s:s}", "data", "", "stream", "stdout");
    bool ok = s->name_data && s->text_empty && s->plain_payload;
    for (size_t i = 0; i < COUNT(kind_names); i++) {
        s->kinds[i] = PyUnicode_InternFromString(kind_names[i]);
        ok = ok && s->kinds[i];
    }
    return ok ? 0 : -1;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    state *s = PyModule_GetState(module);
    Py_VISIT(s->event);
    Py_VISIT(s->parse);
    Py_VISIT(s->plain_payload);
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        Py_VISIT(s->slots[i]);
    }
    return 0;
}

static int module_clear(PyObject *module) {
    state *s = PyModule_GetState(module);
    s->step = NULL;
    s->values = NULL;
    Py_CLEAR(s->event);
    Py_CLEAR(s->parse);
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        Py_CLEAR(s->slots[i]);
    }
    for (size_t i = 0; i < COUNT(kind_names); i++) {
        Py_CLEAR(s->kinds[i]);
    }
    Py_CLEAR(s->name_data);
    Py_CLEAR(s->text_empty);
    Py_CLEAR(s->plain_payload);
    return 0;
}

static void module_free(void *module) {
    module_clear(module);
}

static PyMethodDef methods[] = {
    {"set_up", set_up, METH_VARARGS, "Says what events are made of, and where the library's functions are."},
    {"next_event", next_event, METH_O,
     "Steps the call at an address: its event, or None when it has none now; then step says why."},
    {"current_event", current_event, METH_O, "The current event of the call at an address."},
    {"untrack", untrack, METH_O, "The handle, which the collector leaves alone from now on."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
#ifdef Py_GIL_DISABLED
    /* The state is set once, at import; a call is used by one thread at a time. */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "agentkernel._events",
    .m_doc = "Makes events of records: see events.c.",
    .m_size = sizeof(state),
    .m_methods = methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__events(void) {
    return PyModuleDef_Init(&definition);
}
