"""The EventTopic, and its YAML, that describes a topic and its subjects as they are.

Applying it changes nothing: it contains what the plan compares.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

import yaml

from event_topics.model.resource import ADOPT, API_VERSION, KIND, Compatibility, is_object_name
from event_topics.model.schema_text import canonical
from event_topics.model.state import ObservedSubject, ObservedTopic, SchemaVersion

# A reassignment sets these for as long as it runs (kafka-reassign-partitions --throttle).
_TEMPORARY_CONFIG = frozenset({"leader.replication.throttled.replicas", "follower.replication.throttled.replicas"})
_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAX_NAME_LENGTH = 240  # an object's name even with the digest appended


def resource_names(topics: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return a name that Kubernetes accepts for each topic, all different, and none of those `taken`.

    A topic whose name is valid keeps it; `BiometricsImported` becomes `biometrics-imported`. The name depends on
    the topic alone, unless several would have the same one: these end in a digest of the topic's name.
    """
    names = {topic: topic if is_object_name(topic) else _object_name(topic) for topic in topics}
    wanted = Counter(names.values())
    return {
        topic: f"{name[:_MAX_NAME_LENGTH].rstrip('-.')}-{_digest(topic)}"
        if name in taken or len(name) > _MAX_NAME_LENGTH or (wanted[name] > 1 and name != topic)
        else name
        for topic, name in names.items()
    }


def manifest_of(
    name: str,
    topic: str,
    observed: ObservedTopic,
    *,
    value: ObservedSubject | None = None,
    key: ObservedSubject | None = None,
) -> dict[str, Any]:
    """Return the EventTopic `name` for a topic and the subjects of its values and keys.

    Only configuration set on the topic itself is included, so that the rest keeps the broker's default.
    """
    spec: dict[str, Any] = {} if topic == name else {"topicName": topic}
    spec |= {"partitions": observed.partitions, "replicas": observed.replicas}
    config = {key: value for key, value in sorted(observed.config.items()) if key not in _TEMPORARY_CONFIG}
    if config:
        spec["config"] = config
    for field, subject in (("valueSchema", value), ("keySchema", key)):
        if subject is not None and subject.latest is not None:
            spec[field] = _schema(subject.latest, subject.compatibility)
    # It is there already, and whoever applies this wants it to be this resource's.
    metadata = {"name": name, "annotations": {ADOPT: "true"}}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def to_yaml(manifest: Mapping[str, Any]) -> str:
    """Return the manifest as people write it: fields in order, schemas as blocks, and quotes where YAML needs them."""
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _schema(latest: SchemaVersion, compatibility: str | None) -> dict[str, Any]:
    rule = {"compatibility": compatibility} if compatibility in get_args(Compatibility) else {}
    schema: dict[str, Any] = {"type": latest.type, **rule, "schema": _indented(latest)}
    if latest.references:
        schema["references"] = [each.model_dump() for each in latest.references]
    return schema


def _indented(schema: SchemaVersion) -> str:
    """Return the text with indentation, unless that would change its meaning."""
    if schema.type == "PROTOBUF":
        return schema.text
    try:
        text = json.dumps(json.loads(schema.text), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (ValueError, RecursionError):
        return schema.text
    return text if canonical(schema.type, text) == canonical(schema.type, schema.text) else schema.text


def _object_name(topic: str) -> str:
    words = _WORD_BORDER.sub("-", topic).replace("_", "-").lower()
    parts = (re.sub("-+", "-", part).strip("-") for part in words.split("."))
    return ".".join(part for part in parts if part) or "topic"


def _digest(topic: str) -> str:
    return hashlib.sha256(topic.encode()).hexdigest()[:8]


class _Dumper(yaml.SafeDumper):
    """Quotes whatever does not start with a letter: YAML 1.2 reads more as numbers (1e3, 0o17) than PyYAML does."""

    _PLAIN = re.compile(r"[A-Za-z][\w./-]+", re.ASCII)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Choose the style of one text."""
        style = "|" if "\n" in text else None if self._PLAIN.fullmatch(text) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_text)
