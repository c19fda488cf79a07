"""Formatting of a new cluster's storage with Kafka's own StorageTool."""

from collections.abc import Mapping
from pathlib import Path

from embedded_kafka.errors import StartError
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.processes import ChildProcess

TIMEOUT_S = 60


def format_storage(directory: Path, cluster_id: str, *, program: JavaProgram, properties: Mapping[str, str]) -> None:
    """Format the (empty) log directory of a node; nothing else is left beside it. Raises StartError."""
    config = directory.with_suffix(".properties")
    config.touch(mode=0o600)
    config.write_text(render({**properties, "log.dirs": str(directory)}))
    command = program.command(
        "kafka.tools.StorageTool",
        *("format", "--cluster-id", cluster_id, "--config", config),
        heap_mb=64,
        profile="startup",
    )
    log_file = directory.with_suffix(".log")
    tool = ChildProcess.start(command, log_file=log_file)
    try:
        code = tool.wait(TIMEOUT_S)
    except TimeoutError:
        raise StartError(f"Kafka's storage was not formatted within {TIMEOUT_S} s:\n{tool.log()}".rstrip()) from None
    finally:
        tool.kill()
        config.unlink()
    if code != 0:
        raise StartError(f"Kafka's storage could not be formatted:\n{tool.log()}".rstrip())
    log_file.unlink()
