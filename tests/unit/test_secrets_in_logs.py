"""No password, token, digest or hash reaches a line of the log, at its wordiest, whatever goes wrong."""

import asyncio
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
from litestar.testing import TestClient
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.harness import PASSWORD, new_app_on, quick_hash
from tests.log_capture import PRODUCTION, configured
from tests.secret_hunt import SecretHunt

EVERYWHERE = pytest.mark.parametrize("settings", [PRODUCTION, Settings()], ids=["production", "development"])


class BrokenPosts:
    """Fails, as a driver does that shows the values it was given."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def page(self, **_: object) -> None:
        raise self.error from RuntimeError(f"the cause: {self.error}")


def errors_with(secret: str) -> list[Exception]:
    """Return what drivers make of a value that does not fit."""
    row = f"Failing row contains (1, ada@example.com, {secret}, null)."
    not_null = asyncpg.NotNullViolationError('null value in column "x"')
    not_null.detail = row
    return [
        not_null,
        asyncpg.DataError(f"invalid input for query argument $1: {secret!r} (expected int)"),
        IntegrityError("INSERT INTO accounts VALUES (?, ?)", {"password_hash": secret}, Exception(row)),
        IntegrityError("INSERT INTO accounts VALUES (?, ?)", ("ada@example.com", secret), Exception(row)),
        KeyError(secret),
        UnicodeEncodeError("utf-8", secret, 0, 1, secret),
    ]


@EVERYWHERE
def test_the_whole_api_is_used_and_no_secret_is_logged(settings: Settings, services: Services) -> None:
    with configured(replace(settings, log_level="debug")) as log, TestClient(new_app_on(services, settings)) as client:
        hunt = SecretHunt(client)
        hunt.use_everything()

        assert len(log.text().splitlines()) > 60
        assert hunt.found_in(log.text()) == []


@EVERYWHERE
def test_what_drivers_say_is_logged_without_secrets(settings: Settings, services: Services) -> None:
    password_hash = asyncio.run(quick_hash(PASSWORD))
    broken: Any = BrokenPosts(ValueError())
    with (
        configured(replace(settings, log_level="debug")) as log,
        TestClient(new_app_on(replace(services, posts=broken), settings)) as client,
    ):
        hunt = SecretHunt(client)
        hunt.add("todo_pat_abcdefgh")
        for secret in (password_hash, sha256(b"x").hexdigest(), "todo_pat_abcdefgh", f"password={PASSWORD!r}"):
            for broken.error in errors_with(secret):
                assert client.get("/posts").status_code == 500
                assert f"{type(broken.error).__name__}: " in log.text()

        assert hunt.found_in(log.text()) == []


def test_the_hunt_finds_what_it_looks_for(services: Services) -> None:
    with TestClient(new_app_on(services, PRODUCTION)) as client:
        hunt = SecretHunt(client)
        hunt.use_everything()
    password_hash = asyncio.run(quick_hash(PASSWORD))

    assert len(hunt.secrets) > 40
    for secret in (*hunt.secrets, password_hash, sha256(b"x").hexdigest()):
        assert hunt.found_in(f"x {secret}.") != []
