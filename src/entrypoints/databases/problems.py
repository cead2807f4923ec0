"""Whether an open database can be used."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from adapters.sqlalchemy.current_revision import current_revision
from adapters.sqlalchemy.database import Database
from adapters.sqlalchemy.revisions import newest_revision
from domain.errors import Unavailable

_READINESS_TIMEOUT = 2
"""Seconds after which a database that says nothing is not ready."""

_log = logging.getLogger(__name__)


async def problems_of(database: Database) -> list[str]:
    """Return what is wrong with the database, in plain words; nothing if it can be used.

    A database that is ahead is none of it: while a new version is rolled out, the old one goes on beside it.
    """
    asked = await _problems_met_by_asking(database)
    return list(dict.fromkeys([*asked, *database.problems()]))


async def notices_of(database: Database, others: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Return what works less well than it should: with the database, and with what else there is."""
    return [*database.notices(), *await others()]


async def _problems_met_by_asking(database: Database) -> list[str]:
    try:
        async with asyncio.timeout(_READINESS_TIMEOUT):
            revision = await current_revision(database)
    except Unavailable as error:
        return [error.detail]
    except TimeoutError:
        return ["The database does not answer."]
    except Exception:  # noqa: BLE001 - whatever it is, requests will meet it too, and an operator must hear of it
        _log.exception("The database cannot be asked")
        return ["The database cannot be used; the log says why."]
    if revision < newest_revision():
        return [f"The database is at migration {revision}, this version needs {newest_revision()}."]
    return []
