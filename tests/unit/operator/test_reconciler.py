"""Batches of resources, and the others of a batch when the operator fails on one."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from prometheus_client import CollectorRegistry

from heartzone_operator.kubernetes.api import KubernetesApi
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.index import Index
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.resource import Resource, resource_of
from heartzone_operator.model.scope import Scope
from heartzone_operator.reconcile.batch import Batches
from heartzone_operator.reconcile.reconciler import Reconciler


def resource(name: str, generation: int) -> Resource:
    metadata: dict[str, Any] = {
        "namespace": "shop",
        "name": name,
        "uid": f"uid-{name}",
        "generation": generation,
        "resourceVersion": str(generation),
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return resource_of({"metadata": metadata, "spec": {"partitions": 1}})


class FailsOn:
    """Batches that fail while they contain a resource whose generation is below `mended`."""

    def __init__(self, name: str, *, mended: int) -> None:
        self._name = name
        self._mended = mended
        self.taken: list[str] = []
        self.reported: list[str] = []

    async def reconcile(self, resources: Sequence[Resource], *, full: bool) -> None:
        self.taken.append(" ".join(sorted(each.key.name for each in resources)))
        if any(each.key.name == self._name and each.generation < self._mended for each in resources):
            raise RuntimeError("a fault of the operator")

    async def report_fault(self, resource: Resource) -> None:
        self.reported.append(resource.key.name)


async def run(batches: FailsOn, *rounds: list[str]) -> None:
    """Change three resources in each round, and wait until they were reconciled in these batches."""
    index = Index()
    reconciler = Reconciler(
        index=index,
        api=cast("KubernetesApi", None),  # not called before the first resync
        batches=cast("Batches", batches),
        metrics=OperatorMetrics(CollectorRegistry()),
        progress=Progress(60),
        scope=Scope(("shop",)),
        relist=lambda _: None,
        wakeup=asyncio.Event(),
        resync_interval=3600,
    )
    running = asyncio.create_task(reconciler.run())
    for generation, expected in enumerate(rounds, start=1):
        batches.taken.clear()
        for name in ("a", "b", "c"):
            index.update(resource(name, generation), 0)
        reconciler.wake()
        deadline = asyncio.get_running_loop().time() + 30
        while batches.taken != expected:
            assert asyncio.get_running_loop().time() < deadline, batches.taken
            await asyncio.sleep(0.01)
    reconciler.stop()
    await running


def test_a_resource_that_the_operator_fails_on_is_reported_and_delays_the_others_once() -> None:
    batches = FailsOn("b", mended=3)

    asyncio.run(run(batches, ["a b c", "a", "b", "c"], ["a c", "b"], ["a c", "b"], ["a b c"]))

    assert batches.reported == ["b", "b"]
