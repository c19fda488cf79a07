"""Command lines of JVMs: a bounded heap, a profile, an AOT cache."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from embedded_kafka.jvm.runtime import java_executable

JvmProfile = Literal["throughput", "startup"]
"""The purpose that a JVM is tuned for.

"throughput": Java's own defaults (C2, and G1 on most machines), for a process that works for long. "startup": C1 alone
and the serial collector, for one that lives for a test: less CPU time until it is warm, and less speed afterwards.
"""

_OPTIONS: dict[JvmProfile, tuple[str, ...]] = {
    "throughput": (),
    "startup": ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
}


def java_command(
    main: Sequence[str | Path],
    *,
    heap_mb: int,
    profile: JvmProfile = "throughput",
    options: Sequence[str] = (),
    system_properties: Sequence[tuple[str, str]] = (),
) -> list[str]:
    """The argv that runs a main class or jar (`main` ends it) with a bounded heap. Raises UnsupportedPlatformError."""
    return [
        str(java_executable()),
        f"-Xmx{heap_mb}m",
        # An out-of-memory JVM that lives on responds to nothing: dead is easier to see.
        "-XX:+ExitOnOutOfMemoryError",
        *_OPTIONS[profile],
        *options,
        *(f"-D{name}={value}" for name, value in system_properties),
        *map(str, main),
    ]


def aot_options(cache: Path | None) -> list[str]:
    """The options that use an AOT cache, if the JVM can; one that is missing, stale or damaged costs time only."""
    if cache is None:
        return []
    return [
        f"-XX:AOTCache={cache}",
        "-XX:AOTMode=auto",
        # Compares the file's checksum, for 0.05 s: a JVM that maps damaged pages would crash.
        "-XX:+VerifySharedSpaces",
        # A cache that is not used is nothing that a reader of the program's log should look for.
        "-Xlog:aot*=off,cds*=off",
    ]
