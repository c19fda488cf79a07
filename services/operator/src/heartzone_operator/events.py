"""Kubernetes events: what a person would want to know of a resource, posted beside the work and never in its way."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import structlog

from event_topics.plan import Action as PlannedAction
from event_topics.plan import AddPartitions, AlterConfig, ConfigChange, CreateTopic, RegisterSchema, SetCompatibility
from event_topics.resource import API_VERSION, KIND
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable
from heartzone_operator.resources import Resource

COMPONENT = "heartzone-operator"
_MOST_WAITING = 2_000
_LONGEST_MESSAGE = 1_000  # bytes; the API server takes 1,024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """What `kubectl describe` shows under Events."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def event_of(actions: Sequence[PlannedAction], *, is_drift: bool, had_topic: bool) -> Event | None:
    """Return the one event for what was done to a resource at once, None when that is nothing."""
    if not actions:
        return None
    done = "; ".join(map(_done, actions))
    if had_topic and any(isinstance(action, CreateTopic) for action in actions):
        return Event("Warning", "TopicCreatedAgain", f"The topic was gone, with all its records. {done}.")
    if is_drift:
        return Event("Warning", "PutRight", f"Somebody had changed what this resource describes. {done}.")
    return Event("Normal", "Applied", f"{done}.")


def _done(action: PlannedAction) -> str:
    match action:
        case CreateTopic():
            return f"Created the topic {action.topic} with {action.partitions} partitions"
        case AddPartitions():
            return f"Raised the partitions of {action.topic} from {action.before} to {action.after}"
        case AlterConfig():
            return f"Changed the configuration of {action.topic}: {', '.join(map(_change, action.changes))}"
        case SetCompatibility():
            return f"Set the compatibility of {action.subject} to {action.after}"
        case RegisterSchema():
            follows = f" after version {action.latest.version}" if action.latest else ""
            return f"Registered the schema of {action.subject}{follows}"


def _change(change: ConfigChange) -> str:
    return f"{change.key}={change.after}" if change.after is not None else f"{change.key} back to the default"


class EventPoster:
    """Posts in the order given; when far too many wait, the newest are dropped: events are help, not a record."""

    def __init__(self, api: KubernetesApi, identity: str) -> None:
        self._api = api
        self._identity = identity
        self._waiting: asyncio.Queue[tuple[Resource, Event]] = asyncio.Queue(_MOST_WAITING)

    def post(self, resource: Resource, event: Event) -> None:
        """Post when there is time; the log has it at once."""
        write = log.warning if event.type == "Warning" else log.info
        write("resource_event", resource=str(resource.key), reason=event.reason, message=event.message)
        if not self._waiting.full():
            self._waiting.put_nowait((resource, event))

    async def run(self) -> None:
        """Post for ever."""
        while True:
            resource, event = await self._waiting.get()
            try:
                await self._api.create_event(resource.key.namespace, self._body(resource, event))
            except (KubernetesError, KubernetesUnavailable) as error:
                log.warning("event_not_posted", resource=str(resource.key), reason=event.reason, error=str(error))

    def _body(self, resource: Resource, event: Event) -> dict[str, object]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{resource.key.name[:200].rstrip('-.')}.{uuid.uuid4().hex[:16]}",
                "namespace": resource.key.namespace,
            },
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "namespace": resource.key.namespace,
                "name": resource.key.name,
                "uid": resource.uid,
                "resourceVersion": str(resource.resource_version),
            },
            "type": event.type,
            "reason": event.reason,
            "message": event.message.encode()[:_LONGEST_MESSAGE].decode(errors="ignore"),
            "action": event.reason,
            "firstTimestamp": now[:19] + "Z",
            "lastTimestamp": now[:19] + "Z",
            "eventTime": now,
            "count": 1,
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._identity[:128],
        }
