"""What tests of the HTTP interface share."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import Struct

from domain.authentication.principal import TokenScope
from entrypoints.http.routes import options_of
from tests.harness import PASSWORD, SECRET

Json = dict[str, Any]

ALL_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class Route(Struct, frozen=True):
    """One method of one path, as the application serves it."""

    method: str
    path: str
    """With parameters as in ``/todos/{todo_id}``."""
    scope: TokenScope | None
    is_described: bool

    def with_id(self, value: object) -> str:
        """Return the path with a value for its parameter, if it has one."""
        before, brace, rest = self.path.partition("{")
        return f"{before}{value}{rest.partition('}')[2]}" if brace else before


def routes_of(app: Litestar) -> Iterator[Route]:
    """Yield every route there is, so that a table of tests cannot miss a new one."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            for method in sorted(set(handler.http_methods) - {"OPTIONS"}):
                yield Route(
                    method, route.path_format or "/", options_of(handler).scope, handler.resolve_include_in_schema()
                )


def document_of(app: Litestar) -> Json:
    """Return the OpenAPI document."""
    return msgspec.json.decode(app.state.openapi_document.encoded())


def operation_of(app: Litestar, route: Route) -> Json:
    """Return what the OpenAPI document says of a route."""
    return document_of(app)["paths"][route.path][route.method.lower()]


async def follow_link(client: httpx.AsyncClient, page: httpx.Response) -> httpx.Response:
    """Return the next page, which the ``Link`` header names beside the page (RFC 3986, section 5.2)."""
    return await client.get(page.url.join(page.links["next"]["url"]))


def assert_problem(
    response: httpx.Response,
    status: int,
    code: str,
    *,
    pointer: str | None = None,
    parameter: str | None = None,
) -> Json:
    """Assert that an answer is a problem (RFC 9457) of the right kind, and return it."""
    body: Json = response.json()
    assert (response.status_code, body.get("code")) == (status, code), body
    assert response.headers["content-type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["title"] in {HTTPStatus(status).phrase, "Content Too Large", "Unprocessable Content"}
    assert body["detail"]
    assert body["request_id"] == response.headers["x-request-id"]
    if pointer is not None:
        assert [error.get("pointer") for error in body["errors"]] == [pointer], body
    if parameter is not None:
        assert [error.get("parameter") for error in body["errors"]] == [parameter], body
    return body


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a token."""
    return {"Authorization": f"Bearer {token}"}


async def register(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> Json:
    """Open an account and return it."""
    response = await client.post("/auth/register", json={"email": email, "password": password})
    assert response.status_code == 201, response.text
    return response.json()


async def log_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD, **headers: str) -> Json:
    """Start a session and return its tokens."""
    response = await client.post("/auth/login", data={"username": email, "password": password}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def sign_in(client: httpx.AsyncClient, email: str = "grace@example.com", password: str = PASSWORD) -> Json:
    """Open an account, start a session, let the client be that account from now on, and return the tokens."""
    await register(client, email, password)
    tokens = await log_in(client, email, password)
    client.headers.update(bearer(tokens["access_token"]))
    return tokens


async def create_todo(client: httpx.AsyncClient, title: str = "Buy oat milk", **fields: Any) -> Json:
    """Keep a to-do and return it."""
    response = await client.post("/todos", json={"title": title, **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def publish(client: httpx.AsyncClient, content: str = "The lift is out of order.") -> Json:
    """Publish a post and return it."""
    response = await client.post("/posts", json={"content": content})
    assert response.status_code == 201, response.text
    return response.json()


async def make_token(client: httpx.AsyncClient, *scopes: str, **fields: Any) -> Json:
    """Make an API token and return it with its secret."""
    response = await client.post("/auth/tokens", json={"name": "backup", "scopes": scopes, **fields})
    assert response.status_code == 201, response.text
    return response.json()


def claims_of(token: str) -> Json:
    """Return what a JSON Web Token says, if it is signed with HMAC-SHA256 and the tests' secret."""
    header, claims, signature = token.split(".")
    assert msgspec.json.decode(_decoded(header))["alg"] == "HS256"
    assert _decoded(signature) == hmac.digest(SECRET.encode(), f"{header}.{claims}".encode(), sha256)
    return msgspec.json.decode(_decoded(claims))


def a_jwt(claims: Json, *, algorithm: str = "HS256", secret: str = SECRET) -> str:
    """Return a JSON Web Token; of an algorithm that is no HMAC, the signature is empty."""
    parts = [_encoded(msgspec.json.encode(part)) for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    digests = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
    signed = ".".join(parts)
    if algorithm not in digests:
        return f"{signed}."
    return f"{signed}.{_encoded(hmac.digest(secret.encode(), signed.encode(), digests[algorithm]))}"


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
