"""What kopf watches, and only that: its low-level handlers, which write nothing to the objects.

kopf runs on a thread with an event loop of its own, because at its end it cancels every task that it finds in its loop.
What it sees is handed to the reconciler's loop.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import kopf
import structlog

from event_topics.crd import GROUP, PLURAL, VERSION
from heartzone_operator.config_maps import ConfigMapTexts
from heartzone_operator.fleet import Fleet
from heartzone_operator.resources import Key, Resource, resource_of

_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 30.0
_HOLDS_AFTER_S = 10.0  # kopf gives up sooner: see `settings`

log = structlog.get_logger(__name__)


class Watch:
    """Keeps the fleet up to date. `namespaces` empty: all of them. `wake` is called when something is due."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        config_maps: ConfigMapTexts,
        wake: Callable[[], None],
        login: Callable[[], kopf.ConnectionInfo],
        namespaces: Sequence[str],
    ) -> None:
        self._fleet = fleet
        self._config_maps = config_maps
        self._wake = wake
        self._login = login
        self._namespaces = namespaces
        self._stopping = False
        self._end: Callable[[], object] = lambda: None
        self.problem: str | None = None
        """Why changes are not followed; None while they are. Read from other threads."""

    def stop(self) -> None:
        """End the watching; `run` returns soon."""
        self._stopping = True
        with suppress(RuntimeError):  # that watch has just ended by itself
            self._end()

    async def run(self, until_served: Callable[[], Any]) -> None:
        """Watch until stopped; `until_served` is awaited before each start, until the resource is installed."""
        loop = asyncio.get_running_loop()
        pause = _PAUSE_S
        while not self._stopping:
            await until_served()
            watching = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(self._watch(loop))))
            done, _ = await asyncio.wait((watching,), timeout=_HOLDS_AFTER_S)
            if not done:
                self.problem, pause = None, _PAUSE_S
            try:
                await watching
            except Exception as error:
                # The definition was deleted, a right is missing, the API server stayed away: all may come back.
                self.problem = f"the API server ends the watch: {error}"
                log.warning("watch_ended", error=f"{type(error).__name__} {error}")
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        # Not an event of threading's: kopf waits for such a one on a thread that outlives a watch which has failed.
        stop = asyncio.Event()
        self._end = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        if self._stopping:
            return
        try:
            await kopf.operator(
                registry=self._handlers(loop),
                settings=settings(),
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
            loop.call_soon_threadsafe(self._saw, resource_of(event["object"]), event["type"] == "DELETED")

        @kopf.on.event("", "v1", "configmaps", registry=registry)
        async def config_map(name: str, namespace: str | None, **_: Any) -> None:
            loop.call_soon_threadsafe(self._config_map_changed, Key(namespace or "", name))

        return registry

    def _saw(self, resource: Resource, is_gone: bool) -> None:
        if is_gone:
            self._fleet.gone(resource.key, time.monotonic(), resource.uid)
        else:
            self._fleet.saw(resource, time.monotonic())
        self._wake()

    def _config_map_changed(self, key: Key) -> None:
        self._config_maps.forget(key)
        if self._fleet.config_map_changed(key, time.monotonic()):
            self._wake()


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: no events and no state of its own, no look at other kinds, short patience."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = (0.5, 1, 2)
    settings.watching.connect_timeout = 5
    settings.queueing.idle_timeout = 0.5
    return settings
