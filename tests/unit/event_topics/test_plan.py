"""The plan in each situation; each blocked step has a reason and says what to do."""

from dataclasses import replace
from typing import Any

import pytest

from event_topics import (
    Action,
    AddPartitions,
    AlterConfig,
    ConfigChange,
    CreateTopic,
    DesiredSchema,
    DesiredTopic,
    Failure,
    FailureReason,
    Observed,
    ObservedSubject,
    ObservedTopic,
    Plan,
    RegisterSchema,
    SchemaVersion,
    SetCompatibility,
    plan,
)
from event_topics.model.planning import same_config_value

TEXT = '{"type": "object"}'
SCHEMA = DesiredSchema("JSON", TEXT, "BACKWARD")
VERSION_1, VERSION_2 = SchemaVersion(7, 1, "JSON", "{}"), SchemaVersion(9, 2, "JSON", "{}")
UNAVAILABLE = Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka did not respond.")
WHERE: Any = {"resource": "orders", "topic": "Orders"}


def desired(**fields: object) -> DesiredTopic:
    return DesiredTopic(**({"resource": "orders", "topic": "Orders", "partitions": 3} | fields))  # type: ignore[arg-type]


def topic(**fields: object) -> ObservedTopic:
    return ObservedTopic(**({"partitions": 3, "replicas": 1} | fields))  # type: ignore[arg-type]


def observed(
    topic: ObservedTopic | Failure | None = None, subject: ObservedSubject | Failure | None = None
) -> Observed:
    return Observed(
        topics={} if topic is None else {"Orders": topic}, subjects={} if subject is None else {"Orders-value": subject}
    )


def only(planned: Plan) -> Action:
    (action,) = planned.actions
    assert not planned.blocked
    assert not planned.unknown
    return action


def blocked(planned: Plan) -> str:
    (step,) = planned.blocked
    assert step.failure.message.endswith((".", ")."))
    return step.failure.reason.value


def test_an_absent_topic_is_created() -> None:
    planned = plan([desired(replicas=2, config={"a": "1"})], observed())

    assert only(planned) == CreateTopic(**WHERE, half="topic", partitions=3, replicas=2, config={"a": "1"})


def test_a_topic_that_is_as_desired_is_left_alone() -> None:
    orders = desired(replicas=1, config={"a": "0.50", "b": "TRUE"}, value_schema=SCHEMA)
    before = topic(config={"a": "0.5", "b": "true"})
    subject = ObservedSubject(latest=VERSION_1, compatibility="BACKWARD", desired_version=1)

    assert plan([orders], observed(before, subject)) == Plan()


def test_a_topic_with_too_few_partitions_grows() -> None:
    assert only(plan([desired(partitions=5)], observed(topic()))) == AddPartitions(
        **WHERE, half="topic", before=3, after=5
    )


def test_fewer_partitions_are_blocked_and_the_config_is_altered_all_the_same() -> None:
    planned = plan([desired(partitions=2, config={"a": "1"})], observed(topic()))

    assert blocked(planned) == "FewerPartitions"
    assert [type(action) for action in planned.actions] == [AlterConfig]


def test_where_partitions_are_a_minimum_more_of_them_are_as_desired() -> None:
    assert plan([desired(partitions=2, partitions_policy="AtLeast")], observed(topic())) == Plan()


def test_where_partitions_are_a_minimum_a_topic_with_fewer_grows() -> None:
    planned = plan([desired(partitions=5, partitions_policy="AtLeast")], observed(topic()))

    assert only(planned) == AddPartitions(**WHERE, half="topic", before=3, after=5)


def test_another_number_of_replicas_is_blocked() -> None:
    assert blocked(plan([desired(replicas=3)], observed(topic()))) == "ReplicasChanged"


def test_replicas_left_to_the_broker_are_whatever_they_are() -> None:
    assert plan([desired()], observed(topic(replicas=3))) == Plan()


def test_a_config_that_only_the_broker_has_is_set_on_the_topic_itself() -> None:
    planned = plan([desired(config={"retention.ms": "5"})], observed(topic(defaults={"retention.ms": "5"})))

    change = ConfigChange(key="retention.ms", before="5", after="5", inherited=True)
    assert only(planned) == AlterConfig(**WHERE, half="topic", changes=(change,))


def test_a_key_gone_from_the_spec_is_reset_if_an_earlier_spec_had_set_it_and_else_left() -> None:
    before = topic(config={"ours": "1", "theirs": "2"})

    planned = plan([desired(managed_config=frozenset({"ours", "gone already"}))], observed(before))

    change = ConfigChange(key="ours", before="1", after=None)
    assert only(planned) == AlterConfig(**WHERE, half="topic", changes=(change,))


