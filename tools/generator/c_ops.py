"""agentkernel_ops.h: typed calls for C on top of agentkernel.h.

Names: an operation VERB_NOUN or VERB_in_NOUN becomes ak_NOUN_VERB (create_sandbox: ak_sandbox_create), as the rest of
the library names its functions, and VERB_NOUN_by_KEY becomes ak_NOUN_VERB_by_KEY; a list's noun is singular. One that
streams, is a single word, or has its noun first keeps its name (ak_run, ak_run_stream, ak_detached_status).
Operations that yield the same record share its type: the noun's (ak_sandbox), ak_event for events, else
ak_OPERATION_result.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from .c_header import block
from .schema import Field, Key

WIDTH = 120
PRELUDE = Path(__file__).with_name("ops_prelude.h")

HEAD = """\
agentkernel_ops.h: typed calls for C and C++ on top of agentkernel.h. Generated: do not edit.

SPDX-License-Identifier: MIT

Every function here is static inline and made of the functions of agentkernel.h; nothing is exported.

    const char *const command[] = {"echo", "hello", NULL};
    ak_run_result result = {0};
    if (ak_run(client, command, &(ak_run_options){.image = "alpine"}, &result, err) == AK_OK) {
        fwrite(result.output, 1, result.output_len, stdout);
    }
    ak_run_result_free(&result);

OPTIONS. What an operation needs are arguments of its function; what it can do without is a struct, which may be NULL.
In it zero means not set: NULL for text and lists, AK_UNSET for an ak_choice, 0 for integers (AK_ZERO is the number
0). Text is UTF-8 that ends with NUL, a list is an array of text that ends with NULL, a map an array of ak_pair that
ends with a NULL name; an empty map is set, and is empty. All of it is copied. Text that holds a NUL needs the functions
of agentkernel.h. The content of a file has its length beside it; NULL is no content: then hand it in with
ak_call_write, after the twin ending in _new.

RECORDS. A record owns what its members point to. It starts as zeros, may be filled again and again, each time losing
what it held, and is freed with its own _free function, which makes it zeros again. When filling fails it is zeros,
and nothing needs freeing. Text ends with NUL; members that are bytes have their length beside them (and a NUL after
it). A text that the server sent with a NUL inside looks shorter; raw has it whole. What did not come is 0, false or
NULL; has.MEMBER says that a value came, null.MEMBER that null came. Where <stdio.h> has macros for stdout and stderr
that cannot stand after a dot, as musl's has, members of these names are stdout_data and stderr_data; they are so
everywhere.

CALLS. A function that runs an operation to its end gives AK_OK or an error. Its twin ending in _new only prepares the
call, for programs that wait by themselves: step it as agentkernel.h says, and take each record with _fill. A function
whose operation yields many records gives the call at once: _next waits for each record and gives AK_ITEM, AK_DONE or
an error, after which the record is zeros; free the call in the end. Nothing is sent before the first step.

