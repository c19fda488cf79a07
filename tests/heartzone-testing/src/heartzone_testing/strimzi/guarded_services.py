"""heartzone's own programs on a broker with the ACLs of deploy/strimzi, each as the KafkaUser that is made for it."""

import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from event_topics import Report, apply_event_topics
from heartzone_testing.checkout import CHART
from heartzone_testing.services.environment import as_settings, environment
from heartzone_testing.services.service_process import ServiceProcess, running_service
from heartzone_testing.strimzi.guarded_kafka import GuardedKafka
from heartzone_testing.topics import product_topics

HELM_TEST = CHART / "files" / "tests" / "reading_becomes_zone.py"


class GuardedServices:
    """Web API, zone worker and operator, under the names of topics, groups and pods that a cluster has."""

    def __init__(self, kafka: GuardedKafka, registry_url: str, folder: Path) -> None:
        self._kafka = kafka
        self.registry_url = registry_url
        self._folder = folder

    def apply_topics(self, *, partitions: int = 1) -> Report:
        """Apply the product's EventTopics as the operator does: through the same adapters and as its user."""
        return apply_event_topics(
            [replace(each, partitions=partitions) for each in product_topics()],
            kafka_config=self._kafka.connection("heartzone-operator"),
            registry_config={"url": self.registry_url},
        )

    def producer(self) -> AbstractContextManager[ServiceProcess]:
        """Run the web API while the block lasts."""
        return self._service("producer")

    def worker(self) -> AbstractContextManager[ServiceProcess]:
        """Run a zone worker while the block lasts, with the transactional id of the StatefulSet's first pod."""
        return self._service("zone-worker", HEARTZONE_TRANSACTIONAL_ID="zone-worker-heartzone-zone-worker-0")

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
        return as_settings("KAFKA", self._kafka.connection(user))

    def _service(self, name: str, **settings: str) -> AbstractContextManager[ServiceProcess]:
        registry = {"HEARTZONE_SCHEMA_REGISTRY_URL": self.registry_url}
        return running_service(name, self._folder, {**self._connection(f"heartzone-{name}"), **registry, **settings})
