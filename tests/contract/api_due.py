"""When to-dos are due, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.api import create_todo


class DueApi:
    """``due`` and ``due_at``: time zones, days without a time, and clocks that are put forward and back."""

    @pytest.mark.parametrize(
        ("due", "instant"),
        [
            ({"date": "2026-12-24"}, "2026-12-24T23:59:59.999999Z"),
            ({"date": "2026-12-24", "time": "09:00"}, "2026-12-24T09:00:00Z"),
            ({"date": "2026-12-24", "time": "09:00:30", "zone": "Asia/Kolkata"}, "2026-12-24T03:30:30Z"),
            ({"date": "2026-06-24", "zone": "America/New_York"}, "2026-06-25T03:59:59.999999Z"),
        ],
        ids=str,
    )
    async def test_a_due_date_means_an_instant(
        self, authed_client: httpx.AsyncClient, due: dict[str, Any], instant: str
    ) -> None:
        todo = await create_todo(authed_client, due=due)

        assert todo["due_at"] == instant

    @pytest.mark.parametrize(
        ("due", "instant"),
        [
            ({"date": "2026-03-29", "time": "01:59:59"}, "2026-03-29T00:59:59Z"),
            ({"date": "2026-03-29", "time": "02:30"}, "2026-03-29T01:30:00Z"),
            ({"date": "2026-03-29", "time": "03:00"}, "2026-03-29T01:00:00Z"),
            ({"date": "2026-03-29"}, "2026-03-29T21:59:59.999999Z"),
        ],
        ids=str,
    )
    async def test_a_time_that_the_clocks_skip_moves_forward_by_the_gap(
        self, authed_client: httpx.AsyncClient, due: dict[str, Any], instant: str
    ) -> None:
        todo = await create_todo(authed_client, due=due | {"zone": "Europe/Berlin"})

        assert todo["due_at"] == instant

    @pytest.mark.parametrize(
        ("due", "instant"),
        [
            ({"date": "2026-10-25", "time": "02:00"}, "2026-10-25T00:00:00Z"),
            ({"date": "2026-10-25", "time": "02:30"}, "2026-10-25T00:30:00Z"),
            ({"date": "2026-10-25", "time": "03:00"}, "2026-10-25T02:00:00Z"),
            ({"date": "2026-10-25"}, "2026-10-25T22:59:59.999999Z"),
        ],
        ids=str,
    )
    async def test_a_time_that_the_clocks_repeat_is_the_first_one(
        self, authed_client: httpx.AsyncClient, due: dict[str, Any], instant: str
    ) -> None:
        todo = await create_todo(authed_client, due=due | {"zone": "Europe/Berlin"})

        assert todo["due_at"] == instant

    @pytest.mark.parametrize(
        ("due", "instant"),
        [
            ({"date": "2026-12-24", "time": "09:00"}, "2026-12-24T14:00:00Z"),
            ({"date": "2026-12-24", "time": "09:00", "zone": None}, "2026-12-24T14:00:00Z"),
            ({"date": "2026-12-24"}, "2026-12-25T04:59:59.999999Z"),
        ],
        ids=str,
    )
    async def test_a_due_date_without_a_zone_is_in_the_owners(
        self, authed_client: httpx.AsyncClient, due: dict[str, Any], instant: str
    ) -> None:
        await authed_client.patch("/me", json={"time_zone": "America/New_York"})

        todo = await create_todo(authed_client, due=due)

        assert todo["due"]["zone"] == "America/New_York"
        assert todo["due_at"] == instant

    async def test_a_due_date_keeps_its_zone_when_the_owner_moves(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client, due={"date": "2026-12-24", "time": "09:00"})

        await authed_client.patch("/me", json={"time_zone": "America/New_York"})
        patched = await authed_client.patch(f"/todos/{todo['id']}", json={"due": {"time": "10:00"}})

        assert patched.json()["due"] == {"date": "2026-12-24", "time": "10:00:00", "zone": "UTC"}
        assert patched.json()["due_at"] == "2026-12-24T10:00:00Z"

    async def test_a_zone_that_is_cleared_becomes_the_owners(self, authed_client: httpx.AsyncClient) -> None:
        await authed_client.patch("/me", json={"time_zone": "America/New_York"})
        todo = await create_todo(authed_client, due={"date": "2026-12-24", "time": "09:00", "zone": "Asia/Tokyo"})

        patched = await authed_client.patch(f"/todos/{todo['id']}", json={"due": {"zone": None}})

        assert patched.json()["due"]["zone"] == "America/New_York"
        assert patched.json()["due_at"] == "2026-12-24T14:00:00Z"

    @pytest.mark.parametrize(
        ("due", "instant"),
        [
            ({"date": "0001-01-01", "time": "00:00", "zone": "UTC"}, "0001-01-01T00:00:00Z"),
            ({"date": "9999-12-31", "time": "23:59:59", "zone": "UTC"}, "9999-12-31T23:59:59Z"),
            ({"date": "9999-12-31", "zone": "UTC"}, "9999-12-31T23:59:59.999999Z"),
            ({"date": "0001-01-01", "time": "00:00", "zone": "Asia/Tokyo"}, "0001-01-01T00:00:00Z"),
            ({"date": "0001-01-01", "time": "00:00", "zone": "Europe/Berlin"}, "0001-01-01T00:00:00Z"),
            ({"date": "9999-12-31", "time": "23:59", "zone": "Pacific/Pago_Pago"}, "9999-12-31T23:59:59.999999Z"),
            ({"date": "9999-12-31", "zone": "America/New_York"}, "9999-12-31T23:59:59.999999Z"),
        ],
        ids=str,
    )
    async def test_the_ends_of_the_calendar_can_be_kept_in_every_zone(
        self, authed_client: httpx.AsyncClient, due: dict[str, Any], instant: str
    ) -> None:
        todo = await create_todo(authed_client, due=due)

        listed = await authed_client.get("/todos", params={"sort": "due_at", "due_after": instant})

        assert todo["due_at"] == instant
        assert listed.json()["items"] == [todo]
