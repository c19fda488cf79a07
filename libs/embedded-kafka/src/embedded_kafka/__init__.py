"""A real Kafka and a real schema registry as child processes, without Docker or an installed Java."""

from embedded_kafka.errors import (
    DamagedDataDir,
    DataDirInUse,
    DownloadFailed,
    EmbeddedKafkaError,
    PortTaken,
    StartFailed,
    UnsupportedPlatform,
)
from embedded_kafka.kafka import EmbeddedKafka
from embedded_kafka.registry import EmbeddedRegistry
from embedded_kafka.security import Security

__all__ = [
    "DamagedDataDir",
    "DataDirInUse",
    "DownloadFailed",
    "EmbeddedKafka",
    "EmbeddedKafkaError",
    "EmbeddedRegistry",
    "PortTaken",
    "Security",
    "StartFailed",
    "UnsupportedPlatform",
]
