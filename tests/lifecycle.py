"""The life of an account, step by step, as a program without coroutines sees it."""

from typing import Any

import httpx

from tests.api import bearer
from tests.harness import PASSWORD

EMAIL = "grace@example.com"


def live_a_life(client: httpx.Client) -> None:
    """Register, sign in, keep to-dos, let a program in, publish, stay signed in, sign out, come back and leave."""
    service = client.get("/")
    assert service.status_code == 200

    account = register(client)
    access, refresh = sign_in(client)
    me = client.get("/me", headers=access).json()
    assert me == account | {"quotas": me["quotas"]}
    assert {quota["used"] for quota in me["quotas"].values()} == {0}

    keep_todos(client, access)
    let_a_program_in(client, access)
    publish(client, access)

    renewed = client.post("/auth/refresh", json={"refresh_token": refresh})
    assert renewed.status_code == 200
    signed_out = client.post("/auth/logout", json={"refresh_token": renewed.json()["refresh_token"]})
    assert signed_out.status_code == 204
    assert client.get("/me", headers=access).status_code == 401

    access, _ = sign_in(client)
    move(client, access)
    change_the_password(client, access)
    close(client, access)


def register(client: httpx.Client) -> dict[str, Any]:
    """Open the account; a second one with the address is refused."""
    body = {"email": EMAIL, "password": PASSWORD}
    registered = client.post("/auth/register", json=body)
    assert registered.status_code == 201
    assert client.post("/auth/register", json=body).status_code == 409
    return registered.json()


def sign_in(client: httpx.Client, password: str = PASSWORD) -> tuple[dict[str, str], str]:
    """Start a session; return the headers that prove it, and the refresh token."""
    signed_in = client.post("/auth/login", data={"username": EMAIL, "password": password})
    assert signed_in.status_code == 200
    return bearer(signed_in.json()["access_token"]), signed_in.json()["refresh_token"]


def keep_todos(client: httpx.Client, access: dict[str, str]) -> None:
    """Create, find, change and delete to-dos."""
    moved = client.patch("/me", json={"time_zone": "Europe/Berlin"}, headers=access)
    assert moved.status_code == 200
    fields = {"title": "Buy oat milk", "tags": ["home"], "due": {"date": "2026-12-24", "time": "09:00"}}

    created = client.post("/todos", json=fields, headers=access)
    other = client.post("/todos", json={"title": "Water the plants", "tags": ["Home"]}, headers=access)
    assert (created.status_code, other.status_code) == (201, 201)
    assert created.json()["due_at"] == "2026-12-24T08:00:00Z"

    url = created.headers["location"]
    done = client.patch(url, json={"done": True}, headers=access | {"If-Match": created.headers["etag"]})
    late = client.patch(url, json={"done": False}, headers=access | {"If-Match": created.headers["etag"]})
    assert (done.status_code, late.status_code) == (200, 412)
    known = client.get(url, headers=access | {"If-None-Match": done.headers["etag"]})
    assert known.status_code == 304

    open_ones = client.get("/todos", params={"done": "false", "include": "count"}, headers=access).json()
    assert ([todo["title"] for todo in open_ones["items"]], open_ones["total"]) == (["Water the plants"], 1)
    assert client.get("/tags", headers=access).json()["items"] == [{"tag": "Home", "count": 2}]

    assert client.delete(other.headers["location"], headers=access).status_code == 204
    assert client.get(other.headers["location"], headers=access).status_code == 404


def let_a_program_in(client: httpx.Client, access: dict[str, str]) -> None:
    """Make an API token, use it within its scope and beyond it, and revoke it."""
    issued = client.post("/auth/tokens", json={"name": "backup", "scopes": ["todos:read"]}, headers=access).json()
    program = bearer(issued["token"])

    assert len(client.get("/todos", headers=program).json()["items"]) == 1
    assert client.post("/todos", json={"title": "x"}, headers=program).status_code == 403

    assert client.delete(f"/auth/tokens/{issued['id']}", headers=access).status_code == 204
    assert client.get("/todos", headers=program).status_code == 401


def publish(client: httpx.Client, access: dict[str, str]) -> None:
    """Publish a post that everybody can read, and take it back; publish another one."""
    post = client.post("/posts", json={"content": "The lift is out of order."}, headers=access)
    assert post.status_code == 201
    assert client.get("/posts").json()["result"] == [post.json()]
    assert client.get(f"/post/{post.json()['id']}").json() == post.json()

    assert client.delete(post.headers["location"], headers=access).status_code == 204
    assert client.post("/posts", json={"content": "It works again."}, headers=access).status_code == 201


def move(client: httpx.Client, access: dict[str, str]) -> None:
    """Go by another address for a while; the first one leads nowhere then."""
    there = {"email": "hopper@example.com", "password": PASSWORD}
    assert (
        client.patch("/me", json=there | {"password": "wr0ng horse wr0ng battery"}, headers=access).status_code == 403
    )
    assert client.patch("/me", json=there, headers=access).json()["email"] == "hopper@example.com"
    assert client.post("/auth/login", data={"username": EMAIL, "password": PASSWORD}).status_code == 401
    assert client.patch("/me", json={"email": EMAIL, "password": PASSWORD}, headers=access).status_code == 200
    sign_in(client)


def change_the_password(client: httpx.Client, access: dict[str, str]) -> None:
    """Choose another password; the old one is worth nothing then."""
    body = {"old_password": PASSWORD, "new_password": "staple battery horse"}
    assert client.post("/me/password", json=body, headers=access).status_code == 204
    assert client.post("/auth/login", data={"username": EMAIL, "password": PASSWORD}).status_code == 401
    sign_in(client, "staple battery horse")


def close(client: httpx.Client, access: dict[str, str]) -> None:
    """Close the account; nothing of it is left."""
    closed = client.request("DELETE", "/me", json={"password": "staple battery horse"}, headers=access)
    assert closed.status_code == 204
    assert client.get("/me", headers=access).status_code == 401
    assert client.get("/posts").json()["total"] == 0
    assert client.post("/auth/login", data={"username": EMAIL, "password": PASSWORD}).status_code == 401
