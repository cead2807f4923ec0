"""Parameters of queries, and headers that are lists, where clients write them in unusual ways."""

import httpx
import pytest
from litestar import Litestar

from tests.api import assert_problem, routes_of


class ParametersApi:
    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ("limit=1&limit=1", "limit"),
            ("limit=1&%6cimit=2", "limit"),
            ("has_due=true&tag=a&has_due=true&tag=b", "has_due"),
            ("updated_since=2026-12-24T09:00:00Z&updated_since=2026-12-24T09:00:00Z", "updated_since"),
            ("q=a&sort=title&q=b", "q"),
            ("done=true&done=", "done"),
            ("cursor=a&cursor=b", "cursor"),
        ],
    )
    async def test_a_parameter_that_is_given_twice_is_refused_by_name(
        self, authed_client: httpx.AsyncClient, query: str, parameter: str
    ) -> None:
        response = await authed_client.get(f"/todos?{query}")

        assert_problem(response, 422, "invalid")
        assert response.json()["errors"][0]["parameter"] == parameter

    async def test_so_it_is_where_anybody_may_ask(self, client: httpx.AsyncClient) -> None:
        assert_problem(await client.get("/posts?page=1&page=2"), 422, "invalid")

    async def test_parameters_that_a_route_does_not_know_are_refused_by_name_on_every_route(
        self, app: Litestar, authed_client: httpx.AsyncClient
    ) -> None:
        routes = list(routes_of(app))

        for route in routes:
            response = await authed_client.request(route.method, f"{route.with_id(1)}?utm_source=x&completed=true")

            body = assert_problem(response, 422, "unknown_parameter")
            assert [error["parameter"] for error in body["errors"]] == ["completed", "utm_source"], route
        assert len(routes) > 25

    @pytest.mark.parametrize(
        ("target", "parameters"),
        [
            ("/todos?completed=true", ["completed"]),
            ("/todos?Done=true&done=true", ["Done"]),
            ("/todos?limit=1&utm_source=x&utm_source=y", ["utm_source"]),
            ("/todos?limit=1&limit=2&completed=", ["completed"]),
            ("/todos?%63ompleted=true", ["completed"]),
            ("/todos?=&=", [""]),
            ("/todos/1?todo_id=2", ["todo_id"]),
            ("/tags?sort=title", ["sort"]),
            ("/health?1732640000", ["1732640000"]),
            ("/posts?request=x", ["request"]),
            (f"/posts?{'x' * 5_000}=1", ["x" * 300]),
        ],
    )
    async def test_each_parameter_that_is_wrong_is_named_once(
        self, authed_client: httpx.AsyncClient, target: str, parameters: list[str]
    ) -> None:
        body = assert_problem(await authed_client.get(target), 422, "unknown_parameter")

        assert [error["parameter"] for error in body["errors"]] == parameters

    @pytest.mark.parametrize("target", ["/todos?", "/todos?&&&", "/health?", "/todos?tag=a%26b&q=c%3Dd"])
    async def test_a_query_without_unknown_parameters_is_good(
        self, authed_client: httpx.AsyncClient, target: str
    ) -> None:
        assert (await authed_client.get(target)).status_code == 200

    async def test_whoever_may_not_ask_is_told_that_first(self, anonymous_client: httpx.AsyncClient) -> None:
        assert_problem(await anonymous_client.get("/todos?completed=true"), 401, "unauthenticated")
        assert_problem(await anonymous_client.get("/nothing?completed=true"), 404, "not_found")

    @pytest.mark.parametrize(
        "number", ["1e1", "1.0", "10.0", "1e0", "+1", "%201", "1_0", "0x1", "\uff11", "", "-", "9" * 30]
    )
    @pytest.mark.parametrize("target", ["/todos?limit=", "/todos?priority=", "/posts?page=", "/posts?per_page="])
    async def test_a_number_is_written_in_digits(
        self, authed_client: httpx.AsyncClient, target: str, number: str
    ) -> None:
        response = await authed_client.get(target + number)

        assert_problem(response, 422, "invalid")
        assert response.json()["errors"][0]["parameter"] in target

    @pytest.mark.parametrize(
        ("target", "good"),
        [("/todos?limit=", {1, 200}), ("/posts?page=", {1, 2**31 - 1}), ("/posts?per_page=", {1, 100})],
    )
    async def test_numbers_have_bounds(self, authed_client: httpx.AsyncClient, target: str, good: set[int]) -> None:
        for number in good:
            assert (await authed_client.get(f"{target}{number}")).status_code == 200
        for number in (0, -1, max(good) + 1):
            assert_problem(await authed_client.get(f"{target}{number}"), 422, "invalid")

    async def test_a_list_of_tags_may_have_several_lines(self, authed_client: httpx.AsyncClient) -> None:
        todo = (await authed_client.post("/todos", json={"title": "Buy oat milk"})).json()
        path = f"/todos/{todo['id']}"
        lines = [("If-None-Match", '"7"'), ("If-None-Match", '"8", "1"')]

        unchanged = await authed_client.get(path, headers=lines)
        changed = await authed_client.patch(path, json={}, headers=[("If-Match", '"7"'), ("If-Match", '"1"')])
        refused = await authed_client.delete(path, headers=[("If-Match", '"7"'), ("If-Match", '"8"')])
        profile = await authed_client.patch("/me", json={}, headers=[("If-Match", '"7"'), ("If-Match", '"1"')])
        removed = await authed_client.delete(path, headers=[("If-Match", '"7"'), ("If-Match", '"1"')])

        assert unchanged.status_code == 304
        assert (changed.status_code, refused.status_code, profile.status_code) == (200, 412, 200)
        assert removed.status_code == 204
