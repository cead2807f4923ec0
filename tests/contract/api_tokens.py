"""What every ``ApiTokenRepository`` does."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.accounts.model import Account
from domain.authentication.principal import TokenScope
from domain.errors import NotFound, Unauthenticated
from domain.store import Store
from tests.builders import an_api_token
from tests.clock import NOON


class ApiTokensContract:
    async def test_values_come_back_exactly(self, store: Store, user: Account) -> None:
        created_at = datetime(2026, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
        token = an_api_token(
            "Sicherung 💾", scopes=tuple(TokenScope), created_at=created_at, expires_at=created_at + timedelta(days=1)
        )

        stored = await store.api_tokens.add(token, owner_id=user.id, digest="d")

        assert stored == replace(token, id=stored.id)
        assert await store.api_tokens.by_digest("d") == (user.id, stored)
        assert await store.api_tokens.list_all(owner_id=user.id) == [stored]

    async def test_scopes_and_instants_come_back_as_what_they_are(self, store: Store, user: Account) -> None:
        await store.api_tokens.add(an_api_token(expires_at=NOON), owner_id=user.id, digest="d")

        (token,) = await store.api_tokens.list_all(owner_id=user.id)

        assert all(isinstance(scope, TokenScope) for scope in token.scopes)
        assert token.created_at.utcoffset() == timedelta(0)
        assert token.expires_at is not None
        assert token.expires_at.utcoffset() == timedelta(0)

    async def test_an_expired_token_is_still_found(self, store: Store, user: Account) -> None:
        expired = await store.api_tokens.add(
            an_api_token(expires_at=datetime(2000, 1, 1, tzinfo=UTC)), owner_id=user.id, digest="d"
        )

        assert await store.api_tokens.by_digest("d") == (user.id, expired)

    async def test_an_unknown_digest_is_none(self, store: Store, user: Account) -> None:
        await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")

        assert await store.api_tokens.by_digest("D") is None

    async def test_an_account_that_is_gone_gets_no_token(self, store: Store, user: Account) -> None:
        await store.accounts.remove(user.id)

        with pytest.raises(Unauthenticated):
            await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")

        assert await store.api_tokens.by_digest("d") is None

    async def test_tokens_are_counted_by_their_owner_and_expired_ones_too(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        for digest in "abc":
            await store.api_tokens.add(an_api_token(expires_at=NOON), owner_id=user.id, digest=digest)
        await store.api_tokens.add(an_api_token(), owner_id=stranger.id, digest="theirs")

        assert await store.api_tokens.count(owner_id=user.id) == 3

    async def test_the_tokens_of_an_account_that_is_gone_are_not_counted(self, store: Store, user: Account) -> None:
        await store.accounts.remove(user.id)

        with pytest.raises(Unauthenticated):
            await store.api_tokens.count(owner_id=user.id)

    async def test_the_newest_token_is_listed_first(self, store: Store, user: Account) -> None:
        tokens = [await store.api_tokens.add(an_api_token(name), owner_id=user.id, digest=name) for name in "bac"]

        assert await store.api_tokens.list_all(owner_id=user.id) == tokens[::-1]

    async def test_it_is_noted_when_a_token_was_last_used(self, store: Store, user: Account) -> None:
        token = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="used")
        other = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="other")
        used_at = NOON + timedelta(microseconds=1)

        await store.api_tokens.touch(token.id, owner_id=user.id, at=used_at)

        assert await store.api_tokens.by_digest("used") == (user.id, replace(token, last_used_at=used_at))
        assert await store.api_tokens.by_digest("other") == (user.id, other)

    async def test_using_a_token_that_was_revoked_meanwhile_is_no_error(self, store: Store, user: Account) -> None:
        token = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
        await store.api_tokens.remove(token.id, owner_id=user.id)

        await store.api_tokens.touch(token.id, owner_id=user.id, at=NOON)

        assert await store.api_tokens.by_digest("d") is None

    async def test_owners_do_not_meet_each_others_tokens(self, store: Store, user: Account, stranger: Account) -> None:
        token = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")

        with pytest.raises(NotFound):
            await store.api_tokens.remove(token.id, owner_id=stranger.id)
        await store.api_tokens.touch(token.id, owner_id=stranger.id, at=NOON)

        assert await store.api_tokens.list_all(owner_id=stranger.id) == []
        assert await store.api_tokens.by_digest("d") == (user.id, token)

    async def test_a_revoked_token_is_gone(self, store: Store, user: Account) -> None:
        token = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
        other = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="other")

        await store.api_tokens.remove(token.id, owner_id=user.id)

        assert await store.api_tokens.by_digest("d") is None
        assert await store.api_tokens.list_all(owner_id=user.id) == [other]
        with pytest.raises(NotFound):
            await store.api_tokens.remove(token.id, owner_id=user.id)

    async def test_the_id_of_a_revoked_token_is_never_used_again(self, store: Store, user: Account) -> None:
        first = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
        await store.api_tokens.remove(first.id, owner_id=user.id)

        second = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")

        assert second.id > first.id

    async def test_every_token_of_an_owner_can_be_revoked(self, store: Store, user: Account, stranger: Account) -> None:
        for digest in "abc":
            await store.api_tokens.add(an_api_token(), owner_id=user.id, digest=digest)
        theirs = await store.api_tokens.add(an_api_token(), owner_id=stranger.id, digest="theirs")

        assert await store.api_tokens.remove_all(owner_id=user.id) == 3
        assert await store.api_tokens.remove_all(owner_id=user.id) == 0

        assert await store.api_tokens.by_digest("a") is None
        assert await store.api_tokens.list_all(owner_id=stranger.id) == [theirs]

    async def test_the_tokens_of_everybody_can_be_revoked_so_many_at_a_time(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        for digest, owner in zip("abc", (user, user, stranger), strict=True):
            await store.api_tokens.add(an_api_token(), owner_id=owner.id, digest=digest)

        assert [await store.api_tokens.remove_of_everybody(limit=2) for _ in range(3)] == [2, 1, 0]

        for account in (user, stranger):
            assert await store.api_tokens.list_all(owner_id=account.id) == []
