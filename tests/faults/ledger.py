"""What a service has acknowledged, and what may not be so afterwards."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct


class StoredTodo(Struct, frozen=True):
    """What an answer of the service says of a to-do."""

    id: int
    title: str
    description: str | None
    version: int


class Promise(Struct):
    """The last that was acknowledged of one to-do.

    ``change`` is the number of that change, which is also its description; ``doubts`` are the changes sent since then
    whose answer was lost: each of them may have been made, or not, but none of them twice.
    """

    todo_id: int
    title: str
    version: int = 1
    change: int = 0
    doubts: int = 0

    def contradiction(self, stored: StoredTodo) -> str | None:
        """Return what is wrong if this is how the to-do is found, in words."""
        found, newest = f"{self.title} is at version {stored.version}", self.version + self.doubts
        if not self.version <= stored.version <= newest:
            return f"{found}, where {self.version} was acknowledged and {newest} is the newest there can be"
        change = int(stored.description or 0)
        is_right = change == self.change if stored.version == self.version else change > self.change
        return None if is_right else f"{found} with change {change}, where change {self.change} was acknowledged"


class Ledger:
    """Every write of a load, and what came back. Each title is sent once, so that a second to-do of it is a copy."""

    def __init__(self) -> None:
        self.promises: dict[str, Promise] = {}
        self.acknowledged = 0
        self.contradictions: list[str] = []
        self._titles_in_doubt: set[str] = set()

    def created(self, todo: StoredTodo) -> Promise:
        """Note a to-do that was acknowledged."""
        self.acknowledged += 1
        promise = self.promises[todo.title] = Promise(todo.id, todo.title)
        return promise

    def creation_in_doubt(self, title: str) -> None:
        """Note a to-do whose answer was lost: it may be there, but not twice."""
        self._titles_in_doubt.add(title)

    def changed(self, promise: Promise, todo: StoredTodo, *, change: int) -> None:
        """Note a change that was acknowledged: the one after the last, or after those that were in doubt."""
        self.acknowledged += 1
        lowest, highest = promise.version + 1, promise.version + 1 + promise.doubts
        if not lowest <= todo.version <= highest:
            step = f"from version {promise.version} to {todo.version}"
            self.contradictions.append(f"{todo.title} went {step}, which is not in {lowest} to {highest}")
        promise.version, promise.change, promise.doubts = todo.version, change, 0

    def change_in_doubt(self, promise: Promise) -> None:
        """Note a change whose answer was lost."""
        promise.doubts += 1

    def seen(self, promise: Promise, todo: StoredTodo | None) -> None:
        """Note how a to-do was found later; ``None`` is not at all."""
        found = f"{promise.title} is gone" if todo is None else promise.contradiction(todo)
        if found:
            self.contradictions.append(found)

    def audit(self, stored: Iterable[StoredTodo]) -> list[str]:
        """Compare everything with all that is there now; return every contradiction, also those seen on the way."""
        todos = list(stored)
        by_title = {todo.title: todo for todo in todos}
        times = Counter(todo.title for todo in todos)
        copies = [f"{title} is there {count} times" for title, count in times.items() if count > 1]
        refused = times.keys() - self.promises.keys() - self._titles_in_doubt
        unwanted = [f"{title} is there, and was refused" for title in refused]
        for title, promise in self.promises.items():
            self.seen(promise, by_title.get(title))
        return self.contradictions + copies + unwanted
