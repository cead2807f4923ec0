"""What every ``TodoRepository`` finds, counts, and in which order."""

from datetime import timedelta
from itertools import cycle, islice
from random import Random
from time import perf_counter
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from domain.accounts.model import Account
from domain.pages import MAX_PAGE_BYTES
from domain.store import Store
from domain.text import fold
from domain.todos.model import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH, TagCount, Todo
from domain.todos.query import MAX_WORDS, Position, SortKey, TagQuery, TodoFilter, TodoOrder, TodoQuery, sort_value
from tests.builders import a_todo, due_at
from tests.clock import NOON

A_MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)

EVERY_ORDER = [
    pytest.param(TodoOrder(key=key, descending=descending), id=f"{'-' if descending else ''}{key}")
    for key in get_args(SortKey)
    for descending in (False, True)
]

# Every sort key has ties and values in another order than the ids; due dates and priorities are missing here and there.
MANY = [
    a_todo(
        title,
        priority=priority,
        due=None if due is None else due_at(NOON + due * HOUR),
        created_at=NOON + created * HOUR,
        updated_at=NOON + updated * HOUR,
    )
    for title, priority, due, created, updated in [
        ("b", 3, 2, 1, 9),
        ("Straße", None, None, 0, 9),
        ("a", 1, 2, 1, 7),
        ("STRASSE", 5, 0, 4, 8),
        ("B", None, None, 4, 7),
        ("Ä", 3, 1, 0, 9),
        ("a", None, 2, 2, 5),
        ("😀", 1, None, 3, 6),
        ("A", 3, 0, 1, 9),
        ("z", None, 1, 2, 5),
    ]
]


def in_order(todos: list[Todo], order: TodoOrder) -> list[Todo]:
    """Return the to-dos as an order puts them, worked out plainly."""
    with_value = [todo for todo in todos if sort_value(todo, order.key) is not None]
    without = [todo for todo in todos if sort_value(todo, order.key) is None]
    with_value.sort(key=lambda todo: (sort_value(todo, order.key), todo.id), reverse=order.descending)
    without.sort(key=lambda todo: todo.id, reverse=order.descending)
    return with_value + without


class TodoOrderContract:
    @pytest.mark.parametrize("order", EVERY_ORDER)
    async def test_those_without_a_value_come_last_and_equals_by_id(
        self, store: Store, user: Account, order: TodoOrder
    ) -> None:
        todos = [await store.todos.add(todo, owner_id=user.id) for todo in MANY]

        found = (await store.todos.find(TodoQuery(order=order), owner_id=user.id)).items

        assert found == in_order(todos, order)

    async def test_titles_are_sorted_by_the_code_points_of_their_folded_form(self, store: Store, user: Account) -> None:
        titles = ["~", "日本", "zebra", "Ωmega", "_", "Banana", "😀", "äpfel", "apple", "\ufe4f", "Zebra 2", "10", "9"]
        for title in titles:
            await store.todos.add(a_todo(title), owner_id=user.id)

        found = (await store.todos.find(TodoQuery(order=TodoOrder(key="title")), owner_id=user.id)).items

        assert [todo.title for todo in found] == [
            *("10", "9", "_", "apple", "Banana", "zebra", "Zebra 2", "~", "äpfel", "Ωmega", "日本", "\ufe4f", "😀")
        ]

    @pytest.mark.parametrize("order", EVERY_ORDER)
    async def test_pages_neither_skip_nor_repeat_while_todos_are_added(
        self, store: Store, user: Account, order: TodoOrder
    ) -> None:
        expected = [await store.todos.add(todo, owner_id=user.id) for todo in MANY]
        somewhere = iter(MANY)
        seen: list[Todo] = []
        after: Position | None = None

        while page := (await store.todos.find(TodoQuery(order=order, limit=2, after=after), owner_id=user.id)).items:
            seen += page
            last = page[-1]
            after = Position.of(last, order)
            # One equals the last one seen, one belongs anywhere; those that belong further on are still to be found.
            newcomers = [last, *islice(somewhere, 1)] if len(seen) < 2 * len(MANY) else []
            for newcomer in newcomers:
                added = await store.todos.add(newcomer, owner_id=user.id)
                if in_order([last, added], order) == [last, added]:
                    expected.append(added)

        assert seen == in_order(expected, order)

    @pytest.mark.parametrize("order", EVERY_ORDER)
    async def test_pages_of_a_filtered_list_lie_side_by_side(
        self, store: Store, user: Account, order: TodoOrder
    ) -> None:
        todos = [await store.todos.add(todo, owner_id=user.id) for todo in MANY]
        where = TodoFilter(texts=("s",), done=False)
        query = TodoQuery(where=where, order=order, limit=1)
        first, second = in_order([todo for todo in todos if "s" in todo.title.casefold()], order)

        assert (await store.todos.find(query, owner_id=user.id)).items == [first]
        query = replace(query, after=Position.of(first, order))
        assert (await store.todos.find(query, owner_id=user.id)).items == [second]
        query = replace(query, after=Position.of(second, order))
        assert (await store.todos.find(query, owner_id=user.id)).items == []