TIME. Everything that waits does so until the deadlines of the call (its timeout options, else the client's settings);
signals do not end it. Calls may be cancelled from another thread with ak_call_cancel.

ERRORS. Those of agentkernel.h, with err as it says; ak_failure_fill reads one. A parameter that is missing or cannot
be right is AK_E_ARGUMENT, before any I/O. When copying a record runs out of memory the status is AK_E_MEMORY and err
is not written.

Threads: functions that take a client: any. Functions that take a call, a record or an error: one."""

OPTION_TYPES = {
    "text": "const char *",
    "json": "const char *",
    "int": "int64_t ",
    "bool": "ak_choice ",
    "list": "const char *const *",
    "lists": "const char *const *const *",
    "map": "const ak_pair *",
}
ARGUMENT_TYPES = {**OPTION_TYPES, "bytes": "const void *"}
SETTERS = {
    "text": "ak_ops_set_text",
    "json": "ak_ops_set_text",
    "int": "ak_ops_set_int",
    "bool": "ak_ops_set_choice",
    "list": "ak_ops_add_texts",
    "lists": "ak_ops_add_lists",
    "map": "ak_ops_put_pairs",
    "bytes": "ak_ops_set_bytes",
}
FIELD_TYPES = {
    "text": "const char *",
    "bytes": "const char *",
    "json": "const char *",
    "int": "int64_t ",
    "bool": "bool ",
    "list": "const char *const *",
    "map": "const ak_pair *",
}
GETTERS = {"text": "text", "bytes": "text", "json": "text", "int": "int", "bool": "bool", "list": "list", "map": "map"}
ENDINGS = {
    "list": "ends with NULL",
    "lists": "each ends with NULL, and so do all",
    "map": "ends with a NULL name",
    "json": "JSON",
}
# What <stdio.h> may define as macros, such as musl's `#define stdout (stdout)`: a member can be declared by such a
# name, but not used, so it has a second one.
MACROS = ("stdin", "stdout", "stderr")
# Operations that do not begin with a verb.
NOUN_FIRST = ("detached_", "batch_")


def comment(text, indent=""):
    """A block comment as one text."""
    return "\n".join(block(text, indent))


def wrap_list(start, items, end, indent):
    """start, the items by comma, end; broken only between items, which then stand under the first."""
    lines, line = [], start
    for i, item in enumerate(items):
        piece = item + ("," if i + 1 < len(items) else end)
        if len(line) + len(piece) + (i > 0) > WIDTH:
            lines.append(line)
            line = " " * indent + piece
        else:
            line += (" " if i else "") + piece
    return [*lines, line]


def documented(declaration, text, indent="    "):
    """A member with its comment beside it, or above where that is too long."""
    line = f"{indent}{declaration}; /* {text} */"
    return [line] if len(line) <= WIDTH else [comment(text, indent), f"{indent}{declaration};"]


def block_comment(text):
    """A comment of paragraphs; those that begin with a blank are code and stay as they are."""
    lines = []
    for paragraph in text.split("\n\n"):
        wrapped = paragraph.splitlines() if paragraph.startswith(" ") else textwrap.wrap(paragraph, WIDTH - 3)
        lines += ([""] if lines else []) + wrapped
    return "/*\n" + "\n".join((" * " + line).rstrip() for line in lines) + "\n */"


def about_key(each):
    """What a parameter or field means."""
    return each.about + (" Default: the client's." if each.name.endswith("timeout_ms") else "")


def about_operation(operation):
    return f"{operation.about} {operation.route}."


# ---- names -----------------------------------------------------------------------------------------------------------


def noun_of(operation):
    """(noun, verb), or None for an operation that keeps its name."""
    match = re.fullmatch(r"([a-z]+)(?:_in)?_([a-z_]+?)(_by_[a-z]+)?", operation.name)
    if not match or operation.streams or operation.name.startswith(NOUN_FIRST):
        return None
    return singular(match[2]) if match[1] == "list" else match[2], match[1] + (match[3] or "")


def singular(noun):
    return re.sub(r"(?<=x)es$|s$", "", noun)


def function_name(operation):
    noun = noun_of(operation)
    return "ak_" + ("_".join(noun) if noun else operation.name)


def record_name(operation):
    """Its record's type, or None."""
    return operation.record and operation.record.names["c"]


# ---- records ---------------------------------------------------------------------------------------------------------


def member(field):
    """The name that a member can always be used by."""
    return field.name + "_data" if field.name in MACROS else field.name


# Before what holds unions without a name, which C99 lacks.
EXTENSION = "__extension__ "


def two_names(declaration, field, indent):
    """A member with both its names."""
    star = "*" if "*" in declaration else ""
    return [f"{indent}union {{", f"{indent}    {declaration}, {star}{member(field)};", f"{indent}}};"]


def record_struct(name, operations):
    fields = operations[0].record.fields
    users = ", ".join(function_name(operation) for operation in operations)
    return fields_struct(
        name,
        f"A record of {users}. Begin with zeros; free with {name}_free.",
        [(field, about_key(field)) for field in fields],
    )


def fields_struct(name, about, fields, seen=("has", "null")):
    lines = [
        comment(about),
        f"typedef struct {name} {{",
        "    ak_ops_block *memory; /* what the members point to: not for use */",
    ]
    for field, text in fields:
        ending = ENDINGS.get(field.type)
        if ending and ending not in text:
            text = f"{text} ({ending})"
        declaration = FIELD_TYPES[field.type] + field.name
        if field.name in MACROS:
            first, *rest = two_names(declaration, field, "    ")
            lines += [comment(text, "    "), "    " + EXTENSION + first.lstrip(), *rest]
        else:
            lines += documented(declaration, text)
        if field.type == "bytes":
            lines.append(f"    size_t {field.name}_len; /* bytes of {field.name} */")
        elif field.type in ("list", "map"):
            lines.append(f"    size_t {field.name}_count; /* entries of {field.name} */")
    optional = [field for field, _ in fields if not field.required]
    if optional:
        lines.append(
            "    /* Which of the members that may be missing came with a value"
            + (", and which as null. */" if "null" in seen else ". */")
        )
        lines.append(f"    {EXTENSION if any(field.name in MACROS for field in optional) else ''}struct {{")
        for field in optional:
            if field.name in MACROS:
                lines += two_names("bool " + field.name, field, "        ")
        usual = [field.name for field in optional if field.name not in MACROS]
        lines += wrap_list("        bool ", usual, ";", 13) if usual else []
        lines.append(f"    }} {', '.join(seen)};")
    return "\n".join([*lines, f"}} {name};"])


def free_function(name):
    return [
        comment("Frees what a record holds and makes it zeros. NULL is fine. Thread: one."),
        f"static inline void {name}_free({name} *record) {{",
        "    if (record) {",
        "        ak_ops_free(record->memory);",
        "        memset(record, 0, sizeof *record);",
        "    }",
        "}",
        "",
    ]


def fill_lines(name, prefix, fields, null="&record->null.{}"):
    """The body of a _fill function, after the line that makes the copy."""
    lines = [f"    {name}_free(record);"]
    for field in fields:
        key, kind = member(field), field.type
        length = {
            "text": ["NULL"],
            "json": ["NULL"],
            "bytes": [f"&record->{field.name}_len"],
            "list": [f"&record->{field.name}_count"],
            "map": [f"&record->{field.name}_count"],
        }.get(kind, [])
        seen = ["NULL", "NULL"] if field.required else [f"&record->has.{key}", null.format(key)]
        start = f"    ak_ops_get_{GETTERS[kind]}("
        arguments = ["&copy", prefix + field.name.upper(), f"&record->{key}", *length, *seen]
        lines += wrap_list(start, arguments, ");", len(start))
    return [
        *lines,
        "    record->memory = copy.memory;",
        "    if (copy.status < 0) {",
        f"        {name}_free(record);",
        "    }",
        "    return copy.status;",
        "}",
    ]


def record_functions(name, operations):
    lines = [
        *free_function(name),
        comment(
            "Fills a record from the current one of a call (state item). Errors: AK_E_STATE, AK_E_ARGUMENT (a "
            "call of another operation), AK_E_MEMORY. Thread: one."
        ),
        f"static inline ak_status {name}_fill(ak_call *call, {name} *record, ak_error *err) {{",
        "    ak_ops_copy copy = ak_ops_copy_from(call, NULL, err);",
        *fill_lines(name, "AK_KEY_", operations[0].record.fields),
    ]
    if any(operation.yields_many for operation in operations):
        lines += [
            "",
            comment(
                "Waits for the next record of a call and fills one from it: AK_ITEM, AK_DONE or an error. Thread: one."
            ),
            f"static inline ak_status {name}_next(ak_call *call, {name} *record, ak_error *err) {{",
            "    const ak_status status = ak_ops_wait(call, err);",
            "    if (status == AK_ITEM) {",
            f"        const ak_status filled = {name}_fill(call, record, err);",
            "        return filled < 0 ? filled : AK_ITEM;",
            "    }",
            f"    {name}_free(record);",
            "    return status;",
            "}",
        ]
    return "\n".join(lines)


def failure(schema):
    """The record of an error."""
    fields = []
    for constant in schema.group("error_fields").constants:
        key = Key(constant.value, constant.name.removeprefix("ERROR_").lower(), constant.type, constant.about, "")
        fields.append((Field(key, constant.type, constant.name == "ERROR_CODE", None, None), constant.about))
    name = "ak_failure"
    about = "What an error says. Begin with zeros; free with ak_failure_free."
    fill = (
        "Fills a record from an error; from NULL, or an error that was not written to, one with code AK_OK. "
        "Errors: AK_E_MEMORY. Thread: one."
    )
    function = [
        *free_function(name),
        comment(fill),
        "static inline ak_status ak_failure_fill(const ak_error *err, ak_failure *record) {",
        "    ak_ops_copy copy = ak_ops_copy_from(NULL, err, NULL);",
        *fill_lines(name, "AK_ERROR_", [field for field, _ in fields], null="NULL"),
    ]
    return [fields_struct(name, about, fields, seen=("has",)), "\n".join(function)]


# ---- operations ------------------------------------------------------------------------------------------------------


def options_struct(operation):
    name = function_name(operation)
    lines = [comment(f"What {name} can do without. Zero means not set."), f"typedef struct {name}_options {{"]
    for parameter in operation.parameters:
        if not is_argument(parameter):
            ending = ENDINGS.get(parameter.type)
            text = about_key(parameter)
            lines += documented(
                f"{OPTION_TYPES[parameter.type]}{parameter.name} AK_OPS_UNSET", f"{text} ({ending})" if ending else text
            )
    return "\n".join([*lines, f"}} {name}_options;"])


def signature(name, arguments):
    start = f"static inline ak_status {name}("
    return "\n".join(wrap_list(start, arguments, ") {", len(start)))


def is_argument(parameter):
    """What is needed; and a content, though it may be handed in later."""
    return parameter.required or parameter.type == "bytes"


def required_arguments(operation):
    return [parameter for parameter in operation.parameters if is_argument(parameter)]


def argument_names(parameter):
    """Bytes have their length beside them."""
    key = parameter.name
    return [key, key + "_len"] if parameter.type == "bytes" else [key]


def declarations(parameter):
    first, *length = argument_names(parameter)
    return [ARGUMENT_TYPES[parameter.type] + first, *("size_t " + name for name in length)]


def argument_list(operation):
    return [
        "ak_client *client",
        *(text for parameter in required_arguments(operation) for text in declarations(parameter)),
        f"const {function_name(operation)}_options *options",
    ]


def argument_docs(operation):
    described = [
        f"{parameter.name}: {about_key(parameter)}"
        + (f" ({ENDINGS[parameter.type]})" if parameter.type in ENDINGS else "")
        for parameter in required_arguments(operation)
    ]
    return "; ".join(described) + ". " if described else ""


def bind_lines(operation):
    lines = []
    for parameter in required_arguments(operation):
        key, constant = parameter.name, "AK_KEY_" + parameter.name.upper()
        value = f"{key} == 0 ? AK_ZERO : {key}" if parameter.type == "int" else ", ".join(argument_names(parameter))
        lines.append(f"    {SETTERS[parameter.type]}(&bind, {constant}, {value});")
    optional = [parameter for parameter in operation.parameters if not is_argument(parameter)]
    lines.append("    if (options) {")
    for parameter in optional:
        lines.append(
            f"        {SETTERS[parameter.type]}(&bind, AK_KEY_{parameter.name.upper()}, options->{parameter.name});"
        )
    return [*lines, "    }"]


def new_function(operation):
    name, many = function_name(operation), operation.yields_many
    if many:
        text = (
            f"{about_operation(operation)} {argument_docs(operation)}Prepares the call: take what it yields "
            f"with {record_name(operation)}_next, then ak_call_free. Errors: AK_E_ARGUMENT, AK_E_MEMORY. Thread: any."
        )
    else:
        text = (
            f"Prepares a call of {name} without running it; free it with ak_call_free. Errors: AK_E_ARGUMENT, "
            "AK_E_MEMORY. Thread: any."
        )
    return "\n".join(
        [
            comment(text),
            signature(name if many else name + "_new", [*argument_list(operation), "ak_call **call", "ak_error *err"]),
            f"    ak_ops_bind bind = ak_ops_begin(client, AK_OP_{operation.name.upper()}, err);",
            *bind_lines(operation),
            "    return ak_ops_end(&bind, call);",
            "}",
        ]
    )


def run_function(operation):
    name, record = function_name(operation), record_name(operation)
    result = [f"{record} *result"] if record else []
    keys = {parameter.name for parameter in operation.parameters}
    text = f"{about_operation(operation)} {argument_docs(operation)}"
    if record:
        text += "result: what came; NULL when it is not wanted. "
    text += "AK_OK, or an error"
    text += (
        ": AK_E_COMMAND when the command failed (see check), or any other of ak_call_step. "
        if "check" in keys
        else " of ak_call_step. "
    )
    names = [name for parameter in required_arguments(operation) for name in argument_names(parameter)]
    start = f"    ak_status status = {name}_new("
    prepare = wrap_list(start, ["client", *names, "options", "&call", "err"], ");", len(start))
    lines = [
        comment(text + "Thread: any."),
        signature(name, [*argument_list(operation), *result, "ak_error *err"]),
        "    ak_call *call = NULL;",
        *prepare,
    ]
    if record:
        lines.append(f"    {record}_free(result);")
    lines += ["    while (status >= 0 && (status = ak_ops_wait(call, err)) == AK_ITEM) {"]
    if record:
        lines += [f"        status = result ? {record}_fill(call, result, err) : AK_OK;"]
    else:
        lines += ["        /* It yields nothing that this header knows. */"]
    lines += ["    }", "    ak_call_free(call);"]
    if record:
        lines += ["    if (status < 0) {", f"        {record}_free(result);", "    }"]
    return "\n".join([*lines, "    return status == AK_DONE ? AK_OK : status;", "}"])


def heading(text):
    return f"/* ---- {text} ---- */"


def check_names(parts, header):
    """No function of this header may be one of the library's, and none may be there twice."""
    ours = re.findall(r"^static inline [^(]*?(\w+)\(", parts, flags=re.M)
    theirs = set(re.findall(r"\b(ak_\w+)\(", header))
    clashes = [name for name in ours if name in theirs or ours.count(name) > 1]
    if clashes:
        raise SystemExit(f"names that are taken: {', '.join(sorted(set(clashes)))}")


def generate(schema, header):
    """The text of the file; header is agentkernel.h's."""
    prelude = PRELUDE.read_text()
    records = {}
    for operation in schema.operations:
        if operation.record:
            records.setdefault(record_name(operation), []).append(operation)
    prelude = prelude.replace("#ifndef AGENTKERNEL_OPS_H", "/* clang-format off */\n#ifndef AGENTKERNEL_OPS_H", 1)
    parts = [block_comment(HEAD) + "\n" + prelude.rstrip(), heading("records"), *failure(schema)]
    for name, users in records.items():
        parts += [record_struct(name, users), record_functions(name, users)]
    parts.append(heading("operations"))
    for operation in schema.operations:
        parts += [options_struct(operation), new_function(operation)]
        if not operation.yields_many:
            parts.append(run_function(operation))
    end = "#ifdef __cplusplus\n}\n#endif\n\n#undef AK_OPS_CAST\n#undef AK_OPS_UNSET\n\n#endif /* AGENTKERNEL_OPS_H */"
    text = "\n\n".join([*parts, end]) + "\n"
    check_names(text, header)
    return text
