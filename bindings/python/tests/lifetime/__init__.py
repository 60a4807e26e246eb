"""Programs whose objects are still used while they are garbage collected, or at interpreter shutdown.

`python -m lifetime NAME URL` runs one; test_lifetime.py compares what it prints.
"""

from . import collected, collected_async, ending, interpreters
from .programs import PROGRAMS

__all__ = ["PROGRAMS", "collected", "collected_async", "ending", "interpreters"]
