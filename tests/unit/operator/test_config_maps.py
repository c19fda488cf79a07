"""Cache of ConfigMaps: only those that a resource names are read, and again only when they have changed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import pytest

from heartzone_operator.kubernetes.api import KubernetesApi
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.model.resource import Key

if TYPE_CHECKING:
    import kopf

SCHEMAS, OTHER = Key("shop", "schemas"), Key("shop", "other")


class OneApi(KubernetesApi):
    """Has one ConfigMap; `meanwhile` happens while it is read."""

    def __init__(self) -> None:
        super().__init__(lambda: cast("kopf.ConnectionInfo", None))
        self.version = 5
        self.reads: list[Key] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def config_map(self, key: Key) -> tuple[int, Mapping[str, str]] | None:
        self.reads.append(key)
        found = (self.version, {"order": f"of version {self.version}"})
        self.meanwhile()
        return found if key == SCHEMAS else None


@pytest.fixture
def api() -> OneApi:
    return OneApi()


@pytest.fixture
def cache(api: OneApi) -> ConfigMapCache:
    return ConfigMapCache(api)


def read(cache: ConfigMapCache, *keys: Key) -> dict[str, object]:
    return {name: data for (_, name), data in asyncio.run(cache.read(keys)).items()}


def test_one_that_has_not_changed_is_read_once(api: OneApi, cache: ConfigMapCache) -> None:
    assert read(cache, SCHEMAS, OTHER) == {"schemas": {"order": "of version 5"}}
    assert not cache.changed(SCHEMAS, 5), "a list of the watch tells what is known"
    assert not cache.changed(OTHER, None)

    read(cache, SCHEMAS, OTHER)

    assert api.reads == [SCHEMAS, OTHER]


def test_one_that_has_changed_is_news_and_read_again(api: OneApi, cache: ConfigMapCache) -> None:
    read(cache, SCHEMAS)
    api.version = 6

    assert cache.changed(SCHEMAS, 6)
    assert read(cache, SCHEMAS) == {"schemas": {"order": "of version 6"}}


def test_one_that_changes_while_it_is_read_is_read_again(api: OneApi, cache: ConfigMapCache) -> None:
    api.meanwhile = lambda: cache.changed(SCHEMAS, 6)
    read(cache, SCHEMAS)
    api.version, api.meanwhile = 6, lambda: None

    assert read(cache, SCHEMAS) == {"schemas": {"order": "of version 6"}}


def test_one_that_no_list_has_any_more_is_among_those_to_compare(cache: ConfigMapCache) -> None:
    read(cache, SCHEMAS)

    assert cache.keys_as_of(7) == [SCHEMAS]
    assert cache.keys_as_of(4) == [], "it is newer than the list"


def test_what_no_resource_names_any_more_is_forgotten(api: OneApi, cache: ConfigMapCache) -> None:
    read(cache, SCHEMAS)
    cache.keep_only([OTHER])
    read(cache, SCHEMAS)

    assert api.reads == [SCHEMAS, SCHEMAS]


def test_changes_of_those_that_nobody_names_are_not_remembered(api: OneApi, cache: ConfigMapCache) -> None:
    for number in range(1_000):
        cache.changed(Key("shop", f"large-{number}"), number)

    assert not any(vars(cache)[name] for name in ("_known", "_reading", "_changed"))
    assert api.reads == []
