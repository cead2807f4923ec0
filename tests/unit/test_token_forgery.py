"""Forged access tokens: what attackers of JSON Web Tokens try (RFC 8725), beyond what is simply wrong.

Some of them are signed with the right key: nobody outside can do that, and what is not as it is issued here is
refused all the same.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.security.access_tokens import JwtAccessTokens
from adapters.security.secrets import HmacSecrets
from domain.accounts.model import Account
from domain.api_tokens.model import NewApiToken
from domain.authentication.ports import AccessClaims
from domain.authentication.principal import TokenScope
from domain.errors import InvalidRefreshToken, Unauthenticated
from entrypoints.services import Services
from tests.clock import NOON
from tests.harness import PASSWORD, SECRET

TOKENS = JwtAccessTokens(SECRET)
HEADER = {"alg": "HS256", "typ": "JWT"}
CLAIMS: dict[str, Any] = {
    "iss": "todo-api",
    "aud": "todo-api",
    "sub": "7",
    "sid": 11,
    "sst": 1_700_000_000_000_000,
    "jti": "x",
    "iat": int(NOON.timestamp()),
    "exp": int((NOON + timedelta(minutes=15)).timestamp()),
}
RSA_PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoWZpi7C7/vmwFqZWa/KZ
Knfk2iFaaTog23WMziXoBabPiHc1so6KFvNlE5mAKNTkBR+0SnXvwip5tG/1KyFP
wUYjX29NS+6uVoLBKK/CwQCwAkE9P3WKLOl7jfdZHgWaA7nl94welpLa29CAMedC
f/q3vejLTpg/bycfeI7xME2j/T1itVwrY/gdn6XnWxGtaaezkE2Ilh2Fro+v7ld8
KntuVNqanGN09DZShZcK3PR4TcbrbB2LR6XXboYAfj2tCRXMr+qgmMWDdJQLzoPc
RJ0luPEZBeGHV6vozZAZnwe9kXskoYZzmlIxvTB9iYsvLC8rEb3Bz+OxppDOh55F
2wIDAQAB
-----END PUBLIC KEY-----
"""
EC_PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjqmQh7B7vXxDiHeRgHSCj/tHWjJ6
g80/ZAVAF1EUha6HlLVFtXR48vWVPK+Lc3qCWi7jYMUYarB4aXbJyDTWsA==
-----END PUBLIC KEY-----
"""
WRONG_CLAIMS: dict[str, tuple[object, ...]] = {
    "aud": ("TODO-API", "todo-api ", ["todo-api"], ["x", "todo-api"], None, True, {}, ""),
    "iss": ("Todo-API", "todo-api/", ["todo-api"], None, True, {}, ""),
    "sub": (7, 7.0, True, ["7"], {"id": 7}, "-7", "+7", " 7", "07", "7e0", "\u0667", "7\n", "0", str(2**63), None),
    "sid": ("11", 11.0, 11.5, True, [11], -11, 0, 2**63, 10**400, None),
    "sst": ("1", 1.5, True, None, [], -(10**18), 10**18, 10**400),
    "iat": (True, 1.5, "1", [], -(10**18), 10**18, 10**400),
    "exp": (True, 1.5, "1", [], -(10**18), 10**18, 10**400),
    "jti": (1, None, True, [], {}),
    "nbf": (10**11, 10**400, "soon", []),
}
BASE64_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def encoded(content: bytes | object) -> str:
    """Return base64url (RFC 7515, section 2) of bytes, or of a value as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: bytes | object = HEADER, claims: bytes | object = CLAIMS, *, hash_name: str = "sha256") -> str:
    """Return a token with any header and claims, and a signature with the right key."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.digest(SECRET.encode(), text.encode(), hash_name))}"


GENUINE = signed()


def assert_refused(token: str) -> None:
    with pytest.raises(Unauthenticated, match="The access token is not valid"):
        TOKENS.read(token)


def test_what_these_tests_sign_is_good_as_long_as_it_is_not_changed() -> None:
    assert TOKENS.read(GENUINE) == AccessClaims(
        account_id=7,
        session_id=11,
        started_at=datetime.fromtimestamp(1_700_000_000, UTC),
        issued_at=NOON,
        expires_at=NOON + timedelta(minutes=15),
    )


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "none ", "", None, 0, False, [], ["HS256"], {}])
@pytest.mark.parametrize("signature", ["", GENUINE.rpartition(".")[2], "x" * 43])
def test_a_token_that_says_it_needs_no_signature_is_refused(algorithm: object, signature: str) -> None:
    assert_refused(f"{encoded(HEADER | {'alg': algorithm})}.{encoded(CLAIMS)}.{signature}")


@pytest.mark.parametrize("token", [f"{encoded(HEADER)}.{encoded(CLAIMS)}", f"{encoded(HEADER)}.{encoded(CLAIMS)}."])
def test_a_token_without_a_signature_is_refused(token: str) -> None:
    assert_refused(token)


@pytest.mark.parametrize(("algorithm", "hash_name"), [("HS384", "sha384"), ("HS512", "sha512"), ("HS224", "sha224")])
def test_another_size_of_hmac_is_refused_even_with_the_right_key(algorithm: str, hash_name: str) -> None:
    assert_refused(signed(HEADER | {"alg": algorithm}, hash_name=hash_name))
    assert_refused(signed(HEADER, hash_name=hash_name))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
def test_a_name_of_a_public_key_algorithm_over_an_hmac_is_refused(algorithm: str) -> None:
    assert_refused(signed(HEADER | {"alg": algorithm}))


@pytest.mark.parametrize("public_key", [RSA_PUBLIC_KEY, EC_PUBLIC_KEY], ids=["RSA", "EC"])
@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_a_public_key_is_no_secret(public_key: bytes, algorithm: str) -> None:
    text = f"{encoded(HEADER | {'alg': algorithm})}.{encoded(CLAIMS)}"

    for key in (public_key, public_key.rstrip(), public_key.replace(b"\n", b"")):
        assert_refused(f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}")


@pytest.mark.parametrize("key", [b"", b"\0", b"secret", b"null", SECRET.encode()[:32], SECRET.encode() + b"\n"])
def test_a_key_that_somebody_might_guess_is_refused(key: bytes) -> None:
    text = f"{encoded(HEADER)}.{encoded(CLAIMS)}"

    assert_refused(f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}")


@pytest.mark.parametrize(
    "extra",
    [
        {"kid": "../../../../dev/null"}, {"kid": "' UNION SELECT 'x"}, {"kid": ""},
        {"jku": "https://evil.example/keys.json"}, {"x5u": "https://evil.example/cert.pem"}, {"x5c": ["MIIB"]},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, {"crit": ["exp"]}, {"crit": []}, {"b64": False},
        {"b64": False, "crit": ["b64"]}, {"cty": "JWT"}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"typ": "at+jwt"},
        {"typ": "refresh"}, {"typ": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_that_says_anything_else_is_refused_even_with_the_right_signature(extra: dict[str, object]) -> None:
    assert_refused(signed(HEADER | extra))


@pytest.mark.parametrize("header", [None, [], "HS256", 1, {}, {"alg": "HS256"}, {"typ": "JWT"}, b"", b"{", b"\xff"])
def test_a_header_of_another_form_is_refused(header: object) -> None:
    assert_refused(signed(header))


@pytest.mark.parametrize(
    "header", [b'{"alg":"HS256","alg":"none","typ":"JWT"}', b'{"alg":"none","alg":"HS256","typ":"JWT"}']
)
@pytest.mark.parametrize("signature", ["", GENUINE.rpartition(".")[2]])
def test_an_algorithm_that_stands_twice_is_refused(header: bytes, signature: str) -> None:
    assert_refused(f"{encoded(header)}.{encoded(CLAIMS)}.{signature}")


@pytest.mark.parametrize(
    ("claim", "value"),
    [(claim, value) for claim, values in WRONG_CLAIMS.items() for value in values],
    ids=lambda value: repr(value)[:20],
)
def test_a_claim_of_another_type_or_spelling_is_refused_even_with_the_right_signature(
    claim: str, value: object
) -> None:
    assert_refused(signed(claims=CLAIMS | {claim: value}))


@pytest.mark.parametrize("letter", [letter for letter in BASE64_ALPHABET if letter != GENUINE[-1]])
def test_a_signature_has_one_spelling(letter: str) -> None:
    assert_refused(GENUINE[:-1] + letter)


@pytest.mark.parametrize(
    "token",
    [
        GENUINE + "=", GENUINE.replace(".", "=.", 1), GENUINE + "\n",
        " " + GENUINE, GENUINE + " ", GENUINE.replace(".", ". ", 1),
        GENUINE.replace(".", "..", 1), "." + GENUINE, GENUINE + ".",
        GENUINE + "!", GENUINE[:5] + "!" + GENUINE[5:], GENUINE + "\0",
        GENUINE + "A", GENUINE[:-1], GENUINE.upper(), GENUINE + GENUINE,
        "Bearer " + GENUINE, f'"{GENUINE}"', GENUINE + "\u200b",
        GENUINE[:-4] + GENUINE[-4:].replace("-", "+").replace("_", "/") + "+",
    ],
)  # fmt: skip
def test_a_token_has_one_spelling(token: str) -> None:
    assert_refused(token)


def test_the_signature_of_another_token_is_refused() -> None:
    other = signed(claims=CLAIMS | {"sub": "8"})

    assert_refused(f"{other.rpartition('.')[0]}.{GENUINE.rpartition('.')[2]}")
    assert_refused(f"{GENUINE.rpartition('.')[0]}.{other.rpartition('.')[2]}")


@pytest.mark.parametrize("length", [1_001, 100_000, 5_000_000])
def test_a_token_that_is_far_too_long_is_refused_even_with_the_right_signature(length: int) -> None:
    assert_refused(signed(claims=CLAIMS | {"jti": "x" * length}))


def test_an_encrypted_token_is_refused() -> None:
    header = encoded({"alg": "dir", "enc": "A256GCM"})

    assert_refused(f"{header}..{encoded(b'x' * 12)}.{encoded(CLAIMS)}.{encoded(b'x' * 16)}")
    assert_refused(json.dumps({"protected": encoded(HEADER), "payload": encoded(CLAIMS), "signature": "x" * 43}))


def test_claims_nested_too_deeply_are_refused() -> None:
    assert_refused(signed(claims=b"[" * 700 + b"]" * 20))


@pytest.mark.parametrize(
    ("issued", "expires"),
    [(-7200, -3600), (-900, -10), (0, -3600), (11, 911), (3600, 7200), (10**9, 10**9 + 900), (0, -(10**9))],
)
async def test_a_token_is_good_neither_before_nor_after_its_time(
    services: Services, user: Account, issued: int, expires: int
) -> None:
    pair = await services.sessions.log_in(email=user.email, password=PASSWORD)
    session_id = TOKENS.read(pair.access_token).session_id
    now = int(NOON.timestamp())
    claims = CLAIMS | {"sub": str(user.id), "sid": session_id, "sst": int(NOON.timestamp()) * 1_000_000}
    assert await services.authenticator.principal(signed(claims=claims | {"iat": now, "exp": now + 900}))

    with pytest.raises(Unauthenticated, match="has expired"):
        await services.authenticator.principal(signed(claims=claims | {"iat": now + issued, "exp": now + expires}))


async def test_no_token_does_the_work_of_another_kind(services: Services, user: Account) -> None:
    pair = await services.sessions.log_in(email=user.email, password=PASSWORD)
    principal = await services.authenticator.principal(pair.access_token)
    new = NewApiToken(name="program", scopes=[TokenScope.ACCOUNT_READ])
    api_token = (await services.api_tokens.create(new, principal=principal)).token
    digests = [HmacSecrets(SECRET).digest(token) for token in (api_token, pair.refresh_token)]

    for bearer in (pair.refresh_token, pair.refresh_token.replace("todo_refresh_", "todo_pat_"), *digests):
        with pytest.raises(Unauthenticated):
            await services.authenticator.principal(bearer)
    for refresh_token in (pair.access_token, api_token, f"todo_refresh_{api_token}.{api_token}", *digests):
        with pytest.raises(InvalidRefreshToken):
            await services.sessions.refresh(refresh_token)
    assert await services.authenticator.principal(pair.access_token) == principal
