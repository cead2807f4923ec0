"""The API over memory; its suites are collected by their names."""

from tests.contract.api import *  # noqa: F403
from tests.contract.http import *  # noqa: F403
