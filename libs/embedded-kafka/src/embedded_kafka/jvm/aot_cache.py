"""AOT caches: the classes of a program as a JVM has loaded and linked them in a training run (JEP 483, JEP 514).

A JVM that maps them starts with a third of the CPU time. A cache is made once, lies beside the distribution, belongs to
that very distribution and Java runtime, and is never needed: whatever is wrong with it, programs start without it.

Layout, beside ``<home>``::

    <home>-<key>.aot         the cache; written elsewhere, then renamed
    <home>-<key>.aot.json    its seal: size and time; touched when the cache is used
    <home>.aot.lock          held by the one process that makes it
"""

import hashlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from embedded_kafka.distributions import seal_of
from embedded_kafka.distributions.progress import PreparationProgress, Progress
from embedded_kafka.errors import EmbeddedKafkaError, StartError
from embedded_kafka.jvm.command import java_command
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.runtime import runtime_digest
from embedded_kafka.processes import ChildProcess

CREATE_TIMEOUT_S = 300.0
CREATE_HEAP_MB = 512
UNUSED_FOR_S = 30 * 24 * 3600.0

Train = Callable[[JavaProgram, Path], None]
"""Runs the program once, in this empty directory, and lets it end by itself. Raises EmbeddedKafkaError."""

_log = logging.getLogger(__name__)


def ensure_aot_cache(home: Path, program: JavaProgram, train: Train, *, step: str, progress: Progress) -> Path | None:
    """The AOT cache of the program of a distribution, made when it is missing; None when it cannot be made.

    `progress` is called under the name `step`. Raises UnsupportedPlatformError.
    """
    classpath = program.classpath.replace(str(home), "")  # relative: a JVM takes a cache along when its jars move
    key = hashlib.sha256(f"{seal_of(home)}\n{runtime_digest()}\n{classpath}".encode()).hexdigest()[:12]
    cache = home.with_name(f"{home.name}-{key}.aot")
    try:
        if not _is_intact(cache):
            with FileLock(home.with_name(f"{home.name}.aot.lock")):
                if not _is_intact(cache):
                    progress(PreparationProgress(step, finished=False))
                    _make(home, cache, program, train)
                    _remove_unused(home, cache)
                    progress(PreparationProgress(step, finished=True))
        with suppress(OSError):  # of somebody else, perhaps: it can be used all the same
            _seal(cache).touch()
    except (EmbeddedKafkaError, OSError) as error:  # the program starts without it, only slower
        _log.warning("aot_cache_skipped", exc_info=error)
        return None
    return cache


def _make(home: Path, cache: Path, program: JavaProgram, train: Train) -> None:
    """Record what a run of the program loads, and have another JVM write it down (JEP 483's two steps, each of them a
    process that is tied to ours)."""
    with tempfile.TemporaryDirectory(prefix=f"{home.name}.aot-", dir=home.parent, ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        recording, made = scratch / "recording.aotconf", scratch / "made.aot"
        directory = scratch / "run"
        directory.mkdir()
        record = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={recording}")
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        train(replace(program, options=record).with_temporary_files(unpacked), directory)
        create = ("-XX:AOTMode=create", f"-XX:AOTConfiguration={recording}", f"-XX:AOTCache={made}")
        command = java_command(["-cp", program.classpath], heap_mb=CREATE_HEAP_MB, profile="startup", options=create)
        creation = ChildProcess.start(command, log_file=scratch / "create.log")
        try:
            code = creation.wait(CREATE_TIMEOUT_S)
        finally:
            creation.kill()
        if code != 0 or not made.exists():
            raise StartError(f"the AOT cache could not be made, exit code {code}:\n{creation.tail()}")
        _seal(cache).unlink(missing_ok=True)
        made.replace(cache)
        _seal(cache).write_text(json.dumps(_state(cache)))


def _remove_unused(home: Path, current: Path) -> None:
    """Remove caches of other Java runtimes that nobody has started with for a month, and what a kill has left."""
    for leftover in home.parent.glob(f"{home.name}.aot-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for cache in home.parent.glob(f"{home.name}-*.aot"):
        used = _seal(cache).stat().st_mtime if _seal(cache).exists() else 0
        if cache != current and time.time() - used > UNUSED_FOR_S:
            _seal(cache).unlink(missing_ok=True)
            cache.unlink(missing_ok=True)


def _seal(cache: Path) -> Path:
    return cache.with_name(f"{cache.name}.json")


def _is_intact(cache: Path) -> bool:
    try:
        return bool(json.loads(_seal(cache).read_text()) == _state(cache))
    except (OSError, ValueError):
        return False


def _state(cache: Path) -> list[int]:
    stat = cache.stat()
    return [stat.st_size, stat.st_mtime_ns]
