"""All repositories of one database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from adapters.sqlalchemy.accounts import SqlAlchemyAccounts
from adapters.sqlalchemy.api_tokens import SqlAlchemyApiTokens
from adapters.sqlalchemy.database import Connection, Database
from adapters.sqlalchemy.posts import SqlAlchemyPosts
from adapters.sqlalchemy.sessions import SqlAlchemySessions
from adapters.sqlalchemy.todos import SqlAlchemyTodos
from adapters.sqlalchemy.usage import SqlAlchemyUsage


class SqlAlchemyRepositories:
    """Implements ``domain.store.Repositories``."""

    def __init__(self, connection: Connection) -> None:
        self.accounts = SqlAlchemyAccounts(connection)
        self.sessions = SqlAlchemySessions(connection)
        self.api_tokens = SqlAlchemyApiTokens(connection)
        self.todos = SqlAlchemyTodos(connection)
        self.posts = SqlAlchemyPosts(connection)
        self.usage = SqlAlchemyUsage(connection)


class SqlAlchemyStore(SqlAlchemyRepositories):
    """Implements ``domain.store.Store``."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[SqlAlchemyRepositories]:
        """See the port."""
        async with self._database.transaction() as connection:
            yield SqlAlchemyRepositories(connection)
