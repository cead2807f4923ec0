"""An SQLite file to measure on, and the same rows in it."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from bench.database import SESSIONS_STARTED, Rows

FILE_NAME = "todo.sqlite3"
"""What this service calls it."""

_DEFAULTS = {
    "title_key TEXT": "''",
    "tag_keys JSON": "'[]'",
    "created_at DATETIME": "CURRENT_TIMESTAMP",
    "updated_at DATETIME": "CURRENT_TIMESTAMP",
}
"""What the tutorial's stack does not know of, or leaves to the database."""

_FILL = """
    INSERT INTO accounts (id, email, password_hash, time_zone, created_at, updated_at, version)
    SELECT value, 'owner' || value || '@example.com', 'nobody signs in', 'UTC', {now}, {now}, 1
    FROM numbers WHERE value <= {owners};

    INSERT INTO sessions (id, account_id, family_digest, token_digest, created_at, rotated_at, expires_at)
    SELECT id, id, email, '', '{sessions_started}', {now}, {in_a_month} FROM accounts;

    INSERT INTO todos (
        id, owner_id, title, title_key, description, description_key, done, done_at, priority, tags, tag_keys,
        due_date, due_time, due_zone, due_at, created_at, updated_at, version
    )
    SELECT
        i, 1 + (i - 1) % {owners}, title, lower(title), description, lower(description),
        i % 3 = 0, CASE WHEN i % 3 = 0 THEN created_at END,
        nullif(i % 7 % 6, 0), tags, lower(tags),
        due_date, CASE WHEN i % 4 = 0 THEN '09:30:00.000000' END, CASE WHEN i % 4 = 0 THEN 'UTC' END,
        due_date || ' 09:30:00.000000', created_at, created_at, 1
    FROM (SELECT
        value AS i,
        strftime('%Y-%m-%d %H:%M:%S.000000', 'now', ((value - {todos} - 1) * 20) || ' seconds') AS created_at,
        json_extract('["Buy oat milk","Call the plumber","Book a table"]', '$[' || (value / 2 % 3) || ']')
            || ', number ' || value AS title,
        CASE WHEN value % 2 = 0 THEN 'Ask Maria first; the blue folder has all the papers.' END AS description,
        CASE value / 5 % 4 WHEN 0 THEN '[]' WHEN 1 THEN '["Home"]' WHEN 2 THEN '["home","Shopping"]'
            ELSE '["Work","urgent","Q4"]' END AS tags,
        CASE WHEN value % 4 = 0 THEN date('now', (value % 90) || ' days') END AS due_date
        FROM numbers
    );
"""
_NOW = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now')"
_IN_A_MONTH = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '30 days')"


@asynccontextmanager
async def sqlite_folder(rows: Rows) -> AsyncGenerator[Path]:
    """Make a file with this service's tables and ``rows`` in it; yield its folder, remove it at the end."""
    with TemporaryDirectory(prefix="todo-bench-") as directory:
        file = Path(directory, FILE_NAME)
        await migrate_sqlite(file)
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            _give_defaults(connection)
            _fill(connection, rows)
        yield Path(directory)


def _give_defaults(connection: sqlite3.Connection) -> None:
    """Make the table of to-dos anew: SQLite cannot change the defaults of a column."""
    table, *indexes = (
        sql
        for (sql,) in connection.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'todos' AND sql IS NOT NULL ORDER BY type DESC"
        )
    )
    for column, default in _DEFAULTS.items():
        if column not in table:
            raise RuntimeError(f"No column of to-dos is {column}: {table}")
        table = table.replace(column, f"{column} DEFAULT {default}")
    for statement in ("DROP TABLE todos", table, *indexes):
        connection.execute(statement)


def _fill(connection: sqlite3.Connection, rows: Rows) -> None:
    connection.execute("CREATE TEMPORARY TABLE numbers (value INTEGER PRIMARY KEY)")
    connection.execute(
        "WITH RECURSIVE counted (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM counted WHERE value < ?) "
        "INSERT INTO numbers SELECT value FROM counted",
        (rows.todos,),
    )
    statements = _FILL.format(
        owners=rows.owners,
        todos=rows.todos,
        now=_NOW,
        in_a_month=_IN_A_MONTH,
        sessions_started=SESSIONS_STARTED.strftime("%Y-%m-%d %H:%M:%S.000000"),
    )
    connection.executescript(f"BEGIN; {statements} COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")
