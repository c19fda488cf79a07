"""Conditions and status, computed without a cluster."""

import pytest

from event_topics import (
    DesiredSchema,
    DesiredTopic,
    EventTopicStatus,
    Failure,
    FailureReason,
    Observed,
    ObservedSubject,
    ObservedTopic,
    SchemaVersion,
)
from event_topics.model.status import SubjectStatus
from heartzone_operator.model.conditions import (
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

UNAVAILABLE = Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka did not respond.")
BLOCKED = Failure(FailureReason.FEWER_PARTITIONS, "Set spec.partitions to 3.")
DESIRED = DesiredTopic(resource="shop/a", topic="A", partitions=2, value_schema=DesiredSchema("JSON", "{}"))
OBSERVED = Observed(
    topics={"A": ObservedTopic(partitions=2, replicas=1, topic_id="id-1")},
    subjects={"A-value": ObservedSubject(latest=SchemaVersion(7, 3, "JSON"))},
)


def status(
    former: EventTopicStatus | None = None,
    observed: Observed = OBSERVED,
    failures: Failures | None = None,
    now: str = "now",
) -> EventTopicStatus:
    return status_of(
        former or EventTopicStatus(),
        DESIRED,
        observed,
        failures or {},
        generation=4,
        managed_config=frozenset({"b", "a"}),
        now=now,
    )


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        pytest.param([], IN_SYNC, id="no failure"),
        pytest.param([UNAVAILABLE], Verdict(FailureReason.KAFKA_UNAVAILABLE, UNAVAILABLE.message), id="an outage"),
        pytest.param([BLOCKED], Verdict(FailureReason.FEWER_PARTITIONS, BLOCKED.message), id="needs a person"),
        pytest.param(
            [UNAVAILABLE, BLOCKED],
            Verdict(FailureReason.FEWER_PARTITIONS, f"{BLOCKED.message} {UNAVAILABLE.message}"),
            id="what needs a person comes first",
        ),
    ],
)
def test_verdict(failures: list[Failure], expected: Verdict) -> None:
    assert verdict(failures, IN_SYNC) == expected


@pytest.mark.parametrize(
    ("topic", "schema", "expected"),
    [
        pytest.param(IN_SYNC, REGISTERED, "True", id="both halves are"),
        pytest.param(IN_SYNC, NO_SCHEMA, "True", id="the spec has no schema"),
        pytest.param(Verdict(FailureReason.KAFKA_UNAVAILABLE, "x"), REGISTERED, "Unknown", id="one half is not known"),
        pytest.param(
            Verdict(FailureReason.KAFKA_UNAVAILABLE, "x"),
            Verdict(FailureReason.INVALID_SCHEMA, "y"),
            "False",
            id="a false half outweighs",
        ),
    ],
)
def test_ready_is_both_halves(topic: Verdict, schema: Verdict, expected: str) -> None:
    assert ready(topic, schema).status == expected


def test_the_observed_state_is_reported_with_ids() -> None:
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


def test_the_same_observation_gives_the_same_status_so_that_nothing_is_written() -> None:
    first = status(now="10:00")

    assert status(first, now="11:00") == first


def test_a_condition_takes_a_new_time_only_when_its_status_changes() -> None:
    first = status(now="10:00")

    second = status(first, failures={"topic": [BLOCKED]}, now="11:00")

    assert {each.type: each.last_transition_time for each in second.conditions} == {
        "Ready": "11:00",
        "TopicReady": "11:00",
        "SchemaReady": "10:00",
    }


def test_while_a_side_is_unavailable_the_last_observation_stays() -> None:
    first = status()
    unavailable = Observed(topics={"A": UNAVAILABLE}, subjects={"A-value": UNAVAILABLE})

    second = status(first, unavailable, {"topic": [UNAVAILABLE], "valueSchema": [UNAVAILABLE]})

    assert (second.topic_id, second.partitions, second.value_schema) == ("id-1", 2, first.value_schema)


def test_an_absent_topic_has_no_fields() -> None:
    found = status(observed=Observed(), failures={"topic": [BLOCKED]})

    assert (found.topic_id, found.partitions, found.replicas, found.value_schema) == (None, None, None, None)


def test_a_registry_that_quotes_a_whole_schema_does_not_fill_the_status() -> None:
    long = verdict([Failure(FailureReason.INCOMPATIBLE_SCHEMA, "x" * 1_000_000)], REGISTERED)

    assert len(long.message) == 2_000
    assert len(ready(long, long).message) == 2_000


def test_an_invalid_schema_leaves_the_last_observation_of_its_subject() -> None:
    former = status()
    invalid = Failure(FailureReason.INVALID_SCHEMA, "The schema is not JSON.")
    desired = DesiredTopic(resource="shop/a", topic="A", partitions=2, value_schema=invalid)

    after = status_of(
        former,
        desired,
        Observed(topics=OBSERVED.topics),
        {"valueSchema": [invalid]},
        generation=5,
        managed_config=frozenset(),
        now="later",
    )

    assert after.value_schema == former.value_schema
    assert after.value_schema is not None
