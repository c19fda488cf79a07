"""Runs of the Go command: a build, at low priority, with lines of progress, and the sources that go into one."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from kubernetes_node.go_programs.toolchain import Go

PROGRESS_INTERVAL_S = 15.0
SETTINGS = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-mod=readonly -buildvcs=false",
    "GOTOOLCHAIN": "local",  # never fetch another Go
    "GOWORK": "off",
}


class BuildError(Exception):
    """A program that could not be built, or sources that could not be fetched; the message ends with what Go says."""


def build(
    go: Go, source: Path, output: Path, *, title: str, arguments: tuple[str, ...], say: Callable[[str], None]
) -> None:
    """Build what `arguments` of ``go build`` name in the module `source` into `output`, a file or a folder.

    `title` is what people call it. Raises BuildError.
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
        # Go has children of its own, which go on without it: they are ended as a group.
        start_new_session=True,
    ) as compiler:
        try:
            output_lines = _follow(compiler, started, say)
        except BaseException:
            os.killpg(compiler.pid, signal.SIGKILL)
            raise
    if compiler.returncode != 0:
        raise BuildError("\n".join([f"{title} could not be built:", *output_lines[-20:]]))
    say(f"built {title} in {_minutes(started)}, {_megabytes(output):.0f} MB")


def sources_of(go: Go, source: Path, module: str) -> Path:
    """The folder with the sources of a module that the module `source` is made of, fetched when they are missing.

    Raises BuildError.
    """
    fetched = _download(go, source, module)
    if fetched.returncode != 0:
        raise BuildError(f"the sources of {module} could not be fetched:\n{fetched.stdout}{fetched.stderr}")
    return Path(json.loads(fetched.stdout)["Dir"])


def have_sources_of(go: Go, source: Path, *modules: str) -> bool:
    """Whether `sources_of` has nothing to fetch for any of these modules."""
    return _download(go, source, *modules, GOPROXY="off").returncode == 0


def _download(go: Go, source: Path, *modules: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [go.command, "mod", "download", "-json", *modules],
        cwd=source,
        env=os.environ | SETTINGS | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _follow(compiler: "subprocess.Popen[str]", started: float, say: Callable[[str], None]) -> list[str]:
    """Read the compiler's output to its end: a line for each module it downloads and each package it compiles."""
    lines: list[str] = []
    reported = started
    assert compiler.stdout is not None
    for line in compiler.stdout:
        lines.append(line.rstrip())
        if time.monotonic() - reported > PROGRESS_INTERVAL_S:
            reported = time.monotonic()
            downloaded = sum(each.startswith("go: ") for each in lines)
            say(f"  {_minutes(started)}: {downloaded} modules downloaded, {len(lines) - downloaded} packages compiled")
    return lines


def _megabytes(output: Path) -> float:
    files = output.iterdir() if output.is_dir() else [output]
    return sum(file.stat().st_size for file in files) / 1e6


def _minutes(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02} min"
