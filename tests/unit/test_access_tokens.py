"""Access tokens as JSON Web Tokens; what attackers try is in ``test_token_forgery``."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.security.access_tokens import JwtAccessTokens
from domain.authentication.ports import AccessClaims
from domain.errors import Unauthenticated
from tests.clock import NOON
from tests.harness import SECRET

TOKENS = JwtAccessTokens(SECRET)
STARTED = NOON - timedelta(days=3, microseconds=1)
CLAIMS = AccessClaims(
    account_id=7, session_id=11, started_at=STARTED, issued_at=NOON, expires_at=NOON + timedelta(minutes=15)
)
PAYLOAD: dict[str, Any] = {
    "iss": "todo-api",
    "aud": "todo-api",
    "sub": "7",
    "sid": 11,
    "sst": int(NOON.timestamp() - 3 * 86_400) * 1_000_000 - 1,
    "jti": "x",
    "iat": int(CLAIMS.issued_at.timestamp()),
    "exp": int(CLAIMS.expires_at.timestamp()),
}


def signed(payload: object, *, key: str = SECRET) -> str:
    """Return a token with any payload, as somebody with the key could make it."""
    header = _base64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    unsigned = f"{header}.{_base64(json.dumps(payload).encode())}"
    return f"{unsigned}.{_base64(hmac.digest(key.encode(), unsigned.encode(), 'sha256'))}"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_what_is_issued_is_read() -> None:
    assert TOKENS.read(TOKENS.issue(CLAIMS)) == CLAIMS


def test_what_others_sign_with_the_same_key_is_read() -> None:
    assert TOKENS.read(signed(PAYLOAD)) == CLAIMS


def test_a_token_says_who_issued_it_and_for_whom() -> None:
    payload = json.loads(urlsafe_b64decode(TOKENS.issue(CLAIMS).split(".")[1] + "=="))

    assert payload == PAYLOAD | {"jti": payload["jti"]}


def test_no_two_tokens_are_the_same() -> None:
    assert TOKENS.issue(CLAIMS) != TOKENS.issue(CLAIMS)


@pytest.mark.parametrize("year", [1970, 2000, 9999])
def test_the_clock_is_the_callers_so_that_a_token_of_any_year_is_read(year: int) -> None:
    moment = datetime(year, 12, 31, tzinfo=UTC)
    claims = AccessClaims(account_id=7, session_id=11, started_at=moment, issued_at=moment, expires_at=moment)

    assert TOKENS.read(TOKENS.issue(claims)) == claims


def test_another_key_is_not_believed() -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.read(signed(PAYLOAD, key=SECRET + "!"))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "sst", "jti", "iat", "exp"])
def test_every_claim_is_needed(claim: str) -> None:
    payload = {name: value for name, value in PAYLOAD.items() if name != claim}

    with pytest.raises(Unauthenticated):
        TOKENS.read(signed(payload))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "somebody else"), ("iss", None), ("iss", ["todo-api"]),
        ("aud", "another service"), ("aud", []), ("aud", 1),
        ("sub", "ada"), ("sub", 7), ("sub", None), ("sub", ""), ("sub", "7.0"), ("sub", "9" * 5000),
        ("sid", "x"), ("sid", None), ("sid", [1]), ("sid", float("nan")), ("sid", float("inf")),
        ("iat", "yesterday"), ("iat", None), ("iat", 10**30), ("iat", float("nan")), ("iat", -(10**18)),
        ("exp", "tomorrow"), ("exp", None), ("exp", 10**12), ("exp", 10**30), ("exp", 1e300),
        ("exp", float("inf")), ("exp", -(10**30)), ("exp", {}),
        ("jti", 1),
    ],
)  # fmt: skip
def test_a_claim_of_another_form_is_refused(claim: str, value: object) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.read(signed(PAYLOAD | {claim: value}))


@pytest.mark.parametrize("payload", [None, [], "text", 1, {}])
def test_a_payload_that_is_no_set_of_claims_is_refused(payload: object) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.read(signed(payload))


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_is_anything_but_unauthenticated(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}", f"{TOKENS.issue(CLAIMS)}{text}x"):
        with pytest.raises(Unauthenticated):
            TOKENS.read(token)


def test_a_library_reads_what_is_issued() -> None:
    read = jwt.decode(  # pyright: ignore[reportUnknownMemberType] - of keys we do not use
        TOKENS.issue(CLAIMS),
        SECRET,
        algorithms=["HS256"],
        audience="todo-api",
        issuer="todo-api",
        options={"verify_exp": False, "verify_iat": False},
    )

    assert read["sub"] == "7"
