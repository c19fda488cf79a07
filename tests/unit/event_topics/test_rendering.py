"""Existing topics and subjects rendered as EventTopics: names, fields, YAML; and planning with them does nothing."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from event_topics import (
    Observed,
    ObservedSubject,
    ObservedTopic,
    SchemaVersion,
    desired_topic,
    manifest_of,
    parse_event_topic,
    plan,
    resource_names,
    to_yaml,
)
from event_topics.model.resource import KAFKA_OWN_TOPICS
from event_topics.model.schema_text import canonical

TOPIC_NAMES = st.from_regex(r"[a-zA-Z0-9._-]{1,249}", fullmatch=True).filter(
    lambda name: name not in KAFKA_OWN_TOPICS | {".", ".."}
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        pytest.param("orders", "orders", id="legal already"),
        pytest.param("orders.created-2", "orders.created-2", id="dots and hyphens are legal"),
        pytest.param("BiometricsImported", "biometrics-imported", id="words in capitals"),
        pytest.param("BiometricsImported.dlq", "biometrics-imported.dlq", id="parts"),
        pytest.param("HTTPRequests", "http-requests", id="an acronym is one word"),
        pytest.param("order_lines", "order-lines", id="underscores"),
        pytest.param("_schemas", "schemas", id="underscore in front"),
        pytest.param("a..b_", "a.b", id="nothing between dots, underscore at the end"),
        pytest.param("---", "topic", id="nothing that could be a name"),
    ],
)
def test_a_resource_is_named_after_its_topic_as_kubernetes_allows_it(topic: str, name: str) -> None:
    assert resource_names([topic]) == {topic: name}


def test_topics_that_would_have_one_name_get_different_ones_and_a_valid_name_stays() -> None:
    names = resource_names(["order-lines", "order_lines", "OrderLines"])

    assert names["order-lines"] == "order-lines"
    assert re.fullmatch(r"order-lines-[0-9a-f]{8}", names["order_lines"])
    assert re.fullmatch(r"order-lines-[0-9a-f]{8}", names["OrderLines"])
    assert len(set(names.values())) == 3


def test_a_name_that_is_taken_is_not_given_again() -> None:
    assert resource_names(["orders"], taken={"orders"})["orders"].startswith("orders-")


@given(st.sets(TOPIC_NAMES, max_size=8), st.sets(st.sampled_from(["a", "b", "topic"])))
def test_names_are_legal_and_differ(topics: set[str], taken: set[str]) -> None:
    names = resource_names(topics, taken)

    assert len({*names.values(), *taken}) == len(topics) + len(taken)
    for topic, name in names.items():
        assert parse_event_topic(manifest_of(name, topic, ObservedTopic(partitions=1, replicas=1))).topic_name == topic


def test_only_what_is_set_on_the_topic_is_written() -> None:
    observed = ObservedTopic(
        partitions=3, replicas=2, config={"retention.ms": "1000"}, defaults={"cleanup.policy": "delete"}
    )

    assert to_yaml(manifest_of("orders", "Orders", observed)) == (
        "apiVersion: heartzone.dev/v1alpha1\n"
        "kind: EventTopic\n"
        "metadata:\n"
        "  name: orders\n"
        "  annotations:\n"
        "    heartzone.dev/adopt: 'true'\n"
        "spec:\n"
        "  topicName: Orders\n"
        "  partitions: 3\n"
        "  replicas: 2\n"
        "  config:\n"
        '    retention.ms: "1000"\n'
    )


def test_schemas_are_written_as_blocks_that_people_can_read() -> None:
    value = ObservedSubject(
        latest=SchemaVersion(1, 1, "JSON", '{"type":"object","title":"Überfall"}'), compatibility="FULL"
    )
    key = ObservedSubject(latest=SchemaVersion(2, 1, "AVRO", '"string"'))

    text = to_yaml(manifest_of("orders", "orders", ObservedTopic(partitions=1, replicas=1), value=value, key=key))

    assert text.partition("  replicas: 1\n")[2] == (
        "  valueSchema:\n"
        "    type: JSON\n"
        "    compatibility: FULL\n"
        "    schema: |\n"
        "      {\n"
        '        "type": "object",\n'
        '        "title": "Überfall"\n'
        "      }\n"
        "  keySchema:\n"
        "    type: AVRO\n"
        "    schema: |\n"
        '      "string"\n'
    )


def test_what_a_reassignment_sets_temporarily_is_not_written() -> None:
    throttled = ObservedTopic(partitions=1, replicas=1, config={"leader.replication.throttled.replicas": "0:1"})

    assert "config" not in manifest_of("orders", "orders", throttled)["spec"]


def test_a_subject_without_a_version_and_an_unknown_compatibility_level_are_not_written() -> None:
    rule = ObservedSubject(latest=SchemaVersion(1, 1, "JSON", "{}"), compatibility="SYNTAX_ONLY")
    spec = manifest_of("a", "a", ObservedTopic(partitions=1, replicas=1), value=rule, key=ObservedSubject())["spec"]

    assert spec["valueSchema"] == {"type": "JSON", "schema": "{}\n"}
    assert "keySchema" not in spec


@pytest.mark.parametrize("text", ['{"a": NaN}', "no JSON", '{"maximum": 1e999}', "[" * 100_000])
def test_a_text_that_cannot_be_indented_stays_as_it_is(text: str) -> None:
    broken = ObservedSubject(latest=SchemaVersion(1, 1, "JSON", text))

    manifest = manifest_of("a", "a", ObservedTopic(partitions=1, replicas=1), value=broken)

    assert manifest["spec"]["valueSchema"]["schema"] == text


@pytest.mark.parametrize(
    "value", ["1000", "1e3", "0o17", "0x1F", "true", "no", "y", "null", "~", "", ".5", "a: b", "# a"]
)
def test_no_yaml_parser_reads_a_text_as_anything_else(value: str) -> None:
    observed = ObservedTopic(partitions=1, replicas=1, config={"key": value})

    line = to_yaml(manifest_of("a", "a", observed)).splitlines()[-1]

    assert re.fullmatch(rf"    key: (['\"]){re.escape(value)}\1", line)


@given(TEXTS, TEXTS, st.sampled_from(["JSON", "PROTOBUF"]))
def test_yaml_returns_what_was_written(value: str, schema: str, language: str) -> None:
    held = ObservedSubject(latest=SchemaVersion(1, 1, language, schema))  # type: ignore[arg-type]
    manifest = manifest_of("a", "a", ObservedTopic(partitions=1, replicas=1, config={"key": value}), value=held)

    assert yaml.safe_load(to_yaml(manifest)) == manifest


@given(
    st.integers(1, 100),
    st.integers(1, 3),
    st.dictionaries(
        st.sampled_from(["retention.ms", "cleanup.policy"]), st.sampled_from(["1000", "delete", "compact"])
    ),
    st.sampled_from([None, '{"type": "object"}', '{"title":"É","type":["null","object"]}', "true"]),
    st.sampled_from([None, "NONE", "FULL"]),
)
def test_planning_with_what_was_written_does_nothing(
    partitions: int, replicas: int, config: dict[str, str], schema: str | None, compatibility: str | None
) -> None:
    observed = ObservedTopic(partitions=partitions, replicas=replicas, config=config)
    subject = ObservedSubject(
        latest=SchemaVersion(7, 3, "JSON", schema) if schema else None, compatibility=compatibility
    )
    [desired] = [
        desired_topic(parse_event_topic(yaml.safe_load(to_yaml(manifest_of("t", "T", observed, value=subject)))))
    ]
    if schema and desired.value_schema:
        assert canonical("JSON", desired.value_schema.text) == canonical("JSON", schema)  # type: ignore[union-attr]
    found = ObservedSubject(
        latest=subject.latest,
        compatibility=compatibility,
        desired_version=subject.latest.version if subject.latest else None,
    )

    planned = plan([desired], Observed(topics={"T": observed}, subjects={"T-value": found}))

    assert (planned.actions, planned.blocked, planned.unknown) == ((), (), ())
