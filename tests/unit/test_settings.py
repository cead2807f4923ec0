"""Settings from the environment."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from domain.quotas.model import AccountQuotas
from entrypoints.environment import Secret, SettingsError
from entrypoints.settings import Settings

JWT_SECRET = "j" * 64


def problems_of(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        Settings.read(environ)
    return error.value.problems


def test_nothing_has_to_be_set() -> None:
    assert Settings.read({}) == Settings()


def test_an_empty_variable_is_not_set() -> None:
    names = (
        "HOST", "PORT", "WORKERS", "DATA_DIR", "DATABASE_URL", "REDIS_URL", "JWT_SECRET", "JWT_SECRET_FILE",
        "DEBUG", "ENVIRONMENT", "LOG_LEVEL", "CORS_ORIGINS", "ALLOWED_HOSTS", "DATABASE_POOL_SIZE",
        "MIGRATE_ON_START", "ACCESS_LOG", "FORCE_HTTPS", "TRUSTED_PROXIES", "PUBLIC_URL", "ROOT_PATH",
        "REQUEST_TIMEOUT", "RATE_LIMIT", "MAX_CONCURRENT_REQUESTS", "MAX_CONNECTIONS_PER_ADDRESS", "QUOTA_TODOS",
        "QUOTA_BYTES", "QUOTA_POSTS", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT", "METRICS_HOST",
        "METRICS_PORT", "METRICS_TOKEN",
        "BACKUP_DIR", "BACKUP_KEEP", "BACKUP_MAX_AGE", "BACKUP_RECIPIENTS", "BACKUP_IDENTITY",
    )  # fmt: skip

    assert Settings.read(dict.fromkeys(names, " ")) == Settings()


def test_every_variable_is_read() -> None:
    settings = Settings.read(
        {
            "ENVIRONMENT": "production",
            "HOST": "::",
            "PORT": "80",
            "WORKERS": "4",
            "DATA_DIR": "/var/lib/todo",
            "DATABASE_URL": "postgresql://ada:pw@db/todo",
            "REDIS_URL": "rediss://cache:6379/0",
            "JWT_SECRET": JWT_SECRET,
            "DEBUG": "off",
            "LOG_LEVEL": "WARNING",
            "CORS_ORIGINS": "https://a.example, https://b.example,",
            "ALLOWED_HOSTS": " api.example.com ,*.example.org",
            "DATABASE_POOL_SIZE": "20",
            "MIGRATE_ON_START": "on",
            "ACCESS_LOG": "off",
            "FORCE_HTTPS": "yes",
            "TRUSTED_PROXIES": "10.0.0.7, fd00::/8",
            "PUBLIC_URL": "https://api.example.com/",
            "ROOT_PATH": "/services/todo/",
            "REQUEST_TIMEOUT": "20",
            "RATE_LIMIT": "off",
            "MAX_CONCURRENT_REQUESTS": "8",
            "QUOTA_TODOS": "500",
            "QUOTA_BYTES": "1048576",
            "QUOTA_POSTS": "7",
            "MAX_CONNECTIONS_PER_ADDRESS": "64",
            "SENTRY_DSN": "https://key@errors.example.com/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "METRICS_HOST": "10.0.0.1",
            "METRICS_PORT": "9100",
            "METRICS_TOKEN": "scrape",
            "BACKUP_DIR": "/backups",
            "BACKUP_KEEP": "30",
            "BACKUP_MAX_AGE": "2d",
            "BACKUP_RECIPIENTS": "age1a, age1b",
            "BACKUP_IDENTITY": "AGE-SECRET-KEY-1",
            "SOMETHING_ELSE": "ignored",
        }
    )

    assert settings == Settings(
        environment="production",
        host="::",
        port=80,
        workers=4,
        data_dir=Path("/var/lib/todo"),
        database_url=Secret("postgresql://ada:pw@db/todo"),
        redis_url=Secret("rediss://cache:6379/0"),
        jwt_secret=Secret(JWT_SECRET),
        debug=False,
        log_level="warning",
        cors_origins=("https://a.example", "https://b.example"),
        allowed_hosts=("api.example.com", "*.example.org"),
        database_pool_size=20,
        migrate_on_start=True,
        access_log=False,
        force_https=True,
        trusted_proxies=(ip_network("10.0.0.7"), ip_network("fd00::/8")),
        public_url="https://api.example.com",
        root_path="/services/todo",
        request_timeout=20,
        rate_limit=False,
        max_concurrent_requests=8,
        quota_todos=500,
        quota_bytes=1_048_576,
        quota_posts=7,
        max_connections_per_address=64,
        sentry_dsn=Secret("https://key@errors.example.com/1"),
        otlp_endpoint="http://collector:4318",
        metrics_host="10.0.0.1",
        metrics_port=9100,
        metrics_token=Secret("scrape"),
        backup_dir=Path("/backups"),
        backup_keep=30,
        backup_max_age=timedelta(days=2),
        backup_recipients=("age1a", "age1b"),
        backup_identity=Secret("AGE-SECRET-KEY-1"),
    )


def test_quotas_are_settings_of_their_own() -> None:
    quotas = Settings.read({"QUOTA_TODOS": "500", "QUOTA_BYTES": "1048576", "QUOTA_POSTS": "7"}).quotas

    assert quotas == AccountQuotas(todos=500, bytes=1_048_576, posts=7)
    assert Settings.read({}).quotas == AccountQuotas()


def test_the_embedded_database_lives_in_the_data_directory() -> None:
    assert Settings.read({"DATA_DIR": "/srv"}).sqlite_path == Path("/srv/todo.sqlite3")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgresql+asyncpg://ada:p%40ss@db:5433/todo?sslmode=require", "postgresql://ada:p%40ss@db:5433/todo?sslmode=require"),
        ("postgresql://db/todo", "postgresql://db/todo"),
        ("postgres://db/todo", "postgresql://db/todo"),
        ("  postgres:///todo?host=/run/postgresql\n", "postgresql:///todo?host=/run/postgresql"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_database_url_becomes_the_drivers(given: str, kept: str) -> None:
    assert Settings.read({"DATABASE_URL": given}).database_url == kept


@pytest.mark.parametrize(
    "url", ["mysql://db/todo", "postgresql", "postgresql:/db", "sqlite:///x", "://db", "postgresql+psycopg://db/todo"]
)
def test_another_database_is_refused_without_showing_its_url(url: str) -> None:
    [problem] = problems_of(DATABASE_URL=url + "?password=hidden")

    assert "DATABASE_URL must begin with postgresql://" in problem
    assert "hidden" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hid/den@db/todo",
        "postgresql://ada:hid#den@db/todo",
        "postgresql://ada:hidden@db:port/todo",
        "postgresql://ada:hidden@[::1/todo",
        "postgresql://ada:hidden@::1/todo",
        "postgresql://ada:hidden@db:5432,db:x/todo",
    ],
)
def test_a_database_url_that_nobody_could_read_is_refused_without_showing_it(url: str) -> None:
    [problem] = problems_of(DATABASE_URL=url)

    assert problem.startswith("DATABASE_URL does not name a host and a port")
    assert "hid" not in problem


@pytest.mark.parametrize(
    "hosts", ["", "db", "db:5432", "ada@db", "ada:p%40@db", "ada:p@ss@db", "[::1]", "[::1]:5432", "a:1,b,[::1]:2"]
)
def test_a_database_url_may_name_any_hosts(hosts: str) -> None:
    for rest in (hosts, f"{hosts}/todo", f"{hosts}/todo?host=/run/postgresql:1", f"{hosts}?user=a@b:c"):
        assert Settings.read({"DATABASE_URL": f"postgresql://{rest}"}).database_url == f"postgresql://{rest}"


@pytest.mark.parametrize("url", ["redis://cache", "rediss://:pw@cache:6380/1", "unix:///run/redis.sock"])
def test_a_redis_url_is_taken_as_it_is(url: str) -> None:
    assert Settings.read({"REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize(
    "url",
    ["redis://cache:6379?db=1", "unix:///run/redis.sock?db=1&password=pw", "rediss://cache?ssl_cert_reqs=none&db=2"],
)
def test_a_redis_url_may_have_the_options_of_its_scheme(url: str) -> None:
    assert Settings.read({"REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache:port",
        "redis://cache:65536",
        "redis://cache:0",
        "redis://[::1",
        "redis://cache?db=first",
        "redis://cache?db=",
        "redis://cache?ssl_cert_reqs=none",
        "rediss://cache?unknown=1",
    ],
)
def test_a_redis_url_that_would_fail_later_is_refused_at_once(url: str) -> None:
    [problem] = problems_of(REDIS_URL=url)

    assert problem.startswith("REDIS_URL does not name a host and a port")


@pytest.mark.parametrize("url", ["http://cache", "cache:6379", "http://[::1", "redis", "//[hidden"])
def test_another_cache_is_refused_without_showing_its_url(url: str) -> None:
    [problem] = problems_of(REDIS_URL=url)

    assert "REDIS_URL must begin with redis://" in problem
    assert "hidden" not in problem


@pytest.mark.parametrize("text", ["0", "65536", "-1", "8000.0", "0x50", "port", "\u0661", "\u00b2"])
def test_a_port_that_is_none_is_a_problem(text: str) -> None:
    [problem] = problems_of(PORT=text)

    assert problem.startswith("PORT is ")
    assert problem.endswith("it must be a whole number from 1 to 65535.")


@pytest.mark.parametrize("text", ["1", "65535", " 8080 ", "0080"])
def test_a_port_is_read(text: str) -> None:
    assert Settings.read({"PORT": text}).port == int(text)


@pytest.mark.parametrize("text", ["0", "257", "many"])
def test_workers_are_counted(text: str) -> None:
    assert problems_of(WORKERS=text) == [f"WORKERS is {text!r}: it must be a whole number from 1 to 256."]


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("1", True), ("YES", True), ("on", True), ("false", False), ("0", False), ("No", False),
     ("off", False)],
)  # fmt: skip
def test_a_flag_has_many_spellings(text: str, *, flag: bool) -> None:
    assert Settings.read({"DEBUG": text}).debug is flag


def test_whoever_debugs_gets_the_log_for_it_unless_they_want_less() -> None:
    assert Settings.read({"DEBUG": "true"}).log_level == "debug"
    assert Settings.read({"DEBUG": "true", "LOG_LEVEL": "error"}).log_level == "error"


def test_a_flag_that_is_none_is_a_problem() -> None:
    assert problems_of(DEBUG="maybe") == ["DEBUG is 'maybe': it must be true or false."]


def test_a_word_that_is_no_choice_is_told_the_choices() -> None:
    assert problems_of(ENVIRONMENT="staging", LOG_LEVEL="loud") == [
        "ENVIRONMENT is 'staging': it must be one of development, production.",
        "LOG_LEVEL is 'loud': it must be one of info, debug, warning, error.",
    ]


@pytest.mark.parametrize(("secret", "is_long_enough"), [("x" * 63, False), ("x" * 64, True), ("ü" * 32, True)])
def test_the_length_of_a_secret_is_counted_in_bytes(secret: str, *, is_long_enough: bool) -> None:
    if is_long_enough:
        assert Settings.read({"JWT_SECRET": secret}).jwt_secret == secret
    else:
        assert problems_of(JWT_SECRET=secret) == ["JWT_SECRET is too short: it must have at least 64 bytes."]


@pytest.mark.parametrize("name", ["JWT_SECRET", "DATABASE_URL", "REDIS_URL"])
def test_a_secret_that_is_no_text_is_a_problem(name: str) -> None:
    """Python reads bytes of the environment that are no UTF-8 as lone surrogates."""
    scheme = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://"}.get(name, "")

    assert problems_of(**{name: scheme + "\udcff" * 64}) == [f"{name} is not UTF-8."]


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "JWT_SECRET"])
def test_a_secret_is_given_once(name: str) -> None:
    value = {"DATABASE_URL": "postgres://db", "REDIS_URL": "redis://cache", "JWT_SECRET": JWT_SECRET}[name]

    assert problems_of(**{name: value, f"{name}_FILE": "/nowhere"}) == [
        f"{name} and {name}_FILE are both set: only one of them may be."
    ]


def test_every_problem_is_told_at_once() -> None:
    problems = problems_of(
        ENVIRONMENT="production",
        PORT="x",
        WORKERS="0",
        DATABASE_URL="mysql://db",
        REDIS_URL="http://cache",
        DEBUG="yes",
        LOG_LEVEL="loud",
        CORS_ORIGINS="https://a.example,*",
    )

    assert sorted(problem.split()[0] for problem in problems) == [
        "CORS_ORIGINS", "DATABASE_URL", "DEBUG", "JWT_SECRET", "LOG_LEVEL", "PORT", "REDIS_URL", "WORKERS",
    ]  # fmt: skip


def test_an_error_shows_every_problem() -> None:
    with pytest.raises(SettingsError, match=r"PORT is 'x'.*\nWORKERS is 'y'"):
        Settings.read({"PORT": "x", "WORKERS": "y"})


def test_production_needs_a_secret_of_its_own() -> None:
    [problem] = problems_of(ENVIRONMENT="production")

    assert problem.startswith("JWT_SECRET is missing")
    assert Settings.read({"ENVIRONMENT": " Production ", "JWT_SECRET": JWT_SECRET}).environment == "production"


def test_production_is_not_debugged() -> None:
    assert problems_of(ENVIRONMENT="production", JWT_SECRET=JWT_SECRET, DEBUG="true") == [
        "DEBUG is on: it must be off in production."
    ]
    assert Settings.read({"DEBUG": "true"}).debug


def test_production_names_the_origins_it_trusts() -> None:
    assert problems_of(ENVIRONMENT="production", JWT_SECRET=JWT_SECRET, CORS_ORIGINS="*") == [
        "CORS_ORIGINS is a wildcard: in production it must name each origin."
    ]
    assert Settings.read({"CORS_ORIGINS": "*"}).cors_origins == ("*",)


def test_settings_do_not_show_their_secrets() -> None:
    settings = Settings.read(
        {"DATABASE_URL": "postgres://ada:hidden@db", "REDIS_URL": "redis://:hidden@cache", "JWT_SECRET": "hidden" * 11}
    )

    assert "hidden" not in repr(settings)
    assert "hidden" not in str(settings)
    assert "jwt_secret='***'" in repr(settings)


@pytest.mark.parametrize("origin", ["https://*", "http*", "https://*.a.example", "https://a.example/", "a.example"])
def test_an_origin_is_no_pattern_and_no_path(origin: str) -> None:
    assert problems_of(CORS_ORIGINS=origin) == [
        f"CORS_ORIGINS has {origin!r}: an origin is https://host or https://host:port, or * for any."
    ]


def test_the_ssl_of_sqlalchemy_is_the_sslmode_of_the_driver() -> None:
    settings = Settings.read({"DATABASE_URL": "postgresql+asyncpg://a:b@c/d?ssl=require"})

    assert settings.database_url == "postgresql://a:b@c/d?sslmode=require"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TRUSTED_PROXIES", "proxy.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "::ffff:10.0.0.0/104"),
        ("TRUSTED_PROXIES", "fe80::1%eth0"),
        ("PUBLIC_URL", "api.example.com"),
        ("PUBLIC_URL", "https://api.example.com:99999"),
        ("PUBLIC_URL", "https://[bad"),
        ("ROOT_PATH", "api"),
        ("ROOT_PATH", "//api"),
        ("ROOT_PATH", "/a/../b"),
        ("ROOT_PATH", "/a b"),
        ("ROOT_PATH", "https://api.example.com/api"),
        ("ROOT_PATH", "/" + "a" * 200),
        ("ROOT_PATH", "/todos"),
        ("ROOT_PATH", "/health/todo"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("BACKUP_MAX_AGE", "soon"),
        ("BACKUP_MAX_AGE", "0h"),
        ("BACKUP_KEEP", "0"),
        ("DATABASE_POOL_SIZE", "1"),
        ("METRICS_PORT", "8000"),
        ("REQUEST_TIMEOUT", "0"),
        ("QUOTA_TODOS", "0"),
        ("QUOTA_BYTES", "64MiB"),
        ("QUOTA_POSTS", "-1"),
    ],
)
def test_what_cannot_be_meant_is_a_problem(name: str, text: str) -> None:
    (problem,) = problems_of(**{name: text})

    assert problem.startswith(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SENTRY_DSN", "https://no-key-here.example.com/1"),
        ("SENTRY_DSN", "https://hidden@errors.example.com/"),
        ("SENTRY_DSN", "hidden"),
        ("METRICS_TOKEN", "hidd\u00ebn"),
        ("METRICS_TOKEN", "hid den"),
        ("BACKUP_RECIPIENTS", "age1x, AGE-SECRET-KEY-1HIDDEN"),
    ],
)
def test_a_secret_that_cannot_be_meant_is_a_problem_that_does_not_show_it(name: str, text: str) -> None:
    (problem,) = problems_of(**{name: text})

    assert problem.startswith(name)
    assert "hid" not in problem.lower()


def test_https_is_forced_only_behind_a_proxy_that_is_named() -> None:
    (problem,) = problems_of(FORCE_HTTPS="on")

    assert "TRUSTED_PROXIES" in problem
    assert Settings.read({"FORCE_HTTPS": "on", "TRUSTED_PROXIES": "10.0.0.0/8"}).force_https


@pytest.mark.parametrize(("text", "span"), [("45s", 45), ("90m", 5_400), ("26h", 93_600), ("7d", 604_800)])
def test_a_span_of_time_has_a_unit(text: str, span: int) -> None:
    assert Settings.read({"BACKUP_MAX_AGE": text}).backup_max_age == timedelta(seconds=span)


def test_only_the_embedded_database_is_migrated_without_being_asked_for() -> None:
    assert Settings.read({}).migrate_on_start
    assert not Settings.read({"DATABASE_URL": "postgresql://db/todo"}).migrate_on_start
    assert Settings.read({"DATABASE_URL": "postgresql://db/todo", "MIGRATE_ON_START": "on"}).migrate_on_start
