"""Watch of EventTopics and ConfigMaps, a namespace for itself: what happens to one does not affect the others."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from heartzone_operator.kubernetes.api import (
    JSON,
    PARTIAL_METADATA,
    PARTIAL_METADATA_LIST,
    KubernetesApi,
    config_maps_path,
    event_topics_path,
)
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.kubernetes.reflector import Reflector
from heartzone_operator.model.index import Index
from heartzone_operator.model.listing import Listing
from heartzone_operator.model.resource import Key, resource_of
from heartzone_operator.model.scope import Scope

log = structlog.get_logger(__name__)


class Watch:
    """Keeps the index up to date. `wake` is called when something is due."""

    def __init__(
        self,
        api: KubernetesApi,
        *,
        scope: Scope,
        index: Index,
        config_maps: ConfigMapCache,
        wake: Callable[[], None],
    ) -> None:
        self._attempted = asyncio.Event()
        self._event_topics: dict[str | None, Reflector] = {}
        self._config_maps: dict[str | None, Reflector] = {}
        self._sinks: list[_EventTopics] = []
        for each in scope.namespaces:
            topics = _EventTopics(each, scope, index, wake, self._attempted)
            self._sinks.append(topics)
            self._event_topics[each] = Reflector(
                api, event_topics_path(each), topics, accept=(JSON, JSON), labels=api.labels
            )
            # Metadata alone: ConfigMaps may be many and large, and hardly any is one that a schema is read from.
            self._config_maps[each] = Reflector(
                api,
                config_maps_path(each),
                _ConfigMaps(each, index, config_maps, wake),
                accept=(PARTIAL_METADATA_LIST, PARTIAL_METADATA),
            )

    @property
    def problems(self) -> dict[str | None, str]:
        """Why changes of a namespace are not followed, of those where they are not."""
        found = {
            each: self._event_topics[each].problem or self._config_maps[each].problem for each in self._event_topics
        }
        return {namespace: problem for namespace, problem in found.items() if problem is not None}

    @property
    def problem(self) -> str | None:
        """Why no namespace's changes are followed; None while those of one are."""
        problems = self.problems
        if len(problems) < len(self._event_topics):
            return None
        return f"the API server ends the watch: {next(iter(problems.values()))}"

    def relist(self, namespace: str | None) -> None:
        """List a namespace anew now."""
        self._event_topics[namespace].relist()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for each in (*self._event_topics.values(), *self._config_maps.values()):
                tasks.create_task(each.run())

    async def first_listing(self, on_waiting: Callable[[str], None]) -> None:
        """Return once every namespace was listed or is not to be, and one was.

        Before, a younger resource that is listed first would become the owner of a topic.
        """
        while any(sink.is_listed is None for sink in self._sinks) or not any(sink.is_listed for sink in self._sinks):
            if problems := self.problems:
                on_waiting(f"the EventTopics cannot be listed: {next(iter(problems.values()))}")
            self._attempted.clear()
            try:
                await asyncio.wait_for(self._attempted.wait(), 1)
            except TimeoutError:
                continue


class _EventTopics:
    """`is_listed` None: not yet tried, or the API server was unavailable."""

    def __init__(
        self, namespace: str | None, scope: Scope, index: Index, wake: Callable[[], None], attempted: asyncio.Event
    ) -> None:
        self._namespace = namespace
        self._scope = scope
        self._index = index
        self._wake = wake
        self._attempted = attempted
        self.is_listed: bool | None = None

    def changed(self, body: Mapping[str, Any]) -> None:
        self._index.update(resource_of(body), time.monotonic())
        self._wake()

    def deleted(self, body: Mapping[str, Any]) -> None:
        self._index.deleted(resource_of(body), time.monotonic())
        self._wake()

    def listed(self, version: int, uids: Mapping[Key, str]) -> None:
        self._index.remove_absent(Listing(self._namespace, version, uids), time.monotonic())
        if self._scope.listed(self._namespace):
            log.info("namespace_served", namespace=self._namespace or "all")
            self._index.make_due(self._namespace, time.monotonic())
        self._attempt(is_listed=True)

    def rejected(self, reason: str) -> None:
        if self._scope.rejected(self._namespace, reason):
            log.warning("namespace_unserved", namespace=self._namespace or "all", reason=reason)
            self._index.make_due(self._namespace, time.monotonic())
        self._attempt(is_listed=self.is_listed or False)

    def _attempt(self, *, is_listed: bool) -> None:
        self.is_listed = is_listed
        self._attempted.set()
        self._wake()


class _ConfigMaps:
    def __init__(self, namespace: str | None, index: Index, cache: ConfigMapCache, wake: Callable[[], None]) -> None:
        self._namespace = namespace
        self._index = index
        self._cache = cache
        self._wake = wake

    def changed(self, body: Mapping[str, Any]) -> None:
        self._changed(_key(body), int(body["metadata"]["resourceVersion"]))

    def deleted(self, body: Mapping[str, Any]) -> None:
        self._changed(_key(body), None)

    def listed(self, version: int, uids: Mapping[Key, str]) -> None:
        for key in self._cache.keys_as_of(version):
            if self._namespace in (None, key.namespace) and key not in uids:
                self._changed(key, None)

    def rejected(self, reason: str) -> None:
        """Readers say it themselves: their ConfigMap cannot be read either."""

    def _changed(self, key: Key, version: int | None) -> None:
        if self._cache.changed(key, version) and self._index.config_map_changed(key, time.monotonic()):
            self._wake()


def _key(body: Mapping[str, Any]) -> Key:
    return Key(body["metadata"]["namespace"], body["metadata"]["name"])
