#!/usr/bin/env python3
# ruff: noqa: D103, T201 - the steps are named as what they say, and a command prints
"""Try out a running instance: ``python3 tools/smoke.py https://todo.example.com``.

Needs nothing but Python, so it runs wherever an instance is deployed from. It registers an account of its own and
deletes it with everything in it, also when a step fails.
"""

import json
import re
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 10


class SmokeError(Exception):
    """The instance does not do what it should."""


@dataclass(frozen=True)
class Answer:
    """What the instance answered to ``request``; header names are in lower case."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def has(self, status: int) -> "Answer":
        """Return this answer if its status is the expected one."""
        if self.status != status:
            excerpt = self.body[:500].decode(errors="replace")
            raise SmokeError(f"{self.request} answered {self.status}, not {status}: {excerpt}")
        return self

    def must(self, be_so: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Fail unless ``be_so``."""
        if not be_so:
            raise SmokeError(f"{self.request}: {what}")

    def header(self, name: str) -> str:
        """Return a header that has to be there."""
        self.must(name in self.headers, f"there is no header {name}")
        return self.headers[name]

    def json(self) -> dict[str, Any]:
        """Return the body, which has to be a JSON object."""
        content: Any = None
        with suppress(ValueError):
            content = json.loads(self.body)
        self.must(isinstance(content, dict), "the body is no JSON object")
        return content


