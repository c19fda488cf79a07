"""Whatever is desired and observed, the plan leads there, is empty then, and loses nothing on the way."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from event_topics import (
    Action,
    AddPartitions,
    AlterConfig,
    Compatibility,
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
    SchemaType,
    SchemaVersion,
    SetCompatibility,
    plan,
)
from event_topics.model.planning import same_config_value

NAMES = st.sampled_from(["A", "B", "C"])
KEYS = st.sampled_from(["retention.ms", "cleanup.policy", "x"])
CONFIG = st.dictionaries(KEYS, st.sampled_from(["1", "2", "delete", "compact, delete", "TRUE"]))
TYPES: st.SearchStrategy[SchemaType] = st.sampled_from(["JSON", "AVRO"])
LEVELS: st.SearchStrategy[Compatibility] = st.sampled_from(["NONE", "BACKWARD", "FULL"])
FAILURES = st.builds(
    Failure, st.sampled_from([FailureReason.KAFKA_UNAVAILABLE, FailureReason.INVALID_SCHEMA]), st.just("Sentence.")
)
SMALL = st.integers(1, 4)

SCHEMAS = st.none() | FAILURES | st.builds(DesiredSchema, TYPES, st.sampled_from(["{}", "1"]), st.none() | LEVELS)
DESIRED = st.lists(
    st.builds(
        DesiredTopic,
        resource=st.uuids().map(str),
        topic=NAMES,
        partitions=SMALL,
        replicas=st.none() | SMALL,
        config=CONFIG,
        managed_config=st.frozensets(KEYS),
        value_schema=SCHEMAS,
        key_schema=SCHEMAS,
    ),
    max_size=4,
)
TOPICS = st.builds(ObservedTopic, partitions=SMALL, replicas=SMALL, config=CONFIG, defaults=CONFIG)


@st.composite
def subjects(draw: st.DrawFn) -> ObservedSubject:
    """A subject that may hold the desired schema as any of its versions."""
    latest = draw(st.none() | st.builds(SchemaVersion, st.integers(1, 9), SMALL, TYPES))
    known = draw(st.none() | st.integers(1, latest.version)) if latest else None
    return ObservedSubject(latest=latest, compatibility=draw(st.none() | LEVELS), desired_version=known)


SUBJECT_NAMES = st.builds("{}-{}".format, NAMES, st.sampled_from(["value", "key"]))
OBSERVED = st.builds(
    Observed,
    topics=st.dictionaries(NAMES, TOPICS | FAILURES),
    subjects=st.dictionaries(SUBJECT_NAMES, subjects() | FAILURES),
)


def after(planned: Plan, observed: Observed) -> Observed:
    """The cluster once the actions are applied, as Kafka and a registry document them."""
    topics, subjects = dict(observed.topics), dict(observed.subjects)
    for action in planned.actions:
        if isinstance(action, CreateTopic | AddPartitions | AlterConfig):
            topics[action.topic] = _topic_after(action, topics.get(action.topic))
        else:
            subjects[action.subject] = _subject_after(action, subjects.get(action.subject))
    return Observed(topics=topics, subjects=subjects)


def _topic_after(action: Action, topic: ObservedTopic | Failure | None) -> ObservedTopic:
    if isinstance(action, CreateTopic):
        assert topic is None, "an existing topic is not created again"
        return ObservedTopic(partitions=action.partitions, replicas=action.replicas or 1, config=action.config)
    assert isinstance(topic, ObservedTopic), "only what was observed is changed"
    if isinstance(action, AddPartitions):
        assert action.before == topic.partitions
        return replace(topic, partitions=action.after)
    assert isinstance(action, AlterConfig)
    config = dict(topic.config)
    for change in action.changes:
        if change.after is None:
            del config[change.key]
        else:
            config[change.key] = change.after
    return replace(topic, config=config)


def _subject_after(action: Action, subject: ObservedSubject | Failure | None) -> ObservedSubject:
    subject = subject or ObservedSubject()
    assert isinstance(subject, ObservedSubject), "only what was observed is changed"
    if isinstance(action, SetCompatibility):
        return replace(subject, compatibility=action.after)
    assert isinstance(action, RegisterSchema)
    version = subject.latest.version + 1 if subject.latest else 1
    return replace(subject, latest=SchemaVersion(99, version, action.type, action.text), desired_version=version)


@given(DESIRED, OBSERVED)
def test_planning_again_after_the_plan_finds_nothing_left_to_do(
    desired: list[DesiredTopic], observed: Observed
) -> None:
    planned = plan(desired, observed)

    again = plan(desired, after(planned, observed))

    assert again.actions == ()
    assert again.blocked == planned.blocked
    assert again.unknown == planned.unknown


@given(DESIRED, OBSERVED)
def test_what_is_neither_blocked_nor_unknown_is_as_desired_after_the_plan(
    desired: list[DesiredTopic], observed: Observed
) -> None:
    planned = plan(desired, observed)
    result = after(planned, observed)
    excused = {(each.resource, each.half) for each in (*planned.blocked, *planned.unknown)}
    conflicts = {each.resource for each in planned.blocked if each.failure.reason is FailureReason.RESOURCE_CONFLICT}

    for each in desired:
        if each.resource in conflicts:
            continue
        if (each.resource, "topic") not in excused:
            topic = result.topics[each.topic]
            assert isinstance(topic, ObservedTopic)
            assert topic.partitions == each.partitions
            assert each.replicas in {None, topic.replicas}
            assert all(same_config_value(topic.config[key], value) for key, value in each.config.items())
            assert not (each.managed_config - each.config.keys()) & topic.config.keys()
        for half, subject_name, schema in each.schemas():
            if (each.resource, half) in excused:
                continue
            subject = result.subjects[subject_name]
            assert isinstance(schema, DesiredSchema)
            assert isinstance(subject, ObservedSubject)
            assert subject.latest is not None
            assert subject.desired_version == subject.latest.version
            assert subject.latest.type == schema.type
            assert schema.compatibility in {None, subject.compatibility}


@given(DESIRED, OBSERVED)
def test_nothing_that_exists_is_deleted(desired: list[DesiredTopic], observed: Observed) -> None:
    result = after(plan(desired, observed), observed)
    managed = {each.topic: each.managed_config | each.config.keys() for each in reversed(desired)}

    for name, before in observed.topics.items():
        now = result.topics[name]
        if isinstance(before, ObservedTopic):
            assert isinstance(now, ObservedTopic)
            assert now.partitions >= before.partitions
            assert now.replicas == before.replicas
            strangers = before.config.keys() - managed.get(name, frozenset())
            assert {key: now.config[key] for key in strangers} == {key: before.config[key] for key in strangers}
        else:
            assert now == before
    for name, old in observed.subjects.items():
        new = result.subjects[name]
        if isinstance(old, ObservedSubject) and old.latest is not None:
            assert isinstance(new, ObservedSubject)
            assert new.latest is not None
            assert new.latest.version >= old.latest.version
            assert new.latest.type == old.latest.type


@given(DESIRED, OBSERVED)
def test_a_resource_that_does_not_own_its_topic_does_nothing_at_all(
    desired: list[DesiredTopic], observed: Observed
) -> None:
    planned = plan(desired, observed)

    first = {each.topic: each.resource for each in reversed(desired)}
    assert all(action.resource == first[action.topic] for action in planned.actions)
