"""Steps of a plan: the actions that change a topic or subject, and what keeps a half from being planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from event_topics.model.failures import Failure
from event_topics.model.resource import SchemaReference, SchemaType
from event_topics.model.state import Half, SchemaVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Resource, topic and half that a step is about.

    `kind` names the step in output for programs, which rely on it: a renamed class keeps it.
    """

    kind: ClassVar[str]

    resource: str
    topic: str
    half: Half


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTopic(Step):
    """Create the topic; `replicas` None leaves their number to the broker."""

    kind = "CreateTopic"

    partitions: int
    replicas: int | None
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitions(Step):
    """Grow the topic from `before` to `after` partitions."""

    kind = "AddPartitions"

    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """One key: `after` None removes it from the topic; `inherited` when `before` was not set on the topic itself."""

    key: str
    before: str | None
    after: str | None
    inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterConfig(Step):
    """Set and remove single keys; all others stay (KIP-339)."""

    kind = "AlterConfig"

    changes: tuple[ConfigChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCompatibility(Step):
    """Set the subject's own compatibility level; `before` None when it had none, `after` None to remove it."""

    kind = "SetCompatibility"

    subject: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSchema(Step):
    """Register a version that follows `latest` (None: the subject's first)."""

    kind = "RegisterSchema"

    subject: str
    type: SchemaType
    text: str
    latest: SchemaVersion | None
    references: tuple[SchemaReference, ...] = ()


TopicAction = CreateTopic | AddPartitions | AlterConfig
SubjectAction = SetCompatibility | RegisterSchema
Action = TopicAction | SubjectAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(Step):
    """A change that will not be made until a person changes the resource or the cluster."""

    kind = "Refusal"

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Step):
    """A half that could not be observed, so nothing was planned for it."""

    kind = "Unknown"

    failure: Failure
