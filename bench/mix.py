"""What people do with the service, in the proportions in which they do it."""

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bench.database import Rows
from bench.servers import Call, Server

SHARES = {"get": 6000, "page": 1500, "create": 800, "patch": 895, "delete": 800, "login": 5}
"""Requests of each kind in ten thousand: much is read, and as much is deleted as created, so that no table grows."""

_PASSWORD = "wander lantern quarry 83"  # noqa: S105 - of an account that lives as long as the measurement
_EMAIL = "soak@example.com"


class Step(Struct, frozen=True, kw_only=True):
    """A request, its kind, the status of its answer, and what learns from the body."""

    kind: str
    request: bytes
    status: bytes
    learn: Callable[[bytes], None] = lambda _: None


class _Created(Struct):
    id: int


class Mix:
    """Steps at random, of a thousand people; only what it created itself is deleted, so that nothing is missed."""

    def __init__(self, server: Server, rows: Rows, random: Random) -> None:
        self._service = server.service
        self._rows = rows
        self._random = random
        self._created: deque[tuple[int, int]] = deque()
        account = msgspec.json.encode({"email": _EMAIL, "password": _PASSWORD}).decode()
        server.answer(Call("POST", "/auth/register", self._service.tokens[1], account), status=201)

    def __iter__(self) -> Iterator[Step]:
        """Never end."""
        kinds, weights = list(SHARES), list(SHARES.values())
        while True:
            for kind in self._random.choices(kinds, weights, k=1_000):
                yield self._step(kind)

    def _step(self, kind: str) -> Step:
        owner = self._random.randint(1, self._rows.owners)
        path = f"/todos/{self._rows.todo_id(owner, self._random.randrange(self._rows.each))}"
        if kind == "login":
            return Step(kind=kind, request=sign_in(_EMAIL, _PASSWORD), status=b"200")
        if kind == "page":
            return self._call(kind, owner, "GET", self._service.newest_page)
        if kind == "patch":
            return self._call(kind, owner, "PATCH", path, f'{{"priority": {self._random.randint(1, 5)}}}')
        if kind == "delete" and self._created:
            owner, created = self._created.popleft()
            return self._call(kind, owner, "DELETE", f"/todos/{created}", status=b"204")
        if kind in {"create", "delete"}:
            return self._creation(owner)
        return self._call(kind, owner, "GET", path)

    def _creation(self, owner: int) -> Step:
        def learn(body: bytes) -> None:
            self._created.append((owner, msgspec.json.decode(body, type=_Created).id))

        body = '{"title": "Water the plants", "tags": ["home"], "due": {"date": "2027-01-31"}}'
        step = self._call("create", owner, "POST", "/todos", body, status=b"201")
        return replace(step, learn=learn)

    def _call(self, kind: str, owner: int, method: str, path: str, body: str = "", *, status: bytes = b"200") -> Step:
        request = Call(method, path, self._service.tokens[owner], body).encoded()
        return Step(kind=kind, request=request, status=status)


def sign_in(email: str, password: str) -> bytes:
    """Return the request that signs somebody in."""
    form = urlencode({"username": email, "password": password})
    head = "POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(form)}\r\n\r\n{form}".encode()
