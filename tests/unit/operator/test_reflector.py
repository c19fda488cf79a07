"""Reflector: one list, then its changes, whatever ends a watch; and several namespaces, of which one fails."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest

from heartzone_operator.kubernetes.api import OPENED, ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.kubernetes.reflector import Reflector
from heartzone_operator.kubernetes.watch import Watch
from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import Key
from heartzone_operator.model.scope import Scope

if TYPE_CHECKING:
    import kopf

EXPIRED = RequestRejectedError(410, "too old resource version")
BROKEN = ApiServerUnavailableError("ServerDisconnectedError")
FORBIDDEN = RequestRejectedError(403, "eventtopics is forbidden")
Step = list[dict[str, Any]] | Exception


def body(name: str, version: int, namespace: str = "shop") -> dict[str, Any]:
    metadata = {
        "namespace": namespace,
        "name": name,
        "uid": f"uid-{name}",
        "generation": 1,
        "resourceVersion": str(version),
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"partitions": 1}}


class ScriptedApi(KubernetesApi):
    """Lists and watches as the test says, then watches for ever. `calls` are the lists and the versions of watches."""

    def __init__(self, lists: list[Step], watches: list[Step]) -> None:
        super().__init__(lambda: cast("kopf.ConnectionInfo", None))
        self._lists = lists
        self._watches = watches
        self.calls: list[str] = []
        self.done = asyncio.Event()

    async def pages(
        self, path: str, *, accept: str, selector: str = "", labels: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        self.calls.append("list")
        step = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        if isinstance(step, Exception):
            raise step
        yield {"metadata": {"resourceVersion": "10"}, "items": step}

    async def watch(self, path: str, version: int, *, accept: str, labels: str = "") -> AsyncGenerator[dict[str, Any]]:
        self.calls.append(f"watch {version}")
        if not self._watches:
            yield {"type": OPENED}
            self.done.set()
            await asyncio.Event().wait()
        step = self._watches.pop(0)
        if isinstance(step, Exception):
            raise step
        yield {"type": OPENED}
        for change in step:
            if "error" in change:
                raise change["error"]
            yield change


class Names:
    """A sink of names."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def changed(self, body: Mapping[str, Any]) -> None:
        self.known.add(body["metadata"]["name"])

    def deleted(self, body: Mapping[str, Any]) -> None:
        self.known.discard(body["metadata"]["name"])

    def listed(self, version: int, uids: Mapping[Key, str]) -> None:
        self.known &= {key.name for key in uids}

    def rejected(self, reason: str) -> None:
        self.known = {reason}


def reflected(lists: list[Step], watches: list[Step]) -> tuple[set[str], list[str]]:
    """The names that are known at the end, and the requests."""

    async def run() -> tuple[set[str], list[str]]:
        names, api = Names(), ScriptedApi(lists, watches)
        task = asyncio.create_task(Reflector(api, "/things", names, accept=("", "")).run())
        await asyncio.wait_for(api.done.wait(), 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return names.known, api.calls

    return asyncio.run(run())


def change(kind: str, name: str, version: int) -> dict[str, Any]:
    return {"type": kind, "object": body(name, version)}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for interval in ("_RETRY_INTERVAL", "_MIN_WATCH"):
        monkeypatch.setattr(f"heartzone_operator.kubernetes.reflector.{interval}", 0.0)


def test_a_watch_that_ends_or_breaks_is_continued_from_what_it_delivered_last() -> None:
    names, calls = reflected(
        [[body("a", 5)]],
        [
            [change("ADDED", "b", 11), change("DELETED", "a", 12)],
            [{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "20"}}}, {"error": BROKEN}],
        ],
    )

    assert names == {"b"}
    assert calls == ["list", "watch 10", "watch 12", "watch 20"]


def test_a_version_that_is_too_old_is_followed_by_a_new_list() -> None:
    names, calls = reflected([[body("a", 5), body("b", 6)], [body("b", 6)]], [EXPIRED])

    assert names == {"b"}
    assert calls == ["list", "watch 10", "list", "watch 10"]


@pytest.mark.parametrize("error", [BROKEN, FORBIDDEN], ids=["unavailable", "forbidden"])
def test_a_list_or_a_watch_that_fails_is_tried_again(error: Exception) -> None:
    names, calls = reflected([error, [body("a", 5)]], [error])

    assert names == {"a"}
    assert calls == ["list", "list", "watch 10", "list", "watch 10"]


class PerNamespaceApi(ScriptedApi):
    """Lists one resource in each namespace, and nothing in those that are `closed`."""

    def __init__(self) -> None:
        super().__init__([[]], [])
        self.closed = {"closed"}

    async def pages(
        self, path: str, *, accept: str, selector: str = "", labels: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        namespace = path.split("/namespaces/")[1].split("/", maxsplit=1)[0]
        if namespace in self.closed:
            raise FORBIDDEN
        items = [body(f"of-{namespace}", 5, namespace)] if "eventtopics" in path else []
        yield {"metadata": {"resourceVersion": "10"}, "items": items}


def test_a_namespace_that_cannot_be_listed_keeps_no_other_from_being_served_and_is_tried_again() -> None:
    async def run() -> None:
        api, index, scope = PerNamespaceApi(), Index(), Scope(("closed", "shop"))
        watch = Watch(api, scope=scope, index=index, config_maps=ConfigMapCache(api), wake=lambda: None)
        task = asyncio.create_task(watch.run())
        await asyncio.wait_for(watch.first_listing(lambda _: None), 30)
        assert [str(each.key) for each in index.all()] == ["shop/of-shop"]
        assert scope.problem_of("closed") == "eventtopics is forbidden"
        assert scope.problem_of("shop") is None
        assert watch.problem is None
        assert watch.problems.keys() == {"closed"}

        api.closed.clear()
        deadline = asyncio.get_running_loop().time() + 30
        while watch.problems:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)
        assert {str(each.key) for each in index.all()} == {"shop/of-shop", "closed/of-closed"}
        assert scope.problem_of("closed") is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
