"""Clients of OAuth 2.0 that people really use sign in, stay signed in by themselves, and sign out."""

from collections.abc import Generator
from typing import Any, cast

import httpx
import oauthlib.oauth2  # pyright: ignore[reportMissingTypeStubs] - has none
import pytest
import requests_oauthlib  # pyright: ignore[reportMissingTypeStubs] - has none
from authlib.integrations.base_client import OAuthError  # pyright: ignore[reportMissingTypeStubs] - has none
from authlib.integrations.requests_client import OAuth2Session  # pyright: ignore[reportMissingTypeStubs] - has none

from tests.harness import PASSWORD
from tests.integration.processes import TIMEOUT, Server, serving

EMAIL = "ada@example.com"
LONG_AGO = {"expires_at": 1, "expires_in": -1}

_oauthlib, _requests_oauthlib, _AuthlibClient = cast("Any", (oauthlib.oauth2, requests_oauthlib, OAuth2Session))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A service with an account."""
    with serving(tmp_path_factory.mktemp("oauth")) as server:
        account = {"email": EMAIL, "password": PASSWORD}
        httpx.post(f"{server.url}/auth/register", json=account, timeout=TIMEOUT).raise_for_status()
        yield server


@pytest.fixture
def endpoints(server: Server) -> dict[str, str]:
    """What the service says of where tokens are got and given back."""
    return httpx.get(f"{server.url}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()


@pytest.fixture
def renewed() -> list[dict[str, Any]]:
    """Tokens that a client got by itself."""
    return []


class TestRequestsOAuthlib:
    @pytest.fixture
    def session(
        self, endpoints: dict[str, str], renewed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> Generator[Any]:
        """A client that nobody has signed in."""
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # over the loopback interface
        client = _oauthlib.LegacyApplicationClient(client_id="tests")
        with _requests_oauthlib.OAuth2Session(
            client=client,
            auto_refresh_url=endpoints["token_endpoint"],
            auto_refresh_kwargs={"client_id": "tests"},
            token_updater=renewed.append,
        ) as session:
            yield session

    def test_it_signs_in_and_refreshes_by_itself(
        self, server: Server, endpoints: dict[str, str], session: Any, renewed: list[dict[str, Any]]
    ) -> None:
        token = session.fetch_token(endpoints["token_endpoint"], username=EMAIL, password=PASSWORD)
        for _ in range(2):
            session.token = {**(renewed[-1] if renewed else token), **LONG_AGO}
            assert session.get(f"{server.url}/me").json()["email"] == EMAIL

        assert len({token["refresh_token"], *(each["refresh_token"] for each in renewed)}) == 3

    def test_it_is_told_that_the_password_is_wrong(self, endpoints: dict[str, str], session: Any) -> None:
        with pytest.raises(_oauthlib.InvalidGrantError, match="The e-mail address or the password is wrong"):
            session.fetch_token(endpoints["token_endpoint"], username=EMAIL, password="wrong")

    def test_it_is_told_that_a_refresh_token_is_no_good(
        self, server: Server, endpoints: dict[str, str], session: Any
    ) -> None:
        token = session.fetch_token(endpoints["token_endpoint"], username=EMAIL, password=PASSWORD)
        session.token = {**token, **LONG_AGO, "refresh_token": "todo_refresh_a.b"}

        with pytest.raises(_oauthlib.InvalidGrantError):
            session.get(f"{server.url}/me")

    def test_it_is_told_that_there_is_no_such_grant(
        self, endpoints: dict[str, str], session: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_oauthlib.LegacyApplicationClient, "grant_type", "telepathy")

        with pytest.raises(_oauthlib.UnsupportedGrantTypeError):
            session.fetch_token(endpoints["token_endpoint"], username=EMAIL, password=PASSWORD)


class TestAuthlib:
    @pytest.fixture
    def client(self, endpoints: dict[str, str], renewed: list[dict[str, Any]]) -> Generator[Any]:
        """A client that nobody has signed in."""

        def keep(token: dict[str, Any], **_: object) -> None:
            renewed.append(token)

        with _AuthlibClient(
            "tests",
            token_endpoint=endpoints["token_endpoint"],
            token_endpoint_auth_method="none",
            update_token=keep,
        ) as client:
            yield client

    def test_it_signs_in_and_refreshes_by_itself(
        self, server: Server, client: Any, renewed: list[dict[str, Any]]
    ) -> None:
        token = client.fetch_token(username=EMAIL, password=PASSWORD)
        for _ in range(2):
            client.token = {**(renewed[-1] if renewed else token), **LONG_AGO}
            assert client.get(f"{server.url}/me").json()["email"] == EMAIL

        assert len({token["refresh_token"], *(each["refresh_token"] for each in renewed)}) == 3

    def test_it_is_told_that_the_password_is_wrong(self, client: Any) -> None:
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.fetch_token(username=EMAIL, password="wrong")

    @pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
    def test_it_signs_out(self, server: Server, endpoints: dict[str, str], client: Any, kind: str) -> None:
        token = client.fetch_token(username=EMAIL, password=PASSWORD)

        answer = client.revoke_token(endpoints["revocation_endpoint"], token=token[kind], token_type_hint=kind)

        assert (answer.status_code, answer.json()) == (200, {"revoked": True})
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        assert httpx.get(f"{server.url}/me", headers=bearer, timeout=TIMEOUT).status_code == 401
