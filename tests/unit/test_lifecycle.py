"""The life of an account over memory, and the same thing asked in both styles."""

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from tests.lifecycle import live_a_life


def test_an_account_lives_its_life(sync_client: TestClient[Litestar]) -> None:
    live_a_life(sync_client)


def test_a_health_check_in_the_sync_style(sync_client: TestClient[Litestar]) -> None:
    response = sync_client.get("/health")

    assert response.json() == {"status": "healthy"}


async def test_a_health_check_in_the_async_style(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")

    assert response.json() == {"status": "healthy"}
