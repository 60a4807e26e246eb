"""The cases, a file for each area; README.md says how one is added."""

from __future__ import annotations

from ..area import Area
from .asynchronous import Asynchronous
from .batch import Batch
from .behaviour import Behaviour
from .detached import Detached
from .discovery import Discovery
from .errors import Errors
from .exec import Exec
from .files import Files
from .large_files import LargeFiles
from .last import Last
from .lifecycle import Lifecycle
from .logs import Logs
from .options import Options
from .requests import Requests
from .run import Run
from .run_stream import RunStream
from .sandboxes import Sandboxes
from .sessions import Sessions
from .snapshots import Snapshots
from .ttl import Ttl

AREAS: list[type[Area]] = [
    Discovery,
    Run,
    RunStream,
    Batch,
    Sandboxes,
    Options,
    Lifecycle,
    Exec,
    Sessions,
    Files,
    LargeFiles,
    Detached,
    Logs,
    Ttl,
    Snapshots,
    Requests,
    Errors,
    Behaviour,
    Asynchronous,
]

LAST = Last
