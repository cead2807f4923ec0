"""This service beside others that do the same, on one database: `python -m bench`."""
