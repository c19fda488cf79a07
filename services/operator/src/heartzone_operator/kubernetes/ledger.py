"""Ledger of claims: ConfigMaps beside the lease, which nobody needs to write who may write resources or statuses."""

import zlib
from collections.abc import Mapping
from typing import Any

import structlog

from heartzone_operator.kubernetes.api import (
    MERGE_PATCH,
    ApiServerUnavailableError,
    KubernetesApi,
    RequestRejectedError,
    config_maps_path,
)
from heartzone_operator.model.claims import Claim, claim_of

# An object holds 1 MB, and a claim is about 150 bytes.
_SHARDS = 4

log = structlog.get_logger(__name__)


class Ledger:
    """The claims by topic, of the operator that holds the lease: it alone writes them."""

    def __init__(self, api: KubernetesApi, *, namespace: str, name: str) -> None:
        self._api = api
        self._path = config_maps_path(namespace)
        self._namespace = namespace
        self._names = [f"{name}-{number}" for number in range(_SHARDS)]
        self._claims: dict[str, Claim] = {}

    def get(self, topic: str) -> Claim | None:
        """Return a topic's claim."""
        return self._claims.get(topic)

    def all(self) -> Mapping[str, Claim]:
        """Return every claim by its topic."""
        return self._claims

    async def load(self) -> bool:
        """Read the claims; return whether there was a record.

        Raises RequestRejectedError, ApiServerUnavailableError.
        """
        found = False
        for name in self._names:
            try:
                data = (await self._api.request("GET", f"{self._path}/{name}")).get("data") or {}
            except RequestRejectedError as error:
                if error.status != 404:
                    raise
                continue
            found = True
            for topic, text in data.items():
                if (claim := claim_of(text)) is not None:
                    self._claims[topic] = claim
                else:
                    log.warning("claim_unreadable", topic=topic, config_map=name)
        return found

    async def record(self, claims: Mapping[str, Claim | None]) -> None:
        """Record claims, None for topics that are claimed no longer. Raises ApiServerUnavailableError."""
        shards: dict[str, dict[str, str | None]] = {}
        for topic, claim in claims.items():
            if claim != self._claims.get(topic):
                shards.setdefault(self._shard(topic), {})[topic] = None if claim is None else claim.to_text()
        for name, data in shards.items():
            try:
                await self._write(name, data)
            except RequestRejectedError as error:  # without a record nothing may be changed
                raise ApiServerUnavailableError(f"the record of topics cannot be written: {error}") from error
            for topic in data:
                if (claim := claims[topic]) is None:
                    self._claims.pop(topic, None)
                else:
                    self._claims[topic] = claim

    async def _write(self, name: str, data: Mapping[str, str | None]) -> None:
        try:
            await self._api.request("PATCH", f"{self._path}/{name}", {"data": data}, content_type=MERGE_PATCH)
        except RequestRejectedError as error:
            if error.status != 404:
                raise
            whole = {topic: each.to_text() for topic, each in self._claims.items() if self._shard(topic) == name}
            whole |= {topic: text for topic, text in data.items() if text is not None}
            body: dict[str, Any] = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": self._namespace},
                "data": {topic: text for topic, text in whole.items() if data.get(topic, text) is not None},
            }
            await self._api.request("POST", self._path, body)

    def _shard(self, topic: str) -> str:
        return self._names[zlib.crc32(topic.encode()) % _SHARDS]
