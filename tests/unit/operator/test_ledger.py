"""Ledger: claims as ConfigMaps, created when they are needed and read by the next operator."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest

from heartzone_operator.kubernetes.api import ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.ledger import Ledger
from heartzone_operator.model.claims import Claim
from heartzone_operator.model.resource import Key

if TYPE_CHECKING:
    import kopf

CLAIM = Claim(Key("shop", "orders"), "t1", frozenset({"retention.ms"}), frozenset({"value"}))


class ConfigMapApi(KubernetesApi):
    """Has ConfigMaps; `forbidden` is a method that it rejects."""

    def __init__(self) -> None:
        super().__init__(lambda: cast("kopf.ConnectionInfo", None))
        self.data: dict[str, dict[str, str]] = {}
        self.forbidden = ""

    async def request(self, method: str, path: str, body: Any = None, **_: Any) -> dict[str, Any]:
        if method == self.forbidden:
            raise RequestRejectedError(403, "configmaps is forbidden")
        name = path.rpartition("/")[2]
        if method == "POST":
            self.data[body["metadata"]["name"]] = dict(body["data"])
            return {}
        if name not in self.data:
            raise RequestRejectedError(404, f"configmaps {name} not found")
        if method == "PATCH":
            for key, value in cast("Mapping[str, str | None]", body["data"]).items():
                self.data[name].pop(key, None)
                if value is not None:
                    self.data[name][key] = value
        return {"data": self.data[name]}


@pytest.fixture
def api() -> ConfigMapApi:
    return ConfigMapApi()


def ledger(api: ConfigMapApi) -> Ledger:
    return Ledger(api, namespace="shop", name="topics")


def loaded(api: ConfigMapApi) -> tuple[bool, dict[str, Claim]]:
    each = ledger(api)
    return asyncio.run(each.load()), dict(each.all())


def test_the_next_operator_reads_what_was_recorded(api: ConfigMapApi) -> None:
    assert loaded(api) == (False, {})
    claims = {f"Orders-{number}": CLAIM for number in range(20)}

    each = ledger(api)
    asyncio.run(each.record(dict(list(claims.items())[:10])))
    asyncio.run(each.record(dict(list(claims.items())[10:])))

    assert loaded(api) == (True, claims)


def test_a_claim_that_ends_is_removed_and_one_that_is_the_same_is_not_written(api: ConfigMapApi) -> None:
    each = ledger(api)
    asyncio.run(each.record({"Orders": CLAIM}))
    api.forbidden = "PATCH"
    asyncio.run(each.record({"Orders": CLAIM}))
    api.forbidden = ""

    asyncio.run(each.record({"Orders": None}))

    assert loaded(api) == (True, {})


def test_a_record_that_somebody_deleted_is_written_again_in_whole(api: ConfigMapApi) -> None:
    each = ledger(api)
    asyncio.run(each.record({"a": CLAIM, "b": CLAIM, "c": CLAIM}))
    api.data.clear()
    for name in ("a", "b", "c", "d"):
        asyncio.run(each.record({name: Claim(Key("shop", "other"), "t2")}))

    assert loaded(api)[1].keys() == {"a", "b", "c", "d"}


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_what_cannot_be_recorded_is_not_known_either(api: ConfigMapApi, method: str) -> None:
    each = ledger(api)
    api.forbidden = method

    with pytest.raises(ApiServerUnavailableError, match="the record of topics cannot be written"):
        asyncio.run(each.record({"Orders": CLAIM}))

    assert each.get("Orders") is None
