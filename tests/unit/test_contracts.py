"""The suites in tests/contract: each one is run on some store."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from tests.contract import api, http, store

RATE_LIMITS = {"RateLimitsApi", "RateLimiterContract"}
"""Held against counters, in memory and in Redis, not against stores."""


def test_every_suite_is_run() -> None:
    modules = [
        import_module(f"tests.contract.{module.name}") for module in iter_modules([str(Path(api.__file__).parent)])
    ]
    suites = {
        name
        for module in modules
        for name, found in vars(module).items()
        if name.endswith(("Api", "Contract")) and any(member.startswith("test_") for member in dir(found))
    }

    assert suites == {*api.__all__, *http.__all__, *store.__all__} | RATE_LIMITS
    assert not set(api.__all__) & set(http.__all__)
