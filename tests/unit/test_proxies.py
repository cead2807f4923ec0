"""Who is taken for the client behind reverse proxies, and who cannot make up another one."""

from ipaddress import ip_network
from typing import Any

import pytest

from entrypoints.http.context import context_of
from entrypoints.http.middleware.trusted_proxies import TrustedProxies
from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.harness import app_on, client_of

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PROXY = "10.0.0.7"
STRANGER = "203.0.113.9"


async def seen(
    *headers: tuple[str, str], peer: tuple[str, int] | None = (PROXY, 4711), scheme: str = "http"
) -> tuple[Any, str]:
    """Return the client and the scheme that the application sees."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "client": peer,
        "scheme": scheme,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }

    async def app(_: Any, __: Any, ___: Any) -> None:
        pass

    await TrustedProxies(app, NETWORKS)(scope, None, None)  # type: ignore[arg-type]
    return scope["client"], scope["scheme"]


async def prefix_seen(*headers: tuple[str, str], peer: str = PROXY) -> str:
    """Return the path under which the application takes itself to be called."""
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "client": (peer, 1),
        "scheme": "http",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }

    async def app(_: Any, __: Any, ___: Any) -> None:
        pass

    await TrustedProxies(app, NETWORKS)(scope, None, None)  # type: ignore[arg-type]
    return context_of(scope).prefix


def forwarded_for(value: str) -> tuple[str, str]:
    return ("x-forwarded-for", value)


def proto(value: str) -> tuple[str, str]:
    return ("x-forwarded-proto", value)


def forwarded_prefix(value: str) -> tuple[str, str]:
    return ("x-forwarded-prefix", value)


@pytest.mark.parametrize(
    ("value", "client"),
    [
        (STRANGER, STRANGER),
        (f"  {STRANGER}\t", STRANGER),
        (f"{STRANGER}:4711", STRANGER),
        (f"{STRANGER}, 10.1.2.3, 10.1.2.4", STRANGER),
        (f"8.8.8.8, {STRANGER}", STRANGER),
        (f"8.8.8.8, {STRANGER}, 10.1.2.3", STRANGER),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("8.8.8.8, 2001:db8::1, fd00::7", "2001:db8::1"),
        (f"::ffff:{STRANGER}", STRANGER),
        (f"{STRANGER}, ::ffff:10.1.2.3", STRANGER),
        ("10.1.2.3, 10.1.2.4", "10.1.2.3"),
    ],
)
async def test_the_client_is_the_last_one_that_is_no_trusted_proxy(value: str, client: str) -> None:
    assert await seen(forwarded_for(value)) == ((client, 0), "http")


async def test_several_lines_are_one_list() -> None:
    lines = [forwarded_for("8.8.8.8"), forwarded_for(STRANGER), forwarded_for("10.1.2.3")]

    assert await seen(*lines) == ((STRANGER, 0), "http")


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        ",",
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4:",
        "[::1",
        "::1]",
        "[]",
        "fe80::1%\r\nX",
        "ä",
        "1" * 9_999,
    ],
)
async def test_what_is_no_address_leaves_the_nearest_that_is_known(garbage: str) -> None:
    assert await seen(forwarded_for(garbage)) == ((PROXY, 4711), "http")
    assert await seen(forwarded_for(f"{garbage}, 10.1.2.3")) == (("10.1.2.3", 0), "http")
    assert await seen(forwarded_for(f"{garbage}, {STRANGER}")) == ((STRANGER, 0), "http")


@pytest.mark.parametrize("peer", [(STRANGER, 4711), ("::ffff:8.8.8.8", 4711), ("testclient", 0), None])
async def test_nobody_else_can_claim_to_be_a_proxy(peer: tuple[str, int] | None) -> None:
    assert await seen(forwarded_for("8.8.8.8"), proto("https"), peer=peer) == (peer, "http")


async def test_a_proxy_that_says_nothing_is_the_client() -> None:
    assert await seen() == ((PROXY, 4711), "http")


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.7", "fd00::7"])
async def test_a_proxy_is_known_under_each_of_its_addresses(peer: str) -> None:
    assert await seen(forwarded_for(STRANGER), peer=(peer, 1)) == ((STRANGER, 0), "http")


@pytest.mark.parametrize(
    ("hops", "schemes", "scheme"),
    [
        (STRANGER, "https", "https"),
        (STRANGER, "HTTPS ", "https"),
        (STRANGER, "http", "http"),
        (STRANGER, "", "http"),
        (STRANGER, "gopher", "http"),
        (STRANGER, "https, http", "http"),
        (f"8.8.8.8, {STRANGER}", "https, http", "http"),
        (f"{STRANGER}, 10.1.2.3", "https, http", "https"),
        (f"{STRANGER}, 10.1.2.3", "https", "https"),
        (f"{STRANGER}, 10.1.2.3", "https, http, http", "http"),
    ],
)
async def test_the_scheme_is_what_the_proxy_says_that_met_the_client(hops: str, schemes: str, scheme: str) -> None:
    assert (await seen(forwarded_for(hops), proto(schemes)))[1] == scheme


async def test_a_scheme_is_believed_without_an_address_too() -> None:
    assert await seen(proto("https")) == ((PROXY, 4711), "https")


@pytest.mark.parametrize(
    ("hops", "prefixes", "prefix"),
    [
        (STRANGER, "/api", "/api"),
        (STRANGER, "/api/", "/api"),
        (STRANGER, " /services/to-do_2.0~x\t", "/services/to-do_2.0~x"),
        (STRANGER, "/evil, /api", "/api"),
        (f"8.8.8.8, {STRANGER}", "/evil, /api", "/api"),
        (f"{STRANGER}, 10.1.2.3", "/api, /inner", "/api"),
        (f"{STRANGER}, 10.1.2.3", "/api", "/api"),
        (f"{STRANGER}, 10.1.2.3", "/evil, /api, /inner", "/api"),
    ],
)
async def test_the_prefix_is_what_the_proxy_says_that_met_the_client(hops: str, prefixes: str, prefix: str) -> None:
    assert await prefix_seen(forwarded_for(hops), forwarded_prefix(prefixes)) == prefix


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "/",
        "api",
        "//",
        "/api//",
        "//evil.example",
        "/api//todos",
        "/a\\b",
        "/..",
        "/./api",
        "/api/../..",
        "/a b",
        "/%61pi",
        "/api?x",
        "/api#x",
        '/"><script>',
        "/{prefix}",
        "https://evil.example",
        "/\u00e4",
        "/api\r\nX-Evil: 1",
        "/" + "a" * 200,
        "/" + "a" * 199 + "/b",
        "/a" * 99_999,
    ],
)
async def test_what_is_no_plain_path_is_no_prefix(garbage: str) -> None:
    assert await prefix_seen(forwarded_for(STRANGER), forwarded_prefix(garbage)) == ""


async def test_nobody_else_can_claim_a_prefix() -> None:
    assert await prefix_seen(forwarded_prefix("/api"), peer=STRANGER) == ""


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("203.0.113.9", 308)])
async def test_the_service_believes_the_proxies_that_its_settings_name(
    services: Services, address: str, status: int
) -> None:
    settings = Settings(trusted_proxies=(ip_network("127.0.0.1"),), force_https=True)

    async with client_of(app_on(services, settings), address=address) as client:
        response = await client.get("/posts", headers={"X-Forwarded-Proto": "https"})

    assert response.status_code == status
