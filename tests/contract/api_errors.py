"""Problems (RFC 9457) over HTTP: what they look like, and what they do not tell."""

import logging
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from domain.errors import QueryTooExpensive, Unavailable
from domain.todos.model import Todo
from domain.todos.query import TodoPage
from domain.todos.service import TodoService
from entrypoints.http.throttle import Throttle
from entrypoints.services import Services
from tests.api import assert_problem, bearer, create_todo, sign_in
from tests.harness import app_on, client_of

JSON = {"Content-Type": "application/json"}
ONE_MEBIBYTE = 1024 * 1024

WRONG_BODIES: list[tuple[object, str]] = [
    ({"title": "x", "due": {"date": "2026-12-24", "zone": 1}}, "/due/zone"),
    ({"title": "x", "due": {}}, "/due/date"),
    ({"title": "x", "due": []}, "/due"),
    ({"title": "x", "tags": ["a", "b", {}]}, "/tags/2"),
    ({"title": "x", "a/b~c": 1}, "/a~1b~0c"),
    ({"title": "x", "": 1}, "/"),
    ({"title": "x", "due": {"date": "2026-12-24", "ü`": 1}}, "/due/ü`"),
    ([], ""),
    ("text", ""),
]


class BrokenTodos(TodoService):
    """Fails in two ways, and can do nothing else."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """Fail."""
        del todo_id, owner_id
        raise self._error

    async def page(self, *_: Any, **__: Any) -> TodoPage:
        """Fail."""
        raise self._error


class ErrorsApi:
    """What every problem has."""

    async def test_a_problem_has_every_part(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.post("/todos", json={"title": "x" * 201})

        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["cache-control"] == "no-store"
        assert response.json() == {
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "code": "invalid",
            "detail": "Must have 1 to 200 characters.",
            "request_id": response.headers["x-request-id"],
            "errors": [{"pointer": "/title", "detail": "Must have 1 to 200 characters."}],
        }

    async def test_every_kind_of_problem_has_its_code(
        self, client: httpx.AsyncClient, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        await sign_in(client)
        todo = await create_todo(client)
        url = f"/todos/{todo['id']}"

        assert_problem(await client.post("/todos", content=b"{", headers=JSON), 400, "bad_request")
        assert_problem(await anonymous_client.get("/todos"), 401, "unauthenticated")
        assert_problem(await client.request("DELETE", "/me", json={"password": "wrong"}), 403, "wrong_password")
        assert_problem(await authed_client.get(url), 404, "not_found")
        assert_problem(await client.put(url), 405, "method_not_allowed")
        taken = {"email": "grace@example.com", "password": "another password"}
        assert_problem(await client.post("/auth/register", json=taken), 409, "email_taken")
        assert_problem(await client.patch(url, json={}, headers={"If-Match": '"7"'}), 412, "version_mismatch")
        too_large = b" " * (ONE_MEBIBYTE + 1)
        assert_problem(await client.post("/todos", content=too_large, headers=JSON), 413, "body_too_large")
        assert_problem(await client.post("/todos", content=b"<x/>"), 415, "unsupported_media_type")
        assert_problem(await client.post("/todos", json={}), 422, "invalid", pointer="/title")

    @pytest.mark.parametrize(("body", "pointer"), WRONG_BODIES, ids=str)
    async def test_the_pointer_leads_to_the_wrong_value(
        self, authed_client: httpx.AsyncClient, body: object, pointer: str
    ) -> None:
        response = await authed_client.post("/todos", json=body)

        assert_problem(response, 422, "invalid", pointer=pointer)

    @pytest.mark.parametrize("request_id", ["a", "0b3c.4-d_E", "x" * 100])
    @pytest.mark.parametrize("path", ["/health", "/nothing", "/todos"])
    async def test_a_sane_request_id_is_sent_back(
        self, anonymous_client: httpx.AsyncClient, path: str, request_id: str
    ) -> None:
        response = await anonymous_client.get(path, headers={"X-Request-ID": request_id})

        assert response.headers.get_list("x-request-id") == [request_id]
        if not response.is_success:
            assert response.json()["request_id"] == request_id

    @pytest.mark.parametrize("request_id", ["", "x" * 101, "a b", "a,b", "<script>", "é", "a\tb", 'a"b', "a/../b"])
    async def test_an_insane_request_id_is_replaced(self, anonymous_client: httpx.AsyncClient, request_id: str) -> None:
        response = await anonymous_client.get("/nothing", headers={b"X-Request-ID": request_id.encode()})

        body = assert_problem(response, 404, "not_found")
        assert body["request_id"] != request_id
        assert len(body["request_id"]) == 32

    async def test_two_requests_have_two_ids(self, anonymous_client: httpx.AsyncClient) -> None:
        responses = [await anonymous_client.get("/health") for _ in range(2)]

        assert len({response.headers["x-request-id"] for response in responses}) == 2

    @pytest.mark.parametrize("path", ["/todos/1", "/todos"])
    async def test_what_nobody_expected_is_logged_and_not_told(
        self,
        services: Services,
        client: httpx.AsyncClient,
        caplog: pytest.LogCaptureFixture,
        path: str,
    ) -> None:
        token = (await sign_in(client))["access_token"]
        broken = BrokenTodos(RuntimeError("the innermost secret"))

        async with client_of(app_on(replace(services, todos=broken)), bearer=token) as broken_client:
            response = await broken_client.get(path, headers={"X-Request-ID": "find-me"})

        body = assert_problem(response, 500, "internal_error")
        assert body["request_id"] == "find-me"
        assert "secret" not in response.text
        assert "RuntimeError" not in response.text
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert vars(record)["request_id"] == "find-me"
        assert record.exc_info is not None
        assert record.exc_info[0] is RuntimeError
        assert "the innermost secret" in caplog.text
        assert "Traceback" in caplog.text

    async def test_a_store_that_is_gone_is_503_and_worth_another_try(
        self,
        services: Services,
        client: httpx.AsyncClient,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        token = (await sign_in(client))["access_token"]
        broken = BrokenTodos(Unavailable("The database cannot be reached."))

        async with client_of(app_on(replace(services, todos=broken)), bearer=token) as broken_client:
            response = await broken_client.get("/todos")

        assert_problem(response, 503, "unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "The database cannot be reached." in caplog.text

    async def test_a_query_that_takes_too_long_is_503_and_no_fault_of_the_service(
        self,
        services: Services,
        client: httpx.AsyncClient,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("entrypoints.http.problems._made_by_clients", Throttle(seconds=60))
        token = (await sign_in(client))["access_token"]
        slow = BrokenTodos(QueryTooExpensive("That would take too long."))

        async with client_of(app_on(replace(services, todos=slow)), bearer=token) as asking:
            response = await asking.get("/todos", headers={"X-Request-ID": "find-me"})
            await asking.get("/todos", headers={"X-Request-ID": "unsaid"})

        assert_problem(response, 503, "query_too_expensive")
        assert int(response.headers["retry-after"]) > 0
        assert "That would take too long. Request find-me" in caplog.text
        assert "unsaid" not in caplog.text
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

    async def test_nothing_is_read_of_a_body_from_nobody(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.post("/todos", content=b" " * (ONE_MEBIBYTE + 1), headers=JSON | bearer("x"))

        assert_problem(response, 401, "unauthenticated")

    async def test_a_good_answer_is_no_problem(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.get("/me")

        assert response.headers["content-type"] == "application/json"
        assert "request_id" not in response.json()
