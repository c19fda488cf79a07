"""The stage of the operator's benchmarks: API server, Kafka, registry and a namespace, none of which is measured."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.services.service_process import ServiceProcess
from kubernetes_node.control_plane.binaries import ensure_binaries
from kubernetes_node.control_plane.cluster import own_cluster
from kubernetes_node.control_plane.processes import ControlPlane

SETTINGS = {"HEARTZONE_RESYNC_INTERVAL": "55"}


@dataclass(frozen=True)
class Stage:
    """What is on it, and a folder for files."""

    bench: OperatorBench
    kafka: EmbeddedKafka
    registry: EmbeddedRegistry
    folder: Path


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything that is not measured."""
    binaries = ensure_binaries(print)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "control-plane").mkdir()
        with (
            ControlPlane(binaries, folder / "control-plane") as control_plane,
            EmbeddedKafka() as kafka,
            EmbeddedRegistry() as registry,
        ):
            cluster = own_cluster(control_plane, binaries["kubectl"])
            with cluster.new_namespace() as namespace:
                bench = OperatorBench(
                    cluster=cluster,
                    namespace=namespace,
                    kafka=kafka.client_config(),
                    registry=registry.client_config(),
                    folder=folder,
                )
                yield Stage(bench, kafka, registry, folder)
                bench.close()


def resource(topic: str, number: int) -> dict[str, Any]:
    """An EventTopic with a configuration and a schema of its own."""
    schema = SCHEMA_1.replace('"a"', f'"a{number}"')
    return event_topic(topic, config={"retention.ms": "3600000"}, schema=schema, compatibility="BACKWARD")


def requests(operator: ServiceProcess) -> float:
    """Requests to Kafka and registry so far."""
    return operator.metric("heartzone_kafka_requests_total") + operator.metric("heartzone_registry_requests_total")


def megabytes(operator: ServiceProcess) -> float:
    """Memory that is resident."""
    resident: int = psutil.Process(operator.process.pid).memory_info().rss
    return resident / 1e6


def costs(operator: ServiceProcess, seconds: float) -> tuple[float, float]:
    """Requests a minute, and percent of a core, while so many seconds pass."""
    process = psutil.Process(operator.process.pid)
    asked, cpu, began = requests(operator), sum(process.cpu_times()[:2]), time.perf_counter()
    time.sleep(seconds)
    elapsed = time.perf_counter() - began
    return (requests(operator) - asked) / elapsed * 60, (sum(process.cpu_times()[:2]) - cpu) / elapsed * 100
