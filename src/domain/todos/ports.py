"""What to-dos need of a store."""

from typing import Protocol

from domain.todos.model import TagCount, Todo
from domain.todos.query import TodoFilter, TodoQuery


class TodoRepository(Protocol):
    """The to-dos of every account; each method sees those of one owner only."""

    async def add(self, todo: Todo, *, owner_id: int) -> Todo:
        """Store a new to-do and return it with its id.

        :raises Unauthenticated: if the owner's account is gone.
        """
        ...

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """Return one to-do.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        ...

    async def save(self, todo: Todo, *, owner_id: int, replacing: int) -> None:
        """Store ``todo`` over the version ``replacing``, in one step.

        :raises NotFound: if there is none, or it is somebody else's.
        :raises StaleVersion: if the stored version is another one; nothing is changed then.
        """
        ...

    async def remove(self, todo_id: int, *, owner_id: int, version: int | None = None) -> None:
        """Remove one to-do, if ``version`` is given only that version of it.

        :raises NotFound: if there is none, or it is somebody else's.
        :raises StaleVersion: if the stored version is another one; nothing is removed then.
        """
        ...

    async def find(self, query: TodoQuery, *, owner_id: int) -> list[Todo]:
        """Return the to-dos of one page, in order."""
        ...

    async def count(self, where: TodoFilter, *, owner_id: int) -> int:
        """Return how many to-dos fulfil the conditions."""
        ...

    async def tags(self, *, owner_id: int) -> list[TagCount]:
        """Return every tag in use with its count, in the order of their case-folded forms."""
        ...
