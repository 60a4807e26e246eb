"""The settings of a client in Python and Ruby, whose timeouts are in seconds."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from . import python_text
from .c_ops import wrap_list
from .schema import Constant, Schema

POSITIONAL = ("base_url", "api_key", "timeout")  # in Python
PYTHON_TYPES = {"text": "str", "timeout": "float", "int": "int"}
RUBY_TYPES = {"text": "String?", "timeout": "seconds?", "int": "Integer?"}
MAKES = "texts: dict[str, str | None], timeouts: dict[str, float | None], ints: dict[str, int | None]"
ABOUT = "Makes a client; nothing is sent. What is not given comes from the environment, or is the default."


class Setting(NamedTuple):
    name: str  # of the option
    key: str  # what the library calls it
    kind: str  # text, timeout or int
    about: str


def _setting(constant: Constant) -> Setting:
    key = constant.name.removeprefix("CLIENT_")
    name, kind, default = key.lower(), str(constant.type), constant.default or ""
    if key.endswith("TIMEOUT_MS"):
        name, kind = name.removesuffix("_ms"), "timeout"
        default = str(int(default) // 1000) if default.isdigit() else default
    source = ", else ".join(filter(None, (constant.environment, default)))
    return Setting(name, key, kind, f"{constant.about.replace('Milliseconds', 'Seconds')} Default: {source}.")


def _settings(schema: Schema) -> list[Setting]:
    return [_setting(each) for each in schema.group("settings").constants]


def python(schema: Schema, head: str) -> str:
    """generated/settings.py."""
    settings = _settings(schema)
    first = [each for each in settings if each.name in POSITIONAL]
    declared = [f"{each.name}: {PYTHON_TYPES[each.kind]} | None = None" for each in settings]
    arguments = ["self", *declared[: len(first)], "*", *declared[len(first) :]]
    sections = ["Timeouts are in seconds; ``math.inf`` is none, and 0 leaves no time.", "", "Args:"]
    for each in settings:
        text = f"    {each.name}: {each.about}"
        sections += textwrap.wrap(text, python_text.WIDTH - 8, subsequent_indent=" " * 8, break_on_hyphens=False)
    sections += ["", "Raises:", "    ValidationError: A setting or a variable of the environment is invalid.", ""]
    lines = [head, '"""The settings of a client."""', "", "from __future__ import annotations", "", ""]
    lines += ["class Settings:", '    """Makes a client of its settings."""', ""]
    lines += python_text.fit("def __init__(", arguments, ") -> None:", "    ")
    lines += [*python_text.docstring(ABOUT, " " * 8, sections), "        self._make("]
    for kind in PYTHON_TYPES:
        items = [f'"{each.key}": {each.name}' for each in settings if each.kind == kind]
        lines += python_text.fit(f"{kind}s={{", items, "},", " " * 12)
    lines += ["        )", "", "    def _make(", f"        self, {MAKES}"]
    return "\n".join([*lines, "    ) -> None:", "        raise NotImplementedError", ""])


def ruby(schema: Schema) -> list[str]:
    """What generated/settings.rb has in its module."""
    settings = _settings(schema)
    lines = ["  # Its settings.", "  class Client"]
    lines += ["    # By option: the library's setting, and its type.", "    SETTINGS = {"]
    rows = [f"      {each.name}: [Raw::CLIENT_{each.key}, :{each.kind}]" for each in settings]
    lines += [",\n".join(rows), "    }.freeze", "    private_constant :SETTINGS", ""]
    lines += [f"    # {ABOUT}", "    #"]
    for each in settings:
        lines += textwrap.wrap(
            f"{each.name}:: {each.about}", 114, initial_indent="    # ", subsequent_indent="    #   "
        )
    lines += ["    def initialize(**settings)", "      @handle = Raw.client_new"]
    lines += ["      settings.each { |name, value| set(name, value) unless value.nil? }", "    end", "  end"]
    return lines


def ruby_signatures(schema: Schema) -> list[str]:
    """Those of Client.new and Client.open."""
    takes = [f"?{each.name}: {RUBY_TYPES[each.kind]}" for each in _settings(schema)]
    overloads = {
        "    def self.open: [T] (": ") { (Client client) -> T } -> T",
        "                 | (": ") -> Client",
        "    def initialize: (": ") -> void",
    }
    return [line for start, end in overloads.items() for line in wrap_list(start, takes, end, len(start))]
