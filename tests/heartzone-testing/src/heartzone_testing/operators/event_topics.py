"""EventTopics and schemas of the tests' own, and conditions of their status."""

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

DRAFT_07 = '"$schema": "http://json-schema.org/draft-07/schema#"'
SCHEMA_1 = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "integer"}}}}, "required": ["a"]}}'
SCHEMA_2 = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "integer"}}}}}}'
INCOMPATIBLE = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "string"}}}}}}'

ADOPT = {"heartzone.dev/adopt": "true"}


def condition_of(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """One condition of a status, empty when it is not there."""
    found: dict[str, Any] = next((each for each in status.get("conditions", []) if each["type"] == kind), {})
    return found


def event_topic(
    topic: str | None = None,
    *,
    name: str | None = None,
    schema: str | None = None,
    compatibility: str | None = None,
    annotations: Mapping[str, str] = MappingProxyType({}),
    **spec: Any,
) -> dict[str, Any]:
    """An EventTopic for a topic of a fresh name, unless one is given."""
    topic = topic or f"Orders-{uuid.uuid4().hex[:8]}"
    value_schema = {"type": "JSON", "schema": schema} | ({"compatibility": compatibility} if compatibility else {})
    return {
        "apiVersion": "heartzone.dev/v1alpha1",
        "kind": "EventTopic",
        "metadata": {"name": name or topic.lower(), "annotations": dict(annotations)},
        "spec": {"topicName": topic, "partitions": 1, **({"valueSchema": value_schema} if schema else {}), **spec},
    }
