"""What is asked of both services, and that they answer alike."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from bench.database import Rows
from bench.servers import Call, Server, Service, ServiceError

PAGE = 50
_COMMON_FIELDS = ("id", "title", "description", "done", "priority", "tags", "version")


class Operation(NamedTuple):
    """A kind of request: its name, the status of its response, and how one at random is made."""

    name: str
    status: int
    call: Callable[[Service, Rows, Random], Call]


def _get(service: Service, rows: Rows, random: Random) -> Call:
    owner = random.randint(1, rows.owners)
    return Call("GET", f"/todos/{rows.todo_id(owner, random.randrange(rows.each))}", service.tokens[owner])


def _page(service: Service, rows: Rows, random: Random) -> Call:
    return Call("GET", service.newest_page, service.tokens[random.randint(1, rows.owners)])


def _create(service: Service, rows: Rows, random: Random) -> Call:
    body = f'{{"title": "Water the plants, row {random.randrange(1000)}"}}'
    return Call("POST", "/todos", service.tokens[random.randint(1, rows.owners)], body)


OPERATIONS = (
    Operation("get one", 200, _get),
    Operation(f"page of {PAGE}", 200, _page),
    Operation("create", 201, _create),
)
"""Those that only read come first: what is created must not weigh on them."""


def check_alike(ours: Server, theirs: Server, rows: Rows) -> None:
    """Make one request of each kind to both, the same ones.

    :raises ServiceError: if they find different to-dos, or not as many as there are on a page.
    """
    one, page, created = _answers(ours, rows)
    others_one, others_page, others_created = _answers(theirs, rows)
    items = page["items"]
    if not (
        _substance(one) == _substance(others_one)
        and [_substance(todo) for todo in items] == [_substance(todo) for todo in others_page]
        and created["title"] == others_created["title"]
    ):
        raise ServiceError(f"The services answer differently: {one} and {others_one}, {page} and {others_page}")
    if len(items) != PAGE:
        raise ServiceError(f"A page has {len(items)} to-dos instead of {PAGE}.")


def _answers(server: Server, rows: Rows) -> list[Any]:
    return [server.answer(each.call(server.service, rows, Random(0)), status=each.status) for each in OPERATIONS]


def _substance(todo: dict[str, Any]) -> list[Any]:
    """Return what both services say of a to-do, in the same words."""
    return [todo[field] for field in _COMMON_FIELDS]
