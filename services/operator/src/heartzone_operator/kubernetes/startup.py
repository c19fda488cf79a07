"""Startup: what the operator waits for before it acts, reported on `/readyz` meanwhile."""

import asyncio

import structlog

from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.ledger import Ledger
from heartzone_operator.model.claims import seeded
from heartzone_operator.model.index import Index

_RETRY_INTERVAL = 2.0  # seconds

log = structlog.get_logger(__name__)


class Startup:
    """State of the startup: `delay` says why the operator does not act, None once it does. Read from other threads.

    `standby` says that it could, and waits for another to end: it is ready for that.
    """

    def __init__(self) -> None:
        self.delay: str | None = "starting"
        self.standby: str | None = None

    def delayed(self, reason: str) -> None:
        """Record why; each reason is logged once."""
        if reason != self.delay:
            log.warning("startup_delayed", reason=reason)
        self.delay, self.standby = reason, None

    def waits_for_lease(self, reason: str) -> None:
        """Record that another operator acts."""
        if reason != self.standby:
            log.info("standing_by", reason=reason)
        self.delay, self.standby = None, reason

    def completed(self) -> None:
        """Record that nothing is waited for any more."""
        self.delay = self.standby = None


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


async def open_ledger(ledger: Ledger, index: Index, startup: Startup) -> None:
    """Return once the claims are read; what an operator without a ledger has reconciled is taken from the statuses."""
    while True:
        try:
            if not await ledger.load():
                await ledger.record(seeded(index.all()))
        except (RequestRejectedError, ApiServerUnavailableError) as error:
            startup.delayed(f"the record of topics cannot be read: {error}")
            await asyncio.sleep(_RETRY_INTERVAL)
        else:
            for topic, claim in ledger.all().items():
                if (owner := index.get(claim.resource)) is not None and owner.topic == topic:
                    index.note_owner(owner)
            return
