"""What talks to the C library. Internal."""
