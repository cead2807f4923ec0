"""What the service says about itself, and what is true of every path."""

from importlib.metadata import version

import httpx
import pytest
from litestar import Litestar
from msgspec.structs import replace

from entrypoints.services import Services
from tests.api import ALL_METHODS, assert_problem, bearer, routes_of, sign_in
from tests.harness import app_on, client_of


class ServiceApi:
    """``/``, ``/health`` and ``/health/ready``."""

    async def test_the_service_document_says_where_to_go_on(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.get("/")

        assert response.status_code == 200
        assert response.json() == {
            "name": "Todo API",
            "version": version("todo-api"),
            "links": {
                "docs": "/schema",
                "schema": "/schema/openapi.json",
                "health": "/health",
                "ready": "/health/ready",
            },
        }
        for link in response.json()["links"].values():
            assert (await anonymous_client.get(link)).status_code == 200

    async def test_a_healthy_process_says_so(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.get("/health")

        assert response.status_code == 200
        assert response.content == b'{"status":"healthy"}'
        assert response.headers["content-type"] == "application/json"

    async def test_a_service_that_is_ready_says_so(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.get("/health/ready")

        assert response.status_code == 200
        assert response.json() == {"status": "ready", "problems": [], "notices": []}

    async def test_a_service_that_works_less_well_than_it_should_is_ready_and_says_so(self, services: Services) -> None:
        async def without_redis() -> list[str]:
            return ["Redis does not answer."]

        async with client_of(app_on(replace(services, notices=without_redis))) as client:
            ready = await client.get("/health/ready")

        assert ready.status_code == 200
        assert ready.json() == {"status": "ready", "problems": [], "notices": ["Redis does not answer."]}

    async def test_a_service_that_is_not_ready_says_why_and_is_healthy(self, services: Services) -> None:
        async def not_migrated() -> list[str]:
            return ["The database has not been migrated."]

        async with client_of(app_on(replace(services, readiness=not_migrated))) as client:
            ready = await client.get("/health/ready")
            health = await client.get("/health")

        assert ready.status_code == 503
        assert ready.json() == {
            "status": "not ready",
            "problems": ["The database has not been migrated."],
            "notices": [],
        }
        assert health.status_code == 200

    @pytest.mark.parametrize(
        "path", ["/nothing", "/nothing/", "/todos/1/nothing", "/auth", "/schema/assets/nothing.js"]
    )
    async def test_anything_unknown_is_not_found(self, anonymous_client: httpx.AsyncClient, path: str) -> None:
        assert_problem(await anonymous_client.get(path), 404, "not_found")

    async def test_every_answer_has_the_security_headers(
        self, app: Litestar, anonymous_client: httpx.AsyncClient
    ) -> None:
        for path in (*{route.with_id(1) for route in routes_of(app)}, "/nothing"):
            response = await anonymous_client.get(path)

            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
            assert "cache-control" in response.headers
            assert "server" not in response.headers


class PathsApi:
    """Tables over every route there is: slashes, ``HEAD``, ``OPTIONS`` and methods that do not exist."""

    async def test_every_path_answers_with_and_without_a_slash_at_its_end(
        self, app: Litestar, authed_client: httpx.AsyncClient
    ) -> None:
        for route in routes_of(app):
            path = route.with_id(987_654_321)

            plain = await authed_client.request(route.method, path)
            slashed = await authed_client.request(route.method, f"{path}/")

            assert slashed.status_code == plain.status_code, route
            assert slashed.headers["content-type"] == plain.headers["content-type"]
            if plain.is_success:
                assert slashed.content == plain.content
            else:
                own = {"request_id": ""}
                assert slashed.json() | own == plain.json() | own
                assert plain.json()["code"] != "method_not_allowed"

    async def test_head_answers_as_get_without_the_content(self, app: Litestar, client: httpx.AsyncClient) -> None:
        await sign_in(client)

        for path in [route.with_id(1) for route in routes_of(app) if route.method == "GET"]:
            get = await client.get(path)
            head = await client.head(path)

            assert head.content == b""
            own = {"x-request-id": ""}
            assert (head.status_code, dict(head.headers) | own) == (get.status_code, dict(get.headers) | own)

    async def test_options_names_the_methods_of_a_path(
        self, app: Litestar, anonymous_client: httpx.AsyncClient
    ) -> None:
        for path, methods in methods_by_path(app).items():
            for spelling in {path, f"{path.rstrip('/')}/"}:
                response = await anonymous_client.options(spelling)

                assert response.status_code == 204, path
                assert response.content == b""
                assert allowed(response) == methods | {"OPTIONS"}

    async def test_options_on_a_path_that_is_not_there_is_not_found(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.options("/nothing")

        assert response.status_code == 404

    async def test_a_method_that_a_path_does_not_answer_to_is_refused(
        self, app: Litestar, anonymous_client: httpx.AsyncClient
    ) -> None:
        for path, methods in methods_by_path(app).items():
            for method in sorted(ALL_METHODS - methods | {"TRACE", "PROPFIND", "X"}):
                response = await anonymous_client.request(method, path)

                assert response.status_code == 405, (method, path)
                assert allowed(response) == methods | {"OPTIONS"}
                if method != "HEAD":
                    assert_problem(response, 405, "method_not_allowed")

    async def test_a_wrong_method_is_refused_before_the_token_is_looked_at(self, client: httpx.AsyncClient) -> None:
        response = await client.put("/todos", headers=bearer("x"))

        assert_problem(response, 405, "method_not_allowed")


def methods_by_path(app: Litestar) -> dict[str, set[str]]:
    """Return the methods that each path answers to; whatever answers to ``GET`` answers to ``HEAD``."""
    found: dict[str, set[str]] = {}
    for route in routes_of(app):
        methods = found.setdefault(route.with_id(1), set())
        methods |= {"GET", "HEAD"} if route.method == "GET" else {route.method}
    return found


def allowed(response: httpx.Response) -> set[str]:
    """Return the methods in the ``Allow`` header."""
    return {method.strip() for method in response.headers["allow"].split(",")}
