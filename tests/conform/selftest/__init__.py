"""Tests of the suite itself: python3 -m unittest discover -s tests/conform/selftest -t tests."""
