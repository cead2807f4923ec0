"""All repositories of one database."""

from collections.abc import Awaitable, Callable

from adapters.sqlalchemy.accounts import SqlAlchemyAccounts
from adapters.sqlalchemy.api_tokens import SqlAlchemyApiTokens
from adapters.sqlalchemy.database import Connection, Database
from adapters.sqlalchemy.posts import SqlAlchemyPosts
from adapters.sqlalchemy.sessions import SqlAlchemySessions
from adapters.sqlalchemy.todos import SqlAlchemyTodos
from adapters.sqlalchemy.usage import SqlAlchemyUsage
from domain.store import Repositories, Result, Store


class SqlAlchemyRepositories(Repositories):
    """The repositories on one connection, or on a database."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            accounts=SqlAlchemyAccounts(connection),
            sessions=SqlAlchemySessions(connection),
            api_tokens=SqlAlchemyApiTokens(connection),
            todos=SqlAlchemyTodos(connection),
            posts=SqlAlchemyPosts(connection),
            usage=SqlAlchemyUsage(connection),
        )


class SqlAlchemyStore(SqlAlchemyRepositories, Store):
    """Implements ``domain.store.Store``."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database

    async def transaction(self, work: Callable[[Repositories], Awaitable[Result]], /) -> Result:
        """See the port."""
        return await self._database.transaction(lambda connection: work(SqlAlchemyRepositories(connection)))
