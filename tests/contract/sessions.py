"""What every ``SessionRepository`` does."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts.model import Account
from domain.errors import NotFound, Unauthenticated
from domain.sessions.model import Family, Session
from domain.store import Store
from tests.builders import a_new_session
from tests.clock import NOON

LATER = NOON + timedelta(hours=1)
A_MICROSECOND = timedelta(microseconds=1)


class SessionsContract:
    async def test_it_starts_only_while_the_password_is_the_one_that_was_verified(
        self, store: Store, user: Account
    ) -> None:
        verified = (await store.accounts.credentials(user.id)).password_hash

        session = await store.sessions.add(a_new_session("f"), owner_id=user.id, password_hash=verified)
        await store.accounts.replace_password(user.id, "another", replacing=verified)
        with pytest.raises(Unauthenticated):
            await store.sessions.add(a_new_session("g"), owner_id=user.id, password_hash=verified)

        assert [found.id for found in await store.sessions.list_all(owner_id=user.id, at=NOON)] == [session.id]

    async def test_values_come_back_exactly(self, store: Store, user: Account) -> None:
        created_at = datetime(2026, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
        expires_at = created_at + timedelta(days=30, microseconds=1)
        new = a_new_session(
            "f", token="t", user_agent="Fire🦊 (Linux; ü)", created_at=created_at, expires_at=expires_at
        )

        session = await store.sessions.add(new, owner_id=user.id)

        assert session == Session(
            id=session.id,
            user_agent="Fire🦊 (Linux; ü)",
            created_at=created_at,
            last_used_at=created_at,
            expires_at=expires_at,
        )
        assert await store.sessions.list_all(owner_id=user.id, at=created_at) == [session]
        assert await store.sessions.family("f") == Family(
            session_id=session.id,
            account_id=user.id,
            token_digest="t",
            previous_digest=None,
            created_at=created_at,
            rotated_at=created_at,
            expires_at=expires_at,
        )

    async def test_instants_come_back_in_utc(self, store: Store, user: Account) -> None:
        await store.sessions.add(a_new_session(), owner_id=user.id)

        (session,) = await store.sessions.list_all(owner_id=user.id, at=NOON)

        assert session.created_at.utcoffset() == timedelta(0)
        assert session.expires_at.utcoffset() == timedelta(0)

    async def test_an_account_that_is_gone_gets_no_session(self, store: Store, user: Account) -> None:
        await store.accounts.remove(user.id)

        with pytest.raises(Unauthenticated):
            await store.sessions.add(a_new_session("f"), owner_id=user.id)

        assert await store.sessions.family("f") is None

    async def test_an_unknown_family_is_none(self, store: Store, user: Account) -> None:
        await store.sessions.add(a_new_session("f"), owner_id=user.id)

        assert await store.sessions.family("F") is None

    async def test_a_rotation_replaces_the_current_token_and_prolongs_the_session(
        self, store: Store, user: Account
    ) -> None:
        session = await store.sessions.add(a_new_session("f", token="t0"), owner_id=user.id)
        expires_at = LATER + timedelta(days=30, microseconds=1)

        rotated = await store.sessions.rotate(
            session.id, owner_id=user.id, digest="t1", replacing="t0", at=LATER, expires_at=expires_at
        )

        assert rotated
        assert await store.sessions.family("f") == Family(
            session_id=session.id,
            account_id=user.id,
            token_digest="t1",
            previous_digest="t0",
            created_at=NOON,
            rotated_at=LATER,
            expires_at=expires_at,
        )
        (listed,) = await store.sessions.list_all(owner_id=user.id, at=LATER)
        assert (listed.created_at, listed.last_used_at, listed.expires_at) == (NOON, LATER, expires_at)

    @pytest.mark.parametrize("replacing", ["t0", "t2", "unknown"])
    async def test_only_the_current_token_can_be_rotated(self, store: Store, user: Account, replacing: str) -> None:
        session = await store.sessions.add(a_new_session("f", token="t0"), owner_id=user.id)
        await store.sessions.rotate(
            session.id, owner_id=user.id, digest="t1", replacing="t0", at=NOON, expires_at=session.expires_at
        )
        before = await store.sessions.family("f")

        rotated = await store.sessions.rotate(
            session.id, owner_id=user.id, digest="t2", replacing=replacing, at=LATER, expires_at=LATER
        )

        assert not rotated
        assert await store.sessions.family("f") == before

    async def test_a_session_that_is_gone_cannot_be_rotated(self, store: Store, user: Account) -> None:
        session = await store.sessions.add(a_new_session("f", token="t0"), owner_id=user.id)
        await store.sessions.remove(session.id, owner_id=user.id)

        rotated = await store.sessions.rotate(
            session.id, owner_id=user.id, digest="t1", replacing="t0", at=NOON, expires_at=LATER
        )

        assert not rotated
        assert await store.sessions.family("f") is None

    async def test_a_session_is_live_until_the_moment_it_expires(self, store: Store, user: Account) -> None:
        session = await store.sessions.add(a_new_session(expires_at=LATER), owner_id=user.id)

        assert await store.sessions.is_live(
            session.id, owner_id=user.id, started_at=session.created_at, at=LATER - A_MICROSECOND
        )
        assert not await store.sessions.is_live(session.id, owner_id=user.id, started_at=session.created_at, at=LATER)

    async def test_another_session_that_got_its_id_is_not_the_same(self, store: Store, user: Account) -> None:
        session = await store.sessions.add(a_new_session(created_at=NOON), owner_id=user.id)

        assert not await store.sessions.is_live(session.id, owner_id=user.id, started_at=NOON - A_MICROSECOND, at=NOON)

    async def test_a_removed_session_is_not_live(self, store: Store, user: Account) -> None:
        session = await store.sessions.add(a_new_session(), owner_id=user.id)

        await store.sessions.remove(session.id, owner_id=user.id)

        assert not await store.sessions.is_live(session.id, owner_id=user.id, started_at=session.created_at, at=NOON)

    async def test_the_most_recently_used_session_is_listed_first(self, store: Store, user: Account) -> None:
        first, second, third = [
            (await store.sessions.add(a_new_session(family, token="t"), owner_id=user.id)).id for family in "abc"
        ]
        await store.sessions.rotate(
            first, owner_id=user.id, digest="t1", replacing="t", at=LATER, expires_at=LATER + A_MICROSECOND
        )

        listed = await store.sessions.list_all(owner_id=user.id, at=LATER)

        assert [session.id for session in listed] == [first, third, second]

    async def test_expired_sessions_are_not_listed(self, store: Store, user: Account) -> None:
        await store.sessions.add(a_new_session("expired", expires_at=LATER), owner_id=user.id)
        live = await store.sessions.add(a_new_session("live", expires_at=LATER + A_MICROSECOND), owner_id=user.id)

        assert await store.sessions.list_all(owner_id=user.id, at=LATER) == [live]

    async def test_owners_do_not_meet_each_others_sessions(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        session = await store.sessions.add(a_new_session("f", token="t0", expires_at=LATER), owner_id=user.id)
        family = await store.sessions.family("f")

        with pytest.raises(NotFound):
            await store.sessions.remove(session.id, owner_id=stranger.id)
        await store.sessions.remove_all(owner_id=stranger.id)
        assert not await store.sessions.trim(owner_id=stranger.id, at=LATER, limit=0, newest=session.id)
        rotated = await store.sessions.rotate(
            session.id, owner_id=stranger.id, digest="t1", replacing="t0", at=NOON, expires_at=LATER
        )

        assert not rotated
        assert not await store.sessions.is_live(
            session.id, owner_id=stranger.id, started_at=session.created_at, at=NOON
        )
        assert await store.sessions.list_all(owner_id=stranger.id, at=NOON) == []
        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == [session]
        assert await store.sessions.family("f") == family

    async def test_removing_what_is_not_there_is_not_found(self, store: Store, user: Account) -> None:
        session = await store.sessions.add(a_new_session(), owner_id=user.id)
        await store.sessions.remove(session.id, owner_id=user.id)

        with pytest.raises(NotFound):
            await store.sessions.remove(session.id, owner_id=user.id)

    async def test_every_session_but_one_can_be_ended(self, store: Store, user: Account) -> None:
        sessions = [await store.sessions.add(a_new_session(family), owner_id=user.id) for family in "abc"]

        assert await store.sessions.remove_all(owner_id=user.id, except_id=sessions[1].id) == 2

        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == [sessions[1]]

    async def test_every_session_can_be_ended(self, store: Store, user: Account) -> None:
        for family in "abc":
            await store.sessions.add(a_new_session(family), owner_id=user.id)

        assert await store.sessions.remove_all(owner_id=user.id) == 3
        assert await store.sessions.remove_all(owner_id=user.id) == 0

        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == []

    async def test_the_sessions_of_everybody_can_be_ended_so_many_at_a_time(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        for family in "abc":
            await store.sessions.add(a_new_session(family), owner_id=user.id)
        for family in "de":
            await store.sessions.add(a_new_session(family), owner_id=stranger.id)

        assert [await store.sessions.remove_of_everybody(limit=2) for _ in range(4)] == [2, 2, 1, 0]

        for account in (user, stranger):
            assert await store.sessions.list_all(owner_id=account.id, at=NOON) == []

    async def test_expired_sessions_are_trimmed(self, store: Store, user: Account) -> None:
        await store.sessions.add(a_new_session("expired", expires_at=LATER), owner_id=user.id)
        live = await store.sessions.add(a_new_session("live", expires_at=LATER + A_MICROSECOND), owner_id=user.id)

        assert await store.sessions.trim(owner_id=user.id, at=LATER, limit=1, newest=live.id)
        assert not await store.sessions.trim(owner_id=user.id, at=LATER, limit=1, newest=live.id)

        assert await store.sessions.family("expired") is None
        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == [live]

    async def test_the_newest_session_stays_whatever_other_clocks_say(self, store: Store, user: Account) -> None:
        for family in "abc":
            await store.sessions.add(a_new_session(family, created_at=LATER), owner_id=user.id)
        newest = await store.sessions.add(a_new_session("newest", created_at=NOON), owner_id=user.id)

        await store.sessions.trim(owner_id=user.id, at=NOON, limit=2, newest=newest.id)

        kept = await store.sessions.list_all(owner_id=user.id, at=NOON)
        assert len(kept) == 2
        assert newest in kept

    @pytest.mark.parametrize(("limit", "kept"), [(4, "acb"), (3, "acb"), (2, "ac"), (1, "a"), (0, "")])
    async def test_the_sessions_least_recently_used_are_trimmed(
        self, store: Store, user: Account, stranger: Account, limit: int, kept: str
    ) -> None:
        ids = {
            family: (await store.sessions.add(a_new_session(family, token="t"), owner_id=user.id)).id
            for family in "abc"
        }
        theirs = await store.sessions.add(a_new_session("theirs"), owner_id=stranger.id)
        await store.sessions.rotate(
            ids["a"], owner_id=user.id, digest="t1", replacing="t", at=LATER, expires_at=LATER + A_MICROSECOND
        )

        removed = await store.sessions.trim(owner_id=user.id, at=LATER, limit=limit, newest=ids["a"])

        listed = await store.sessions.list_all(owner_id=user.id, at=LATER)
        assert [session.id for session in listed] == [ids[family] for family in kept]
        assert removed is (len(kept) < 3)
        assert await store.sessions.list_all(owner_id=stranger.id, at=LATER) == [theirs]

    async def test_the_id_of_a_removed_session_is_never_used_again(self, store: Store, user: Account) -> None:
        first = await store.sessions.add(a_new_session(), owner_id=user.id)
        await store.sessions.remove(first.id, owner_id=user.id)

        second = await store.sessions.add(a_new_session(), owner_id=user.id)

        assert second.id > first.id
