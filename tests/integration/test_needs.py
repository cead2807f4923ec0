"""What a test needs of the machine is asked for itself."""

from pathlib import Path

import pytest

from tests.needs import COMPOSE, ENGINE, Need, environment_of_clients, is_met, require


@pytest.mark.parametrize(
    ("script", "met"),
    [
        ("exit 0", {ENGINE.name, COMPOSE.name}),
        ('test "$1" != compose', {ENGINE.name}),  # a client without the plugin
        ('test "$1" = compose', {COMPOSE.name}),  # a client that reaches no engine
        ("exit 1", set[str]()),
        (None, set[str]()),
    ],
)
def test_a_client_is_no_engine_and_brings_no_compose(
    script: str | None, met: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is not None:
        docker = tmp_path / "docker"
        docker.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        docker.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert {need.name for need in (ENGINE, COMPOSE) if is_met(need)} == met


def test_what_is_missing_is_a_reason_to_skip_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_CONTAINERS", raising=False)

    with pytest.raises(pytest.skip.Exception) as skipped:
        require(Need(name="a thing", question=("todo-api-no-such-program", "--version")))

    assert str(skipped.value) == "needs a thing: `todo-api-no-such-program --version` does not succeed"


def test_where_containers_are_required_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_CONTAINERS", "1")

    with pytest.raises(pytest.fail.Exception, match="needs a thing"):
        require(Need(name="a thing", question=("todo-api-no-such-program",)))


def test_programs_are_asked_about_the_engine_that_the_tests_use() -> None:
    environ = {"PATH": "/bin", "DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_CONTEXT": "other", "JWT_SECRET": "hidden"}

    assert environment_of_clients(environ) == {
        "PATH": "/bin", "HOME": "/", "DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_CONTEXT": "other",
    }  # fmt: skip
