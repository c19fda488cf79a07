"""values.schema.json: what each value may be, strict at every level, down into the objects of Kubernetes."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate

from heartzone_chart.values_file import Section, Value

KUBERNETES = "v1.37.0-local-strict"
SHARED: Mapping[str, Mapping[str, Any]] = {
    # Kafka's own rule (org.apache.kafka.common.internals.Topic.validate).
    "TopicName": {"type": "string", "minLength": 1, "maxLength": 249, "pattern": "^[a-zA-Z0-9._-]+$"},
    # As Prometheus writes them.
    "Duration": {"type": "string", "pattern": "^(([0-9]+)(ms|s|m|h))?$"},
    # Of a Probe (io.k8s.api.core.v1.Probe), all but what it asks.
    "ProbeTiming": {
        "type": "object",
        "properties": {
            "initialDelaySeconds": {"type": "integer", "minimum": 0},
            "periodSeconds": {"type": "integer", "minimum": 1},
            "timeoutSeconds": {"type": "integer", "minimum": 1},
            "failureThreshold": {"type": "integer", "minimum": 1},
        },
        "additionalProperties": False,
    },
}
# Helm itself reads these at the root of the values of every chart that is part of another one, and hands them on.
OF_HELM: Mapping[str, Mapping[str, Any]] = {
    "enabled": {"type": "boolean", "description": "The `condition` of a chart that this one is part of."},
    "tags": {
        "type": "object",
        "description": "Tags of charts that are parts of another one.",
        "additionalProperties": {"type": "boolean"},
    },
    "exports": {"type": "object", "description": "What a parent chart takes over by `import-values`."},
    "import-values": {"type": ["array", "object"], "description": "Values that a chart takes over of its parts."},
}
_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}


def values_schema(values: Section) -> str:
    """The file's text. Raises KeyError for a `$ref` that neither this module nor Kubernetes knows."""
    definitions: dict[str, Any] = {}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the heartzone chart",
        "$comment": "Generated from values.yaml by docs/generate.py; change that.",
        **_section(values, definitions),
    }
    schema["properties"] |= OF_HELM
    # A parent chart's, which other parts of it read as well.
    schema["properties"]["global"]["additionalProperties"] = True
    schema["definitions"] = dict(sorted(definitions.items()))
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _section(section: Section, definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: _section(member, definitions) if isinstance(member, Section) else _value(member, definitions)
        for name, member in section.members.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(value: Value, definitions: dict[str, Any]) -> dict[str, Any]:
    said = _resolved(dict(value.schema), definitions)
    described = {"description": value.meaning, "default": value.default}
    if "$ref" in said:
        # Beside a $ref, draft 7 sees nothing.
        return {**described, "allOf": [said]}
    return {**described, **({} if "type" in said else {"type": _TYPES[type(value.default)]}), **said}


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """With what each `$ref` names, by the name alone, as one of `definitions`, and what that names in turn."""
    if isinstance(schema, list):
        return [_resolved(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" not in schema:
        return {key: _resolved(item, definitions) for key, item in schema.items()}
    name = schema["$ref"].rpartition("/")[2]
    if name not in definitions:
        definitions[name] = {}  # some refer to themselves
        definitions[name] = _resolved(SHARED.get(name) or _bare(_kubernetes()[name]), definitions)
    return {"$ref": f"#/definitions/{name}"}


@cache
def _kubernetes() -> Mapping[str, dict[str, Any]]:
    """Kubernetes' own definitions by their full names, such as io.k8s.api.core.v1.Toleration."""
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / KUBERNETES
    definitions: dict[str, dict[str, Any]] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    return definitions


def _bare(definition: Any) -> Any:
    """Without descriptions and extensions, which would be most of the file."""
    if isinstance(definition, list):
        return [_bare(item) for item in definition]
    if not isinstance(definition, dict):
        return definition
    return dict(_bare_items(definition))


def _bare_items(definition: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in definition.items():
        if key == "properties":
            yield key, {name: _bare(schema) for name, schema in item.items()}
        elif key != "description" and not key.startswith("x-kubernetes-"):
            yield key, _bare(item)
