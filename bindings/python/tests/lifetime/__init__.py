"""Programs whose objects meet the cycle collector or the interpreter's end while others still use them.

`python -m lifetime NAME URL` runs one; test_lifetime.py compares what it prints.
"""

from . import collected, collected_async, ending, interpreters
from .programs import PROGRAMS

__all__ = ["PROGRAMS", "collected", "collected_async", "ending", "interpreters"]
