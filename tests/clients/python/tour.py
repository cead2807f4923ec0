"""A client made of the document alone: signs in, keeps to-dos, follows pages, signs out. Its argument is where."""

import sys
from typing import TypeVar

from todo_api_client import AuthenticatedClient, Client
from todo_api_client.api.account import get_me
from todo_api_client.api.signing_in import log_in, log_out, refresh, register
from todo_api_client.api.to_dos import change_todo, create_todo, delete_todo, get_todo, list_todos
from todo_api_client.models import (
    NewTodo,
    Problem,
    Refresh,
    Registration,
    Revocation,
    Revoked,
    TodoPatch,
    TokenPair,
    TokenRequest,
)
from todo_api_client.types import UNSET, Unset

EMAIL, PASSWORD = "python@example.com", "correct horse battery staple"

Body = TypeVar("Body")


def got(answer: Body | Problem | None) -> Body:
    """Return what was asked for."""
    assert answer is not None
    assert not isinstance(answer, Problem), answer
    return answer


def refused(answer: object, code: str) -> Problem:
    """Return why it was not."""
    assert isinstance(answer, Problem), answer
    assert answer.code == code, answer
    return answer


def sign_in(nobody: Client) -> TokenPair:
    """Return tokens."""
    return got(log_in.sync(client=nobody, body=TokenRequest(username=EMAIL, password=PASSWORD)))


def tour(url: str) -> None:
    """Do what people do."""
    nobody = Client(base_url=url)
    account = got(register.sync(client=nobody, body=Registration(email=EMAIL, password=PASSWORD)))
    assert account.display_name is None
    tokens = got(refresh.sync(client=nobody, body=Refresh(refresh_token=sign_in(nobody).refresh_token)))
    ada = AuthenticatedClient(base_url=url, token=tokens.access_token)

    untitled = refused(create_todo.sync(client=ada, body=NewTodo(title="")), "invalid")
    assert not isinstance(untitled.errors, Unset)
    assert untitled.errors[0].pointer == "/title"

    for title in ("one", "two", "three"):
        got(create_todo.sync(client=ada, body=NewTodo(title=title, priority=2)))
    titles: list[str] = []
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = got(list_todos.sync(client=ada, limit=2, cursor=cursor))
        titles += [todo.title for todo in page.items]
        cursor = page.next_cursor
    assert titles == ["one", "two", "three"]

    first = got(list_todos.sync(client=ada, limit=1)).items[0]
    version = str(get_todo.sync_detailed(first.id, client=ada).headers["ETag"])
    patch = TodoPatch(done=True, priority=None)
    changed = got(change_todo.sync(first.id, client=ada, body=patch, if_match=version))
    assert changed.done
    assert changed.done_at is not None
    assert changed.priority is None
    late = change_todo.sync(first.id, client=ada, body=TodoPatch(title="too late"), if_match=version)
    refused(late, "version_mismatch")
    assert delete_todo.sync_detailed(first.id, client=ada).status_code == 204
    refused(get_todo.sync(first.id, client=ada), "not_found")

    assert log_out.sync_detailed(client=ada).status_code == 204
    refused(get_me.sync(client=ada), "unauthenticated")
    revoked = got(log_out.sync(client=ada, body=Revocation(token=sign_in(nobody).refresh_token)))
    assert isinstance(revoked, Revoked)
    assert revoked.revoked


if __name__ == "__main__":
    tour(sys.argv[1])
