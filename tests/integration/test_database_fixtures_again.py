"""Another module: it begins where ``test_database_fixtures`` began, whichever of the two runs first."""

import asyncpg
import pytest

from domain.accounts.model import Account
from domain.store import Store


async def test_another_module_has_an_authenticated_user_of_its_own(
    postgresql_store: Store, authenticated_user: Account
) -> None:
    assert await postgresql_store.accounts.get(authenticated_user.id) == authenticated_user


async def test_nothing_is_left_of_the_classes_of_another_module(postgresql_store: Store) -> None:
    assert await postgresql_store.accounts.credentials_by_email("class@example.com") is None


async def test_a_test_that_asks_for_no_database_is_told_what_to_ask_for() -> None:
    with pytest.raises(pytest.fail.Exception, match="`committed_database` for one with real commits"):
        await asyncpg.connect("postgresql://127.0.0.1:1/nowhere")
