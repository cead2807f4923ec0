"""What to-dos need of a store."""

from typing import Protocol

from domain.todos.model import Todo
from domain.todos.query import TagPage, TagQuery, TodoFilter, TodoPage, TodoQuery


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

    async def find(self, query: TodoQuery, *, owner_id: int) -> TodoPage:
        """Return one page, in order; no more is read than fits in it. The conditions have instants only, no days."""
        ...

    async def count(self, where: TodoFilter, *, owner_id: int) -> int:
        """Return how many to-dos fulfil the conditions, which have instants only, no days."""
        ...

    async def tags(self, query: TagQuery, *, owner_id: int) -> TagPage:
        """Return one page of the tags in use with their counts, in the order of their folded forms.

        Every to-do of the owner is looked at for each page: the work grows with their number, what is returned does
        not.
        """
        ...
