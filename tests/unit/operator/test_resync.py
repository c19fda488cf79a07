"""Resync: what a list of all resources says, which is older than what the watch delivers while it is made."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client import CollectorRegistry

from heartzone_operator.kubernetes.api import KubernetesApi, RequestRejectedError
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.index import Index
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.resource import Resource, resource_of
from heartzone_operator.model.scope import Scope
from heartzone_operator.reconcile.batch import Batches
from heartzone_operator.reconcile.reconciler import Reconciler

if TYPE_CHECKING:
    import kopf


def body(name: str, version: int, *, uid: str | None = None, namespace: str = "shop") -> dict[str, Any]:
    metadata = {
        "namespace": namespace,
        "name": name,
        "uid": uid or f"uid-{name}",
        "generation": 1,
        "resourceVersion": str(version),
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"partitions": 1}}


class ListingApi(KubernetesApi):
    """An API server that lists `items` as of `version`; `meanwhile` happens before the list is received."""

    def __init__(self, version: int, *items: dict[str, Any], meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__(lambda: cast("kopf.ConnectionInfo", None))
        self._page = {"metadata": {"resourceVersion": str(version)}, "items": items}
        self._meanwhile = meanwhile

    async def request(self, method: str, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        if "/closed/" in path:
            raise RequestRejectedError(403, "eventtopics is forbidden")
        self._meanwhile()
        return self._page


class NoWork:
    """Batches that do nothing."""

    def __init__(self, resynced: asyncio.Event, taken: list[str]) -> None:
        self._resynced = resynced
        self._taken = taken

    async def reconcile(self, resources: Sequence[Resource], *, full: bool) -> None:
        if not full:
            self._taken[:] = [each.key.name for each in resources]
            self._resynced.set()
        await asyncio.sleep(0)

    def forget_all_but(self, resources: Sequence[Resource]) -> None:
        pass


def after_a_resync(
    index: Index,
    api: KubernetesApi,
    namespaces: Sequence[str | None] = ("shop",),
    relisted: list[str | None] | None = None,
    taken: list[str] | None = None,
) -> Mapping[str, str]:
    """The uids by name that the index has after one resync.

    `relisted` gets the namespaces that could not be listed, `taken` the names of those that were reconciled.
    """

    async def resync() -> None:
        resynced = asyncio.Event()
        reconciler = Reconciler(
            index=index,
            api=api,
            batches=cast("Batches", NoWork(resynced, [] if taken is None else taken)),
            metrics=OperatorMetrics(CollectorRegistry()),
            progress=Progress(60),
            scope=Scope(namespaces),
            relist=([] if relisted is None else relisted).append,
            wakeup=asyncio.Event(),
            resync_interval=0,
        )
        running = asyncio.create_task(reconciler.run())
        await asyncio.wait_for(resynced.wait(), 30)
        reconciler.stop()
        await running

    asyncio.run(resync())
    return {each.key.name: each.uid for each in index.all()}


def index_of(*bodies: dict[str, Any]) -> Index:
    index = Index()
    for each in bodies:
        index.update(resource_of(each), 0)
    return index


def test_what_was_created_while_the_list_was_made_stays() -> None:
    index = index_of(body("a", 5))
    api = ListingApi(7, body("a", 5), meanwhile=lambda: index.update(resource_of(body("b", 8)), 0))

    assert after_a_resync(index, api) == {"a": "uid-a", "b": "uid-b"}


def test_what_was_deleted_and_created_again_while_the_list_was_made_stays() -> None:
    index = index_of(body("a", 5))
    api = ListingApi(7, body("a", 5), meanwhile=lambda: index.update(resource_of(body("a", 9, uid="second")), 0))

    assert after_a_resync(index, api) == {"a": "second"}


def test_what_was_deleted_before_the_list_goes_though_no_watch_told() -> None:
    index = index_of(body("a", 5), body("b", 6))

    assert after_a_resync(index, ListingApi(7, body("a", 5))) == {"a": "uid-a"}


def test_what_the_list_has_and_no_watch_told_is_known_from_now_on() -> None:
    assert after_a_resync(index_of(), ListingApi(7, body("a", 5))) == {"a": "uid-a"}


def test_what_a_label_selector_selects_again_comes_back() -> None:
    """A watch reports an object that is not selected any more as deleted."""
    index = Index()
    index.update(resource_of(body("a", 5)), 0)
    index.deleted(resource_of(body("a", 6)), 0)

    index.update(resource_of(body("a", 7)), 0)

    assert len(index) == 1


def test_what_was_deleted_while_the_list_was_made_does_not_come_back() -> None:
    index = index_of(body("a", 5))
    deleted = resource_of(body("a", 8))
    api = ListingApi(7, body("a", 5), meanwhile=lambda: index.deleted(deleted, 0))

    assert after_a_resync(index, api) == {}


def test_the_response_to_a_write_that_arrives_after_the_deletion_does_not_bring_the_resource_back() -> None:
    index = index_of(body("a", 5))
    index.deleted(resource_of(body("a", 7)), 0)

    index.update(resource_of(body("a", 6)), 0)

    assert list(index.all()) == []


@pytest.mark.parametrize("namespaces", [("shop", "closed"), ("closed", "shop")])
def test_a_namespace_that_cannot_be_listed_is_left_out_and_the_others_are_reconciled(
    namespaces: tuple[str, str],
) -> None:
    index = index_of(body("a", 5), body("c", 5, namespace="closed"))
    relisted: list[str | None] = []
    taken: list[str] = []

    assert after_a_resync(index, ListingApi(7, body("a", 5)), namespaces, relisted, taken).keys() == {"a", "c"}

    assert taken == ["a"]
    assert set(relisted) == {"closed"}
