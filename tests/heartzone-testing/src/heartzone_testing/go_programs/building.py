"""Runs of the Go command: a build, at low priority, that tells how far it is, and the sources that go into one."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from heartzone_testing.go_programs.toolchain import Go

TELL_EVERY_S = 15.0
SETTINGS = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-mod=readonly -buildvcs=false",
    "GOTOOLCHAIN": "local",  # never fetch another Go
    "GOWORK": "off",
}


class BuildFailed(Exception):
    """The compiler's last words."""


def build(
    go: Go, source: Path, output: Path, *, title: str, arguments: tuple[str, ...], say: Callable[[str], None]
) -> None:
    """Build what `arguments` of ``go build`` name in the module `source` into `output`, a file or a folder.

    `title` is what people call it. Raises BuildFailed.
    """
    started = time.monotonic()
    with subprocess.Popen(
        # Whoever works on this machine comes first.
        ["nice", "-n", "10", str(go.command), "build", "-v", "-trimpath", "-o", str(output), *arguments],
        cwd=source,
        env=os.environ | SETTINGS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as compiler:
        words = _follow(compiler, started, say)
    if compiler.returncode != 0:
        raise BuildFailed("\n".join([f"{title} could not be built:", *words[-20:]]))
    say(f"built {title} in {_minutes(started)}, {_megabytes(output):.0f} MB")


def sources_of(go: Go, source: Path, module: str) -> Path:
    """The folder with the sources of a module that the module `source` is made of, fetched when they are missing.

    Raises BuildFailed.
    """
    fetched = subprocess.run(
        [go.command, "mod", "download", "-json", module],
        cwd=source,
        env=os.environ | SETTINGS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode != 0:
        raise BuildFailed(f"the sources of {module} could not be fetched:\n{fetched.stdout}{fetched.stderr}")
    return Path(json.loads(fetched.stdout)["Dir"])


def _follow(compiler: "subprocess.Popen[str]", started: float, say: Callable[[str], None]) -> list[str]:
    """Read what the compiler says to its end: a line for each module it downloads and each package it compiles."""
    words: list[str] = []
    told = started
    assert compiler.stdout is not None
    for line in compiler.stdout:
        words.append(line.rstrip())
        if time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            downloaded = sum(word.startswith("go: ") for word in words)
            say(f"  {_minutes(started)}: {downloaded} modules downloaded, {len(words) - downloaded} packages compiled")
    return words


def _megabytes(output: Path) -> float:
    files = output.iterdir() if output.is_dir() else [output]
    return sum(file.stat().st_size for file in files) / 1e6


def _minutes(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02} min"
