"""Restoring an archive of pg_dump in one transaction that ends when we say so.

pg_restore writes a script and psql runs it; what comes before and after the script is ours. pg_restore could connect by
itself, but its transaction has no room for what must be in it: that no counter of ids goes back. And as the COMMIT
comes from here, when psql says that it is ready for it, nothing is committed if this process is killed: psql sees the
end of its input, and leaves.
"""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from signal import SIGINT

from adapters.backups.postgresql_tools import failure, started
from domain.backups.errors import BackupError

LOCK_TIMEOUT = 10
"""Seconds that the lock of a table is waited for: whoever needs the table next waits behind us."""

_IN_USE = (b"55P03", b"40P01")
"""PostgreSQL's codes for a lock_timeout and for a deadlock (documentation, appendix A)."""

_CHUNK = 1 << 16
"""Bytes of the script that are passed on at once."""

_SCRIPT = (
    *("--clean", "--if-exists", "--exit-on-error", "--file=-"),
    *("--no-owner", "--no-privileges"),  # who restores it may be somebody else than who made it
)

_SESSION = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=on", "--set=VERBOSITY=verbose")

_COUNTERS = """
SELECT format('%I.%I.%I', nspname, relname, attname) AS name,
       pg_get_serial_sequence(format('%I.%I', nspname, relname), attname)::regclass AS sequence
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE attidentity <> '' AND relkind = 'r'
"""

_BEGIN = """
\\o /dev/null
BEGIN;
SET LOCAL lock_timeout = '{wait}s';
{lock}
SELECT set_config('todo_api.counters', coalesce(jsonb_object_agg(name, pg_sequence_last_value(sequence)), '{{}}')::text,
                  true)
FROM ({counters}) AS counters;
"""

_END = """
SELECT setval(sequence, greatest(pg_sequence_last_value(sequence),
                                 (current_setting('todo_api.counters')::jsonb ->> name)::bigint))
FROM ({counters}) AS counters;
\\o
\\qecho ready
"""
"""``setval`` does nothing where there is no number: where no id was given out, neither now nor in the backup."""


async def restore_archive(
    pg_restore: Sequence[str], psql: Sequence[str], variables: Mapping[str, str], *, tables: Sequence[str]
) -> None:
    """Replace everything in the database by what is in an archive: all of it or nothing.

    :param pg_restore: the tool and the archive.
    :param psql: the tool and the arguments that lead to the database; ``variables`` is what else it needs to know.
    :param tables: the tables that are there now, as quoted identifiers.
    :raises BackupError: with the last words of the tool that failed.
    """
    lock = f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE;" if tables else ""
    begin = _BEGIN.format(wait=LOCK_TIMEOUT, lock=lock, counters=_COUNTERS)
    async with (
        started([*psql, *_SESSION], variables, stdin=PIPE, stop_signal=SIGINT) as session,
        started([*pg_restore, *_SCRIPT], {}) as script,
    ):
        said_of_script, said_of_session, is_committed, _ = await asyncio.gather(
            _errors(script), _errors(session), _feed(session, script, begin), session.wait()
        )
    if (script.returncode or 0) > 0:  # below zero it was ended from here, because psql had failed
        raise failure(pg_restore, said_of_script)
    if any(code in said_of_session for code in _IN_USE):
        raise BackupError(
            f"Somebody else uses the tables, and a restore waits no longer than {LOCK_TIMEOUT} s: all requests would "
            "wait behind it. Nothing was changed. Stop the service, wait for the end of a backup, and try again."
        )
    if session.returncode or not is_committed:
        raise failure(psql, said_of_session)


async def _feed(session: Process, script: Process, begin: str) -> bool:
    """Pass the script on, and tell psql to commit if all of it was there and was run; tell whether that was so."""
    assert session.stdin is not None  # noqa: S101 - it is a pipe
    assert session.stdout is not None  # noqa: S101 - it is a pipe
    assert script.stdout is not None  # noqa: S101 - it is a pipe
    try:
        session.stdin.write(begin.encode())
        while chunk := await script.stdout.read(_CHUNK):
            session.stdin.write(chunk)
            await session.stdin.drain()
        if await script.wait() == 0:
            session.stdin.write(_END.format(counters=_COUNTERS).encode())
            if await session.stdout.readline() == b"ready\n":
                session.stdin.write(b"COMMIT;\n")
                return True
    except (BrokenPipeError, ConnectionResetError):  # psql has given up, and says why
        with suppress(ProcessLookupError):
            script.kill()
    finally:
        session.stdin.close()
    return False


async def _errors(process: Process) -> bytes:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    return await process.stderr.read()
