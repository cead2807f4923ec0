"""The service as the fault tests run it, and somebody who uses it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from secrets import token_hex
from typing import Any

import httpx
import msgspec

from tests.faults.ledger import StoredTodo
from tests.faults.load import CLIENTS, TIMEOUT, Load, load_on
from tests.harness import PASSWORD
from tests.integration.processes import serving

unlimited = partial(serving, RATE_LIMIT="off")
"""Starts it so that no more requests are refused than have to be."""

impatient = partial(serving, RATE_LIMIT="off", REQUEST_TIMEOUT="2")
"""The same for tests in which nothing answers; a busy machine may take as long for a request that is well."""

MAX_RESPONSE_TIME = 2 + 5 + 3
"""Seconds: the limit of ``impatient``, the time to get a statement off its connection, and what a busy machine adds."""

SOON = 10
"""Seconds within which the service must be back once what it needs is."""


class User:
    """Somebody with an account, signed in at the service at ``url``; its next start has the same sessions."""

    def __init__(self, url: str) -> None:
        account = {"email": f"{token_hex(8)}@example.com", "password": PASSWORD}
        form = {"username": account["email"], "password": PASSWORD}
        httpx.post(f"{url}/auth/register", json=account, timeout=TIMEOUT).raise_for_status()
        answer = httpx.post(f"{url}/auth/login", data=form, timeout=TIMEOUT).raise_for_status()
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self._url = url

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """Ask once."""
        return httpx.get(f"{self._url}{path}", headers=self._headers, params=parameters, timeout=TIMEOUT)

    def load(self, *, clients: int = CLIENTS) -> AbstractContextManager[Load]:
        """Write and read, as so many clients at once, until the block is left."""
        return load_on(self._url, self._headers, clients=clients)

    def contradictions_of(self, load: Load) -> list[str]:
        """Return all in which the service contradicts what it acknowledged: lost, there twice, or an older version."""
        return load.ledger.audit(self._todos())

    def _todos(self) -> Iterator[StoredTodo]:
        cursor: dict[str, Any] = {}
        while True:
            page = self.get("/todos", limit="200", **cursor).raise_for_status().json()
            yield from msgspec.convert(page["items"], list[StoredTodo])
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}