A_LONG_TEXT = "\x01" * MAX_DESCRIPTION_LENGTH
SIZES = [None, A_LONG_TEXT, "x", A_LONG_TEXT, "😀" * 5_000, None, "ß" * MAX_DESCRIPTION_LENGTH, '"\\' * 5_000]


class TodoBytesContract:
    async def test_a_page_ends_before_it_holds_too_many_bytes(self, store: Store, user: Account) -> None:
        todos = [await store.todos.add(a_todo(description=A_LONG_TEXT), owner_id=user.id) for _ in range(60)]
        fit = MAX_PAGE_BYTES // todos[0].max_bytes()

        page = await store.todos.find(TodoQuery(limit=200), owner_id=user.id)

        assert page.items == todos[:fit]
        assert page.next == Position.of(todos[fit - 1], TodoOrder())
        assert len(msgspec.json.encode(page.items)) <= MAX_PAGE_BYTES

    async def test_a_page_that_ends_where_the_bytes_do_is_the_last_if_nothing_follows(
        self, store: Store, user: Account
    ) -> None:
        todo = a_todo(description=A_LONG_TEXT)
        for _ in range(MAX_PAGE_BYTES // todo.max_bytes()):
            await store.todos.add(todo, owner_id=user.id)

        assert (await store.todos.find(TodoQuery(limit=200), owner_id=user.id)).next is None

    @pytest.mark.parametrize("limit", [1, 50, 51, 55, 56, 57])
    async def test_the_limit_holds_beside_the_bytes(self, store: Store, user: Account, limit: int) -> None:
        todos = [await store.todos.add(a_todo(description=A_LONG_TEXT), owner_id=user.id) for _ in range(58)]
        fit = min(limit, MAX_PAGE_BYTES // todos[0].max_bytes())

        page = await store.todos.find(TodoQuery(limit=limit), owner_id=user.id)

        assert (page.items, page.next) == (todos[:fit], Position.of(todos[fit - 1], TodoOrder()))

    async def test_tags_count_as_bytes_too(self, store: Store, user: Account) -> None:
        tags = tuple(f"{number:02}".ljust(MAX_TAG_LENGTH, "\x01") for number in range(MAX_TAGS))
        todos = [
            await store.todos.add(
                a_todo("\x01" * MAX_TITLE_LENGTH, description="\x01" * 2_000, tags=tags), owner_id=user.id
            )
            for _ in range(200)
        ]

        page = await store.todos.find(TodoQuery(limit=200), owner_id=user.id)

        assert page.items == todos[: MAX_PAGE_BYTES // todos[0].max_bytes()]
        assert len(page.items) < 200

    @pytest.mark.parametrize("order", EVERY_ORDER)
    async def test_walking_through_todos_of_all_sizes_meets_each_once(
        self, store: Store, user: Account, order: TodoOrder
    ) -> None:
        sizes = cycle(SIZES)
        todos = [await store.todos.add(replace(todo, description=next(sizes)), owner_id=user.id) for todo in MANY * 12]
        seen: list[list[Todo]] = []
        query = TodoQuery(order=order, limit=100)

        while True:
            page = await store.todos.find(query, owner_id=user.id)
            seen.append(page.items)
            if page.next is None:
                break
            query = replace(query, after=page.next)

        assert [todo for items in seen for todo in items] == in_order(todos, order)
        assert all(sum(todo.max_bytes() for todo in items) <= MAX_PAGE_BYTES for items in seen)
        assert any(0 < len(items) < query.limit for items in seen[:-1])


class TodoFilterContract:
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            pytest.param(TodoFilter(), ["open", "done", "urgent"], id="nothing asked"),
            pytest.param(TodoFilter(done=True), ["done"], id="done"),
            pytest.param(TodoFilter(done=False), ["open", "urgent"], id="not done"),
            pytest.param(TodoFilter(priority=1), ["urgent"], id="priority"),
            pytest.param(TodoFilter(priority=2), [], id="a priority that none has"),
            pytest.param(TodoFilter(done=False, tags=("home",), texts=("r",)), ["urgent"], id="several at once"),
            pytest.param(TodoFilter(tags=("home", "work")), ["urgent"], id="two tags"),
            pytest.param(TodoFilter(tags=("home", "HOME")), ["open", "urgent"], id="a tag twice"),
            pytest.param(TodoFilter(tags=("home", "garden")), [], id="tags that none has together"),
            pytest.param(TodoFilter(texts=("n", "o")), ["open", "done"], id="two texts"),
            pytest.param(TodoFilter(texts=("n", "N", "o", "d")), ["done"], id="several texts"),
            pytest.param(TodoFilter(updated_since=NOON), ["open", "done", "urgent"], id="since"),
            pytest.param(TodoFilter(updated_since=NOON + A_MICROSECOND), [], id="since then nothing was changed"),
            pytest.param(TodoFilter(has_due=False), ["open", "done", "urgent"], id="not due"),
            pytest.param(TodoFilter(has_due=True), [], id="due"),
        ],
    )
    async def test_every_condition_has_to_hold(
        self, store: Store, user: Account, where: TodoFilter, expected: list[str]
    ) -> None:
        await store.todos.add(a_todo("open", tags=("home",)), owner_id=user.id)
        await store.todos.add(a_todo("done", priority=5, done_at=NOON), owner_id=user.id)
        await store.todos.add(a_todo("urgent", priority=1, tags=("work", "home")), owner_id=user.id)

        assert await titles_of(store, user, where) == expected

    @pytest.mark.parametrize(
        ("tag", "asked"),
        [
            ("Straße", "STRASSE"),
            ("STRASSE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("οδος", "ΟΔΟΣ"),
            ("İstanbul", "i\u0307stanbul"),
            ("ISPARTA", "isparta"),
            ("日本", "日本"),
            ("a'b\"c", "A'B\"C"),
            ("50% _ \\", "50% _ \\"),
        ],
    )
    async def test_tags_are_found_without_case(self, store: Store, user: Account, tag: str, asked: str) -> None:
        await store.todos.add(a_todo("tagged", tags=("first", tag, "last")), owner_id=user.id)
        await store.todos.add(a_todo("not tagged", tags=("first", "last")), owner_id=user.id)

        assert await titles_of(store, user, TodoFilter(tags=(asked,))) == ["tagged"]

    @pytest.mark.parametrize(
        ("tag", "asked"),
        [
            pytest.param("homework", "home", id="a part of a tag"),
            pytest.param("home", "h%", id="a wildcard"),
            pytest.param("home", "hom_", id="another wildcard"),
            pytest.param("İstanbul", "istanbul", id="a letter with a dot above"),
            pytest.param("\N{LATIN SMALL LETTER DOTLESS I}sparta", "isparta", id="a letter without a dot"),
            pytest.param("cafe", "café", id="an accent"),
        ],
    )
    async def test_another_tag_is_not_found(self, store: Store, user: Account, tag: str, asked: str) -> None:
        await store.todos.add(a_todo(tags=(tag,)), owner_id=user.id)

        assert await titles_of(store, user, TodoFilter(tags=(asked,))) == []

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (TodoFilter(due_after=NOON), ["at noon", "a moment later"]),
            (TodoFilter(due_before=NOON), ["a moment earlier"]),
            (TodoFilter(due_before=NOON + A_MICROSECOND), ["a moment earlier", "at noon"]),
            (TodoFilter(due_after=NOON, due_before=NOON + A_MICROSECOND), ["at noon"]),
            (TodoFilter(due_after=NOON, due_before=NOON), []),
            (TodoFilter(has_due=False), ["never"]),
            (TodoFilter(has_due=True), ["a moment earlier", "at noon", "a moment later"]),
            (TodoFilter(has_due=True, due_before=NOON), ["a moment earlier"]),
            (TodoFilter(has_due=False, due_before=NOON), []),
        ],
    )
    async def test_due_intervals_contain_their_beginning_and_not_their_end(
        self, store: Store, user: Account, where: TodoFilter, expected: list[str]
    ) -> None:
        await store.todos.add(a_todo("never"), owner_id=user.id)
        await store.todos.add(a_todo("a moment earlier", due=due_at(NOON - A_MICROSECOND)), owner_id=user.id)
        await store.todos.add(a_todo("at noon", due=due_at(NOON)), owner_id=user.id)
        await store.todos.add(a_todo("a moment later", due=due_at(NOON + A_MICROSECOND)), owner_id=user.id)

        assert await titles_of(store, user, where) == expected

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("0%", ["100% sure"]),
            ("e_c", ["snake_case"]),
            ("c:\\t", ["C:\\temp"]),
            ("\\", ["C:\\temp"]),
            ("%", ["100% sure"]),
            ("_", ["snake_case"]),
            ("SNAKE", ["snake_case", "snake case"]),
            ("STRASSE", ["Straße 1"]),
            ("ß", ["Straße 1"]),
            ("ΟΔΟΣ", ["οδός, οδος"]),
            ("it's", ["It's"]),
            ("", ["100% sure", "1000 sure", "snake_case", "snake case", "C:\\temp", "Straße 1", "οδός, οδος", "It's"]),
        ],
    )
    async def test_text_is_taken_literally_and_without_case(
        self, store: Store, user: Account, asked: str, expected: list[str]
    ) -> None:
        for title in (
            "100% sure",
            "1000 sure",
            "snake_case",
            "snake case",
            "C:\\temp",
            "Straße 1",
            "οδός, οδος",
            "It's",
        ):
            await store.todos.add(a_todo(title), owner_id=user.id)

        assert await titles_of(store, user, TodoFilter(texts=(asked,))) == expected

    async def test_text_is_looked_for_in_titles_and_descriptions(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo("Oat milk"), owner_id=user.id)
        await store.todos.add(a_todo("Shopping", description="Milch\nand OAT flakes"), owner_id=user.id)
        await store.todos.add(a_todo("Neither", description="Bread"), owner_id=user.id)
        await store.todos.add(a_todo("The one ends in o", description="at is how the other begins"), owner_id=user.id)

        assert await titles_of(store, user, TodoFilter(texts=("oat",))) == ["Oat milk", "Shopping"]

    async def test_each_text_is_looked_for_in_titles_and_descriptions(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo("Oat milk", description="cold"), owner_id=user.id)
        await store.todos.add(a_todo("Cold", description="milk, oat"), owner_id=user.id)
        await store.todos.add(a_todo("Cold oat", description="water"), owner_id=user.id)

        assert await titles_of(store, user, TodoFilter(texts=("oat", "cold", "milk"))) == ["Oat milk", "Cold"]
        assert await titles_of(store, user, TodoFilter(texts=("oat m", "cold"))) == ["Oat milk"]

    async def test_as_many_conditions_as_there_can_be_hold_together(self, store: Store, user: Account) -> None:
        tags, words = [f"tag {number}" for number in range(MAX_TAGS)], [f"w{number}" for number in range(MAX_WORDS)]
        everything = TodoFilter(
            done=False,
            tags=tuple(tags),
            priority=2,
            has_due=True,
            due_before=NOON + HOUR,
            due_after=NOON,
            updated_since=NOON,
            texts=tuple(words),
        )
        await store.todos.add(a_todo(" ".join(words), priority=2, tags=tuple(tags), due=due_at(NOON)), owner_id=user.id)
        await store.todos.add(
            a_todo(" ".join(words), priority=2, tags=tuple(tags[1:]), due=due_at(NOON)), owner_id=user.id
        )
        await store.todos.add(
            a_todo(" ".join(words[1:]), priority=2, tags=tuple(tags), due=due_at(NOON)), owner_id=user.id
        )

        assert await titles_of(store, user, everything) == [" ".join(words)]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("^.*[a-z]+(b|c){2}\\d$?", id="a regular expression"),
            pytest.param("***=***:(?i)literal text", id="what begins one"),
            pytest.param("100%_100%_100%_100%_", id="wildcards"),
            pytest.param("\\x \\u0041 \\101 \\ \\\\ \\", id="backslashes"),
            pytest.param("'; DROP TABLE todos; --", id="statements"),
            pytest.param("Die längste Straße Österreichs", id="another alphabet"),
            pytest.param("가장 긴 할 일 목록에서 우유를 찾는다", id="another script"),
            pytest.param("😀" * 20, id="beyond the basic plane"),
            pytest.param("two\nlines\r\n\tand a tab\x01", id="lines"),
        ],
    )
    async def test_long_text_is_taken_literally_and_without_case(self, store: Store, user: Account, text: str) -> None:
        more = "and more " * 100
        await store.todos.add(a_todo(f"Before {text} and after"), owner_id=user.id)
        await store.todos.add(a_todo("In lines", description=f"{more}\n{text.upper()}\n{more}"), owner_id=user.id)
        await store.todos.add(a_todo("Not quite", description=f"{more}{text[:-1]} {text[-1]}{more}"), owner_id=user.id)
        await store.todos.add(a_todo(text[1:], description=text[:-1]), owner_id=user.id)

        assert len(text) > 16
        assert await titles_of(store, user, TodoFilter(texts=(text,))) == [f"Before {text} and after", "In lines"]

    @pytest.mark.parametrize("length", range(14, 20))
    async def test_text_of_every_length_is_found(self, store: Store, user: Account, length: int) -> None:
        await store.todos.add(a_todo(f"It is {'é' * length}."), owner_id=user.id)
        await store.todos.add(a_todo(f"It is {'é' * (length - 1)}."), owner_id=user.id)

        assert await titles_of(store, user, TodoFilter(texts=("É" * length,))) == [f"It is {'é' * length}."]

    @pytest.mark.parametrize(
        "needle",
        [
            pytest.param("x" + "ß" * 99, id="differs at its beginning"),
            pytest.param("ß" * 99 + "x", id="differs at its end"),
            pytest.param("ß" * 50 + "x" + "ß" * 49, id="differs in the middle"),
            pytest.param("x" + "s" * 15, id="is short"),
        ],
    )
    async def test_no_text_is_much_dearer_to_look_for_than_another(
        self, store: Store, user: Account, needle: str
    ) -> None:
        for _ in range(20):
            await store.todos.add(a_todo(description="ß" * 10_000), owner_id=user.id)

        async def seconds(text: str) -> float:
            began = perf_counter()
            assert await store.todos.count(TodoFilter(texts=(text,)), owner_id=user.id) == 0
            return perf_counter() - began

        # One after the other, so that both are measured beside the same neighbours.
        took = [(await seconds(needle), await seconds("q" * len(needle))) for _ in range(7)]

        hostile, harmless = (min(times) for times in zip(*took, strict=True))
        assert hostile < 25 * harmless

    async def test_any_combination_finds_what_fulfils_all_of_it_page_by_page(self, store: Store, user: Account) -> None:
        added = [await store.todos.add(todo, owner_id=user.id) for todo in VARIED]
        chosen = Random(7)  # noqa: S311 - the same each time
        found_something = 0

        for _ in range(60):
            where = TodoFilter(**{name: chosen.choice(values) for name, values in ASKED.items()})
            order = TodoOrder(key=chosen.choice(get_args(SortKey)), descending=chosen.random() < 0.5)
            expected = in_order([todo for todo in added if fulfils(todo, where)], order)
            assert await walked(store, user, TodoQuery(where=where, order=order, limit=2)) == expected, where
            assert await store.todos.count(where, owner_id=user.id) == len(expected), where
            found_something += bool(expected)

        assert found_something > 20


