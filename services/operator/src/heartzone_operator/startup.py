"""What the operator waits for before it acts, said on `/readyz` while it waits."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable
from heartzone_operator.resources import resource_of

_ASK_AGAIN_S = 2.0

log = structlog.get_logger(__name__)


class Waiting:
    """Why the operator does not act; `reason` None when it does. Read from other threads."""

    def __init__(self) -> None:
        self.reason: str | None = "starting"

    def because(self, reason: str) -> None:
        """Wait on; the log has each reason once."""
        if reason != self.reason:
            log.warning("waiting", reason=reason)
        self.reason = reason

    def ended(self) -> None:
        """Wait no more."""
        self.reason = None


async def until_served(api: KubernetesApi, waiting: Waiting) -> None:
    """Return once the API server knows EventTopics."""
    while True:
        try:
            if await api.serves_event_topics():
                waiting.ended()
                return
            waiting.because(
                "EventTopics are not known to the API server: apply deploy/crd/eventtopics.heartzone.dev.yaml"
            )
        except (KubernetesError, KubernetesUnavailable) as error:
            waiting.because(f"the API server does not say what it serves: {error}")
        await asyncio.sleep(_ASK_AGAIN_S)


async def take_stock(api: KubernetesApi, fleet: Fleet, namespaces: Sequence[str | None], waiting: Waiting) -> None:
    """Return once every resource is known: a younger one that is seen first must not take an older one's topic."""
    while True:
        try:
            for namespace in namespaces:
                async for body in api.event_topics(namespace):
                    fleet.saw(resource_of(body), time.monotonic())
        except (KubernetesError, KubernetesUnavailable) as error:
            waiting.because(f"the EventTopics cannot be listed: {error}")
            await asyncio.sleep(_ASK_AGAIN_S)
        else:
            waiting.ended()
            return
