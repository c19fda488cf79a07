"""Writes what the operator has to say of a resource: its status, when that has changed, and events."""

import asyncio
import time
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any

import structlog

from event_topics.status import EventTopicStatus
from heartzone_operator.events import Event, EventPoster
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable
from heartzone_operator.progress import Progress
from heartzone_operator.resources import Key, Resource, resource_of

_AT_ONCE = 16
_REFUSED_AGAIN_S = 30.0  # a person must change something first, which nothing tells of

log = structlog.get_logger(__name__)


def now_text() -> str:
    """Return the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Writer:
    """Every write is told to the fleet, so that its echo in the watch is no news."""

    def __init__(self, api: KubernetesApi, fleet: Fleet, events: EventPoster, progress: Progress) -> None:
        self._api = api
        self._fleet = fleet
        self._events = events
        self._progress = progress

    async def each(self, writes: Iterable[tuple[Resource, Coroutine[Any, Any, None]]]) -> dict[Key, KubernetesError]:
        """Do many writes, some of them at once; return which of them the API server refused, each for itself.

        What is refused is tried again later, and does not keep the others waiting. Raises KubernetesUnavailable, when
        all are done.
        """
        limit = asyncio.Semaphore(_AT_ONCE)
        refused: dict[Key, KubernetesError] = {}
        unavailable: list[KubernetesUnavailable] = []

        async def one(resource: Resource, write: Coroutine[Any, Any, None]) -> None:
            async with limit:
                if unavailable:  # what follows need not wait for time-outs of its own
                    write.close()
                    return
                try:
                    await write
                except KubernetesUnavailable as error:
                    unavailable.append(error)
                except KubernetesError as error:
                    refused[resource.key] = error
                    log.warning("resource_put_off", resource=str(resource.key), reason=str(error))
                    self._fleet.due_at(resource.key, time.monotonic() + _REFUSED_AGAIN_S)
            self._progress.moved()

        results = await asyncio.gather(*(one(*each) for each in writes), return_exceptions=True)
        for error in [*unavailable, *(each for each in results if each is not None)]:
            raise error
        return refused

    async def write(self, resource: Resource, status: EventTopicStatus) -> None:
        """Write the status, unless it says what is written already; and an event when readiness changes.

        Raises KubernetesUnavailable, KubernetesError.
        """
        former = resource.status
        if status == former:
            return
        await self._replace(resource, status)
        self._tell_readiness(resource, former, status)

    async def note_managed(self, resource: Resource, keys: Iterable[str]) -> None:
        """Add keys to those that the resource may have set.

        Raises KubernetesUnavailable, KubernetesError.
        """
        managed = {*resource.status.managed_config, *keys}
        if managed != set(resource.status.managed_config):
            status = resource.status.model_copy(update={"managed_config": tuple(sorted(managed))})
            await self._replace(resource, status)

    def tell(self, resource: Resource, event: Event) -> None:
        """Post an event."""
        self._events.post(resource, event)

    async def _replace(self, resource: Resource, status: EventTopicStatus) -> None:
        fields = status.model_dump(by_alias=True, exclude_none=True, mode="json")
        try:
            answer = await self._api.replace_status(resource.key, resource.uid, fields)
        except KubernetesError as error:
            if error.status != 404:
                raise
            self._fleet.gone(resource.key, time.monotonic(), resource.uid)
        else:
            self._fleet.saw(resource_of(answer), time.monotonic())

    def _tell_readiness(self, resource: Resource, former: EventTopicStatus, status: EventTopicStatus) -> None:
        before, after = former.condition("Ready"), status.condition("Ready")
        assert after is not None, "every status has the condition Ready"
        if before is not None and (before.status, before.reason) == (after.status, after.reason):
            return
        if after.status != "True":
            self.tell(resource, Event("Warning", after.reason, after.message))
        elif before is not None:
            self.tell(resource, Event("Normal", after.reason, after.message))
