"""The version, which is that of the header of the library: setup.py gives it to the package, too."""

from ._native import lib

__version__ = ".".join(str(lib.AK_VERSION // unit % 1000) for unit in (1000000, 1000, 1))
"""The version of this package, such as "1.2.3"."""
