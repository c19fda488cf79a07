"""The registry's program: fetched when it is missing, and the AOT cache that its JVM starts with."""

from dataclasses import replace
from pathlib import Path

from embedded_kafka.distributions import ensure, read_lock
from embedded_kafka.distributions.progress import Progress, StderrProgress
from embedded_kafka.jvm.aot_cache import ensure_aot_cache
from embedded_kafka.jvm.command import aot_options
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.registry.training import train

REGISTRY_LOCK = Path(__file__).with_name("registry.lock.toml")


def registry_home(progress: Progress | None = None) -> Path:
    """The unpacked schema registry, fetched when it is missing. Raises DownloadError."""
    return ensure(read_lock(REGISTRY_LOCK), progress=progress)


def registry_program(progress: Progress | None = None) -> JavaProgram:
    """Return the program of the registry. Raises DownloadError, UnsupportedPlatformError."""
    progress = progress or StderrProgress()
    home = registry_home(progress)
    program = JavaProgram(("-jar", str(home / "quarkus-run.jar")))
    step = f"registry {read_lock(REGISTRY_LOCK).version}"
    cache = ensure_aot_cache(home, program, train, step=step, progress=progress)
    return replace(program, options=tuple(aot_options(cache)))
