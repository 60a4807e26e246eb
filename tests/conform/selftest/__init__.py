"""Tests of the suite itself: python3 -m conform.selftest."""
