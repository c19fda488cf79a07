"""One run of the Go compiler, at low priority, that tells how far it is."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from control_plane.go_toolchain import Go

TELL_EVERY_S = 15.0


class BuildFailed(Exception):
    """The compiler's last words."""


def build(go: Go, source: Path, output: Path, *, version: str, say: Callable[[str], None]) -> None:
    """Build the module in `source` into the file `output`, as Kubernetes `version`. Raises BuildFailed."""
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",  # never fetch another Go
        "GOWORK": "off",
    }
    say(f"building Kubernetes {version} for the tests from source: 4 to 10 minutes on two cores, once")
    started = time.monotonic()
    # Whoever works on this machine comes first.
    arguments = [
        "nice",
        "-n",
        "10",
        str(go.command),
        "build",
        "-v",
        "-trimpath",
        "-ldflags",
        _linker_flags(version),
        "-o",
        str(output),
        ".",
    ]
    with subprocess.Popen(
        arguments,
        cwd=source,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as compiler:
        words = _follow(compiler, started, say)
    if compiler.returncode != 0:
        raise BuildFailed("\n".join([f"Kubernetes {version} could not be built:", *words[-20:]]))
    say(f"built Kubernetes {version} in {_minutes(started)}, {output.stat().st_size / 1e6:.0f} MB")


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


def _linker_flags(version: str) -> str:
    """Without symbols, and with the version, which clients otherwise see as v0.0.0."""
    major, minor, _ = version.split(".")
    stated = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stated.items())])


def _minutes(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}:{seconds % 60:02} min"
