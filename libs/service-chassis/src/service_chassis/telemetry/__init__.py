"""What every service tells of itself: logs, metrics and health."""

import platform
from importlib.metadata import version

from prometheus_client import CollectorRegistry, GCCollector, Info, PlatformCollector, ProcessCollector


def build_info(registry: CollectorRegistry, service: str) -> None:
    """Register what identifies this process: ``heartzone_build_info``, process and Python metrics.

    Args:
        registry: where the management port reads its metrics.
        service: ``producer``, ``zone-worker`` ….
    """
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    info = Info("heartzone_build", "Version of this process", registry=registry)
    info.info(
        {
            "service": service,
            "version": version("heartzone"),
            "python": platform.python_version(),
            "confluent_kafka": version("confluent-kafka"),
        }
    )
