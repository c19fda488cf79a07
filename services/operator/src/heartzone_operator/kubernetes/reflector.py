"""Reflector of one collection: lists it, then watches it from the list's version on, as client-go's Reflector does."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Protocol

import structlog

from heartzone_operator.kubernetes.api import OPENED, ApiServerUnavailableError, KubernetesApi, RequestRejectedError
from heartzone_operator.model.resource import Key

# All in seconds.
_RETRY_INTERVAL = 2.0
_MAX_RETRY_INTERVAL = 30.0
_MIN_WATCH = 1.0  # one that ends sooner counts as a failure
_EXPIRED = 410

log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Receiver of what a reflector learns."""

    def changed(self, body: Mapping[str, Any]) -> None:
        """Store an object that is there."""

    def deleted(self, body: Mapping[str, Any]) -> None:
        """Forget an object."""

    def listed(self, version: int, uids: Mapping[Key, str]) -> None:
        """Compare with a whole list, whose objects were all passed to `changed`."""

    def rejected(self, reason: str) -> None:
        """Note that the API server does not let the collection be listed."""


class Reflector:
    """`path` of the collection; `accept` are the media types of a list and of a change, `labels` a selector."""

    def __init__(self, api: KubernetesApi, path: str, sink: Sink, *, accept: tuple[str, str], labels: str = "") -> None:
        self._api = api
        self._labels = labels
        self._path = path
        self._sink = sink
        self._accept_list, self._accept_change = accept
        self._watching: asyncio.Task[None] | None = None
        self._version = 0
        self.problem: str | None = None
        """Why changes are not followed; None while they are. Read from other threads."""

    def relist(self) -> None:
        """List anew now, rather than when the watch ends."""
        if self._watching is not None:
            self._watching.cancel()

    async def run(self) -> None:
        """List and watch until cancelled; whatever fails is tried again."""
        interval = _RETRY_INTERVAL
        while True:
            try:
                await self._list()
                while True:
                    since = time.monotonic()
                    await self._follow()
                    interval = _RETRY_INTERVAL
                    await asyncio.sleep(max(0.0, _MIN_WATCH - (time.monotonic() - since)))
            except _ListAnewError:
                continue
            except (RequestRejectedError, ApiServerUnavailableError) as error:
                self._failed(str(error))
                await asyncio.sleep(interval)
                interval = min(2 * interval, _MAX_RETRY_INTERVAL)

    async def _list(self) -> None:
        self._version, uids = 0, dict[Key, str]()
        try:
            async for page in self._api.pages(self._path, accept=self._accept_list, labels=self._labels):
                self._version = self._version or int(page["metadata"]["resourceVersion"])
                for body in page["items"] or ():  # an empty list of metadata is null
                    metadata = body["metadata"]
                    uids[Key(metadata["namespace"], metadata["name"])] = metadata["uid"]
                    self._sink.changed(body)
        except RequestRejectedError as error:
            self._sink.rejected(str(error))
            raise
        self._sink.listed(self._version, uids)

    async def _follow(self) -> None:
        """Watch until the API server ends it.

        Raises _ListAnewError, RequestRejectedError, ApiServerUnavailableError.
        """
        self._watching = asyncio.create_task(self._watch())
        try:
            await self._watching
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise _ListAnewError from None
        except RequestRejectedError as error:
            if error.status == _EXPIRED:
                raise _ListAnewError from error
            raise
        finally:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        is_open = False
        try:
            watch = self._api.watch(self._path, self._version, accept=self._accept_change, labels=self._labels)
            async with aclosing(watch) as changes:
                async for change in changes:
                    is_open, self.problem = True, None
                    if change["type"] == OPENED:
                        continue
                    body = change["object"]
                    if change["type"] == "DELETED":
                        self._sink.deleted(body)
                    elif change["type"] != "BOOKMARK":
                        self._sink.changed(body)
                    self._version = int(body["metadata"]["resourceVersion"])
        except ApiServerUnavailableError as error:
            if not is_open:
                raise
            # A stream that breaks is continued where it was.
            log.info("watch_interrupted", path=self._path, error=str(error))

    def _failed(self, reason: str) -> None:
        if self.problem is None:
            log.warning("watch_ended", path=self._path, error=reason)
        self.problem = reason


class _ListAnewError(Exception):
    """The watch cannot go on from its version, or need not."""
