"""The secret that signs tokens, where nobody gave one: made once, and readable by its user only."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Barrier

from entrypoints.settings import Settings
from entrypoints.signing_secret import jwt_secret
from tests.integration.processes import TIMEOUT, environment

JWT_SECRET = "j" * 64


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_secret_is_made_once_for_its_user_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")

    secret = jwt_secret(settings)

    file = tmp_path / "data" / "jwt-secret"
    assert len(secret.encode()) >= 64
    assert jwt_secret(settings) == secret == file.read_text(encoding="utf-8")
    assert (mode_of(file.parent), mode_of(file)) == (0o700, 0o600)
    assert list(file.parent.iterdir()) == [file]


def test_many_that_start_in_one_process_get_the_same_secret(tmp_path: Path) -> None:
    for number in range(20):
        settings, together = Settings(data_dir=tmp_path / str(number)), Barrier(8)

        def start(settings: Settings = settings, together: Barrier = together) -> str:
            together.wait(TIMEOUT)
            return jwt_secret(settings)

        with ThreadPoolExecutor(8) as threads:
            secrets = [future.result() for future in [threads.submit(start) for _ in range(8)]]

        assert len(set(secrets)) == 1
        assert [file.name for file in settings.data_dir.iterdir()] == ["jwt-secret"]


def test_many_processes_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from entrypoints.variables import settings_from_environment\n"
        "from entrypoints.signing_secret import jwt_secret\n"
        "print(flush=True); sys.stdin.read(1); print(jwt_secret(settings_from_environment()), end='')"
    )
    processes = [
        Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", program], cwd=tmp_path, env=environment(), stdin=PIPE, stdout=PIPE, umask=0
        )
        for _ in range(4)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"!")
            process.stdin.flush()
        secrets = {process.communicate(timeout=TIMEOUT)[0] for process in processes}
    finally:
        for process in processes:
            process.kill()
            process.wait(TIMEOUT)

    file = tmp_path / "data" / "jwt-secret"
    assert secrets == {file.read_bytes()}
    assert (mode_of(file.parent), mode_of(file)) == (0o700, 0o600)


def test_whoever_is_given_a_secret_makes_none(tmp_path: Path) -> None:
    given = Settings.read({"JWT_SECRET": JWT_SECRET, "DATA_DIR": str(tmp_path / "data")})

    assert jwt_secret(given) == JWT_SECRET
    assert list(tmp_path.iterdir()) == []
