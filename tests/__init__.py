"""Tests that read as sentences; README.md beside this file says which fixture to choose."""
