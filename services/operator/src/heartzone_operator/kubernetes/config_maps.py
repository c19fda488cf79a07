"""The ConfigMaps that schemas are read from: cached while they are used, read again when they change."""

import asyncio
from collections.abc import Iterable, Mapping

from event_topics.model import ConfigMaps, Failure, FailureReason
from heartzone_operator.kubernetes.api import KubernetesApi, RequestRejectedError
from heartzone_operator.model.resource import Key

_MAX_CONCURRENT_READS = 16


class ConfigMapCache:
    """Requests only ConfigMaps that resources name: the others may be many and large."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._data: dict[Key, Mapping[str, str] | None] = {}
        self._changed: set[Key] = set()

    def invalidate(self, key: Key) -> None:
        """Read a ConfigMap anew the next time."""
        self._data.pop(key, None)
        self._changed.add(key)

    async def read(self, keys: Iterable[Key]) -> ConfigMaps:
        """Return the data of those that exist; one that may not be read is a Failure, and read again the next time.

        Raises ApiServerUnavailableError.
        """
        wanted = dict.fromkeys(keys)
        limit = asyncio.Semaphore(_MAX_CONCURRENT_READS)

        async def one(key: Key) -> Mapping[str, str] | Failure | None:
            if key in self._data:
                return self._data[key]
            async with limit:
                self._changed.discard(key)
                try:
                    data = await self._api.config_map(key)
                except RequestRejectedError as error:
                    return Failure(
                        FailureReason.CONFIG_MAP_UNREADABLE, f"The ConfigMap {key.name!r} cannot be read: {error}."
                    )
            if key not in self._changed:  # else it has changed while it was read
                self._data[key] = data
            return data

        results = await asyncio.gather(*map(one, wanted))
        return {key: data for key, data in zip(wanted, results, strict=True) if data is not None}
