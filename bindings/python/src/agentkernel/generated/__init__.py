# Generated from abi/schema by tools/generate: do not edit.
"""Types, operations and methods, and the sync side. Internal."""
