"""Watches of EventTopics and ConfigMaps, by kopf's low-level handlers, which write nothing to the objects.

kopf runs on a thread with an event loop of its own, because at its end it cancels every task of its loop. What it
receives is passed to the reconciler's loop.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import kopf
import structlog

from event_topics.model import GROUP, PLURAL, VERSION
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import Key, Resource, resource_of

# All in seconds.
_RETRY_INTERVAL = 2.0
_MAX_RETRY_INTERVAL = 30.0
_ESTABLISHED_AFTER = 10.0  # kopf fails sooner: see `kopf_settings`

log = structlog.get_logger(__name__)


class Watch:
    """Keeps the index up to date. `namespaces` empty: all of them. `wake` is called when something is due."""

    def __init__(
        self,
        *,
        index: Index,
        config_maps: ConfigMapCache,
        wake: Callable[[], None],
        login: Callable[[], kopf.ConnectionInfo],
        namespaces: Sequence[str],
    ) -> None:
        self._index = index
        self._config_maps = config_maps
        self._wake = wake
        self._login = login
        self._namespaces = namespaces
        self._stopping = False
        self._end: Callable[[], object] = lambda: None
        self.problem: str | None = None
        """Why changes are not watched; None while they are. Read from other threads."""

    def stop(self) -> None:
        """End the watch; `run` returns soon."""
        self._stopping = True
        with suppress(RuntimeError):  # the watch has just ended by itself
            self._end()

    async def run(self, wait_for_definition: Callable[[], Any]) -> None:
        """Watch until stopped; `wait_for_definition` is awaited before each start."""
        loop = asyncio.get_running_loop()
        interval = _RETRY_INTERVAL
        while not self._stopping:
            await wait_for_definition()
            watching = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(self._watch(loop))))
            done, _ = await asyncio.wait((watching,), timeout=_ESTABLISHED_AFTER)
            if not done:
                self.problem, interval = None, _RETRY_INTERVAL
            try:
                await watching
            except Exception as error:
                # The definition was deleted, a right is missing, the API server was unavailable: all may be repaired.
                self.problem = f"the API server ends the watch: {error}"
                log.warning("watch_ended", error=f"{type(error).__name__} {error}")
                await asyncio.sleep(interval)
                interval = min(2 * interval, _MAX_RETRY_INTERVAL)

    async def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        # Not a threading.Event: kopf waits for such a one on a thread that outlives a failed watch.
        stop = asyncio.Event()
        self._end = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        if self._stopping:
            return
        try:
            await kopf.operator(
                registry=self._handlers(loop),
                settings=kopf_settings(),
                standalone=True,
                # Nobody sees it; by default it is made of the user's name, which a user of an image need not have.
                identity=cast("Any", "heartzone-operator"),
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=stop,
            )
        finally:
            self._end = lambda: None

    def _handlers(self, loop: asyncio.AbstractEventLoop) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        def connect(**_: Any) -> kopf.ConnectionInfo:
            return self._login()

        @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
        async def event_topic(event: kopf.RawEvent, **_: Any) -> None:
            loop.call_soon_threadsafe(self._observed, resource_of(event["object"]), event["type"] == "DELETED")

        @kopf.on.event("", "v1", "configmaps", registry=registry)
        async def config_map(name: str, namespace: str | None, **_: Any) -> None:
            loop.call_soon_threadsafe(self._config_map_changed, Key(namespace or "", name))

        return registry

    def _observed(self, resource: Resource, is_deleted: bool) -> None:
        if is_deleted:
            self._index.deleted(resource, time.monotonic())
        else:
            self._index.update(resource, time.monotonic())
        self._wake()

    def _config_map_changed(self, key: Key) -> None:
        self._config_maps.invalidate(key)
        if self._index.config_map_changed(key, time.monotonic()):
            self._wake()


def kopf_settings() -> kopf.OperatorSettings:
    """Return kopf's settings: no events of its own, no scan for other kinds, short timeouts."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = (0.5, 1, 2)
    settings.watching.connect_timeout = 5
    settings.queueing.idle_timeout = 0.5
    return settings
