"""The life of an account in the whole service as it runs, and the same thing asked in both styles."""

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from tests.lifecycle import live_a_life


def test_an_account_lives_its_life(sync_client: TestClient[Litestar]) -> None:
    live_a_life(sync_client)


def test_a_service_on_a_migrated_database_is_ready_in_the_sync_style(sync_client: TestClient[Litestar]) -> None:
    response = sync_client.get("/health/ready")

    assert response.json() == {"status": "ready", "problems": [], "notices": []}


async def test_an_empty_board_in_the_async_style(client: httpx.AsyncClient) -> None:
    response = await client.get("/posts")

    assert response.json() == {"page": 1, "per_page": 10, "total": 0, "result": []}
