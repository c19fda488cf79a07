"""Kafka's programs: their jars, fetched when they are missing, and the AOT cache that their JVMs start with."""

import os
from dataclasses import replace
from pathlib import Path

from embedded_kafka.broker.training import train
from embedded_kafka.distributions import ensure, read_lock
from embedded_kafka.distributions.progress import Progress, StderrProgress
from embedded_kafka.jvm.aot_cache import ensure_aot_cache
from embedded_kafka.jvm.command import aot_options
from embedded_kafka.jvm.program import JavaProgram

KAFKA_LOCK = Path(__file__).with_name("kafka.lock.toml")

LOGGING = (
    ("org.slf4j.simpleLogger.showDateTime", "true"),
    ("org.slf4j.simpleLogger.dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSZ"),
    ("org.slf4j.simpleLogger.defaultLogLevel", "info"),
    # At level info it prints every setting of every client and broker at each start.
    ("org.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig", "warn"),
)


def kafka_jars(progress: Progress | None = None) -> list[Path]:
    """The jars of Kafka, all in one directory, fetched when they are missing. Raises DownloadError."""
    lock = read_lock(KAFKA_LOCK)
    home = ensure(lock, progress=progress)
    return [home / artifact.filename for artifact in lock.artifacts]


def kafka_program(progress: Progress | None = None) -> JavaProgram:
    """Return the program of Kafka's main classes. Raises DownloadError, UnsupportedPlatformError."""
    progress = progress or StderrProgress()
    jars = kafka_jars(progress)
    program = JavaProgram(("-cp", os.pathsep.join(map(str, jars))), LOGGING)
    step = f"kafka {read_lock(KAFKA_LOCK).version}"
    cache = ensure_aot_cache(jars[0].parent, program, train, step=step, progress=progress)
    return replace(program, options=tuple(aot_options(cache)))