@dataclass
class Visitor:
    """Somebody who uses the instance at ``base_url``, and what they have learned so far."""

    base_url: str
    email: str = field(default_factory=lambda: f"smoke-{secrets.token_hex(8)}@example.com")
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    token: str | None = None
    todo_id: object = None
    etag: str = ""

    def asks(
        self,
        method: str,
        path: str,
        *,
        content: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        anonymously: bool = False,
    ) -> Answer:
        """Send one request, as whoever is logged in unless ``anonymously``."""
        sent = {"Connection": "close", "User-Agent": "todo-api-smoke"} | dict(headers or {})
        body: bytes | None = None
        if content is not None:
            body = json.dumps(content).encode()
            sent.setdefault("Content-Type", "application/json")
        elif form is not None:
            body = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if self.token and not anonymously:
            sent["Authorization"] = f"Bearer {self.token}"
        url = urlsplit(self.base_url)
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = connect(url.hostname or "", url.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, f"{url.path.rstrip('/')}{path}", body, sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(f"{method} {path}", response.status, received, response.read())
        except (OSError, HTTPException) as error:
            raise SmokeError(f"{method} {path} got no answer from {self.base_url}: {error}") from error
        finally:
            connection.close()

    @property
    def todo(self) -> str:
        """Where the to-do is."""
        return f"/todos/{self.todo_id}"


# ---- The steps, in their order. Each one's name is what it says.


def the_root_answers(visitor: Visitor) -> None:
    visitor.asks("GET", "/").has(200)


def the_service_says_that_it_is_healthy(visitor: Visitor) -> None:
    answer = visitor.asks("GET", "/health").has(200)
    answer.must(answer.json() == {"status": "healthy"}, 'the body is not {"status": "healthy"}')


def the_service_is_ready_to_work(visitor: Visitor) -> None:
    visitor.asks("GET", "/health/ready").has(200)


def the_interface_describes_itself(visitor: Visitor) -> None:
    answer = visitor.asks("GET", "/schema/openapi.json").has(200)
    answer.must("/todos" in answer.json().get("paths", {}), "the document does not tell of /todos")


def an_unknown_path_is_a_problem_with_a_code_and_a_request_id(visitor: Visitor) -> None:
    answer = visitor.asks("GET", "/no-such-path").has(404)
    media_type = answer.header("content-type").partition(";")[0]
    answer.must(media_type == "application/problem+json", f"the body is {media_type}")
    answer.must(answer.json().keys() >= {"code", "request_id"}, "the problem lacks its code or its request_id")


def a_stranger_sees_no_todos(visitor: Visitor) -> None:
    visitor.asks("GET", "/todos").has(401)


def a_visitor_registers(visitor: Visitor) -> None:
    visitor.asks("POST", "/auth/register", content={"email": visitor.email, "password": visitor.password}).has(201)


def the_visitor_logs_in(visitor: Visitor) -> None:
    form = {"username": visitor.email, "password": visitor.password}
    answer = visitor.asks("POST", "/auth/login", form=form).has(200)
    visitor.token = str(answer.json().get("access_token", ""))
    answer.must(bool(visitor.token), "there is no access_token")


def the_visitor_makes_a_todo(visitor: Visitor) -> None:
    answer = visitor.asks("POST", "/todos", content={"title": "Try out the service"}).has(201)
    visitor.todo_id = answer.json().get("id")
    visitor.etag = answer.header("etag")
    location = answer.header("location")
    answer.must(location.endswith(visitor.todo), f"its location is {location}, not {visitor.todo}")


def the_todo_is_there(visitor: Visitor) -> None:
    answer = visitor.asks("GET", visitor.todo).has(200)
    answer.must(answer.json().get("title") == "Try out the service", "it has another title")
    answer.must(answer.header("etag") == visitor.etag, "it has another entity tag")


def it_is_not_sent_again_to_who_has_it(visitor: Visitor) -> None:
    answer = visitor.asks("GET", visitor.todo, headers={"If-None-Match": visitor.etag}).has(304)
    answer.must(not answer.body, "there is a body")


def the_visitor_changes_it(visitor: Visitor) -> None:
    headers = {"If-Match": visitor.etag, "Content-Type": "application/merge-patch+json"}
    answer = visitor.asks("PATCH", visitor.todo, content={"done": True}, headers=headers).has(200)
    answer.must(answer.json().get("done") is True, "it is not done")
    answer.must(answer.header("etag") != visitor.etag, "it has the same entity tag as before")


def a_change_of_what_it_was_before_is_refused(visitor: Visitor) -> None:
    headers = {"If-Match": visitor.etag, "Content-Type": "application/merge-patch+json"}
    visitor.asks("PATCH", visitor.todo, content={"done": False}, headers=headers).has(412)


def it_is_in_the_list(visitor: Visitor) -> None:
    answer = visitor.asks("GET", "/todos").has(200)
    todos: list[dict[str, Any]] = answer.json().get("items", [])
    answer.must([todo.get("id") for todo in todos] == [visitor.todo_id], "the list is not just this one to-do")


def the_visitor_deletes_it(visitor: Visitor) -> None:
    visitor.asks("DELETE", visitor.todo).has(204)
    visitor.asks("GET", visitor.todo).has(404)


def what_the_visitor_posts_is_public_until_deleted(visitor: Visitor) -> None:
    posted = visitor.asks("POST", "/posts", content={"content": "Trying out the service."}).has(201)
    number = posted.json().get("id")
    # The short path is a second way to the same post.
    for path in (f"/posts/{number}", f"/post/{number}"):
        answer = visitor.asks("GET", path, anonymously=True).has(200)
        answer.must(answer.json().get("content") == "Trying out the service.", "it says something else")
    visitor.asks("DELETE", f"/posts/{number}").has(204)
    visitor.asks("GET", f"/posts/{number}", anonymously=True).has(404)


def the_visitor_leaves(visitor: Visitor) -> None:
    visitor.asks("DELETE", "/me", content={"password": visitor.password}).has(204)


def the_account_is_gone(visitor: Visitor) -> None:
    visitor.asks("GET", "/todos").has(401)
    visitor.token = None


STEPS = (
    the_root_answers,
    the_service_says_that_it_is_healthy,
    the_service_is_ready_to_work,
    the_interface_describes_itself,
    an_unknown_path_is_a_problem_with_a_code_and_a_request_id,
    a_stranger_sees_no_todos,
    a_visitor_registers,
    the_visitor_logs_in,
    the_visitor_makes_a_todo,
    the_todo_is_there,
    it_is_not_sent_again_to_who_has_it,
    the_visitor_changes_it,
    a_change_of_what_it_was_before_is_refused,
    it_is_in_the_list,
    the_visitor_deletes_it,
    what_the_visitor_posts_is_public_until_deleted,
    the_visitor_leaves,
    the_account_is_gone,
)


def main() -> int:
    """Take the steps until one fails; return the exit status."""
    base_url = "".join(sys.argv[1:])
    if not re.match(r"https?://([^/:]+|\[[\da-fA-F:]+\])(:\d+)?(/|$)", base_url):
        print("Usage: smoke.py http://HOST:PORT", file=sys.stderr)
        return 2
    visitor = Visitor(base_url)
    for step in STEPS:
        sentence = step.__name__.replace("_", " ")
        try:
            step(visitor)
        except SmokeError as error:
            print(f"FAILED  {sentence}: {error}", file=sys.stderr)
            clean_up(visitor)
            return 1
        print(f"ok      {sentence}", flush=True)
    print(f"The instance at {base_url} works.")
    return 0


def clean_up(visitor: Visitor) -> None:
    """Delete the account, as far as the instance is able to."""
    if visitor.token:
        try:
            the_visitor_leaves(visitor)
        except SmokeError as error:
            print(f"The account {visitor.email} may still be there: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
