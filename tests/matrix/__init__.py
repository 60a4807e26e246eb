"""Builds and tests the tree on other systems and with other versions of the languages: README.md."""
