"""heartzone's own programs on a broker with the ACLs of deploy/strimzi, each as the KafkaUser that is made for it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from embedded_kafka.processes import ChildProcess
from event_topics import Report, apply_event_topics, load_event_topics
from heartzone_testing.guarded_kafka import GuardedKafka
from heartzone_testing.pipeline import TOPICS, ServiceProcess
from heartzone_testing.programs import ROOT, environment, free_port

HELM_TEST = ROOT / "deploy" / "helm" / "heartzone" / "files" / "tests" / "reading_becomes_zone.py"


class GuardedServices:
    """Web API, zone worker and operator, under the names of topics, groups and pods that a cluster has."""

    def __init__(self, kafka: GuardedKafka, registry_url: str, folder: Path) -> None:
        self._kafka = kafka
        self._registry_url = registry_url
        self._folder = folder
        self._started = 0

    def apply_topics(self, *, partitions: int = 1) -> Report:
        """What the operator does for the product's EventTopics, through the same adapters and as its user."""
        return apply_event_topics(
            [replace(each, partitions=partitions) for each in load_event_topics([TOPICS]).desired()],
            kafka_config=self._kafka.connection("heartzone-operator"),
            registry_config={"url": self._registry_url},
        )

    @contextmanager
    def producer(self) -> Iterator[ServiceProcess]:
        """Run the web API while the block lasts."""
        port = free_port()
        with self._service("producer", {"HEARTZONE_HTTP_PORT": str(port)}) as process:
            yield ServiceProcess(process, port)

    @contextmanager
    def worker(self) -> Iterator[ServiceProcess]:
        """Run a zone worker while the block lasts, with the transactional id of the StatefulSet's first pod."""
        identity = {"HEARTZONE_TRANSACTIONAL_ID": "zone-worker-heartzone-zone-worker-0"}
        with self._service("zone-worker", identity) as process:
            yield ServiceProcess(process)

    def helm_test(self, api_port: int) -> "subprocess.CompletedProcess[str]":
        """Run the script of the chart's `helm test` against a web API."""
        settings = {
            "HEARTZONE_TOPIC_ZONES": "HeartRateZoneReached",
            "PRODUCER_URL": f"http://127.0.0.1:{api_port}",
            "TIMEOUT_SECONDS": "30",
        }
        return subprocess.run(
            [sys.executable, HELM_TEST],
            env=environment(**self._connection("heartzone-test"), **settings),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )

    def _connection(self, user: str) -> dict[str, str]:
        connection = self._kafka.connection(user)
        return {f"HEARTZONE_KAFKA_{name.upper().replace('.', '_')}": value for name, value in connection.items()}

    @contextmanager
    def _service(self, name: str, settings: dict[str, str]) -> Iterator[ChildProcess]:
        self._started += 1
        process = ChildProcess.start(
            [sys.executable, "-m", f"heartzone_{name.replace('-', '_')}"],
            log_file=self._folder / f"{name}-{self._started}.log",
            env=environment(
                **self._connection(f"heartzone-{name}"),
                HEARTZONE_SCHEMA_REGISTRY_URL=self._registry_url,
                HEARTZONE_MANAGEMENT_PORT="0",
                HEARTZONE_LOG_FORMAT="json",
                **settings,
            ),
        )
        try:
            yield process
        finally:
            process.terminate(20)
