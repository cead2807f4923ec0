"""The stores in SQLite and PostgreSQL, held to the contracts of every store, which are collected by their names."""

from tests.contract.store import *  # noqa: F403
