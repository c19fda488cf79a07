"""Operators as processes on a test's cluster, broker and registry."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from event_topics import Failure, KafkaTopics, ObservedTopic
from heartzone_testing.checkout import CRD, RBAC
from heartzone_testing.operators.event_topics import condition_of
from heartzone_testing.services.environment import as_settings
from heartzone_testing.services.service_process import ServiceProcess, start_service
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl

ACCOUNT = "heartzone-operator"


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
        self.environment = {
            **as_settings("KAFKA", kafka),
            **as_settings("SCHEMA_REGISTRY", registry),
            "HEARTZONE_RESYNC_INTERVAL": "3",
            "HEARTZONE_IDENTITY": "test",
            # Of a group and a topic that are not there; tests/kafka/operator has tests of it.
            "HEARTZONE_GROUP_LAG_INTERVAL": "0",
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
        return start_service("operator", self.folder, {**self.environment, **settings})

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
        ready: str | None = "True",
        *,
        reason: str | None = None,
        timeout: float = 90,
        namespace: str | None = None,
    ) -> dict[str, Any]:
        """Wait until Ready has this status (and reason) for the generation that was applied last; return the status.

        None is either True or False.
        """
        found: dict[str, Any] = {}
        kubectl = self.kubectl.within(namespace or self.namespace)

        def is_so() -> bool:
            found.clear()
            found.update(kubectl.get("eventtopic", name))
            status = found.get("status", {})
            condition = condition_of(status, "Ready")
            return (
                status.get("observedGeneration") == found["metadata"]["generation"]
                and condition.get("status") in ({"True", "False"} if ready is None else {ready})
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


def kubectl_wait(kubectl: Kubectl, *names: str, timeout: int = 90) -> str:
    """Wait as a user of the topics does."""
    return kubectl("wait", "--for=condition=Ready", f"--timeout={timeout}s", "eventtopic", *(names or ("--all",)))
