"""The Streams program as a process: its jars fetched, its source compiled, its settings written down.

Most of its jars are the broker's; the lock beside this has the rest.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from embedded_kafka.broker.distribution import kafka_jars
from embedded_kafka.distributions import ensure, read_lock
from embedded_kafka.jvm.command import java_command
from embedded_kafka.jvm.properties_format import render
from heartzone_testing.java.program import compile_java

SOURCE = Path(__file__).with_name("ZoneStreams.java")
STREAMS_LOCK = Path(__file__).with_name("kafka-streams.lock.toml")
HEAP_MB = 512

DEFAULTS: Mapping[str, str] = MappingProxyType({})
TUNED: Mapping[str, str] = MappingProxyType(
    {
        # Transactions that last about as long as the worker's when it is busy.
        "commit.interval.ms": "500",
        "buffered.records.per.partition": "10000",
        "consumer.max.poll.records": "10000",
        "consumer.fetch.min.bytes": "1",
        "consumer.fetch.max.bytes": str(64 * 1024 * 1024),
        "consumer.max.partition.fetch.bytes": str(8 * 1024 * 1024),
        "producer.compression.type": "lz4",
        "producer.batch.size": str(512 * 1024),
        "producer.buffer.memory": str(64 * 1024 * 1024),
    }
)
"""Settings for throughput: lz4, larger batches and polls; what Streams sets itself, as a linger of 100 ms, stays."""


class StreamsProgram:
    """The program, compiled into a folder that belongs to it."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        home = ensure(read_lock(STREAMS_LOCK))
        libraries = [*kafka_jars(), *(home / artifact.filename for artifact in read_lock(STREAMS_LOCK).artifacts)]
        self._folder = folder
        self._bootstrap = bootstrap
        self._classes = folder / "classes"
        compile_java(SOURCE, classes=self._classes, libraries=libraries)
        self._path = os.pathsep.join(map(str, [self._classes, *libraries]))

    def command(
        self, settings: Mapping[str, str], name: str, topics: list[str], messages: int, *, threads: int
    ) -> list[str]:
        """The argv of a run under a group of this name, over input, output and dead letters; 0 messages: for ever."""
        properties = {
            "bootstrap.servers": self._bootstrap,
            "application.id": name,
            "processing.guarantee": "exactly_once_v2",
            "num.stream.threads": str(threads),
            "state.dir": str(self._folder / "state"),
            **settings,
        }
        file = self._folder / f"{name}.properties"
        file.write_text(render(properties))
        # What is retried, such as a produce request that meets the markers of the transaction before, is not told.
        logging = [("org.slf4j.simpleLogger.defaultLogLevel", "error")]
        return java_command(
            ["-cp", self._path, SOURCE.stem, file, *topics, str(messages)],
            heap_mb=HEAP_MB,
            options=["--enable-native-access=ALL-UNNAMED"],
            system_properties=[*logging, ("java.io.tmpdir", str(self._folder))],
        )
