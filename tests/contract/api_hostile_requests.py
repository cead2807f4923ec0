"""Hostile values, targets and headers over HTTP: never a 500, and nothing stored."""

from urllib.parse import urlencode

import msgspec
import pytest
from litestar import Litestar

from entrypoints.http.middleware.uri_length import MAX_PATH_LENGTH
from tests.api import assert_problem, routes_of
from tests.contract import hostile
from tests.contract.hostile_account import HostileApi, Stored
from tests.harness import PASSWORD
from tests.raw_http import raw_request

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class HostileValuesApi(HostileApi):
    """Values that are no zones, dates, numbers or ids."""

    @pytest.mark.parametrize("zone", hostile.ZONES, ids=lambda zone: repr(zone)[:30])
    async def test_an_unknown_zone_stores_nothing(self, stored: Stored, zone: str) -> None:
        due = {"date": "2026-12-24", "zone": zone}

        responses = [
            await stored.client.post("/todos", json={"title": "x", "due": due}),
            await stored.client.patch(f"/todos/{stored.ids['todo']}", json={"due": {"zone": zone}}),
            await stored.client.patch("/me", json={"time_zone": zone}),
        ]

        assert [response.status_code for response in responses] == [422, 422, 422]
        pointers = [response.json()["errors"][0]["pointer"] for response in responses]
        assert pointers == ["/due/zone", "/due/zone", "/time_zone"]
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("time", [None, "00:00", "23:59:59"])
    @pytest.mark.parametrize("zone", hostile.EXTREME_ZONES)
    @pytest.mark.parametrize("day", hostile.ENDS_OF_THE_CALENDAR)
    async def test_an_end_of_the_calendar_is_kept_in_every_zone(
        self, stored: Stored, day: str, zone: str, time: str | None
    ) -> None:
        response = await stored.client.post(
            "/todos", json={"title": "x", "due": {"date": day, "time": time, "zone": zone}}
        )

        assert response.status_code == 201
        location = response.headers["location"]
        assert (await stored.client.get(location)).json() == response.json()
        assert (await stored.client.delete(location)).status_code == 204
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("day", hostile.NO_DATES)
    async def test_what_is_no_date_stores_nothing(self, stored: Stored, day: str) -> None:
        response = await stored.client.post("/todos", json={"title": "x", "due": {"date": day}})

        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/due/date"
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("number", hostile.NUMBERS, ids=lambda number: number[:10].decode())
    async def test_a_strange_number_stores_nothing(self, stored: Stored, number: bytes) -> None:
        content = b'{"title":"x","priority":' + number + b"}"

        responses = [
            await stored.client.post("/todos", content=content, headers=JSON),
            await stored.client.patch(f"/todos/{stored.ids['todo']}", content=content, headers=JSON),
        ]

        assert {response.status_code for response in responses} <= {400, 422}
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("number", [b"2.0", b"2e0", b"20e-1"])
    async def test_a_whole_number_is_an_integer_however_it_is_written(self, stored: Stored, number: bytes) -> None:
        content = b'{"title":"x","priority":' + number + b"}"

        created = await stored.client.post("/todos", content=content, headers=JSON)
        changed = await stored.client.patch(f"/todos/{stored.ids['todo']}", content=content, headers=JSON)

        assert (created.status_code, changed.status_code) == (201, 200)
        assert b'"priority":2,' in created.content
        assert b'"priority":2,' in changed.content

    @pytest.mark.parametrize(
        "content",
        [
            b'{"title":"a","title":"b"}',
            b'{"title":"a","titl\\u0065":"b"}',
            b'{"title":"a","due":{"date":"2026-12-24","date":"2026-12-25"}}',
        ],
    )
    async def test_an_object_that_has_a_name_twice_stores_nothing(self, stored: Stored, content: bytes) -> None:
        responses = [
            await stored.client.post("/todos", content=content, headers=JSON),
            await stored.client.patch(f"/todos/{stored.ids['todo']}", content=content, headers=JSON),
        ]

        for response in responses:
            assert "stands twice" in assert_problem(response, 400, "bad_request")["detail"]
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("spelling", hostile.IDS, ids=lambda spelling: spelling[:30])
    async def test_an_id_has_one_spelling(self, app: Litestar, stored: Stored, spelling: str) -> None:
        routes = [route for route in routes_of(app) if "_id}" in route.path]
        assert len(routes) >= 8

        for route in routes:
            path = route.with_id(spelling.replace("{id}", str(stored.id_for(route))))
            body = {"title": "other"} if route.method == "PATCH" else None

            status, _ = await raw_request(app, route.method, path.encode(), token=stored.token, body=body)

            assert status == (404 if len(path) <= MAX_PATH_LENGTH else 414), path
        assert await stored.is_unchanged()


class HostileRequestsApi(HostileApi):
    """Targets, parameters and headers."""

    @pytest.mark.parametrize(("target", "statuses"), hostile.TARGETS, ids=lambda value: repr(value)[2:40])
    async def test_a_hostile_target_is_answered(
        self, app: Litestar, stored: Stored, target: bytes, statuses: set[int]
    ) -> None:
        status, body = await raw_request(app, "GET", target, token=stored.token)

        assert status in statuses, body
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("text", hostile.PARAMETERS, ids=lambda text: repr(text)[:30])
    @pytest.mark.parametrize("parameter", ["tag", "q", "cursor", "sort", "done", "due_before", "limit", "include"])
    async def test_a_hostile_parameter_is_answered(
        self, app: Litestar, stored: Stored, parameter: str, text: str
    ) -> None:
        target = f"/todos?{urlencode({parameter: text})}".encode()
        is_text = parameter in {"tag", "q"} and "\0" not in text and len(text) <= 50

        status, body = await raw_request(app, "GET", target, token=stored.token)

        assert status == (200 if is_text else 422), body

    @pytest.mark.parametrize("value", hostile.HEADERS, ids=lambda value: repr(value)[:20])
    @pytest.mark.parametrize("name", ["If-Match", "If-None-Match", "Accept", "Cookie", "User-Agent", "Origin"])
    async def test_a_hostile_header_is_answered(self, app: Litestar, stored: Stored, name: str, value: str) -> None:
        path = f"/todos/{stored.ids['todo']}".encode()
        headers = {name: value}

        read, _ = await raw_request(app, "GET", path, token=stored.token, headers=headers)
        changed, _ = await raw_request(app, "PATCH", path, token=stored.token, body={}, headers=headers)
        signed_in, _ = await raw_request(app, "POST", b"/auth/login", token="x", body={}, headers=headers)

        assert read in {200, 304}
        assert changed in {200, 412}
        assert signed_in == 415
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("host", hostile.HEADERS, ids=lambda host: repr(host)[:20])
    async def test_a_hostile_host_is_answered(self, app: Litestar, stored: Stored, host: str) -> None:
        status, body = await raw_request(app, "GET", b"/me", token=stored.token, headers={"Host": host})

        assert (status, msgspec.json.decode(body)["code"]) == (400, "unknown_host")

    async def test_a_long_user_agent_is_cut(self, stored: Stored) -> None:
        form = {"username": "grace@example.com", "password": PASSWORD}

        await stored.client.post("/auth/login", data=form, headers={"User-Agent": "x" * 100_000})

        sessions = (await stored.client.get("/auth/sessions")).json()["items"]
        assert "x" * 200 in [session["user_agent"] for session in sessions]
