"""Formatting of a new cluster's storage with Kafka's own StorageTool."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from embedded_kafka.errors import StartFailed
from embedded_kafka.java_properties import render
from embedded_kafka.node import kafka_command

TIMEOUT_S = 60


def format_storage(directory: Path, cluster_id: str, *, classpath: str, properties: Mapping[str, str]) -> None:
    """Format the (empty) log directory of a node. Raises StartFailed."""
    config = directory.with_suffix(".properties")
    config.touch(mode=0o600)
    config.write_text(render({**properties, "log.dirs": str(directory)}))
    command = kafka_command(
        classpath,
        "kafka.tools.StorageTool",
        *("format", "--cluster-id", cluster_id, "--config", config),
        heap_mb=64,
    )
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=TIMEOUT_S
    )
    config.unlink()
    if done.returncode != 0:
        raise StartFailed(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}".rstrip())
