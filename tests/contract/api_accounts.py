"""Opening and changing accounts over HTTP."""

from typing import Any

import httpx
import pytest

from domain.accounts.model import Account
from tests.api import assert_problem, log_in, register
from tests.harness import PASSWORD

MAX_LENGTH_ADDRESS = f"{'a' * 60}@{'b' * 35}.com"


class RegistrationApi:
    """``POST /auth/register``."""

    async def test_registering_answers_with_the_account_and_never_the_hash(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/register", json={"email": "grace@example.com", "password": PASSWORD})

        assert response.status_code == 201
        assert response.json() == {
            "id": response.json()["id"],
            "email": "grace@example.com",
            "display_name": None,
            "time_zone": "UTC",
            "created_at": "2026-11-23T12:00:00Z",
            "updated_at": "2026-11-23T12:00:00Z",
            "version": 1,
        }
        assert "hash" not in response.text
        assert "argon2" not in response.text

    async def test_an_address_is_trimmed_and_compared_without_case(self, client: httpx.AsyncClient) -> None:
        account = await register(client, " Grace@Example.COM\n")

        again = await client.post("/auth/register", json={"email": "gRACE@example.com", "password": PASSWORD})

        assert account["email"] == "grace@example.com"
        assert_problem(again, 409, "email_taken")

    async def test_a_taken_address_keeps_its_password(self, client: httpx.AsyncClient) -> None:
        await register(client, "grace@example.com")

        await client.post("/auth/register", json={"email": "grace@example.com", "password": "another password"})

        assert await log_in(client, "grace@example.com", PASSWORD)

    async def test_an_address_of_100_characters_is_good(self, client: httpx.AsyncClient) -> None:
        assert len(MAX_LENGTH_ADDRESS) == 100

        account = await register(client, f"  {MAX_LENGTH_ADDRESS}  ")

        assert account["email"] == MAX_LENGTH_ADDRESS

    @pytest.mark.parametrize(
        "email",
        [
            f"a{MAX_LENGTH_ADDRESS}",
            "",
            " ",
            "grace",
            "grace@",
            "@example.com",
            "grace@example",
            "grace@exam ple.com",
            "grace@@example.com",
            "grace@example..com",
            "Grace <grace@example.com>",
            "grace@example.com, ada@example.com",
            "grace\n@example.com",
            "grace@example.com\nBcc: ada@example.com",
            "grace@[127.0.0.1]",
            "x" * 100_000,
        ],
        ids=lambda email: email[:20],
    )
    async def test_what_is_no_address_is_refused(self, client: httpx.AsyncClient, email: str) -> None:
        response = await client.post("/auth/register", json={"email": email, "password": PASSWORD})

        assert_problem(response, 422, "invalid", pointer="/email")

    @pytest.mark.parametrize("password", ["8 chars!", "äöüßÄÖÜé", "😀" * 256, "8 blanks" + " " * 8, "x" * 256])
    async def test_a_password_of_8_to_256_characters_is_good(self, client: httpx.AsyncClient, password: str) -> None:
        await register(client, "grace@example.com", password)

        assert await log_in(client, "grace@example.com", password)

    @pytest.mark.parametrize("password", ["", "1234567", "äöüßÄÖÜ", "x" * 257, "e\u0301" * 7, "x" * 100_000])
    async def test_a_password_of_another_length_is_refused(self, client: httpx.AsyncClient, password: str) -> None:
        response = await client.post("/auth/register", json={"email": "grace@example.com", "password": password})

        assert_problem(response, 422, "invalid", pointer="/password")

    @pytest.mark.parametrize(
        "password", ["12345678", "Password1", "QWERTYUIOP", "todo-api", "grace.hopper", "Grace.Hopper@Example.com"]
    )
    async def test_a_password_that_is_guessed_first_is_refused(self, client: httpx.AsyncClient, password: str) -> None:
        response = await client.post("/auth/register", json={"email": "Grace.Hopper@example.com", "password": password})

        assert_problem(response, 422, "guessable_password", pointer="/password")
        await register(client, "grace.hopper@example.com")


class MeApi:
    """``/me``."""

    async def test_one_reads_ones_own_account(self, authed_client: httpx.AsyncClient, user: Account) -> None:
        response = await authed_client.get("/me")

        assert response.status_code == 200
        assert response.headers["etag"] == '"1"'
        assert (response.json()["id"], response.json()["email"]) == (user.id, user.email)
        assert "hash" not in response.text

    @pytest.mark.parametrize(
        ("patch", "changed"),
        [
            ({"display_name": "  Ada Lovelace "}, {"display_name": "Ada Lovelace"}),
            ({"display_name": "ü" * 100}, {"display_name": "ü" * 100}),
            ({"time_zone": "Europe/London"}, {"time_zone": "Europe/London"}),
        ],
        ids=["display_name", "longest", "time_zone"],
    )
    async def test_a_patch_changes_what_it_names(
        self, authed_client: httpx.AsyncClient, patch: dict[str, Any], changed: dict[str, Any]
    ) -> None:
        before = (await authed_client.get("/me")).json()

        response = await authed_client.patch("/me", json=patch)

        assert response.status_code == 200
        assert response.json() == before | changed | {"updated_at": "2026-11-23T12:00:00Z", "version": 2}
        assert response.headers["etag"] == '"2"'
        assert (await authed_client.get("/me")).json() == response.json()

    async def test_null_clears_the_name(self, authed_client: httpx.AsyncClient) -> None:
        await authed_client.patch("/me", json={"display_name": "Ada"})

        response = await authed_client.patch("/me", json={"display_name": None})

        assert response.json()["display_name"] is None

    async def test_a_patch_that_changes_nothing_makes_no_version(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.patch("/me", json={"time_zone": "UTC"})

        assert response.json()["version"] == 1

    @pytest.mark.parametrize(
        ("patch", "pointer"),
        [
            ({"display_name": ""}, "/display_name"),
            ({"display_name": "  "}, "/display_name"),
            ({"display_name": "x" * 101}, "/display_name"),
            ({"time_zone": None}, "/time_zone"),
            ({"time_zone": ""}, "/time_zone"),
            ({"time_zone": "Mars/Olympus"}, "/time_zone"),
            ({"time_zone": "../../etc/passwd"}, "/time_zone"),
            ({"email": "other@example.com"}, "/password"),
            ({"password": "another password"}, "/password"),
            ({"id": 1}, "/id"),
            ({"version": 1}, "/version"),
        ],
        ids=str,
    )
    async def test_a_patch_that_breaks_a_rule_changes_nothing(
        self, authed_client: httpx.AsyncClient, patch: dict[str, Any], pointer: str
    ) -> None:
        before = (await authed_client.get("/me")).json()

        response = await authed_client.patch("/me", json={"display_name": "Ada"} | patch)

        assert_problem(response, 422, "invalid", pointer=pointer)
        assert (await authed_client.get("/me")).json() == before

    async def test_a_stale_etag_changes_nothing(self, authed_client: httpx.AsyncClient) -> None:
        first = await authed_client.patch("/me", json={"display_name": "Ada"}, headers={"If-Match": '"1"'})

        late = await authed_client.patch("/me", json={"display_name": "Augusta"}, headers={"If-Match": '"1"'})

        assert first.status_code == 200
        assert_problem(late, 412, "version_mismatch")
        assert (await authed_client.get("/me")).json()["display_name"] == "Ada"
