"""Where a connection URI leads, said in libpq's variables."""

import pytest

from adapters.backups.libpq import database_argument, environment_of


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        ("postgresql://", {}),
        ("postgresql:///todo", {"PGDATABASE": "todo"}),
        ("postgresql://db", {"PGHOST": "db"}),
        (
            "postgresql://ada:pass@db:5433/todo",
            {"PGUSER": "ada", "PGPASSWORD": "pass", "PGHOST": "db", "PGPORT": "5433", "PGDATABASE": "todo"},
        ),
        (
            "postgresql://a%40da:p%3Aa%2Fs%20s%25%23@db/to%20do",
            {"PGUSER": "a@da", "PGPASSWORD": "p:a/s s%#", "PGHOST": "db", "PGDATABASE": "to do"},
        ),
        ("postgresql://ada@%2Fvar%2Frun/todo", {"PGUSER": "ada", "PGHOST": "/var/run", "PGDATABASE": "todo"}),
        ("postgresql:///todo?host=/run/pg&port=1", {"PGDATABASE": "todo", "PGHOST": "/run/pg", "PGPORT": "1"}),
        ("postgresql://[::1]:5433/todo", {"PGHOST": "::1", "PGPORT": "5433", "PGDATABASE": "todo"}),
        ("postgresql://[fe80::1]", {"PGHOST": "fe80::1"}),
        ("postgresql://a:1,b,[::1]:3/todo", {"PGHOST": "a,b,::1", "PGPORT": "1,5432,3", "PGDATABASE": "todo"}),
        ("postgresql://a,b/todo", {"PGHOST": "a,b", "PGDATABASE": "todo"}),
        (
            "postgresql://db?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=c&sslkey=k",
            {"PGHOST": "db", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/ca.pem", "PGSSLCERT": "c", "PGSSLKEY": "k"},
        ),
        (
            "postgresql://?user=ada&password=p%26q&dbname=todo",
            {"PGUSER": "ada", "PGPASSWORD": "p&q", "PGDATABASE": "todo"},
        ),
        ("postgresql://ada@db?user=eve&host=other", {"PGUSER": "ada", "PGHOST": "db"}),
        (
            "postgresql://db?options=-crole%3Dx&search_path=a,%20b%5C&application_name=me",
            {"PGHOST": "db", "PGOPTIONS": "-crole=x -c search_path=a,\\ b\\\\", "PGAPPNAME": "me"},
        ),
    ],
)
def test_every_part_of_a_url_has_its_variable(url: str, variables: dict[str, str]) -> None:
    assert environment_of(url) == variables


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("todo", "dbname='todo'"),
        ("host=evil", "dbname='host=evil'"),
        ("postgresql://evil", "dbname='postgresql://evil'"),
        ("it's \\ odd", "dbname='it\\'s \\\\ odd'"),
    ],
)
def test_no_name_of_a_database_is_taken_for_a_connection_string(name: str, argument: str) -> None:
    assert database_argument(name) == argument
