"""Operators as processes on a test's cluster, broker and registry, and EventTopics as the test's own words."""

import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from embedded_kafka.processes import ChildProcess
from event_topics import Failure, KafkaTopics, ObservedTopic
from heartzone_testing.control_plane.cluster import Cluster
from heartzone_testing.control_plane.kubectl import Kubectl
from heartzone_testing.pipeline import ServiceProcess
from heartzone_testing.programs import environment
from heartzone_testing.testbed import eventually

ROOT = Path(__file__).parents[4]
CRD = ROOT / "deploy" / "crd" / "eventtopics.heartzone.dev.yaml"
RBAC = ROOT / "deploy" / "operator" / "rbac.yaml"
ACCOUNT = "heartzone-operator"

DRAFT_07 = '"$schema": "http://json-schema.org/draft-07/schema#"'
SCHEMA_1 = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "integer"}}}}, "required": ["a"]}}'
SCHEMA_2 = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "integer"}}}}}}'
INCOMPATIBLE = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "string"}}}}}}'


class OperatorBench:
    """One namespace, and the ways to run an operator for it."""

    def __init__(
        self, *, cluster: Cluster, namespace: str, kafka: Mapping[str, str], registry: Mapping[str, str], folder: Path
    ) -> None:
        cluster.kubectl("apply", "--server-side", f"--filename={CRD}")
        self.kubectl = cluster.kubectl.within(namespace)
        self.kafka = KafkaTopics(kafka)
        self.registry = SchemaRegistryClient(dict(registry))
        self.namespace = namespace
        self.folder = folder
        self.kubectl("apply", f"--filename={RBAC}")
        self._account = cluster.service_account_kubeconfig(namespace, ACCOUNT, folder)
        self._started = 0
        self.environment = {
            **{f"HEARTZONE_KAFKA_{name.upper().replace('.', '_')}": value for name, value in kafka.items()},
            **{
                f"HEARTZONE_SCHEMA_REGISTRY_{name.upper().replace('.', '_')}": value for name, value in registry.items()
            },
            "HEARTZONE_MANAGEMENT_PORT": "0",
            "HEARTZONE_LOG_FORMAT": "json",
            "HEARTZONE_RESYNC_INTERVAL": "3",
            "HEARTZONE_IDENTITY": "test",
            "KUBECONFIG": str(self._account),
        }

    @contextmanager
    def operator(self, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[ServiceProcess]:
        """Run an operator, as its ServiceAccount, while the block lasts."""
        started = self.start(settings)
        try:
            started.wait_until_ready()
            yield started
        finally:
            code = started.process.terminate(30)
            assert code in (0, None, -9), started.process.tail(30)

    def start(self, settings: Mapping[str, str] = MappingProxyType({})) -> ServiceProcess:
        """Start an operator that the caller ends."""
        self._started += 1
        process = ChildProcess.start(
            [sys.executable, "-m", "heartzone_operator"],
            log_file=self.folder / f"operator-{self._started}.log",
            env=environment(**{**self.environment, **settings}),
        )
        return ServiceProcess(process)

    def apply(self, topic: dict[str, Any]) -> str:
        """Apply one EventTopic; return its name."""
        self.kubectl.apply(topic)
        name: str = topic["metadata"]["name"]
        return name

    def status(self, name: str) -> dict[str, Any]:
        """The status as it is now."""
        found: dict[str, Any] = self.kubectl.get("eventtopic", name).get("status", {})
        return found

    def condition(self, name: str, kind: str = "Ready") -> dict[str, Any]:
        """One condition as it is now, empty when it is not there."""
        return condition_of(self.status(name), kind)

    def settled(
        self,
        name: str,
        ready: str = "True",
        *,
        reason: str | None = None,
        timeout: float = 30,
        namespace: str | None = None,
    ) -> dict[str, Any]:
        """Wait until Ready has this status (and reason) for the generation that was applied last; return the status."""
        found: dict[str, Any] = {}
        kubectl = self.kubectl.within(namespace or self.namespace)

        def is_so() -> bool:
            found.clear()
            found.update(kubectl.get("eventtopic", name))
            status = found.get("status", {})
            condition = condition_of(status, "Ready")
            return (
                status.get("observedGeneration") == found["metadata"]["generation"]
                and condition.get("status") == ready
                and reason in (None, condition.get("reason"))
            )

        try:
            eventually(is_so, f"{name} Ready={ready} {reason or ''}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {found.get('status')}") from None
        status: dict[str, Any] = found["status"]
        return status

    def topic(self, name: str) -> ObservedTopic | None:
        """The topic as Kafka has it, None when it is not there."""
        found = self.kafka.observe([name]).get(name)
        assert not isinstance(found, Failure), found
        return found

    def versions(self, topic: str) -> list[int]:
        """The versions of the subject of a topic's values."""
        try:
            return self.registry.get_versions(f"{topic}-value")
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return []
            raise

    def close(self) -> None:
        """Close the test's own view of the registry."""
        self.registry.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def event_reasons(self, name: str) -> list[str]:
        """The reasons of the events of one resource, oldest first."""
        items = self.kubectl.get("events", f"--field-selector=involvedObject.name={name}")["items"]
        return [each["reason"] for each in sorted(items, key=lambda each: str(each["eventTime"]))]


def as_settings(side: str, properties: Mapping[str, str]) -> dict[str, str]:
    """A client's properties as the variables of a service."""
    return {f"HEARTZONE_{side}_{name.upper().replace('.', '_')}": value for name, value in properties.items()}


def condition_of(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """One condition of a status, empty when it is not there."""
    found: dict[str, Any] = next((each for each in status.get("conditions", []) if each["type"] == kind), {})
    return found


def event_topic(
    topic: str | None = None,
    *,
    name: str | None = None,
    schema: str | None = None,
    compatibility: str | None = None,
    annotations: Mapping[str, str] = MappingProxyType({}),
    **spec: Any,
) -> dict[str, Any]:
    """An EventTopic for a topic of a fresh name, unless one is given."""
    topic = topic or f"Orders-{uuid.uuid4().hex[:8]}"
    value_schema = {"type": "JSON", "schema": schema} | ({"compatibility": compatibility} if compatibility else {})
    return {
        "apiVersion": "heartzone.dev/v1alpha1",
        "kind": "EventTopic",
        "metadata": {"name": name or topic.lower(), "annotations": dict(annotations)},
        "spec": {"topicName": topic, "partitions": 1, **({"valueSchema": value_schema} if schema else {}), **spec},
    }


def kubectl_wait(kubectl: Kubectl, *names: str, timeout: int = 30) -> str:
    """What a person types to know when topics may be used."""
    return kubectl("wait", "--for=condition=Ready", f"--timeout={timeout}s", "eventtopic", *(names or ("--all",)))
