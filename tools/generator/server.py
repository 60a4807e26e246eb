"""The local server's handlers and routes: server/api/handlers.h and routes.c."""

from __future__ import annotations

import re
from pathlib import Path

from .schema import TREE, Operation, Schema

FROM = "tools/generate writes it from abi/schema/operations.json"
HANDLERS = """\
/*
 * handlers.h: one function per operation: reads the request and fills in the reply. Any thread.
 * {source}.
 */
#ifndef AKL_HANDLERS_H
#define AKL_HANDLERS_H

#include "api.h"

{handlers}

#endif
"""
ROUTES = """\
/*
 * routes.c: the operations that there are, in the order in which they are looked for.
 * {source}.
 */
#include "handlers.h"

static const struct route table[] = {{
{routes}
    {{"GET", {{"metrics"}}, NULL, .public = true}}, /* there are none here: 404, with a key and without one */
}};

const struct routes api_routes = {{table, sizeof table / sizeof table[0]}};
"""


def _segment(operation: Operation, segment: str) -> str:
    """A parameter of the path is one segment, but for a file's path: all that are left."""
    match = re.fullmatch(r"\{(\w+)\}", segment)
    if not match:
        return segment
    rules = {each.name: each.rule for each in operation.parameters}
    return "**" if rules[match[1]] == "file" else "*"


def _route(operation: Operation) -> str:
    method, path = operation.route.split(" ")
    segments = ", ".join(f'"{_segment(operation, each)}"' for each in path.strip("/").split("/"))
    marks = [".public = true"] if operation.public else []
    if method in ("POST", "PUT", "PATCH"):
        marks.append(".takes_body = true")
    named = ", ".join(marks or [".public = false"])  # compilers warn of a row without a name
    return f'    {{"{method}", {{{segments}}}, handle_{operation.name}, {named}}},'


def generate(schema: Schema) -> dict[Path, str]:
    """Both files, by path."""
    local = [each for each in schema.operations if each.local]
    handlers = "\n".join(f"handler handle_{each.name};" for each in local)
    return {
        TREE / "server/api/handlers.h": HANDLERS.format(source=FROM, handlers=handlers),
        TREE / "server/api/routes.c": ROUTES.format(source=FROM, routes="\n".join(map(_route, local))),
    }
