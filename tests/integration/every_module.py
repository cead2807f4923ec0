"""Imports all modules of the service when it is imported: see ``preloaded_commands``."""

from importlib import import_module
from pkgutil import walk_packages

_MIGRATIONS = "adapters.sqlalchemy.migrations."
"""Run by Alembic, not imported."""

for _package in ("domain", "adapters", "entrypoints"):
    for _module in walk_packages(import_module(_package).__path__, f"{_package}."):
        if not _module.name.startswith(_MIGRATIONS):
            import_module(_module.name)
