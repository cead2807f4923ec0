"""The API over SQLite and PostgreSQL; its suites are collected by their names."""

from tests.contract.api import *  # noqa: F403
