"""Writer of what the operator reports about a resource: its status, when that has changed, and events."""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any

import structlog

from event_topics.model import EventTopicStatus
from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.event_recorder import EventRecorder
from heartzone_operator.model.events import Event, readiness_event
from heartzone_operator.model.index import Index
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.resource import Key, Resource, resource_of

_MAX_CONCURRENT_WRITES = 16
_RETRY_INTERVAL = 30.0  # seconds after a rejected write: a person must change something first, unseen by the watch

log = structlog.get_logger(__name__)


def now_text() -> str:
    """Return the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class StatusWriter:
    """Updates the index with every write, so that its echo in the watch is no change."""

    def __init__(self, api: KubernetesApi, index: Index, events: EventRecorder, progress: Progress) -> None:
        self._api = api
        self._index = index
        self._events = events
        self._progress = progress

    async def run_all(
        self, writes: Iterable[tuple[Resource, Coroutine[Any, Any, None]]]
    ) -> dict[Key, RequestRejectedError]:
        """Run many writes, some concurrently; return those that the API server rejected.

        A rejected write is retried later, and does not delay the others. Raises ApiServerUnavailableError, when all
        have ended.
        """
        limit = asyncio.Semaphore(_MAX_CONCURRENT_WRITES)
        rejected: dict[Key, RequestRejectedError] = {}
        unavailable: list[ApiServerUnavailableError] = []

        async def one(resource: Resource, write: Coroutine[Any, Any, None]) -> None:
            async with limit:
                if unavailable:  # the rest need not wait for timeouts of their own
                    write.close()
                    return
                try:
                    await write
                except ApiServerUnavailableError as error:
                    unavailable.append(error)
                except RequestRejectedError as error:
                    rejected[resource.key] = error
                    log.warning("resource_postponed", resource=str(resource.key), reason=str(error))
                    self._index.due_at(resource.key, time.monotonic() + _RETRY_INTERVAL)
            self._progress.step()

        results = await asyncio.gather(*(one(*each) for each in writes), return_exceptions=True)
        for error in [*unavailable, *(each for each in results if each is not None)]:
            raise error
        return rejected

    async def write(self, resource: Resource, status: EventTopicStatus) -> None:
        """Write the status, unless it is unchanged; record an event when readiness changes.

        Raises ApiServerUnavailableError, RequestRejectedError.
        """
        former = resource.status
        if status == former:
            return
        await self._replace(resource, status)
        self._record_readiness(resource, former, status)

    def record(self, resource: Resource, event: Event) -> None:
        """Record an event."""
        self._events.record(resource, event)

    async def _replace(self, resource: Resource, status: EventTopicStatus) -> None:
        fields = status.model_dump(by_alias=True, exclude_none=True, mode="json")
        try:
            written = await self._api.replace_status(resource.key, resource.uid, fields)
        except RequestRejectedError as error:
            if error.status != 404:
                raise
            self._index.remove(resource.key, time.monotonic(), resource.uid)
        else:
            self._index.update(resource_of(written), time.monotonic())

    def _record_readiness(self, resource: Resource, former: EventTopicStatus, status: EventTopicStatus) -> None:
        before, after = former.condition("Ready"), status.condition("Ready")
        assert after is not None, "every status has the condition Ready"
        if (event := readiness_event(before, after)) is not None:
            self.record(resource, event)
