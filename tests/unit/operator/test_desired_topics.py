"""Desired topics are built once, and anew when anything that they are built from has changed."""

from typing import Any

import pytest

from event_topics.model import ConfigMaps, DesiredSchema, InvalidEventTopicError
from heartzone_operator.model.claims import Claim
from heartzone_operator.model.resource import Key, Resource, resource_of
from heartzone_operator.reconcile.desired_topics import DesiredTopics

SOURCE = {"type": "JSON", "schemaFrom": {"configMapKeyRef": {"name": "schemas", "key": "order"}}}
SCHEMAS = Key("shop", "schemas")
CLAIM = Claim(Key("shop", "orders"), "t1", frozenset({"retention.ms"}), levels=frozenset({"value"}))


def resource(generation: int = 1, **spec: Any) -> Resource:
    metadata = {
        "namespace": "shop",
        "name": "orders",
        "uid": "u",
        "generation": generation,
        "resourceVersion": "1",
        "creationTimestamp": "",
    }
    return resource_of({"metadata": metadata, "spec": {"partitions": 1, "valueSchema": SOURCE, **spec}})


def test_what_has_not_changed_is_not_built_again() -> None:
    each = DesiredTopics()
    texts: ConfigMaps = {SCHEMAS: {"order": "{}"}}

    first = each.of(resource(), texts, CLAIM)

    assert each.of(resource(), texts, CLAIM) is first
    assert first.managed_config == {"retention.ms"}
    assert first.managed_levels == {"valueSchema"}


def test_another_generation_text_or_claim_is_another_desired_topic() -> None:
    each = DesiredTopics()
    first = each.of(resource(), {SCHEMAS: {"order": "{}"}}, CLAIM)

    changed = each.of(resource(), {SCHEMAS: {"order": '{"title": "x"}'}}, CLAIM)
    assert isinstance(changed.value_schema, DesiredSchema)
    assert changed.value_schema.text == '{"title": "x"}'
    assert each.of(resource(2, partitions=2), {SCHEMAS: {"order": "{}"}}, CLAIM).partitions == 2
    assert each.of(resource(2, partitions=2), {SCHEMAS: {"order": "{}"}}, None).managed_config == frozenset()
    assert first.partitions == 1


def test_what_is_invalid_is_told_each_time() -> None:
    each = DesiredTopics()
    for _ in range(2):
        with pytest.raises(InvalidEventTopicError, match=r"spec\.partitions"):
            each.of(resource(partitions=0), {}, None)
