"""Topics, subjects and zone workers of one test, as real processes on a shared broker and registry."""

import dataclasses
import re
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from prometheus_client.parser import text_string_to_metric_families

from embedded_kafka.processes import ChildProcess
from event_topics import apply_event_topics, load_event_topics
from heartzone.messages import Biometrics, encode
from heartzone.wire import frame_prefix
from heartzone_testing.programs import environment, free_port
from heartzone_testing.testbed import Testbed, eventually
from service_chassis.schema_registry import SchemaRegistry

TOPICS = Path(__file__).parents[4] / "schemas" / "topics"


class ServiceProcess:
    """A running service and its management port."""

    def __init__(self, process: ChildProcess, http_port: int = 0) -> None:
        self.process = process
        self.http_port = http_port

    @property
    def port(self) -> int | None:
        """The management port, once it listens."""
        found = re.search(r'"management_port": (\d+)', self.process.log())
        return int(found[1]) if found else None

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of the management port's answer; 0 while nothing listens."""
        if self.port is None:
            return 0, ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except urllib.error.URLError:
            return 0, ""

    def wait_until_ready(self) -> None:
        eventually(lambda: self.process.poll() is not None or self.get("/readyz")[0] == 200, "the service to be ready")
        assert self.process.poll() is None, self.process.tail(30)

    def samples(self, name: str, label: str | None = None) -> dict[str, float]:
        """The samples of a metric by the value of one label (or by '' without one)."""
        _status, text = self.get("/metrics")
        return {
            sample.labels[label] if label else "": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    def metric(self, name: str) -> float:
        """The sum of a metric's samples over all labels."""
        _status, text = self.get("/metrics")
        families = text_string_to_metric_families(text)
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)


class Pipeline:
    """The product's topics under names of their own."""

    def __init__(self, kafka: Testbed, registry_config: Mapping[str, str], folder: Path, partitions: int) -> None:
        self.kafka = kafka
        self.name = uuid.uuid4().hex[:8]
        self._folder = folder
        self._started = 0
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
            "HEARTZONE_MANAGEMENT_PORT": "0",
            "HEARTZONE_GROUP_ID": self.group,
            "HEARTZONE_LOG_FORMAT": "json",
            **self.topics,
        }
        report = apply_event_topics(
            [
                dataclasses.replace(each, topic=f"{self.name}.{each.topic}", partitions=partitions)
                for each in load_event_topics([TOPICS]).desired()
            ],
            kafka_config=kafka.connection,
            registry_config=registry_config,
        )
        assert report.failures == ()
        registry = SchemaRegistry(registry_config)
        self.schema_id = registry.latest(f"{self.biometrics}-value").id
        registry.close()

    def send(self, messages: Iterable[Biometrics]) -> None:
        """Write messages as the producer does."""
        prefix = frame_prefix(self.schema_id)
        self.kafka.send(self.biometrics, *((each.device_id.encode(), prefix + encode(each)) for each in messages))

    @contextmanager
    def worker(self, ordinal: int = 0, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[ServiceProcess]:
        """Run a zone worker while the block lasts; the ordinal is its identity, as a StatefulSet's pod has one."""
        identity = {"HEARTZONE_TRANSACTIONAL_ID": f"{self.group}-{ordinal}"}
        with self._service("heartzone_zone_worker", {**identity, **settings}) as process:
            yield ServiceProcess(process)

    @contextmanager
    def producer(self, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[ServiceProcess]:
        """Run the web API while the block lasts."""
        port = free_port()
        with self._service("heartzone_producer", {"HEARTZONE_HTTP_PORT": str(port), **settings}) as process:
            yield ServiceProcess(process, port)

    @contextmanager
    def _service(self, module: str, settings: Mapping[str, str]) -> Iterator[ChildProcess]:
        self._started += 1
        process = ChildProcess.start(
            [sys.executable, "-m", module],
            log_file=self._folder / f"{module}-{self._started}.log",
            env=environment(**{**self.environment, **settings}),
        )
        try:
            yield process
        finally:
            process.terminate(20)
