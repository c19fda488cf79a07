"""Kubernetes events about a resource: the one that tells what was applied to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from event_topics.model import (
    Action,
    AddPartitions,
    AlterConfig,
    Condition,
    ConfigChange,
    CreateTopic,
    FailureReason,
    RegisterSchema,
    SetCompatibility,
)

_OUTAGES = frozenset({FailureReason.KAFKA_UNAVAILABLE, FailureReason.REGISTRY_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Event:
    """An entry that `kubectl describe` lists under Events."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def event_of(actions: Sequence[Action], *, is_drift: bool, had_topic: bool) -> Event | None:
    """Return the one event for the actions applied to a resource together, None when there were none."""
    if not actions:
        return None
    applied = "; ".join(map(_applied, actions))
    if had_topic and any(isinstance(action, CreateTopic) for action in actions):
        return Event("Warning", "TopicCreatedAgain", f"The topic was gone, with all its records. {applied}.")
    if is_drift:
        return Event("Warning", "PutRight", f"Somebody had changed what this resource describes. {applied}.")
    return Event("Normal", "Applied", f"{applied}.")


def readiness_event(before: Condition | None, after: Condition) -> Event | None:
    """Return the event for a change of readiness, None when there is none to tell.

    An outage concerns every resource: the log and `/readyz` tell it once, and each status has it.
    """
    if before is not None and (before.status, before.reason) == (after.status, after.reason):
        return None
    if after.reason in _OUTAGES:
        return None
    if after.status != "True":
        return Event("Warning", after.reason, after.message)
    if before is None or before.reason in _OUTAGES:
        return None
    return Event("Normal", after.reason, after.message)


def _applied(action: Action) -> str:
    match action:
        case CreateTopic():
            return f"Created the topic {action.topic} with {action.partitions} partitions"
        case AddPartitions():
            return f"Raised the partitions of {action.topic} from {action.before} to {action.after}"
        case AlterConfig():
            return f"Changed the configuration of {action.topic}: {', '.join(map(_change, action.changes))}"
        case SetCompatibility(after=None):
            return f"Reset the compatibility of {action.subject} to the registry's own"
        case SetCompatibility():
            return f"Set the compatibility of {action.subject} to {action.after}"
        case RegisterSchema():
            follows = f" after version {action.latest.version}" if action.latest else ""
            return f"Registered the schema of {action.subject}{follows}"


def _change(change: ConfigChange) -> str:
    return f"{change.key}={change.after}" if change.after is not None else f"{change.key} reset to the default"
