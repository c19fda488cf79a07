"""Topics become what is desired, on a real broker and a real registry."""

from collections.abc import Callable

import pytest

from event_topics import (
    DesiredTopic,
    Outcome,
    apply_event_topics,
    observe,
    plan,
)
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.operators.event_topics import SCHEMA_1
from heartzone_testing.operators.topic_cluster import TopicCluster, desired, message, reasons


def test_a_topic_and_its_schema_are_created_and_the_second_time_nothing_changes(cluster: TopicCluster) -> None:
    orders = desired(config={"retention.ms": "3600000"}, schema=SCHEMA_1, compatibility="BACKWARD")

    assert cluster.apply(orders).by_resource == {orders.resource: "applied"}

    topic, subject = cluster.topic(orders.topic), cluster.subject(f"{orders.topic}-value")
    assert (topic.partitions, topic.replicas, topic.config) == (2, 1, {"retention.ms": "3600000"})
    assert subject.compatibility == "BACKWARD"
    assert subject.latest is not None
    assert (subject.latest.version, subject.latest.text) == (1, SCHEMA_1)
    assert cluster.apply(orders).by_resource == {orders.resource: "unchanged"}


def test_many_resources_are_settled_by_one_run(cluster: TopicCluster) -> None:
    many = [desired(schema=SCHEMA_1, partitions=1) for _ in range(50)]
    seen: list[Outcome] = []

    report = apply_event_topics(
        many, kafka_config=cluster.kafka_config, registry_config=cluster.registry_config, on_outcome=seen.append
    )

    assert set(report.by_resource.values()) == {"applied"}
    assert tuple(seen) == report.outcomes
    assert len(seen) == 100
    assert cluster.is_settled(*many)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"min.cleanable.dirty.ratio": "0.50"}, id="a number with a zero too many"),
        pytest.param({"preallocate": "FALSE"}, id="a boolean in capitals"),
        pytest.param({"cleanup.policy": "compact, delete"}, id="a list with a space"),
        pytest.param({"retention.ms": "0100000"}, id="a number with a zero in front"),
        pytest.param({"compression.type": "zstd", "max.message.bytes": "1048588"}, id="the broker's default, explicit"),
    ],
)
def test_a_config_value_that_the_broker_spells_otherwise_settles(cluster: TopicCluster, config: dict[str, str]) -> None:
    orders = desired(config=config)

    cluster.apply(orders)

    assert cluster.is_settled(orders)


def test_partitions_grow_and_config_changes_and_keys_of_others_stay(cluster: TopicCluster) -> None:
    before = desired(config={"retention.ms": "1000", "segment.ms": "60000", "max.message.bytes": "2000"})
    cluster.apply(before)

    report = cluster.apply(
        desired(before.topic, partitions=5, config={"retention.ms": "2000"}, managed=frozenset({"segment.ms"}))
    )

    topic = cluster.topic(before.topic)
    assert report.by_resource == {before.resource: "applied"}
    assert topic.partitions == 5
    assert topic.config == {"retention.ms": "2000", "max.message.bytes": "2000"}


def test_what_cannot_be_changed_is_blocked_and_the_topic_stays_as_it_was(cluster: TopicCluster) -> None:
    before = desired(partitions=3)
    cluster.apply(before)
    topic = cluster.topic(before.topic)

    report = cluster.apply(desired(before.topic, partitions=1, replicas=2))

    assert reasons(report) == ["FewerPartitions", "ReplicasChanged"]
    assert cluster.topic(before.topic) == topic


@pytest.mark.parametrize(
    ("orders", "reason", "words"),
    [
        pytest.param(
            desired(config={"nonsense": "1"}), "InvalidConfig", "Unknown topic config name: nonsense", id="key"
        ),
        pytest.param(desired(config={"retention.ms": "abc"}), "InvalidConfig", "Invalid value abc", id="value"),
        pytest.param(desired(replicas=7), "InvalidReplicas", "only 1 broker", id="more replicas than brokers"),
    ],
)
def test_what_the_broker_rejects_is_reported_in_its_words(
    cluster: TopicCluster, orders: DesiredTopic, reason: str, words: str
) -> None:
    fine = desired()

    report = cluster.apply(orders, fine)

    assert report.by_resource == {orders.resource: "failed", fine.resource: "applied"}
    assert reasons(report) == [reason]
    assert words in message(report)


def test_an_invalid_value_for_an_existing_topic_changes_none_of_its_keys(cluster: TopicCluster) -> None:
    before = desired(config={"retention.ms": "1000"})
    cluster.apply(before)

    report = cluster.apply(desired(before.topic, config={"retention.ms": "2000", "segment.ms": "soon"}))

    assert reasons(report) == ["InvalidConfig"]
    assert cluster.topic(before.topic).config == {"retention.ms": "1000"}


def test_a_topic_that_somebody_else_created_meanwhile_is_a_failure_of_this_run_only(
    cluster: TopicCluster, kafka_topic: Callable[..., str]
) -> None:
    orders = desired(partitions=1)
    planned = plan([orders], observe([orders], cluster.topics, cluster.subjects))
    cluster.apply(orders)

    ((_, failure),) = cluster.topics.apply([action for action in planned.actions if action.half == "topic"])  # type: ignore[misc]

    assert failure is not None
    assert failure.reason == "TopicAlreadyExists"
    assert cluster.apply(orders).by_resource == {orders.resource: "unchanged"}


def test_records_outlive_every_change(cluster: TopicCluster, kafka: Testbed) -> None:
    orders = desired(partitions=1, config={"retention.ms": "-1"})
    cluster.apply(orders)
    kafka.send(orders.topic, b"kept")

    cluster.apply(desired(orders.topic, partitions=3, config={"cleanup.policy": "delete"}, schema=SCHEMA_1))

    assert kafka.values(orders.topic) == [b"kept"]
