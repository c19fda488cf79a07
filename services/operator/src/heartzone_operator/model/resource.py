"""An EventTopic as the API server returned it last."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from event_topics.model import ADOPT, Condition, EventTopicStatus, FailureReason
from heartzone_operator.model.reasons import ConditionReason

FINALIZER = "heartzone.dev/delete-topic"
PAUSE = "heartzone.dev/pause"
_NEVER_RECONCILED = frozenset({ConditionReason.PAUSED, ConditionReason.INVALID_RESOURCE})


class Key(NamedTuple):
    """Namespace and name of an object; also of ConfigMaps."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One EventTopic. `spec` is as the API server returned it, validated by its schema but not yet by the model."""

    key: Key
    uid: str
    generation: int
    resource_version: int
    created: str
    spec: Mapping[str, Any]
    status: EventTopicStatus
    is_paused: bool = False
    adopts: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    is_deleting: bool = False
    finalizers: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """Name of the topic in Kafka."""
        return str(self.spec.get("topicName") or self.key.name)

    @property
    def has_owned_its_topic(self) -> bool:
        """Return whether, by its status, the topic was reconciled for this resource, and for no other since."""
        topic_ready = self.status.condition("TopicReady")
        if topic_ready is None or topic_ready.reason == FailureReason.RESOURCE_CONFLICT:
            return False
        return self.status.topic_id is not None or topic_ready.reason not in _NEVER_RECONCILED

    @property
    def has_finalizer(self) -> bool:
        """Return whether Kubernetes waits for the operator before it removes the resource."""
        return FINALIZER in self.finalizers

    @property
    def deletes_topic(self) -> bool:
        """Return whether removing the resource removes the topic."""
        return self.spec.get("deletionPolicy") == "Delete"

    def config_maps(self) -> Iterator[Key]:
        """The ConfigMaps that its schemas are read from."""
        for half in ("valueSchema", "keySchema"):
            reference = ((self.spec.get(half) or {}).get("schemaFrom") or {}).get("configMapKeyRef") or {}
            if reference.get("name"):
                yield Key(self.key.namespace, str(reference["name"]))

    def desires_the_same(self, other: "Resource") -> bool:
        """Return whether both desire the same, so that they differ only in what the operator itself has written."""
        return (
            self.uid,
            self.generation,
            self.is_paused,
            self.adopts,
            self.labels,
            self.is_deleting,
            self.finalizers,
        ) == (
            other.uid,
            other.generation,
            other.is_paused,
            other.adopts,
            other.labels,
            other.is_deleting,
            other.finalizers,
        )


def resource_of(body: Mapping[str, Any]) -> Resource:
    """Parse an object of the API server."""
    metadata = body["metadata"]
    return Resource(
        key=Key(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        resource_version=int(metadata["resourceVersion"]),
        created=metadata["creationTimestamp"],
        spec=body.get("spec") or {},
        status=_status(body.get("status") or {}),
        is_paused=(metadata.get("annotations") or {}).get(PAUSE) == "true",
        adopts=(metadata.get("annotations") or {}).get(ADOPT) == "true",
        labels=metadata.get("labels") or {},
        is_deleting="deletionTimestamp" in metadata,
        finalizers=tuple(metadata.get("finalizers") or ()),
    )


@lru_cache(maxsize=4_096)
def _shared(condition: Condition) -> Condition:
    """Return the first of all that are equal."""
    return condition


def _status(status: Mapping[str, Any]) -> EventTopicStatus:
    try:
        parsed = EventTopicStatus.model_validate(status)
        # Thousands of resources have the same conditions, which take a kilobyte each.
        return parsed.model_copy(update={"conditions": tuple(map(_shared, parsed.conditions))})
    except ValidationError:  # written by another version of the operator, or by somebody else: it is replaced
        return EventTopicStatus()
