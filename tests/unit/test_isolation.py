"""What unit tests cannot do, whatever they try."""

import asyncio
import socket
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pytest_socket import SocketBlockedError
from sqlalchemy import literal, select

from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.sqlite import open_sqlite

# It warns before it raises, and our warnings are errors.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")

ADVICE = r"without asking for one\. Ask for a fixture: `store`"
NOWHERE = "postgresql://127.0.0.1:1/nowhere"


async def open_a_file() -> None:
    async with open_sqlite(Path("nowhere.sqlite3")) as database:
        await database.fetch_one(Statement(select(literal(1))))


async def open_a_pool() -> None:
    async with open_postgresql(NOWHERE):
        pass


async def connect_to_postgresql() -> None:
    await asyncpg.connect(NOWHERE)


async def connect_to_sqlite() -> None:
    sqlite3.connect("nowhere.sqlite3")


async def migrate() -> None:
    await migrate_postgresql(NOWHERE)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_unit_test_that_opens_a_socket_fails(family: socket.AddressFamily) -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(family)


async def test_a_unit_test_that_opens_a_connection_fails() -> None:
    with pytest.raises(SocketBlockedError):
        await asyncio.open_connection("127.0.0.1", 1)


@pytest.mark.parametrize("reach", [open_a_file, open_a_pool, connect_to_postgresql, connect_to_sqlite, migrate])
async def test_a_unit_test_that_reaches_for_a_database_is_told_what_to_ask_for(
    reach: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    with pytest.raises(pytest.fail.Exception, match=ADVICE):
        await reach()
