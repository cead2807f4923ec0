"""Clients that are made of the document alone, by generators that people really use: they compile, and they work."""

import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from bench.node import NodeError, node_with_packages
from tests.integration.processes import TIMEOUT, Server, serving
from tests.needs import must_not_be_skipped

CLIENTS = Path(__file__).parents[1] / "clients"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A service without any account."""
    with serving(tmp_path_factory.mktemp("service")) as server:
        yield server


@pytest.fixture(scope="module")
def document(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the document that the service has of itself."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(httpx.get(f"{server.url}/schema/openapi.json", timeout=TIMEOUT).content)
    return path


@pytest.fixture(scope="module")
def node() -> str:
    """An interpreter, beside the packages of the lock file."""
    try:
        return node_with_packages(CLIENTS / "typescript")
    except NodeError as error:
        must_not_be_skipped(str(error))
        pytest.skip(f"needs Node and its packages: {error}".replace("\n", " "))


@pytest.fixture(scope="module")
def typescript(node: str, document: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a client, and programs that use it; what must not compile in them did not."""
    source, folder = CLIENTS / "typescript", tmp_path_factory.mktemp("typescript") / "client"
    packages = source / "node_modules"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(packages.name))
    (folder / packages.name).symlink_to(packages)
    run(node, packages / "openapi-typescript" / "bin" / "cli.js", document, "--output", "api.d.ts", cwd=folder)
    run(node, packages / "typescript" / "bin" / "tsc", "--project", folder, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def python(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a client, and a program that uses it; the generator understood all of the document."""
    folder = tmp_path_factory.mktemp("python") / "client"
    shutil.copytree(CLIENTS / "python", folder)
    run(
        *(Path(sys.executable).with_name("openapi-python-client"), "generate", "--fail-on-warning"),
        *("--path", document, "--meta", "none", "--output-path", "todo_api_client", "--config", "generator.yml"),
        cwd=folder,
    )
    return folder


def test_what_openapi_typescript_makes_compiles_and_works(node: str, typescript: Path, server: Server) -> None:
    run(node, "tour.js", server.url, cwd=typescript)


def test_what_openapi_python_client_makes_has_the_types_that_a_program_takes_it_for(python: Path) -> None:
    run(sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--project", python, cwd=python)


def test_what_openapi_python_client_makes_works(python: Path, server: Server) -> None:
    run(sys.executable, "tour.py", server.url, cwd=python)


def run(*command: str | Path, cwd: Path) -> None:
    """Run a program, and fail with what it says if it does."""
    done = subprocess.run(  # noqa: S603 - found here
        command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
