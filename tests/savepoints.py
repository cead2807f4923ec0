"""A database that forgets: everything happens on one connection, inside transactions that are rolled back."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from adapters.sqlalchemy.database import Connection, Result, Row, Statement
from adapters.sqlalchemy.postgresql import PostgresConnection
from domain.concurrency.pool import PoolUsage

if TYPE_CHECKING:
    import asyncpg


class SavepointDatabase:
    """Implements ``adapters.sqlalchemy.database.Database`` on one PostgreSQL connection.

    What would be a transaction of its own is a savepoint here, so that an error of one statement does not spoil the
    transaction around all of them. Requests at once wait for each other: races need ``committed_database``.
    """

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection
        self._statements = PostgresConnection(cast("Any", connection))
        self._one_at_a_time = asyncio.Lock()

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        return await self.transaction(lambda connection: connection.fetch_one(statement, **values))

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        return await self.transaction(lambda connection: connection.fetch_all(statement, **values))

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        return await self.transaction(lambda connection: connection.execute(statement, **values))

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]], /) -> Result:
        """See ``Database``."""
        async with self._one_at_a_time, self.connection.transaction():
            return await work(self._statements)

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        return PoolUsage(limit=1, size=1, idle=int(not self._one_at_a_time.locked()), waiting=0)

    def problems(self) -> list[str]:
        """See ``Database``."""
        return []

    def notices(self) -> list[str]:
        """See ``Database``."""
        return []

    @asynccontextmanager
    async def rolled_back(self) -> AsyncGenerator["SavepointDatabase"]:
        """Undo whatever is done until the block is left."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            yield self
        finally:
            await transaction.rollback()
