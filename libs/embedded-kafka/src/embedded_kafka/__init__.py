"""A real Kafka and a real schema registry as child processes, without Docker or an installed Java."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = {"EmbeddedKafka": "kafka", "EmbeddedRegistry": "registry", "Security": "security"}


def __getattr__(name: str) -> object:
    # Imported when first used (PEP 562): pytest loads this package in every session for the sake of the plugin, and
    # a Kafka client and a cryptography library would make each of them wait.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
