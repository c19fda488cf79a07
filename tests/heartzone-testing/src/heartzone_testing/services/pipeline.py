"""Topics, subjects and zone workers of one test, as real processes on a shared broker and registry."""

import dataclasses
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType

from event_topics import apply_event_topics
from heartzone.messages import Biometrics, encode
from heartzone.wire import frame_prefix
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.services.service_process import DEFAULTS, ServiceProcess, running_service
from heartzone_testing.topics import product_topics
from heartzone_testing.waiting import eventually
from service_chassis.schema_registry import SchemaRegistry


class Pipeline:
    """The product's topics under names of their own; `replicas` of those that workers write to, if not the default."""

    def __init__(
        self,
        kafka: Testbed,
        registry_config: Mapping[str, str],
        folder: Path,
        partitions: int,
        *,
        replicas: int | None = None,
    ) -> None:
        self.kafka = kafka
        self.name = uuid.uuid4().hex[:8]
        self._folder = folder
        self.topics = {
            "HEARTZONE_TOPIC_RAW": f"{self.name}.RawBiometricsImported",
            "HEARTZONE_TOPIC_BIOMETRICS": f"{self.name}.BiometricsImported",
            "HEARTZONE_TOPIC_ZONES": f"{self.name}.HeartRateZoneReached",
            "HEARTZONE_TOPIC_DEAD_LETTERS": f"{self.name}.BiometricsImported.dlq",
        }
        self.biometrics = self.topics["HEARTZONE_TOPIC_BIOMETRICS"]
        self.zones = self.topics["HEARTZONE_TOPIC_ZONES"]
        self.dead_letters = self.topics["HEARTZONE_TOPIC_DEAD_LETTERS"]
        self.group = f"zone-worker-{self.name}"
        self.environment = {
            "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": kafka.connection["bootstrap.servers"],
            "HEARTZONE_KAFKA_CONSUMER_SESSION_TIMEOUT_MS": "6000",
            "HEARTZONE_SCHEMA_REGISTRY_URL": registry_config["url"],
            "HEARTZONE_GROUP_ID": self.group,
            **DEFAULTS,
            **self.topics,
        }
        outputs = (self.zones, self.dead_letters)
        topics = [
            dataclasses.replace(
                each,
                topic=f"{self.name}.{each.topic}",
                partitions=partitions,
                replicas=replicas if replicas and f"{self.name}.{each.topic}" in outputs else each.replicas,
            )
            for each in product_topics()
        ]
        # The first requests to a registry that has just started may take longer than a client waits.
        eventually(
            lambda: (
                not apply_event_topics(topics, kafka_config=kafka.connection, registry_config=registry_config).failures
            ),
            "the topics of the product",
            120,
            every=0.5,
        )
        registry = SchemaRegistry(registry_config)
        self.schema_id = registry.latest(f"{self.biometrics}-value").id
        registry.close()

    def send(self, messages: Iterable[Biometrics]) -> None:
        """Write messages as the producer does."""
        prefix = frame_prefix(self.schema_id)
        self.kafka.send(self.biometrics, *((each.device_id.encode(), prefix + encode(each)) for each in messages))

    def worker(
        self, ordinal: int = 0, settings: Mapping[str, str] = MappingProxyType({})
    ) -> AbstractContextManager[ServiceProcess]:
        """Run a zone worker while the block lasts; the ordinal is its identity, as a StatefulSet's pod has one."""
        identity = {"HEARTZONE_TRANSACTIONAL_ID": f"{self.group}-{ordinal}"}
        return running_service("zone-worker", self._folder, {**self.environment, **identity, **settings})

    def producer(self, settings: Mapping[str, str] = MappingProxyType({})) -> AbstractContextManager[ServiceProcess]:
        """Run the web API while the block lasts."""
        return running_service("producer", self._folder, {**self.environment, **settings})
