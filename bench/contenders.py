"""Who is measured: this service, what people would pick instead, and the least that it could be."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from adapters.security.access_tokens import JwtAccessTokens
from bench.database import SESSIONS_STARTED, Rows, asyncpg_url
from bench.names import BARE, FASTIFY, OURS, TUTORIAL
from bench.node import FASTIFY_FOLDER
from bench.servers import Service
from bench.sqlite import FILE_NAME
from domain.authentication.ports import AccessClaims

_ROOT = Path(__file__).resolve().parents[1]
_SECRET = "a secret of the benchmark, with which nothing else is ever signed: 64 bytes"  # noqa: S105 - see above
_TOKEN_LIFETIME = timedelta(days=1)
_NEWEST_PAGE = "/todos?limit=50&sort=-created_at"


def todo_api(database: str | Path, rows: Rows) -> Service:
    """Return this service, as operators start it; ``database`` is the URI of a PostgreSQL, or SQLite's folder."""
    where = {"DATA_DIR": str(database)} if isinstance(database, Path) else {"DATABASE_URL": database}
    return Service(
        name=OURS,
        command=[sys.executable, "-c", "from entrypoints.cli.main import main; main()", "serve"],
        environment={
            **where,
            "JWT_SECRET": _SECRET,
            "ENVIRONMENT": "production",
            "WORKERS": "1",
            "RATE_LIMIT": "off",
            "PYTHONPATH": str(_ROOT / "src"),
        },
        tokens=_tokens(rows),
        newest_page=_NEWEST_PAGE,
    )


def tutorial_stack(database: str | Path, rows: Rows) -> Service:
    """Return the tutorial's stack on uvicorn, with all that makes it fast and without a log line for each request."""
    options = "--loop uvloop --http httptools --workers 1 --no-access-log"
    expires_at = datetime.now(UTC) + _TOKEN_LIFETIME
    if isinstance(database, Path):
        url = f"sqlite+aiosqlite:///{database / FILE_NAME}"
    else:
        url = asyncpg_url(database).render_as_string(hide_password=False)
    return Service(
        name=TUTORIAL,
        command=[sys.executable, "-m", "uvicorn", *options.split(), "bench.tutorial_stack:app"],
        environment={"DATABASE_URL": url, "SECRET_KEY": _SECRET, "PYTHONPATH": str(_ROOT)},
        tokens={
            owner: jwt.encode(  # pyright: ignore[reportUnknownMemberType] - of keys we do not use
                {"sub": f"owner{owner}@example.com", "exp": expires_at}, _SECRET, algorithm="HS256"
            )
            for owner in range(1, rows.owners + 1)
        },
        newest_page="/todos?limit=50",
        exact=False,
    )


def fastify(node: str, dsn: str, rows: Rows) -> Service:
    """Return fastify and pg."""
    return Service(
        name=FASTIFY,
        command=[node, str(FASTIFY_FOLDER / "server.js")],
        environment={"DATABASE_URL": dsn, "JWT_SECRET": _SECRET, "NODE_ENV": "production"},
        tokens=_tokens(rows),
        newest_page=_NEWEST_PAGE,
    )


def bare_handler(dsn: str, rows: Rows) -> Service:
    """Return the bare handler, on the server of this service with the settings that cost something."""
    options = "--interface rsgi --http 1 --no-ws --loop uvloop --workers 1"
    return Service(
        name=BARE,
        command=[sys.executable, "-m", "granian", *options.split(), "bench.bare_handler:app"],
        environment={"DATABASE_URL": dsn, "JWT_SECRET": _SECRET, "PYTHONPATH": str(_ROOT)},
        tokens=_tokens(rows),
        newest_page=_NEWEST_PAGE,
    )


def _tokens(rows: Rows) -> dict[int, str]:
    """Return access tokens of this service's own, by owner."""
    access_tokens, now = JwtAccessTokens(_SECRET), datetime.now(UTC)
    return {
        owner: access_tokens.issue(
            AccessClaims(
                account_id=owner,
                session_id=owner,
                started_at=SESSIONS_STARTED,
                issued_at=now,
                expires_at=now + _TOKEN_LIFETIME,
            )
        )
        for owner in range(1, rows.owners + 1)
    }
