"""What a status says, decided without a cluster."""

import pytest

from event_topics.failures import Failure
from event_topics.state import DesiredSchema, DesiredTopic, Observed, ObservedSubject, ObservedTopic, SchemaVersion
from event_topics.status import EventTopicStatus, SubjectStatus
from heartzone_operator.conditions import (
    IN_SYNC,
    NO_SCHEMA,
    READY,
    REGISTERED,
    Failures,
    Verdict,
    ready,
    status_of,
    verdict,
)

AWAY = Failure("KafkaUnavailable", "Kafka did not answer.", transient=True)
REFUSED = Failure("FewerPartitions", "Set spec.partitions to 3.")
ASKED = DesiredTopic(resource="shop/a", topic="A", partitions=2, value_schema=DesiredSchema("JSON", "{}"))
SEEN = Observed(
    topics={"A": ObservedTopic(partitions=2, replicas=1, topic_id="id-1")},
    subjects={"A-value": ObservedSubject(latest=SchemaVersion(7, 3, "JSON"))},
)


def status(
    former: EventTopicStatus | None = None,
    observed: Observed = SEEN,
    failures: Failures | None = None,
    now: str = "now",
) -> EventTopicStatus:
    return status_of(
        former or EventTopicStatus(),
        ASKED,
        observed,
        failures or {},
        generation=4,
        managed_config=frozenset({"b", "a"}),
        now=now,
    )


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        pytest.param([], IN_SYNC, id="nothing went wrong"),
        pytest.param([AWAY], Verdict("Unknown", "KafkaUnavailable", AWAY.message), id="an outage hides it"),
        pytest.param([REFUSED], Verdict("False", "FewerPartitions", REFUSED.message), id="a person must see to it"),
        pytest.param(
            [AWAY, REFUSED],
            Verdict("False", "FewerPartitions", f"{REFUSED.message} {AWAY.message}"),
            id="what a person must see to comes first",
        ),
    ],
)
def test_verdict(failures: list[Failure], expected: Verdict) -> None:
    assert verdict(failures, IN_SYNC) == expected


@pytest.mark.parametrize(
    ("topic", "schema", "expected"),
    [
        pytest.param(IN_SYNC, REGISTERED, "True", id="both halves are"),
        pytest.param(IN_SYNC, NO_SCHEMA, "True", id="no schema is asked for"),
        pytest.param(Verdict("Unknown", "X", "x"), REGISTERED, "Unknown", id="one half is not known"),
        pytest.param(Verdict("Unknown", "X", "x"), Verdict("False", "Y", "y"), "False", id="a false half outweighs"),
    ],
)
def test_ready_is_both_halves(topic: Verdict, schema: Verdict, expected: str) -> None:
    assert ready(topic, schema).status == expected


def test_what_is_there_is_told_with_ids() -> None:
    found = status()

    assert (found.topic_name, found.topic_id, found.partitions, found.replicas) == ("A", "id-1", 2, 1)
    assert found.value_schema == SubjectStatus(subject="A-value", id=7, version=3)
    assert found.managed_config == ("a", "b")
    assert found.observed_generation == 4
    assert [(each.type, each.reason) for each in found.conditions] == [
        ("Ready", READY.reason),
        ("TopicReady", IN_SYNC.reason),
        ("SchemaReady", REGISTERED.reason),
    ]


def test_the_same_look_again_is_the_same_status_so_that_nothing_is_written() -> None:
    first = status(now="10:00")

    assert status(first, now="11:00") == first


def test_a_condition_takes_a_new_time_only_when_its_status_changes() -> None:
    first = status(now="10:00")

    second = status(first, failures={"topic": [REFUSED]}, now="11:00")

    assert {each.type: each.last_transition_time for each in second.conditions} == {
        "Ready": "11:00",
        "TopicReady": "11:00",
        "SchemaReady": "10:00",
    }


def test_while_a_side_is_away_what_was_seen_last_stays() -> None:
    first = status()
    away = Observed(topics={"A": AWAY}, subjects={"A-value": AWAY})

    second = status(first, away, {"topic": [AWAY], "valueSchema": [AWAY]})

    assert (second.topic_id, second.partitions, second.value_schema) == ("id-1", 2, first.value_schema)


def test_a_topic_that_is_not_there_is_not_told_of() -> None:
    found = status(observed=Observed(), failures={"topic": [REFUSED]})

    assert (found.topic_id, found.partitions, found.replicas, found.value_schema) == (None, None, None, None)


def test_a_registry_that_quotes_a_whole_schema_does_not_fill_the_status() -> None:
    told = verdict([Failure("IncompatibleSchema", "x" * 1_000_000)], REGISTERED)

    assert len(told.message) == 2_000
    assert len(ready(told, told).message) == 2_000
