"""The caps of an account when many ask at once, of two instances of the service on one database."""

import asyncio

import pytest

from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.api_tokens.model import NewApiToken
from domain.api_tokens.service import MAX_API_TOKENS
from domain.authentication.principal import EVERY_SCOPE, Principal, TokenScope
from domain.errors import TooManyApiTokens
from domain.sessions.service import MAX_SESSIONS
from entrypoints.services import Services
from tests.builders import a_new_session, an_api_token
from tests.harness import PASSWORD

EMAIL = "ada@example.com"
AT_ONCE = 10


@pytest.fixture
async def owner_id(replicas: tuple[Services, Services]) -> int:
    """The id of an account whose password is ``PASSWORD``."""
    return (await replicas[0].accounts.register(email=EMAIL, password=PASSWORD)).id


async def test_sign_ins_at_once_leave_no_more_sessions_than_there_may_be(
    replicas: tuple[Services, Services], twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], owner_id: int
) -> None:
    for number in range(MAX_SESSIONS - 1):
        await twin_stores[0].sessions.add(a_new_session(f"family {number}"), owner_id=owner_id)

    pairs = await asyncio.gather(
        *(replicas[number % 2].sessions.log_in(email=EMAIL, password=PASSWORD) for number in range(AT_ONCE))
    )

    assert len(await replicas[0].sessions.list_all(owner_id=owner_id)) == MAX_SESSIONS
    for pair in pairs:
        assert await replicas[0].authenticator.principal(pair.access_token)


async def test_api_tokens_made_at_once_are_no_more_than_there_may_be(
    replicas: tuple[Services, Services], twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], owner_id: int
) -> None:
    for number in range(MAX_API_TOKENS - 3):
        await twin_stores[0].api_tokens.add(an_api_token(), owner_id=owner_id, digest=str(number))
    principal = Principal(account_id=owner_id, scopes=EVERY_SCOPE)
    new = NewApiToken(name="more", scopes=[TokenScope.TODOS_READ])

    made = await asyncio.gather(
        *(replicas[number % 2].api_tokens.create(new, principal=principal) for number in range(AT_ONCE)),
        return_exceptions=True,
    )

    refused = [one for one in made if isinstance(one, BaseException)]
    assert all(isinstance(one, TooManyApiTokens) for one in refused)
    assert len(refused) == AT_ONCE - 3
    assert len(await replicas[0].api_tokens.list_all(owner_id=owner_id)) == MAX_API_TOKENS
