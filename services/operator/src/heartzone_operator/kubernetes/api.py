"""Requests that the operator makes to the API server, beside the watches of kopf."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

import aiohttp
import kopf

from event_topics.model import GROUP, PLURAL, VERSION
from heartzone_operator.model.listing import Listing
from heartzone_operator.model.resource import Key

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
OPENED = "OPENED"  # beside Kubernetes' own ADDED, MODIFIED, DELETED, BOOKMARK and ERROR
JSON = "application/json"
PARTIAL_METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
PARTIAL_METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
_PAGE_SIZE = 500
_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
# The API server ends a watch after the first; one that is silent for longer than the second is no longer connected.
_WATCH_SECONDS = 60
_WATCH_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=_WATCH_SECONDS + 30)


class RequestRejectedError(Exception):
    """The API server rejected a request; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ApiServerUnavailableError(Exception):
    """The API server did not respond, or could not serve the request."""


class KubernetesApi:
    """A client, to be closed. `login` is called at the start, and again when the API server rejects the token."""

    def __init__(self, login: Callable[[], kopf.ConnectionInfo], *, labels: str = "") -> None:
        """`labels` is the selector of the EventTopics that are listed."""
        self._login = login
        self.labels = labels
        self._connection: kopf.ConnectionInfo | None = None
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def serves_event_topics(self) -> bool:
        """Return whether the CustomResourceDefinition is installed."""
        try:
            found = await self.request("GET", f"/apis/{GROUP}/{VERSION}")
        except RequestRejectedError as error:
            if error.status == 404:
                return False
            raise
        return any(each.get("name") == PLURAL for each in found.get("resources", ()))

    async def event_topics(self, namespace: str | None) -> AsyncIterator[dict[str, Any]]:
        """Yield every EventTopic, of one namespace or of all."""
        async for page in self.pages(event_topics_path(namespace), accept=JSON, labels=self.labels):
            for each in page["items"]:
                yield each

    async def listing(self, namespace: str | None, selector: str = "") -> Listing:
        """Return which EventTopics there are, of one namespace or of all."""
        version, uids = 0, dict[Key, str]()
        async for page in self.pages(
            event_topics_path(namespace), accept=PARTIAL_METADATA_LIST, selector=selector, labels=self.labels
        ):
            version = version or int(page["metadata"]["resourceVersion"])
            for each in page["items"] or ():  # an empty list of metadata is null
                metadata = each["metadata"]
                uids[Key(metadata["namespace"], metadata["name"])] = metadata["uid"]
        return Listing(namespace, version, uids)

    async def number_of_event_topics(self, namespace: str | None) -> int | None:
        """Return how many EventTopics there are, of one namespace or of all; None when the API server does not say."""
        path = f"{event_topics_path(namespace)}?limit=1{_labels(self.labels)}"
        page = await self.request("GET", path, accept=PARTIAL_METADATA_LIST)
        listed, metadata = len(page["items"] or ()), page["metadata"]
        if not metadata.get("continue"):
            return listed
        rest = metadata.get("remainingItemCount")
        return None if rest is None else listed + int(rest)

    async def pages(
        self, path: str, *, accept: str, selector: str = "", labels: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the pages of a collection, all of the version of the first; the selectors are of fields and labels."""
        path, token = f"{path}?limit={_PAGE_SIZE}{_labels(labels)}", ""
        if selector:
            path += f"&fieldSelector={quote(selector, safe='')}"
        while True:
            page = await self.request("GET", path + token, accept=accept)
            yield page
            if not (rest := page["metadata"].get("continue")):
                return
            token = f"&continue={quote(rest, safe='')}"

    async def watch(self, path: str, version: int, *, accept: str, labels: str = "") -> AsyncGenerator[dict[str, Any]]:
        """Yield the changes of a collection since a version, until the API server ends the watch; `OPENED` comes first.

        Raises as `request` does; RequestRejectedError 410 when the version is too old.
        """
        query = (
            f"watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
            f"{_labels(labels)}"
        )
        session = await self._open()
        for attempt in ("first", "after a new login"):
            async with self._stream(session, f"{path}?{query}", accept) as response:
                if response.status != 401 or attempt != "first":
                    async for change in _changes(response, path):
                        yield change
                    return
            session = await self._open(expired=session)

    async def replace_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> dict[str, Any]:
        """Replace a resource's status; RequestRejectedError 404 when it is gone, also if another has its name.

        The same request tests the uid, which a merge patch of a status cannot: the result of one resource must not be
        written to the next of that name.
        """
        path = f"{event_topics_path(key.namespace)}/{quote(key.name, safe='')}/status"
        patch: list[dict[str, Any]] = [
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "add", "path": "/status", "value": status},
        ]
        try:
            return await self.request("PATCH", path, patch, content_type=JSON_PATCH)
        except RequestRejectedError as error:
            # 422 is also the response to an invalid status.
            if error.status == 422 and await self._uid(key) != uid:
                raise RequestRejectedError(404, f"another EventTopic has the name {key} now") from error
            raise

    async def _uid(self, key: Key) -> str | None:
        """Read the uid by a list, since nothing else needs the right to get one."""
        return (await self.listing(key.namespace, f"metadata.name={key.name}")).uids.get(key)

    async def set_finalizers(self, key: Key, finalizers: list[str], resource_version: int) -> dict[str, Any]:
        """Replace the finalizers; RequestRejectedError 409 when the resource has changed since."""
        path = f"{event_topics_path(key.namespace)}/{quote(key.name, safe='')}"
        metadata = {"finalizers": finalizers, "resourceVersion": str(resource_version)}
        return await self.request("PATCH", path, {"metadata": metadata}, content_type=MERGE_PATCH)

    async def config_map(self, key: Key) -> tuple[int, Mapping[str, str]] | None:
        """Return a ConfigMap's version and data, None when it does not exist."""
        path = f"{config_maps_path(key.namespace)}/{quote(key.name, safe='')}"
        try:
            found = await self.request("GET", path)
        except RequestRejectedError as error:
            if error.status == 404:
                return None
            raise
        return int(found["metadata"]["resourceVersion"]), (found.get("data") or {}) | _texts(
            found.get("binaryData") or {}
        )

    async def create_event(self, namespace: str, event: Mapping[str, Any]) -> None:
        """Create an event."""
        await self.request("POST", f"/api/v1/namespaces/{quote(namespace, safe='')}/events", event)

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Make one request, repeated once after a new login when the token is rejected.

        Raises:
            RequestRejectedError: a status of 400 to 499.
            ApiServerUnavailableError: no response, 429, or an error of the server.
        """
        session = await self._open()
        headers = {"Accept": accept} | ({"Content-Type": content_type} if body is not None else {})
        status, content = await self._send(session, method, path, body=body, headers=headers)
        if status == 401:
            session = await self._open(expired=session)
            status, content = await self._send(session, method, path, body=body, headers=headers)
        if status < 400:
            return content
        raise _error_of(status, content, f"{method} {path}")

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
        headers: Mapping[str, str],
    ) -> tuple[int, dict[str, Any]]:
        assert self._connection is not None
        try:
            async with session.request(
                method, self._connection.server.rstrip("/") + path, json=body, headers=headers, timeout=_TIMEOUT
            ) as response:
                if "json" not in response.content_type:
                    return response.status, {"message": (await response.text())[:200]}
                content: dict[str, Any] = await response.json()
                return response.status, content
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiServerUnavailableError(f"{type(error).__name__} {error}".strip()) from error

    @asynccontextmanager
    async def _stream(
        self, session: aiohttp.ClientSession, path: str, accept: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._connection is not None
        try:
            async with session.get(
                self._connection.server.rstrip("/") + path, headers={"Accept": accept}, timeout=_WATCH_TIMEOUT
            ) as response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiServerUnavailableError(f"{type(error).__name__} {error}".strip()) from error

    async def _open(self, expired: aiohttp.ClientSession | None = None) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None or self._session is expired:
                if self._session is not None:
                    await self._session.close()
                self._connection = self._login()
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=0, ssl=self._connection.as_ssl_context()),
                    headers={"User-Agent": "heartzone-operator", **self._connection.as_http_headers()},
                )
            return self._session


def _labels(selector: str) -> str:
    return f"&labelSelector={quote(selector, safe='')}" if selector else ""


def _error_of(
    status: int, content: Mapping[str, Any], request: str
) -> "RequestRejectedError | ApiServerUnavailableError":
    message = str(content.get("message") or f"{request}: HTTP status {status}")
    if status == 429 or status >= 500:
        return ApiServerUnavailableError(message)
    return RequestRejectedError(status, message)


async def _changes(response: aiohttp.ClientResponse, path: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the lines of a watch. Raises RequestRejectedError, ApiServerUnavailableError."""
    if response.status >= 400:
        content = await response.json() if "json" in response.content_type else {}
        raise _error_of(response.status, content, f"WATCH {path}")
    yield {"type": OPENED}
    rest = b""
    async for part in response.content.iter_any():  # not by lines, which aiohttp limits to less than a resource has
        *lines, rest = (rest + part).split(b"\n")
        for line in filter(None, lines):
            change: dict[str, Any] = json.loads(line)
            if change["type"] == "ERROR":
                raise _error_of(int(change["object"].get("code") or 500), change["object"], f"WATCH {path}")
            yield change


def _texts(binary: Mapping[str, str]) -> dict[str, str]:
    """Return what is text in `binaryData`: kubectl puts a file there that has, say, a byte order mark in UTF-16."""
    found: dict[str, str] = {}
    for key, encoded in binary.items():
        with suppress(ValueError):
            found[key] = base64.b64decode(encoded).decode()
    return found


def config_maps_path(namespace: str | None) -> str:
    """Return the path of the ConfigMaps of one namespace, or of all."""
    return "/api/v1/configmaps" if namespace is None else f"/api/v1/namespaces/{quote(namespace, safe='')}/configmaps"


def event_topics_path(namespace: str | None) -> str:
    """Return the path of the EventTopics of one namespace, or of all."""
    within = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
    return f"/apis/{GROUP}/{VERSION}{within}/{PLURAL}"
