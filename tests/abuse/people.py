"""Who calls the service, and from where."""

from secrets import token_hex
from typing import Any

import httpx
from msgspec import Struct

from tests.harness import PASSWORD

HOME, ELSEWHERE = "127.0.0.9", "127.0.0.66"
"""Addresses of the loopback interface that are two to the service: the neighbour's, and the one of who abuses it."""


class Person(Struct, frozen=True):
    """Somebody with an account, signed in; or somebody without one."""

    url: str
    address: str
    token: str | None = None

    def headers(self) -> dict[str, str]:
        """Return what tells who it is."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    def connection(self) -> dict[str, Any]:
        """Return what makes a client of httpx this person's, with as many connections as it likes."""
        limits = httpx.Limits(max_connections=None)
        transport = httpx.AsyncHTTPTransport(local_address=self.address, limits=limits)
        return {"base_url": self.url, "headers": self.headers(), "transport": transport}

    def client(self, *, timeout: float = 60) -> httpx.Client:
        """Return a client that is no coroutine."""
        transport = httpx.HTTPTransport(local_address=self.address)
        return httpx.Client(base_url=self.url, headers=self.headers(), transport=transport, timeout=timeout)


def signed_in(url: str, address: str) -> Person:
    """Open an account from an address, and sign in."""
    account = {"email": f"{token_hex(8)}@example.com", "password": PASSWORD}
    with Person(url, address).client() as client:
        client.post("/auth/register", json=account).raise_for_status()
        form = {"username": account["email"], "password": PASSWORD}
        tokens = client.post("/auth/login", data=form).raise_for_status().json()
    return Person(url, address, tokens["access_token"])
