"""What is asked of all contenders, and that they answer alike."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, cast

import msgspec

from bench.database import Rows
from bench.servers import Answer, Call, Server, Service, ServiceError

PAGE = 50
_COMMON_FIELDS = ("id", "title", "description", "done", "priority", "tags", "version")


class Operation(NamedTuple):
    """A kind of request: its name, the status of its response, and how one at random is made.

    ``varying`` are the fields of a body that differ from answer to answer, whoever gives it.
    """

    name: str
    status: int
    call: Callable[[Service, Rows, Random], Call]
    varying: tuple[str, ...] = ()


def _one(rows: Rows, owner: int, random: Random) -> str:
    return f"/todos/{rows.todo_id(owner, random.randrange(rows.each))}"


def _get(service: Service, rows: Rows, random: Random) -> Call:
    owner = random.randint(1, rows.owners)
    return Call("GET", _one(rows, owner, random), service.tokens[owner])


def _page(service: Service, rows: Rows, random: Random) -> Call:
    return Call("GET", service.newest_page, service.tokens[random.randint(1, rows.owners)])


def _create(service: Service, rows: Rows, random: Random) -> Call:
    body = f'{{"title": "Water the plants, row {random.randrange(1000)}"}}'
    return Call("POST", "/todos", service.tokens[random.randint(1, rows.owners)], body)


def _patch(service: Service, rows: Rows, random: Random) -> Call:
    owner = random.randint(1, rows.owners)
    body = f'{{"title": "Water the plants, take {random.randrange(10**6)}"}}'
    return Call("PATCH", _one(rows, owner, random), service.tokens[owner], body)


OPERATIONS = (
    Operation("get one", 200, _get),
    Operation(f"page of {PAGE}", 200, _page, ("next_cursor",)),
    Operation("create", 201, _create, ("id", "created_at", "updated_at")),
    Operation("patch", 200, _patch, ("updated_at", "version")),
)
"""Those that only read come first: what is written must not weigh on them."""


def check_alike(servers: Sequence[Server], rows: Rows) -> None:
    """Make one request of each kind to all, the same ones; the first is the one that they are to be like.

    :raises ServiceError: if they answer differently, or if a change is not a change.
    """
    for operation in OPERATIONS:
        answers = [
            server.ask(operation.call(server.service, rows, Random(0)), status=operation.status) for server in servers
        ]
        for server, answer in zip(servers, answers, strict=True):
            say = _exactly if server.service.exact else _in_substance
            said, expected = say(answer, operation), say(answers[0], operation)
            if said != expected:
                raise ServiceError(f"{operation.name}: {server.service.name} says {said}, expected was {expected}")
        _check_progress(operation, [msgspec.json.decode(answer.body) for answer in answers])


def _check_progress(operation: Operation, bodies: list[Any]) -> None:
    """See that pages are full, and that everybody changed the same to-do in turn."""
    if "next_cursor" in operation.varying and any(len(_items(body)) != PAGE for body in bodies):
        raise ServiceError(f"A page has not {PAGE} to-dos.")
    if "version" in operation.varying:
        versions = [body["version"] for body in bodies]
        if versions != list(range(versions[0], versions[0] + len(bodies))):
            raise ServiceError(f"{operation.name}: the versions are {versions}.")


def _exactly(answer: Answer, operation: Operation) -> str:
    """Return the body, and the ETag of one to-do; of what varies the form only."""
    body = answer.body.decode()
    for field in operation.varying:
        body = re.sub(rf'("{field}":)("[^"]*"|[0-9]+)', _form, body)
    if "next_cursor" in operation.varying:
        return body  # the tag of a list is of its bytes, and only this service makes the effort
    etag = answer.etag if answer.etag is None else re.sub("[0-9]+", "0", answer.etag)
    version = re.search(r'"version":([0-9]+)', answer.body.decode())
    if etag is not None and (version is None or answer.etag != f'"{version[1]}"'):
        raise ServiceError(f"{operation.name}: the ETag {answer.etag} is not of the version in {body}")
    return f"{body} with the ETag {etag}"


def _form(field: re.Match[str]) -> str:
    """Return a field with another value of the same form: instants keep their length, cursors and numbers nothing."""
    value = field[2]
    is_instant = re.fullmatch(r'"[0-9]{4}-[0-9T:.-]+Z"', value)
    return field[1] + (re.sub("[0-9]", "0", value) if is_instant else value[0] * 2 if value[0] == '"' else "0")


def _in_substance(answer: Answer, operation: Operation) -> list[Any]:
    """Return what all say of to-dos, in the same words."""
    fields = [field for field in _COMMON_FIELDS if field not in operation.varying]
    return [[todo[field] for field in fields] for todo in _items(msgspec.json.decode(answer.body))]


def _items(body: Any) -> list[Any]:
    """Return the to-dos of a body: one, a list of them, or a page."""
    if isinstance(body, list):
        return cast("list[Any]", body)
    return body.get("items", [body])
