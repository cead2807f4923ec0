"""Sign-ins from as many addresses as a site has, so many at once that their passwords take minutes to check."""

import time
from concurrent.futures import ThreadPoolExecutor
from secrets import randbits, token_hex

import httpx
import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.crowd import besiege
from tests.abuse.neighbour import SOON
from tests.abuse.people import HOME
from tests.harness import PASSWORD

AT_ONCE = 160
SECONDS = 8


@pytest.fixture
def settings() -> dict[str, str]:
    return {"TRUSTED_PROXIES": "127.0.0.66"}


async def guess(client: httpx.AsyncClient) -> httpx.Response:
    """Try a password on somebody, from a network of the site that was never seen before."""
    network = f"2001:db8:7:{randbits(16):x}::1"
    return await client.post(
        "/auth/login",
        data={"username": f"{token_hex(4)}@example.com", "password": "123456"},
        headers={"X-Forwarded-For": network},
    )


def test_a_flood_of_sign_ins_from_one_site(abuse: Abuse) -> None:
    email = f"{token_hex(8)}@example.com"
    took: list[float] = []
    with abuse.stranger(HOME).client() as client, ThreadPoolExecutor(1) as attacker:
        client.post("/auth/register", json={"email": email, "password": PASSWORD}).raise_for_status()

        def sign_in() -> None:
            started = time.monotonic()
            client.post("/auth/login", data={"username": email, "password": PASSWORD}).raise_for_status()
            took.append(time.monotonic() - started)

        sign_in()
        with abuse.measured():
            flood = attacker.submit(besiege, abuse.stranger(), guess, at_once=AT_ONCE, seconds=SECONDS)
            while not flood.done():
                sign_in()
                time.sleep(0.2)

    answers = flood.result()
    assert answers["429"] > answers["401"] > 0, answers
    assert len(took) > SECONDS / SOON
    assert max(took) < SOON
