"""Secrets in files, as container platforms hand them over."""

import os
from pathlib import Path

import pytest

from entrypoints.environment import SettingsError
from entrypoints.settings import Settings
from entrypoints.variables import settings_from_environment

VALUES = {
    "DATABASE_URL": "postgresql://ada:pw@db/todo",
    "REDIS_URL": "redis://:pw@cache",
    "JWT_SECRET": "j" * 64,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_secret_is_read_from_the_file_that_is_named(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{VALUES[name]}\n", encoding="utf-8")

    settings = Settings.read({f"{name}_FILE": str(file)})

    assert getattr(settings, name.lower()) == VALUES[name]
    assert VALUES[name] not in repr(settings)


@pytest.mark.parametrize("name", VALUES)
def test_a_file_that_is_not_there_is_a_problem(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read({f"{name}_FILE": str(tmp_path / "nothing")})

    assert error.value.problems == [f"{name}_FILE cannot be read: No such file or directory."]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "JWT_SECRET_FILE names an empty file."),
        (b" \n", "JWT_SECRET_FILE names an empty file."),
        (b"\xff" * 64, "JWT_SECRET_FILE cannot be read: it is not UTF-8."),
        (b"short\n", "JWT_SECRET is too short: it must have at least 64 bytes."),
    ],
)
def test_a_file_without_a_good_secret_is_a_problem(content: bytes, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(SettingsError) as error:
        Settings.read({"JWT_SECRET_FILE": str(file)})

    assert error.value.problems == [problem]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read({"JWT_SECRET_FILE": str(tmp_path)})

    assert error.value.problems == ["JWT_SECRET_FILE cannot be read: Is a directory."]


def test_every_problem_is_told_at_once_those_of_files_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read(
            {
                "ENVIRONMENT": "production",
                "JWT_SECRET_FILE": str(tmp_path / "nothing"),
                "DATABASE_URL": "postgres://db",
                "DATABASE_URL_FILE": str(tmp_path / "nothing"),
            }
        )

    assert len(error.value.problems) == 3
    assert error.value.problems[0].startswith("DATABASE_URL and DATABASE_URL_FILE are both set")
    assert error.value.problems[1].startswith("JWT_SECRET_FILE cannot be read")
    assert error.value.problems[2].startswith("JWT_SECRET is missing")


def test_the_environment_comes_before_the_file_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=1234\nHOST=::1\nWORKERS\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.setenv("PORT", "4321")

    settings = settings_from_environment()

    assert (settings.host, settings.port) == ("::1", 4321)


@pytest.mark.parametrize("line", ['DATABASE_URL="postgresql://db/todo', "DATABASE_URL postgresql://db/todo", "=x"])
def test_a_line_that_means_nothing_is_a_problem_and_not_left_out(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"# of this instance\n\nPORT=1234\n{line}\nHOST=::1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingsError) as error:
        settings_from_environment()

    assert error.value.problems == ["Line 4 of the file .env is no NAME=value."]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("PORT=1234\n", encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORT", raising=False)

    assert settings_from_environment().port == 1234


def test_what_is_no_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / ".env")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingsError, match="it is no file"):
        settings_from_environment()
