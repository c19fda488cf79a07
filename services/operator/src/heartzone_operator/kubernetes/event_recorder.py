"""Recorder of Kubernetes events, which are created concurrently with the reconciling and never delay it."""

import asyncio
import time
import uuid
from datetime import UTC, datetime

import structlog

from event_topics.model import API_VERSION, KIND
from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.model.event_budget import EventBudget
from heartzone_operator.model.events import Event
from heartzone_operator.model.resource import Resource

COMPONENT = "heartzone-operator"
_MAX_QUEUED = 2_000
_MAX_MESSAGE_BYTES = 1_000  # the API server accepts 1,024

log = structlog.get_logger(__name__)


class EventRecorder:
    """Creates events in the order given; events are help, no record.

    When the queue is full, or a resource has had many lately, new ones are only logged.
    """

    def __init__(self, api: KubernetesApi, identity: str) -> None:
        self._api = api
        self._identity = identity
        self._budget = EventBudget()
        self._queue: asyncio.Queue[tuple[Resource, Event]] = asyncio.Queue(_MAX_QUEUED)

    def record(self, resource: Resource, event: Event) -> None:
        """Log the event at once, and queue it if there may be another of the resource."""
        write = log.warning if event.type == "Warning" else log.info
        write("event_recorded", resource=str(resource.key), reason=event.reason, message=event.message)
        if not self._queue.full() and self._budget.allows(resource.uid, event.type, time.monotonic()):
            self._queue.put_nowait((resource, event))

    async def run(self) -> None:
        """Create the queued events until cancelled."""
        while True:
            resource, event = await self._queue.get()
            try:
                await self._api.create_event(resource.key.namespace, self._body(resource, event))
            except (RequestRejectedError, ApiServerUnavailableError) as error:
                log.warning("event_dropped", resource=str(resource.key), reason=event.reason, error=str(error))

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
            "message": event.message.encode()[:_MAX_MESSAGE_BYTES].decode(errors="ignore"),
            "action": event.reason,
            "firstTimestamp": now[:19] + "Z",
            "lastTimestamp": now[:19] + "Z",
            "eventTime": now,
            "count": 1,
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._identity[:128],
        }
