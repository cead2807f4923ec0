"""Backups of the database: made, verified by restoring them, and restored.

A backup is two files: the data, and beside it a manifest (``manifest``) that says what the data must be. ``service``
is the one flow; ``sqlite`` and ``postgresql`` implement what it needs of a database, ``database.DumpableDatabase``.
"""
