"""Something that answers in the place of Redis, and what it says is no answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.exceptions import RedisError

from adapters.rate_limits.failover import FailoverRateLimiter
from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.redis import RedisRateLimiter
from adapters.redis.client import open_redis
from adapters.redis.revocations import shared_principal_cache
from domain.rate_limits.model import Quota

TWO = Quota(name="two", amount=2, window=60)
HITS = [(TWO, "ada"), (TWO, "grace")]

NONSENSE = [
    b"+OK\r\n",
    b"+abc\r\n",
    b"$-1\r\n",
    b"$3\r\nabc\r\n",
    b":0\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"*1\r\n:1\r\n",
    b"*5\r\n:0\r\n:1\r\n$-1\r\n:1\r\n:1\r\n",
    b"*5\r\n$1\r\na\r\n:1\r\n:1\r\n:1\r\n:1\r\n",
    b"*5\r\n*0\r\n:1\r\n:1\r\n:1\r\n:1\r\n",
    b"*2\r\n:0\r\n:1\r\n",
    b"%1\r\n+a\r\n+b\r\n",
    b"~1\r\n+a\r\n",
    b"#t\r\n",
    b",1.5\r\n",
    b"_\r\n",
    b">3\r\n+message\r\n+x\r\n:5\r\n",
    b"*1\r\n" * 5_000,
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"-LOADING Redis is loading\r\n",
    bytes(range(256)),
]


@asynccontextmanager
async def saying(nonsense: bytes) -> AsyncGenerator[str]:
    """Yield the URL of a server that says the same to whatever it is asked."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while asked := await reader.read(65_536):
                writer.write(nonsense * max(1, asked.count(b"\r\n*")))
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.close()


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_requests_are_counted_here(nonsense: bytes) -> None:
    async with saying(nonsense) as url, open_redis(url) as client:
        limiter = FailoverRateLimiter(shared=RedisRateLimiter(client), local=MemoryRateLimiter())

        answers = [await limiter.hit(HITS) for _ in range(4)]

        assert [ada.is_allowed for ada, _ in answers] == [True, True, False, False]
        assert len(await limiter.notices()) == 1
        await limiter.remember("ada at home", seconds=60)
        assert await limiter.knows("ada at home")
        await limiter.forget(TWO, "ada")


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_every_question_is_an_error_or_has_an_answer(nonsense: bytes) -> None:
    async with saying(nonsense) as url, open_redis(url) as client:
        limiter = RedisRateLimiter(client)

        for question in (
            limiter.hit(HITS),
            limiter.knows("ada"),
            limiter.remember("ada", seconds=1),
            limiter.forget(TWO, "ada"),
        ):
            try:
                async with asyncio.timeout(0.25):
                    answer = await question
            except (RedisError, OSError):
                continue
            assert answer in {None, True, False}  # what is said happens to be an answer to this


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_listening_goes_on(nonsense: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.redis.revocations._RECONNECT_DELAY", 0.01)
    async with saying(nonsense) as url, open_redis(url) as client:
        others = asyncio.all_tasks()
        async with shared_principal_cache(client) as principal_cache:
            tasks = asyncio.all_tasks() - others
            assert len(tasks) == 2
            for account_id in range(3):
                await principal_cache.invalidate(account_id)

            await asyncio.sleep(0.1)

            assert not any(task.done() for task in tasks)