@pytest.mark.parametrize("schema", [replace(SCHEMA, compatibility=None), None], ids=["level", "schema"])
def test_a_level_gone_from_the_spec_is_reset_if_an_earlier_spec_had_set_it_and_else_left(
    schema: DesiredSchema | None,
) -> None:
    subject = ObservedSubject(latest=VERSION_1, compatibility="FULL", desired_version=1)
    gone = desired(value_schema=schema, managed_levels=frozenset({"valueSchema"}))

    reset = SetCompatibility(**WHERE, half="valueSchema", subject="Orders-value", before="FULL", after=None)
    assert only(plan([gone], observed(topic(), subject))) == reset
    assert plan([replace(gone, managed_levels=frozenset())], observed(topic(), subject)) == Plan()


@pytest.mark.parametrize("schema", [SCHEMA, UNAVAILABLE], ids=["named", "unreadable"])
def test_a_level_that_the_spec_names_or_may_name_is_not_reset(schema: DesiredSchema | Failure) -> None:
    subject = ObservedSubject(latest=VERSION_1, compatibility="BACKWARD", desired_version=1)

    planned = plan(
        [desired(value_schema=schema, managed_levels=frozenset({"valueSchema"}))], observed(topic(), subject)
    )

    assert planned.actions == ()


def test_the_compatibility_comes_before_the_schema() -> None:
    planned = plan([desired(value_schema=SCHEMA)], observed(topic()))

    assert planned.actions == (
        SetCompatibility(**WHERE, half="valueSchema", subject="Orders-value", before=None, after="BACKWARD"),
        RegisterSchema(**WHERE, half="valueSchema", subject="Orders-value", type="JSON", text=TEXT, latest=None),
    )


def test_compatibility_that_is_not_specified_is_left_to_the_registry() -> None:
    orders = desired(value_schema=DesiredSchema("JSON", TEXT))
    subject = ObservedSubject(latest=VERSION_1, compatibility="FULL", desired_version=1)

    assert plan([orders], observed(topic(), subject)) == Plan()


def test_a_new_text_is_registered_after_the_latest_version() -> None:
    subject = ObservedSubject(latest=VERSION_2, compatibility="BACKWARD")

    action = only(plan([desired(value_schema=SCHEMA)], observed(topic(), subject)))

    assert isinstance(action, RegisterSchema)
    assert action.latest == VERSION_2


def test_an_older_version_is_not_registered_again() -> None:
    subject = ObservedSubject(latest=VERSION_2, compatibility="BACKWARD", desired_version=1)

    planned = plan([desired(value_schema=SCHEMA)], observed(topic(), subject))

    assert blocked(planned) == "SchemaSuperseded"
    assert planned.actions == ()


def test_another_schema_type_in_one_subject_is_blocked_and_nothing_of_it_touched() -> None:
    subject = ObservedSubject(latest=SchemaVersion(1, 1, "AVRO"), compatibility="NONE")

    planned = plan([desired(value_schema=SCHEMA)], observed(topic(), subject))

    assert blocked(planned) == "SchemaTypeChanged"
    assert planned.actions == ()


def test_keys_have_a_subject_of_their_own() -> None:
    planned = plan([desired(key_schema=DesiredSchema("AVRO", '"string"'))], observed(topic()))

    action = only(planned)
    assert isinstance(action, RegisterSchema)
    assert (action.half, action.subject) == ("keySchema", "Orders-key")


def test_a_schema_that_cannot_be_used_is_blocked_and_the_topic_created() -> None:
    planned = plan([desired(value_schema=Failure(FailureReason.INVALID_SCHEMA, "It is not JSON."))], observed())

    assert blocked(planned) == "InvalidSchema"
    assert [type(action) for action in planned.actions] == [CreateTopic]


def test_of_two_resources_for_one_topic_the_first_owns_it() -> None:
    planned = plan([desired(), desired(resource="late", partitions=9, value_schema=SCHEMA)], observed())

    assert blocked(planned) == "ResourceConflict"
    assert planned.blocked[0].resource == "late"
    assert [action.resource for action in planned.actions] == ["orders"]


def test_while_kafka_is_unavailable_the_schema_goes_on() -> None:
    planned = plan([desired(value_schema=SCHEMA)], observed(topic=UNAVAILABLE))

    assert [unknown.half for unknown in planned.unknown] == ["topic"]
    assert [type(action) for action in planned.actions] == [SetCompatibility, RegisterSchema]


def test_while_the_registry_is_unavailable_the_topic_goes_on() -> None:
    planned = plan([desired(value_schema=SCHEMA)], observed(subject=UNAVAILABLE))

    assert [unknown.half for unknown in planned.unknown] == ["valueSchema"]
    assert [type(action) for action in planned.actions] == [CreateTopic]


@pytest.mark.parametrize(
    ("one", "other"), [("0.50", "0.5"), ("TRUE", "true"), ("a, b", "a,b"), ("010", "10"), ("", ""), ("1e3", "1000")]
)
def test_two_spellings_of_one_config_value_are_no_change(one: str, other: str) -> None:
    assert same_config_value(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "2"), ("true", "false"), ("a,b", "b,a"), ("NaN", "nan"), ("", "0"), ("1_000", "1000"), ("\uff11", "1")],
)
def test_two_config_values_are_a_change(one: str, other: str) -> None:
    assert not same_config_value(one, other)
