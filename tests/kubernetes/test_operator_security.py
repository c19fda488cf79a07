"""The operator with brokers and registries that authenticate, authorize and encrypt."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, Security
from embedded_kafka.broker.security import Protocol
from embedded_kafka.certificates import ensure_certificates
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.services.environment import as_settings
from heartzone_testing.waiting import eventually

PASSWORD = "s3cret-of-the-operator"


class Acls:
    """What the user `operator` may do with the test's topics."""

    def __init__(self, kafka: EmbeddedKafka) -> None:
        self._admin = AdminClient({**kafka.client_config()})  # plaintext: a super user

    def allow(self, operation: AclOperation) -> None:
        resource = (ResourceType.TOPIC, "Orders-", ResourcePatternType.PREFIXED)
        binding = AclBinding(*resource, "User:operator", "*", operation, AclPermissionType.ALLOW)
        for future in self._admin.create_acls([binding]).values():
            future.result()


def test_each_missing_acl_is_named_and_the_next_observation_after_it_is_added_succeeds(
    bench: OperatorBench, embedded_kafka_factory: Callable[..., EmbeddedKafka]
) -> None:
    kafka = embedded_kafka_factory(
        security=Security(users={"operator": PASSWORD}),
        broker_properties={
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        },
    )
    acls = Acls(kafka)
    asked = event_topic(schema=SCHEMA_1)
    topic = asked["spec"]["topicName"]

    def lacks(name: str, operation: str) -> None:
        eventually(
            lambda: f"allows {operation} on" in bench.condition(name).get("message", ""),
            f"{operation} named as missing",
        )
        assert bench.condition(name)["reason"] == "KafkaUnauthorized"
        assert repr(topic) in bench.condition(name)["message"]

    settings = as_settings("KAFKA", kafka.client_config("SASL_SSL", username="operator"))
    with bench.operator(settings) as operator:
        name = bench.apply(asked)
        for operation in (AclOperation.DESCRIBE, AclOperation.CREATE, AclOperation.DESCRIBE_CONFIGS):
            lacks(name, operation.name.title().replace("_", ""))
            acls.allow(operation)
        bench.settled(name)

        bench.apply(event_topic(topic, schema=SCHEMA_1, config={"retention.ms": "1000"}))
        lacks(name, "AlterConfigs")
        acls.allow(AclOperation.ALTER_CONFIGS)
        bench.settled(name)

        bench.apply(
            event_topic(topic, schema=SCHEMA_1, config={"retention.ms": "1000"}, partitions=2, deletionPolicy="Delete")
        )
        lacks(name, "Alter")
        acls.allow(AclOperation.ALTER)
        bench.settled(name)

        bench.kubectl("delete", "et", name, "--wait=false")
        lacks(name, "Delete")
        acls.allow(AclOperation.DELETE)
        eventually(lambda: bench.kubectl.run("get", "et", name).returncode != 0, "the resource gone")
        assert PASSWORD not in operator.process.log()


@pytest.mark.parametrize(
    ("security", "protocol"),
    [
        pytest.param(Security(users={"operator": PASSWORD}), "SASL_SSL", id="SASL_SSL"),
        pytest.param(Security(client_certificates=True), "SSL", id="mutual TLS"),
    ],
)
def test_kafka_behind_tls_and_a_registry_behind_tls_and_a_password(
    bench: OperatorBench,
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
    embedded_registry_factory: Callable[..., EmbeddedRegistry],
    security: Security,
    protocol: Protocol,
) -> None:
    kafka = embedded_kafka_factory(security=security)
    registry = embedded_registry_factory(basic_auth=("operator", PASSWORD), tls=True)
    settings = as_settings("KAFKA", kafka.client_config(protocol)) | as_settings(
        "SCHEMA_REGISTRY", registry.client_config()
    )

    with bench.operator(settings) as operator:
        bench.settled(bench.apply(event_topic(schema=SCHEMA_1)))

        assert PASSWORD not in operator.process.log()


def test_credentials_that_the_registry_rejects_are_reported_and_the_topic_is_created(
    bench: OperatorBench, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    registry = embedded_registry_factory(basic_auth=("operator", PASSWORD))
    asked = event_topic(schema=SCHEMA_1)
    settings = {
        "HEARTZONE_SCHEMA_REGISTRY_URL": registry.url,
        "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "operator:guessed",
    }

    with bench.operator(settings):
        name = bench.apply(asked)
        bench.settled(name, "False", reason="RegistryUnauthorized")

    assert bench.topic(asked["spec"]["topicName"]) is not None
    assert "guessed" not in bench.condition(name)["message"]


def test_a_registry_whose_certificate_is_not_trusted_is_reported_and_the_topic_is_created(
    bench: OperatorBench,
    embedded_registry_factory: Callable[..., EmbeddedRegistry],
    tmp_path: Path,
) -> None:
    registry = embedded_registry_factory(tls=True)
    asked = event_topic(schema=SCHEMA_1)
    stranger = ensure_certificates(tmp_path / "stranger").ca
    settings = as_settings("SCHEMA_REGISTRY", {**registry.client_config(), "ssl.ca.location": str(stranger)})

    with bench.operator(settings):
        name = bench.apply(asked)
        bench.settled(name, "False", reason="RegistryUntrusted")

    assert bench.topic(asked["spec"]["topicName"]) is not None
    assert registry.url in bench.condition(name)["message"]
    assert "ssl.ca.location" in bench.condition(name)["message"]
