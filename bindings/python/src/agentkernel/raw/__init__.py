"""The interface to the C library. Internal."""
