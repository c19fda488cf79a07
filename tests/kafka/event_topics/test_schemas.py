"""Subjects become what is desired, on a real registry."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from confluent_kafka.schema_registry import Schema

from embedded_kafka import EmbeddedRegistry
from event_topics import (
    Changes,
    DesiredSchema,
    Failure,
    Observed,
    RegisterSchema,
    SchemaSubjects,
    SubjectAction,
    plan,
)
from event_topics.model import Half, SchemaReference
from heartzone_testing.operators.event_topics import INCOMPATIBLE, SCHEMA_1, SCHEMA_2
from heartzone_testing.operators.topic_cluster import TopicCluster, desired, message, reasons


def test_another_layout_of_the_schema_makes_no_version(cluster: TopicCluster) -> None:
    first = desired(schema=SCHEMA_1)
    cluster.apply(first)

    again = desired(first.topic, schema=SCHEMA_1.replace(" ", "\n  "))

    assert cluster.apply(again).by_resource == {first.resource: "unchanged"}


def test_a_compatible_schema_becomes_the_next_version(cluster: TopicCluster) -> None:
    first = desired(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(first)

    report = cluster.apply(desired(first.topic, schema=SCHEMA_2, compatibility="BACKWARD"))

    assert report.failures == ()
    latest = cluster.subject(f"{first.topic}-value").latest
    assert latest is not None
    assert (latest.version, latest.text) == (2, SCHEMA_2)


def test_an_incompatible_schema_is_reported_in_the_registrys_words_and_the_old_one_stays(
    cluster: TopicCluster,
) -> None:
    first = desired(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(first)
    subject = cluster.subject(f"{first.topic}-value")

    report = cluster.apply(desired(first.topic, schema=INCOMPATIBLE, compatibility="BACKWARD"))

    assert reasons(report) == ["IncompatibleSchema"]
    assert re.match(r"The registry says: [^.]*Incompatible", message(report)), "without a Java class in front"
    assert cluster.subject(f"{first.topic}-value") == subject


def test_a_looser_compatibility_level_admits_the_schema_of_the_same_run(cluster: TopicCluster) -> None:
    first = desired(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(first)

    report = cluster.apply(desired(first.topic, schema=INCOMPATIBLE, compatibility="NONE"))

    assert report.failures == ()
    assert cluster.subject(f"{first.topic}-value").compatibility == "NONE"


def test_what_several_apply_at_once_is_applied_once(cluster: TopicCluster) -> None:
    """As a request that timed out and its repetition do: the registry may tell the second of a conflict."""
    many = [desired(schema=SCHEMA_1, compatibility="FULL_TRANSITIVE") for _ in range(25)]
    actions = [each for each in plan(many, Observed()).actions if isinstance(each, SubjectAction)]

    def apply(_: int) -> set[Failure | None]:
        with SchemaSubjects(cluster.registry_config, timeout=60) as subjects:
            return {failure for _, failure in subjects.apply(actions)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(apply, range(4))) == [{None}] * 4

    names = [f"{each.topic}-value" for each in many]
    assert set(cluster.subjects.compatibilities(names).values()) == {"FULL_TRANSITIVE"}
    assert [cluster.registry.get_versions(name) for name in names] == [[1]] * len(names)


def test_an_older_version_that_is_desired_again_is_blocked_and_not_registered(cluster: TopicCluster) -> None:
    first = desired(schema=SCHEMA_1)
    cluster.apply(first)
    cluster.apply(desired(first.topic, schema=SCHEMA_2))

    assert reasons(cluster.apply(first)) == ["SchemaSuperseded"]
    assert cluster.registry.get_versions(f"{first.topic}-value") == [1, 2]


def test_a_schema_that_the_registry_stores_in_another_notation_settles(cluster: TopicCluster) -> None:
    orders = desired(schema='{"type": "string"}', language="AVRO")

    cluster.apply(orders)

    assert cluster.is_settled(orders)


def test_a_json_schema_that_names_no_draft_is_registered_whatever_it_consists_of(cluster: TopicCluster) -> None:
    """Apicurio takes `{"type": "object"}` for a JSON Schema, and `{"enum": [1]}` only with `$schema`."""
    first = desired(schema='{"enum": [1]}', compatibility="NONE")
    assert cluster.apply(first).failures == ()
    assert cluster.is_settled(first)

    assert cluster.apply(desired(first.topic, schema='{"enum": [1, 2]}', compatibility="NONE")).failures == ()

    assert reasons(cluster.apply(first)) == ["SchemaSuperseded"]


def test_a_level_that_is_reset_is_the_registrys_own_again_also_where_there_was_none(cluster: TopicCluster) -> None:
    first = desired(schema=SCHEMA_1, compatibility="FULL")
    cluster.apply(first)
    reset = replace(desired(first.topic, schema=SCHEMA_1), managed_levels=frozenset[Half]({"valueSchema", "keySchema"}))

    for _ in range(2):
        assert cluster.apply(reset).failures == ()
        assert cluster.registry.get_compatibility(f"{first.topic}-value") == cluster.registry.get_compatibility()


def test_a_schema_is_registered_after_those_that_it_refers_to_and_settles(cluster: TopicCluster) -> None:
    part, whole = desired(schema=SCHEMA_1), desired()
    subject = f"{part.topic}-value"
    text = '{"type": "object", "properties": {"part": {"$ref": "part.json"}}}'
    reference = SchemaReference(name="part.json", subject=subject, version=1)
    whole = replace(whole, value_schema=DesiredSchema("JSON", text, references=(reference,)))

    assert cluster.apply(whole, part).failures == ()

    assert cluster.is_settled(whole, part)
    latest = cluster.registry.get_latest_version(f"{whole.topic}-value").schema
    assert latest is not None
    assert [(each.name, each.subject, each.version) for each in latest.references or ()] == [("part.json", subject, 1)]


def test_another_reference_is_another_version_of_the_schema(cluster: TopicCluster) -> None:
    part = desired(schema=SCHEMA_1)
    cluster.apply(part)
    cluster.apply(replace(part, value_schema=DesiredSchema("JSON", SCHEMA_2)))
    text = '{"type": "object", "properties": {"part": {"$ref": "part.json"}}}'
    whole = desired()
    for version in (1, 2):
        reference = SchemaReference(name="part.json", subject=f"{part.topic}-value", version=version)
        whole = replace(whole, value_schema=DesiredSchema("JSON", text, references=(reference,)))
        assert cluster.apply(whole).failures == ()

    assert cluster.registry.get_versions(f"{whole.topic}-value") == [1, 2]


def test_a_protobuf_schema_is_passed_on(cluster: TopicCluster) -> None:
    orders = desired(schema='syntax = "proto3";\n\nmessage Order {\n  string id = 1;\n}\n', language="PROTOBUF")

    assert cluster.apply(orders).by_resource == {orders.resource: "applied"}
    assert cluster.is_settled(orders)


def test_a_schema_that_the_registry_cannot_parse_fails_and_the_topic_is_created(cluster: TopicCluster) -> None:
    orders = desired(schema="message {", language="PROTOBUF")

    report = cluster.apply(orders)

    assert reasons(report) == ["InvalidSchema"]
    assert cluster.topic(orders.topic).partitions == 2


def test_a_subject_changed_by_hand_is_observed_by_a_client_that_observed_it_before(cluster: TopicCluster) -> None:
    orders = desired(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(orders)
    assert cluster.is_settled(orders)

    cluster.registry.set_compatibility(f"{orders.topic}-value", "FULL")
    assert not cluster.is_settled(orders)
    cluster.registry.register_schema(f"{orders.topic}-value", Schema(SCHEMA_1, "JSON"))
    cluster.registry.delete_subject(f"{orders.topic}-value")

    assert cluster.apply(orders).by_resource == {orders.resource: "applied"}
    assert cluster.is_settled(orders)


def test_more_subjects_than_a_page_of_the_registry_are_all_observed(
    cluster: TopicCluster, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    many = [desired(f"Many-{number:04}", partitions=1, schema=SCHEMA_1) for number in range(1_050)]
    schemas = {f"{each.topic}-value": DesiredSchema("JSON", SCHEMA_1) for each in many}
    registry_config = dict(embedded_registry_factory().client_config())
    with SchemaSubjects(registry_config, timeout=60) as registry:  # its first requests compile it
        actions = [each for each in plan(many, Observed()).actions if isinstance(each, SubjectAction)]
        assert {failure for _, failure in registry.apply(actions[:1_000])} == {None}
        names = registry.names()
        assert isinstance(names, tuple)
        assert len(names) == 1_000, "as many as one page holds"
        assert {failure for _, failure in registry.apply(actions[1_000:])} == {None}

        names, found, before = registry.names(), registry.observe(schemas), registry.changes(None)
        assert isinstance(names, tuple)
        assert len(names) == len(found) == len(many)
        last = actions[-1]
        assert isinstance(last, RegisterSchema)
        (_, failure), *_ = registry.apply([replace(last, text=SCHEMA_2)])
        assert failure is None
        assert isinstance(before, Changes)
        after = registry.changes(before.mark)
        assert isinstance(after, Changes)
        assert after.subjects is not None
        assert after.subjects.keys() == {last.subject}
