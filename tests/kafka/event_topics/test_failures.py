"""Outages, rejected credentials and invalid properties, on real brokers and registries."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, Security
from event_topics import (
    DesiredSchema,
    Failure,
    FailureReason,
    InvalidKafkaConfigError,
    InvalidRegistryConfigError,
    KafkaTopics,
    ObservedTopic,
    SchemaSubjects,
    apply_event_topics,
    observe,
    plan,
)
from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.operators.event_topics import SCHEMA_1
from heartzone_testing.operators.topic_cluster import TopicCluster, desired, message, reasons
from heartzone_testing.waiting import eventually

NOBODY_LISTENS = "127.0.0.1:1"


def test_while_kafka_is_unavailable_schemas_are_registered(cluster: TopicCluster) -> None:
    orders = desired(schema=SCHEMA_1)
    kafka = KafkaTopics({"bootstrap.servers": NOBODY_LISTENS}, timeout=1)

    found = observe([orders], kafka, cluster.subjects)

    unavailable = found.topics[orders.topic]
    assert isinstance(unavailable, Failure)
    assert unavailable.reason == "KafkaUnavailable"
    assert unavailable.transient
    assert "Connection refused" in unavailable.message
    assert [action.half for action in plan([orders], found).actions] == ["valueSchema"]


def test_a_request_that_failed_is_repeated_over_another_connection(tmp_path: Path) -> None:
    """The one of before leads nowhere, as when its broker has died; librdkafka would keep to it for a minute."""
    with Brokers(1, tmp_path) as brokers:
        kafka = KafkaTopics(brokers.connection, timeout=5)
        [topic] = brokers.kafka.create_topics("orders")
        assert isinstance(kafka.observe([topic])[topic], ObservedTopic)

        brokers.proxies[0].silence()
        failed = kafka.observe([topic])[topic]
        assert isinstance(failed, Failure)
        assert failed.transient
        assert isinstance(kafka.observe([topic])[topic], ObservedTopic)


def test_while_the_registry_is_unavailable_topics_are_created(cluster: TopicCluster) -> None:
    orders = desired(schema=SCHEMA_1)

    report = apply_event_topics(
        [orders], kafka_config=cluster.kafka_config, registry_config={"url": f"http://{NOBODY_LISTENS}"}
    )

    assert reasons(report) == ["RegistryUnavailable"]
    assert report.failures[0].failure is not None
    assert report.failures[0].failure.transient
    assert cluster.topic(orders.topic).partitions == 2


def test_an_address_without_the_registrys_api_is_reported(cluster: TopicCluster) -> None:
    elsewhere = str(cluster.registry_config["url"]).replace("/ccompat/", "/elsewhere/")

    report = apply_event_topics(
        [desired(schema=SCHEMA_1)], kafka_config=cluster.kafka_config, registry_config={"url": elsewhere}
    )

    assert reasons(report) == ["RegistryNotFound"]
    assert elsewhere in message(report)


def test_credentials_that_the_registry_rejects_are_distinguished_from_an_outage(
    cluster: TopicCluster, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    guarded = embedded_registry_factory(basic_auth=("admin", "s3cret"))
    wrong: dict[str, str | int | float] = {"url": guarded.url, "basic.auth.user.info": "admin:guessed-it"}

    report = apply_event_topics([desired(schema=SCHEMA_1)], kafka_config=cluster.kafka_config, registry_config=wrong)

    assert reasons(report) == ["RegistryUnauthorized"]
    assert report.failures[0].failure is not None
    assert not report.failures[0].failure.transient
    assert "guessed-it" not in message(report)


def test_credentials_that_kafka_rejects_are_distinguished_from_an_outage(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    guarded = embedded_kafka_factory(security=Security(users={"admin": "s3cret"}))
    right = guarded.client_config("SASL_SSL", username="admin")

    wrong = KafkaTopics(right | {"sasl.password": "guessed-it"}, timeout=2)

    found = observe_connected(wrong, "Orders")

    assert (found.reason, found.transient) == ("KafkaUnauthenticated", False)
    assert "guessed-it" not in found.message
    assert KafkaTopics(right).observe(["Orders"]) == {}


def observe_connected(topics: KafkaTopics, name: str) -> Failure:
    """The failure once the client has reached the broker, which on a busy machine takes longer than its timeout."""
    found: list[ObservedTopic | Failure] = []

    def is_connected() -> bool:
        found.append(topics.observe([name])[name])
        return not (isinstance(found[-1], Failure) and found[-1].reason is FailureReason.KAFKA_UNAVAILABLE)

    eventually(is_connected, "a response of the broker")
    assert isinstance(found[-1], Failure)
    return found[-1]


def test_invalid_properties_of_a_client_are_one_sentence() -> None:
    with pytest.raises(InvalidKafkaConfigError, match="nonsense"):
        KafkaTopics({"bootstrap.servers": NOBODY_LISTENS, "nonsense": "1"})
    with pytest.raises(InvalidRegistryConfigError, match="nonsense"):
        SchemaSubjects({"url": f"http://{NOBODY_LISTENS}", "nonsense": "1"})


def test_a_schema_on_which_the_registry_fails_affects_no_other(cluster: TopicCluster) -> None:
    before = desired(schema=SCHEMA_1, compatibility="BACKWARD")
    assert reasons(cluster.apply(before)) == []
    leads_nowhere = '{"type": "object", "properties": {"a": {"$ref": "#/definitions/nothing"}}}'
    bad, good = replace(before, value_schema=DesiredSchema("JSON", leads_nowhere, "BACKWARD")), desired(schema=SCHEMA_1)

    report = cluster.apply(bad, good)

    assert report.by_resource[good.resource] == "applied"
    assert reasons(report) == ["SubjectFailed"], "Apicurio responds with 500 to its check of the reference"
