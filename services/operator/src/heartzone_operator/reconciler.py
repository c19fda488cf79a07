"""The one loop: takes what is due as a batch, and looks at everything again and again."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from heartzone_operator.batch import Batches
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.progress import Progress
from heartzone_operator.resources import Resource

BATCH = 250
_AGAIN_S = 5.0  # after the API server did not answer
_TICK_S = 5.0
_GATHER_S = 0.1  # what is applied together shall be one batch

log = structlog.get_logger(__name__)


class Reconciler:
    """What blocks runs on threads. `namespaces` None is all of them."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        api: KubernetesApi,
        batches: Batches,
        metrics: OperatorMetrics,
        progress: Progress,
        namespaces: Sequence[str | None],
        resync_interval: float,
    ) -> None:
        self._fleet = fleet
        self._api = api
        self._batches = batches
        self._metrics = metrics
        self._progress = progress
        self._namespaces = namespaces
        self._resync_interval = resync_interval
        self._wakeup = asyncio.Event()
        self._faulty: set[str] = set()
        self._stopping = False

    def wake(self) -> None:
        """Look at once whether something is due."""
        self._wakeup.set()

    def stop(self) -> None:
        """End after the batch in hand; `run` returns then."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Reconcile until stopped."""
        resync_at = time.monotonic() + self._resync_interval
        while not self._stopping:
            self._progress.moved()
            now = time.monotonic()
            self._wakeup.clear()
            if now >= resync_at:
                await self._resync()
                resync_at = time.monotonic() + self._resync_interval
            elif due := self._fleet.take_due(now, BATCH):
                await self._attempt(due, thoroughly=True)
            else:
                next_due = self._fleet.next_due()
                await self._sleep(min(resync_at, now + _TICK_S if next_due is None else next_due) - now)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wakeup.wait(), min(max(seconds, 0.0), _TICK_S))
            await asyncio.sleep(_GATHER_S)

    async def _resync(self) -> None:
        """Look at everything, in one batch; first at whether the resources are still there.

        A watch that broke off tells nobody of what was deleted meanwhile, and a topic must not come back for it.
        """
        try:
            present = {
                key: uid
                for namespace in self._namespaces
                for key, uid in (await self._api.event_topic_uids(namespace)).items()
            }
        except (KubernetesError, KubernetesUnavailable) as error:
            log.warning("resync_put_off", reason=str(error))
            return
        for resource in list(self._fleet.all()):
            if present.get(resource.key) != resource.uid:
                self._fleet.gone(resource.key, time.monotonic(), resource.uid)
        self._batches.forget_all_but(self._fleet.all())
        self._faulty &= {each.uid for each in self._fleet.all()}
        await self._attempt(list(self._fleet.all()), thoroughly=False)

    async def _attempt(self, resources: Sequence[Resource], *, thoroughly: bool) -> None:
        """Reconcile; each resource that the operator has failed on is taken by itself, the others together."""
        apart = [each for each in resources if each.uid in self._faulty]
        together = [each for each in resources if each.uid not in self._faulty]
        if together or not apart:
            await self._reconcile(together, thoroughly=thoroughly)
        for each in apart:
            await self._reconcile([each], thoroughly=thoroughly)
        self._metrics.count_resources(self._fleet.all())

    async def _reconcile(self, resources: Sequence[Resource], *, thoroughly: bool) -> None:
        """Reconcile one batch; what the API server gets in the way of is tried again later."""
        self._metrics.batch.observe(len(resources))
        try:
            try:
                with self._metrics.duration.time():
                    await self._batches.reconcile(resources, thoroughly=thoroughly)
                self._faulty.difference_update(each.uid for each in resources)
            except KubernetesUnavailable:
                raise
            except Exception:
                if len(resources) == 1:
                    log.exception("reconcile_failed", resource=str(resources[0].key))
                    self._faulty.add(resources[0].uid)
                    await self._batches.tell_of_fault(resources[0])
                else:  # the others shall not suffer for the one
                    log.exception("reconcile_failed", resources=len(resources))
                    for resource in resources:
                        await self._reconcile([resource], thoroughly=True)
        except KubernetesUnavailable as error:
            log.warning("reconcile_put_off", resources=len(resources), reason=str(error))
            for resource in resources:
                self._fleet.due_at(resource.key, time.monotonic() + _AGAIN_S)
