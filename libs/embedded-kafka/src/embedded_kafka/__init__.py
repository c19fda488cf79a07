"""A real Kafka and a real schema registry as child processes, without Docker or an installed Java."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_kafka.broker.cluster import EmbeddedKafka
    from embedded_kafka.broker.security import Security
    from embedded_kafka.errors import (
        DamagedDataDirError,
        DataDirInUseError,
        DownloadError,
        EmbeddedKafkaError,
        PortInUseError,
        StartError,
        UnsupportedPlatformError,
    )
    from embedded_kafka.registry.registry import EmbeddedRegistry

__all__ = [
    "DamagedDataDirError",
    "DataDirInUseError",
    "DownloadError",
    "EmbeddedKafka",
    "EmbeddedKafkaError",
    "EmbeddedRegistry",
    "PortInUseError",
    "Security",
    "StartError",
    "UnsupportedPlatformError",
]

_MODULES = {"EmbeddedKafka": "broker.cluster", "EmbeddedRegistry": "registry.registry", "Security": "broker.security"}


def __getattr__(name: str) -> object:
    # Imported when first used (PEP 562): pytest loads this package in every session for the sake of the plugin, and
    # a Kafka client and a cryptography library would make each of them wait.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
