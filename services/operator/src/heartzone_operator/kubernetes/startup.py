"""Startup: what the operator waits for before it acts, reported on `/readyz` meanwhile."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import resource_of

_RETRY_INTERVAL = 2.0  # seconds

log = structlog.get_logger(__name__)


class Startup:
    """State of the startup: `delay` says why the operator does not act, None once it does. Read from other threads."""

    def __init__(self) -> None:
        self.delay: str | None = "starting"

    def delayed(self, reason: str) -> None:
        """Record why; each reason is logged once."""
        if reason != self.delay:
            log.warning("startup_delayed", reason=reason)
        self.delay = reason

    def completed(self) -> None:
        """Record that nothing is waited for any more."""
        self.delay = None


async def wait_for_definition(api: KubernetesApi, startup: Startup) -> None:
    """Return once the API server serves EventTopics."""
    while True:
        try:
            if await api.serves_event_topics():
                startup.completed()
                return
            startup.delayed(
                "EventTopics are not known to the API server: apply deploy/crd/eventtopics.heartzone.dev.yaml"
            )
        except (RequestRejectedError, ApiServerUnavailableError) as error:
            startup.delayed(f"the API server does not list its resources: {error}")
        await asyncio.sleep(_RETRY_INTERVAL)


async def fill_index(api: KubernetesApi, index: Index, namespaces: Sequence[str | None], startup: Startup) -> None:
    """Return once every resource is known: a younger one that is listed first must not become owner of a topic."""
    while True:
        try:
            for namespace in namespaces:
                async for body in api.event_topics(namespace):
                    index.update(resource_of(body), time.monotonic())
        except (RequestRejectedError, ApiServerUnavailableError) as error:
            startup.delayed(f"the EventTopics cannot be listed: {error}")
            await asyncio.sleep(_RETRY_INTERVAL)
        else:
            startup.completed()
            return
