"""Runs of the contestants of the worker's benchmarks, in Python and in Java, each in processes of its own."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.child_processes import peak_of
from benchmarks.kafka_streams.program import DEFAULTS, TUNED, StreamsProgram
from benchmarks.worker_contestants import Outcome

STREAMS = "Kafka Streams, its defaults"
STREAMS_TUNED = "Kafka Streams, tuned"
SETTINGS = {STREAMS: DEFAULTS, STREAMS_TUNED: TUNED}


class Runs:
    """Runs on one broker; topics are those of input, outputs and dead letters."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self._streams = StreamsProgram(folder, bootstrap)
        self._bootstrap = bootstrap

    def measure(self, name: str, topics: list[str], messages: int) -> tuple[Outcome, float]:
        """What a run over so many messages took, and the megabytes that its process had at most."""
        process = subprocess.Popen(self._command(name, _group(), topics, messages), stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout as printed:
            lines = printed.read().splitlines()
        peak = peak_of(process)
        return Outcome(**json.loads(lines[-1])), peak

    @contextmanager
    def working(self, name: str, topics: list[str], replicas: int = 1) -> Iterator[str]:
        """So many processes, or for Streams one of as many threads, at work while the block lasts, under this group."""
        group = _group()
        threads, processes = (replicas, 1) if name in SETTINGS else (1, replicas)
        running = [subprocess.Popen(self._command(name, group, topics, 0, threads=threads)) for _ in range(processes)]
        try:
            yield group
            assert all(each.poll() is None for each in running), f"{name} has failed"
        finally:
            for each in running:
                each.kill()
                each.wait()

    def _command(self, name: str, group: str, topics: list[str], messages: int, *, threads: int = 1) -> list[str]:
        if name in SETTINGS:
            return self._streams.command(SETTINGS[name], group, topics, messages, threads=threads)
        module = [sys.executable, "-m", "benchmarks.worker_contestants"]
        return [*module, name, group, self._bootstrap, *topics, str(messages)]


def _group() -> str:
    return f"bench-{uuid.uuid4().hex[:8]}"
