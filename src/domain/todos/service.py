"""What a signed-in account can do with its to-dos, a method for each use case."""

from msgspec.structs import replace

from domain.clock import Clock
from domain.concurrency.caller import Caller
from domain.concurrency.ports import CallerLimiter
from domain.errors import StaleVersion
from domain.quotas.guard import QuotaGuard
from domain.quotas.model import Usage
from domain.store import Store
from domain.todos.model import NewTodo, Todo, TodoPatch
from domain.todos.query import TagPage, TagQuery, TodoPage, TodoQuery
from domain.versions import Versions, apply_change, require_version


class TodoService:
    """Keeps the to-dos of accounts.

    ``heavy_reads`` bounds how many at once look at all to-dos of an account, so that there is always a connection for
    those who do not.
    """

    def __init__(self, store: Store, *, heavy_reads: CallerLimiter, quotas: QuotaGuard, now: Clock) -> None:
        self._store = store
        self._heavy_reads = heavy_reads
        self._quotas = quotas
        self._now = now

    async def create(self, new: NewTodo, *, owner_id: int) -> Todo:
        """Keep a new to-do.

        :raises Invalid: if a value breaks a rule.
        :raises QuotaExceeded: if the owner may not keep as much.
        """
        zone = "UTC" if new.due is None else await self._zone_of(owner_id)
        todo = new.checked(zone_of_owner=zone, at=self._now())
        growth = Usage(todos=1, bytes=todo.size)
        if await self._quotas.has_room(owner_id, growth):
            return await self._store.todos.add(todo, owner_id=owner_id)
        return await self._quotas.checked(owner_id, growth, lambda tx: tx.todos.add(todo, owner_id=owner_id))

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """Return one to-do.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        return await self._store.todos.get(todo_id, owner_id=owner_id)

    async def change(self, todo_id: int, patch: TodoPatch, *, owner_id: int, versions: Versions | None = None) -> Todo:
        """Apply a merge patch.

        ``versions`` are the only ones the caller wants to change. Without them the patch is applied to whatever is
        stored, again if another writer got there first, so that neither change is lost.

        :raises NotFound: if there is none, or it is somebody else's.
        :raises Invalid: if a value breaks a rule.
        :raises StaleVersion: if the stored version is none of ``versions``.
        :raises QuotaExceeded: if it would be longer, and the owner may not keep as much.
        :raises Conflict: if other writers were faster a hundred times in a row.
        """
        zone = await self._zone_of(owner_id) if patch.needs_zone_of_owner else "UTC"
        return await apply_change(
            lambda todo: todo.patched(patch, zone_of_owner=zone, at=self._now()),
            get=lambda: self.get(todo_id, owner_id=owner_id),
            save=lambda changed, replaced: self._save(changed, owner_id=owner_id, replacing=replaced),
            versions=versions,
            name="to-do",
        )

    async def remove(self, todo_id: int, *, owner_id: int, versions: Versions | None = None) -> None:
        """Remove one to-do, if ``versions`` are given only while it has one of them.

        :raises NotFound: if there is none, or it is somebody else's.
        :raises StaleVersion: if the stored version is none of ``versions``.
        """
        version = None
        if versions is not None:
            todo = await self.get(todo_id, owner_id=owner_id)
            require_version(todo, versions, name="to-do")
            version = todo.version
        try:
            await self._store.todos.remove(todo_id, owner_id=owner_id, version=version)
        except StaleVersion:
            require_version(await self.get(todo_id, owner_id=owner_id), versions, name="to-do")
            raise

    async def page(self, query: TodoQuery, *, owner_id: int, network: str, counted: bool = False) -> TodoPage:
        """Return one page, with the number of all matching to-dos if it is to be ``counted``.

        ``network`` is where it is asked from.

        :raises TooManyConcurrent: if the owner has too many searches under way.
        :raises Overloaded: if others have.
        """
        if query.where.names_days:
            query = replace(query, where=query.where.in_zone(await self._zone_of(owner_id)))
        if not (counted or query.is_heavy):
            return await self._store.todos.find(query, owner_id=owner_id)
        async with self._heavy_reads.slot(Caller(owner_id, network)):
            page = await self._store.todos.find(query, owner_id=owner_id)
            return (
                replace(page, total=await self._store.todos.count(query.where, owner_id=owner_id)) if counted else page
            )

    async def tags(self, query: TagQuery, *, owner_id: int, network: str) -> TagPage:
        """Return one page of the tags in use, each with the number of to-dos that bear it."""
        async with self._heavy_reads.slot(Caller(owner_id, network)):
            return await self._store.todos.tags(query, owner_id=owner_id)

    async def _save(self, changed: Todo, *, owner_id: int, replacing: Todo) -> None:
        growth = Usage(bytes=changed.size - replacing.size)
        if growth.bytes <= 0 or await self._quotas.has_room(owner_id, growth):
            await self._store.todos.save(changed, owner_id=owner_id, replacing=replacing.version)
        else:
            await self._quotas.checked(
                owner_id,
                growth,
                lambda tx: tx.todos.save(changed, owner_id=owner_id, replacing=replacing.version),
            )

    async def _zone_of(self, owner_id: int) -> str:
        return (await self._store.accounts.get(owner_id)).time_zone
