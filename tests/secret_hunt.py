"""A client that uses the whole service and remembers every secret that passes, to look for them where none may be."""

import re
from hashlib import sha256
from typing import Any, cast

import httpx
import msgspec

from tests.api import bearer
from tests.harness import PASSWORD
from tests.lifecycle import live_a_life

_NAMES_OF_TOKENS = ("access_token", "refresh_token", "token")
_HASHES = re.compile(r"\$argon2\w*\$\S+|(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
_MIN_PART_LENGTH = 8
"""Characters; parts of tokens that are shorter stand in other words, too."""

WRONG_PASSWORD = "wr0ng horse wr0ng battery"
_PASSWORDS = (PASSWORD, "staple battery horse", WRONG_PASSWORD)


class SecretHunt:
    """What a client must never find in a log."""

    def __init__(self, client: httpx.Client) -> None:
        self.secrets = set[str](_PASSWORDS)
        self._client = client
        client.event_hooks = {"request": [], "response": [self._remember]}

    def use_everything(self) -> None:
        """Do all that is right, and everything that is wrong with secrets in it."""
        live_a_life(self._client)
        self._sign_in_wrongly()
        self._present_bad_tokens()
        self._put_secrets_where_they_do_not_belong()

    def add(self, token: str) -> None:
        """Remember a token, its parts, and its digests."""
        parts = re.split(r"[.]|todo_pat_|todo_refresh_", token)
        known = {token, *(part for part in parts if len(part) >= _MIN_PART_LENGTH)}
        self.secrets |= known | {sha256(part.encode()).hexdigest() for part in known}

    def found_in(self, text: str) -> list[str]:
        """Return the secrets, and the hashes of whatever, that stand in a text."""
        found = [secret for secret in self.secrets if secret in text or secret.replace(" ", "+") in text]
        return found + _HASHES.findall(text)

    def _remember(self, response: httpx.Response) -> None:
        response.read()
        if response.headers.get("content-type") == "application/json":
            body: Any = msgspec.json.decode(response.content)
            if isinstance(body, dict):
                for name in _NAMES_OF_TOKENS:
                    if name in body:
                        self.add(str(cast("dict[str, object]", body)[name]))

    def _sign_in_wrongly(self) -> None:
        form = {"username": "ada@example.com", "password": WRONG_PASSWORD}
        for content in (form, form | {"grant_type": "x"}, {"password": WRONG_PASSWORD}):
            assert self._client.post("/auth/login", data=content).status_code in {400, 401}
        assert self._client.post("/auth/login", content=f"password={WRONG_PASSWORD}\xff").status_code == 415
        assert self._client.post("/auth/register", json={"email": WRONG_PASSWORD, "password": PASSWORD}).is_error
        assert self._client.post("/auth/register", json={"email": 1, "password": [PASSWORD]}).is_error

    def _present_bad_tokens(self) -> None:
        tokens = sorted(secret for secret in self.secrets if secret.startswith(("todo_", "eyJ")))
        assert len(tokens) > len(_NAMES_OF_TOKENS)
        for token in tokens:
            bad = f"{token}x"
            self.add(bad)
            assert self._client.get("/me", headers=bearer(bad)).status_code == 401
            assert self._client.post("/auth/refresh", json={"refresh_token": bad}).status_code == 401

    def _put_secrets_where_they_do_not_belong(self) -> None:
        for token in sorted(secret for secret in self.secrets if secret.startswith(("todo_", "eyJ"))):
            self._client.get("/todos", params={"q": token, "access_token": token})
            self._client.get(f"/post/{token}")
            self._client.get("/", headers={"User-Agent": token, "X-Request-ID": token[:100]})
            self._client.get("/", headers={"Cookie": f"session={token}", "traceparent": token})
            self.secrets.add(token[:100])
        self._client.get("/posts", params={"password": PASSWORD, "page": PASSWORD})
