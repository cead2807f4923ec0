"""Random secrets and what is stored in their place."""

import re
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from adapters.security.secrets import HmacSecrets
from tests.harness import SECRET

SECRETS = HmacSecrets(SECRET)


def test_a_new_secret_has_256_bits_and_is_safe_in_a_url() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", SECRETS.new())


def test_no_two_secrets_are_the_same() -> None:
    assert len({SECRETS.new() for _ in range(100)}) == 100


def test_the_successor_is_always_the_same_and_safe_in_a_url() -> None:
    successor = SECRETS.successor("secret")

    assert successor == HmacSecrets(SECRET).successor("secret")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", successor)


def test_nobody_without_the_key_can_tell_the_successor() -> None:
    assert SECRETS.successor("secret") != HmacSecrets(SECRET + "!").successor("secret")


def test_successors_form_a_chain_that_does_not_come_back() -> None:
    chain = ["secret"]

    for _ in range(50):
        chain.append(SECRETS.successor(chain[-1]))

    assert len(set(chain)) == 51


def test_a_digest_is_sha_256_whatever_the_key_so_that_a_new_key_loses_no_session() -> None:
    assert SECRETS.digest("secret") == sha256(b"secret").hexdigest() == HmacSecrets("another key").digest("secret")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_a_digest(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", SECRETS.digest(text))


@given(st.text(st.characters(exclude_categories=())))
def test_a_pseudonym_is_the_same_every_time_and_nobody_without_the_key_can_tell_it(text: str) -> None:
    pseudonym = SECRETS.pseudonym(text)

    assert re.fullmatch(r"[0-9a-f]{64}", pseudonym)
    assert pseudonym == HmacSecrets(SECRET).pseudonym(text)
    assert pseudonym not in {HmacSecrets(SECRET + "!").pseudonym(text), SECRETS.digest(text)}
