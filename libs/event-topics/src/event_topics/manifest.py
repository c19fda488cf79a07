"""The other direction: the EventTopic, and its YAML, that describes a topic and its subjects as they are. Pure.

Applying it changes nothing: what is written is what the plan compares.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

import yaml

from event_topics.resource import API_VERSION, KIND, Compatibility, is_object_name
from event_topics.schema_text import canonical
from event_topics.state import ObservedSubject, ObservedTopic, SchemaVersion

# A reassignment sets these for as long as it runs (kafka-reassign-partitions --throttle).
_PASSING_CONFIG = frozenset({"leader.replication.throttled.replicas", "follower.replication.throttled.replicas"})
_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_NAME = 240  # with the digest behind it still an object's name


def resource_names(topics: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return a name that Kubernetes takes for each topic, all different, and none of those `taken`.

    A topic whose name is one already keeps it; `BiometricsImported` becomes `biometrics-imported`. The name depends on
    the topic alone, but where several would have the same one: these end in a digest of the topic's name.
    """
    names = {topic: topic if is_object_name(topic) else _object_name(topic) for topic in topics}
    wanted = Counter(names.values())
    return {
        topic: f"{name[:_LONGEST_NAME].rstrip('-.')}-{_digest(topic)}"
        if name in taken or len(name) > _LONGEST_NAME or (wanted[name] > 1 and name != topic)
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
    """Return the EventTopic `name` for a topic and what the subjects of its values and keys hold.

    Only what is set on the topic itself is written, so that the rest stays the broker's to default.
    """
    spec: dict[str, Any] = {} if topic == name else {"topicName": topic}
    spec |= {"partitions": observed.partitions, "replicas": observed.replicas}
    config = {key: value for key, value in sorted(observed.config.items()) if key not in _PASSING_CONFIG}
    if config:
        spec["config"] = config
    for field, subject in (("valueSchema", value), ("keySchema", key)):
        if subject is not None and subject.latest is not None:
            spec[field] = _schema(subject.latest, subject.compatibility)
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def to_yaml(manifest: Mapping[str, Any]) -> str:
    """Return the manifest as people write it: fields in order, schemas as blocks, and quotes where YAML needs them."""
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _schema(latest: SchemaVersion, compatibility: str | None) -> dict[str, Any]:
    rule = {"compatibility": compatibility} if compatibility in get_args(Compatibility) else {}
    return {"type": latest.type, **rule, "schema": _laid_out(latest)}


def _laid_out(schema: SchemaVersion) -> str:
    """Return the text with line breaks, unless that would say something else."""
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
    """Quotes whatever does not start with a letter: YAML 1.2 takes more for numbers (1e3, 0o17) than PyYAML does."""

    _PLAIN = re.compile(r"[A-Za-z][\w./-]+", re.ASCII)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Choose how one text is written."""
        style = "|" if "\n" in text else None if self._PLAIN.fullmatch(text) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_text)
