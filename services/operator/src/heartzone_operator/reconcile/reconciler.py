"""The reconcile loop: takes what is due as a batch, and everything at each resync."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.census import Census
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.index import Index
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.resource import Resource
from heartzone_operator.model.scope import Scope
from heartzone_operator.reconcile.batch import Batches
from heartzone_operator.reconcile.tracing import batch_span

MAX_BATCH_SIZE = 250
# All in seconds.
_RETRY_INTERVAL = 5.0  # while the API server is unavailable
_MAX_SLEEP = 5.0
# A list has all that people have written of each resource: the number shows nearly as much.
_RESYNCS_A_LIST = 10
_GATHER_INTERVAL = 0.1  # resources that are applied together should be one batch

log = structlog.get_logger(__name__)


class Reconciler:
    """Blocking calls run on threads. `relist` is called with a namespace whose list was rejected.

    `wakeup` is set when something may be due.
    """

    def __init__(
        self,
        *,
        index: Index,
        api: KubernetesApi,
        batches: Batches,
        metrics: OperatorMetrics,
        progress: Progress,
        scope: Scope,
        relist: Callable[[str | None], None],
        wakeup: asyncio.Event,
        resync_interval: float,
    ) -> None:
        self._index = index
        self._census = Census(api, index)
        self._resyncs = 0
        self._batches = batches
        self._metrics = metrics
        self._progress = progress
        self._scope = scope
        self._relist = relist
        self._resync_interval = resync_interval
        self._wakeup = wakeup
        self._faulty: set[str] = set()
        self._stopping = False

    def wake(self) -> None:
        """Check at once whether something is due."""
        self._wakeup.set()

    def stop(self) -> None:
        """End after the current batch; `run` returns then."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Reconcile until stopped."""
        resync_at = time.monotonic() + self._resync_interval
        while not self._stopping:
            self._progress.step()
            now = time.monotonic()
            self._wakeup.clear()
            if now >= resync_at:
                await self._resync()
                resync_at = time.monotonic() + self._resync_interval
            elif due := self._index.take_due(now, MAX_BATCH_SIZE):
                await self._attempt(due, full=True)
            else:
                next_due = self._index.next_due()
                await self._sleep(min(resync_at, now + _MAX_SLEEP if next_due is None else next_due) - now)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wakeup.wait(), min(max(seconds, 0.0), _MAX_SLEEP))
            await asyncio.sleep(_GATHER_INTERVAL)

    async def _resync(self) -> None:
        """Reconcile everything in one batch, after a check that the resources still exist.

        A watch that was interrupted does not report the deletions meanwhile, for which no topic may be created again.
        """
        unlisted: set[str | None] = set()
        compare = self._census.compare_number if self._resyncs % _RESYNCS_A_LIST else self._census.compare
        self._resyncs += 1
        for namespace in self._scope.namespaces:
            try:
                await compare(namespace)
            except RequestRejectedError as error:  # it fails alone; the watch finds out since when and until when
                log.warning("resync_postponed", namespace=namespace or "all", reason=str(error))
                unlisted.add(namespace)
                self._relist(namespace)
            except ApiServerUnavailableError as error:
                log.warning("resync_postponed", reason=str(error))
                return
        self._batches.forget_all_but(self._index.all())
        self._faulty &= {each.uid for each in self._index.all()}
        listed = [each for each in self._index.all() if not unlisted & {None, each.key.namespace}]
        await self._attempt(listed, full=False)

    async def _attempt(self, resources: Sequence[Resource], *, full: bool) -> None:
        """Reconcile; each resource that the operator has failed on is a batch of its own, the others are one."""
        apart = [each for each in resources if each.uid in self._faulty]
        together = [each for each in resources if each.uid not in self._faulty]
        if together or not apart:
            await self._reconcile(together, full=full)
        for each in apart:
            await self._reconcile([each], full=full)
        self._metrics.count_resources(self._index.all())

    async def _reconcile(self, resources: Sequence[Resource], *, full: bool) -> None:
        """Reconcile one batch; it is retried later when the API server is unavailable."""
        self._metrics.batch.observe(len(resources))
        try:
            try:
                with self._metrics.duration.time(), batch_span(resources):
                    await self._batches.reconcile(resources, full=full)
                self._faulty.difference_update(each.uid for each in resources)
            except ApiServerUnavailableError:
                raise
            except Exception:
                if len(resources) == 1:
                    log.exception("reconcile_failed", resource=str(resources[0].key))
                    self._faulty.add(resources[0].uid)
                    await self._batches.report_fault(resources[0])
                else:  # so that the one does not affect the others
                    log.exception("reconcile_failed", resources=len(resources))
                    for resource in resources:
                        await self._reconcile([resource], full=True)
        except ApiServerUnavailableError as error:
            log.warning("reconcile_postponed", resources=len(resources), reason=str(error))
            for resource in resources:
                self._index.due_at(resource.key, time.monotonic() + _RETRY_INTERVAL)
