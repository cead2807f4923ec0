"""Kinds of database: how each is opened, migrated and backed up, and what it can do."""