class TagsContract:
    async def test_tags_are_counted_without_case_in_the_order_of_their_folded_forms(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        for tags in [("home", "Zoo", "😀"), ("HOME", "Straße", "äpfel"), ("Home", "STRASSE", "\ufe4f"), ("Apfel",), ()]:
            await store.todos.add(a_todo(tags=tags), owner_id=user.id)
        await store.todos.add(a_todo(tags=("Home",)), owner_id=stranger.id)

        assert (await store.todos.tags(TagQuery(), owner_id=user.id)).items == [
            TagCount(tag="Apfel", count=1),
            TagCount(tag="HOME", count=3),
            TagCount(tag="STRASSE", count=2),
            TagCount(tag="Zoo", count=1),
            TagCount(tag="äpfel", count=1),
            TagCount(tag="\ufe4f", count=1),
            TagCount(tag="😀", count=1),
        ]

    async def test_pages_of_tags_lie_side_by_side(self, store: Store, user: Account) -> None:
        tags = ["Straße", "STRASSE", "a", "B", "Ä", "😀", "\ufe4f", "z", "it's", "\x01"]
        for tag in tags:
            await store.todos.add(a_todo(tags=(tag, "zz")), owner_id=user.id)
        everything = await store.todos.tags(TagQuery(), owner_id=user.id)
        seen: list[TagCount] = []
        query = TagQuery(limit=2)

        while True:
            page = await store.todos.tags(query, owner_id=user.id)
            seen += page.items
            if page.next is None:
                break
            assert len(page.items) == 2
            assert page.next == fold(page.items[-1].tag)
            query = TagQuery(limit=2, after=page.next)

        assert everything.next is None
        assert seen == everything.items
        assert [count.tag for count in seen] == ["\x01", "a", "B", "it's", "STRASSE", "z", "zz", "Ä", "\ufe4f", "😀"]

    async def test_a_page_of_tags_that_is_exactly_full_is_the_last(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo(tags=("a", "b")), owner_id=user.id)

        assert (await store.todos.tags(TagQuery(limit=2), owner_id=user.id)).next is None
        assert (await store.todos.tags(TagQuery(after="b"), owner_id=user.id)).items == []

    async def test_without_todos_there_are_no_tags(self, store: Store, user: Account) -> None:
        assert (await store.todos.tags(TagQuery(), owner_id=user.id)).items == []


VARIED = [
    a_todo(
        title,
        description=description,
        tags=tags,
        done_at=NOON if number % 2 else None,
        priority=(None, 1, 2)[number % 3],
        due=None if number % 4 == 0 else due_at(NOON + number % 5 * HOUR),
        updated_at=NOON + number % 7 * HOUR,
    )
    for number, (title, description, tags) in enumerate(
        (title, description, tags)
        for title in ("Oat milk", "Bread", "Oat bread")
        for description in (None, "from the mill", "milk, too")
        for tags in ((), ("home",), ("Home", "shop"))
    )
]
ASKED: dict[str, tuple[Any, ...]] = {
    "done": (None, None, True, False),
    "tags": ((), (), ("home",), ("shop", "HOME"), ("nowhere",)),
    "priority": (None, None, 1, 2),
    "has_due": (None, None, True, False),
    "due_before": (None, None, NOON + 3 * HOUR),
    "due_after": (None, None, NOON + HOUR),
    "updated_since": (None, None, NOON + 3 * HOUR),
    "texts": ((), (), ("oat",), ("mil", "oat"), ("bread", "milk", "the")),
}
"""What may be asked, each thing with what leaves it out, more often than not."""


def fulfils(todo: Todo, where: TodoFilter) -> bool:
    """Tell whether a to-do fulfils all conditions, worked out plainly, as far as plain letters go."""
    texts = f"{todo.title}\n{todo.description}".lower()
    return all(
        [
            where.done in {None, todo.done},
            {tag.lower() for tag in where.tags} <= {tag.lower() for tag in todo.tags},
            where.priority in {None, todo.priority},
            where.has_due in {None, todo.due is not None},
            not where.due_before or (todo.due_at or where.due_before) < where.due_before,
            not where.due_after or (todo.due_at or where.due_after - HOUR) >= where.due_after,
            not where.updated_since or todo.updated_at >= where.updated_since,
            all(text in texts for text in where.texts),
        ]
    )


async def walked(store: Store, owner: Account, query: TodoQuery) -> list[Todo]:
    """Return what all pages hold, one after the other."""
    found: list[Todo] = []
    while True:
        page = await store.todos.find(query, owner_id=owner.id)
        found += page.items
        if page.next is None:
            return found
        query = replace(query, after=page.next)


async def titles_of(store: Store, owner: Account, where: TodoFilter) -> list[str]:
    """Return the titles that fulfil the conditions, having compared their number with the count."""
    found = (await store.todos.find(TodoQuery(where=where), owner_id=owner.id)).items
    assert await store.todos.count(where, owner_id=owner.id) == len(found)
    return [todo.title for todo in found]
