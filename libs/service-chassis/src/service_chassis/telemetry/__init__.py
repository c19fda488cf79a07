"""Telemetry of a service: logs, metrics and health."""

import platform
from importlib.metadata import version as installed_version

from prometheus_client import CollectorRegistry, GCCollector, Info, PlatformCollector, ProcessCollector


def build_info(registry: CollectorRegistry, prefix: str, service: str, version: str) -> None:
    """Register ``<prefix>build_info``, which identifies this process, and metrics of the process and of Python.

    Args:
        registry: where the management port reads its metrics.
        prefix: what the metric's name begins with, such as ``shop_``.
        service: its name, as in the logs.
        version: of the service.
    """
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    info = Info(f"{prefix}build", "Version of this process", registry=registry)
    info.info(
        {
            "service": service,
            "version": version,
            "python": platform.python_version(),
            "confluent_kafka": installed_version("confluent-kafka"),
        }
    )
