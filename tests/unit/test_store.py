"""The store in memory, held to the contracts of every store, which are collected by their names."""

from tests.contract.store import *  # noqa: F403
