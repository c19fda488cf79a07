"""A census costs one small request while the number of resources is the same, and a list when it is not."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from heartzone_operator.kubernetes.api import KubernetesApi
from heartzone_operator.kubernetes.census import Census
from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import resource_of

if TYPE_CHECKING:
    import kopf


def body(name: str) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "uid": name, "resourceVersion": "1", "creationTimestamp": ""}
    return {"metadata": metadata, "spec": {"partitions": 1}}


class Pages(KubernetesApi):
    """An API server with the EventTopics `names`; it says how many a page leaves out, or does not."""

    def __init__(self, *names: str, says_how_many: bool = True) -> None:
        super().__init__(lambda: cast("kopf.ConnectionInfo", None))
        self._names = names
        self._says_how_many = says_how_many
        self.lists = 0

    async def request(self, method: str, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        limit = int(path.partition("limit=")[2].partition("&")[0])
        self.lists += limit > 1
        left_out = max(len(self._names) - limit, 0)
        metadata: dict[str, Any] = {"resourceVersion": "9"}
        if left_out:
            metadata |= {"continue": "more"} | ({"remainingItemCount": left_out} if self._says_how_many else {})
        return {"metadata": metadata, "items": [body(name) for name in self._names[:limit]]}


@pytest.mark.parametrize(
    ("api", "lists", "known"),
    [
        pytest.param(Pages("a", "b", "c"), 0, {"a", "b", "c"}, id="the same number"),
        pytest.param(Pages("a", "b"), 1, {"a", "b"}, id="fewer"),
        pytest.param(Pages("a"), 1, {"a"}, id="one"),
        pytest.param(Pages(), 1, set(), id="none"),
        pytest.param(Pages("a", "b", "c", "d"), 2, {"a", "b", "c", "d"}, id="more, which are read"),
        pytest.param(Pages("a", "b", "c", says_how_many=False), 1, {"a", "b", "c"}, id="an unknown number"),
    ],
)
def test_the_number_decides_whether_all_are_listed(api: Pages, lists: int, known: set[str]) -> None:
    index = Index()
    for name in ("a", "b", "c"):
        index.update(resource_of(body(name)), 0)

    asyncio.run(Census(api, index).compare_number("shop"))

    assert {each.key.name for each in index.all()} == known
    assert api.lists == lists
