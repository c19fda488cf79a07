"""The ConfigMaps that schemas are read from: kept while they are used, read again when they change."""

import asyncio
from collections.abc import Iterable, Mapping

from event_topics.failures import Failure
from event_topics.state import ConfigMaps
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError
from heartzone_operator.resources import Key

_AT_ONCE = 16


class ConfigMapTexts:
    """Asks the API server only for ConfigMaps that resources name: the others may be many and large."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._data: dict[Key, Mapping[str, str] | None] = {}
        self._changed: set[Key] = set()

    def forget(self, key: Key) -> None:
        """Read a ConfigMap anew when it is asked for next."""
        self._data.pop(key, None)
        self._changed.add(key)

    async def read(self, keys: Iterable[Key]) -> ConfigMaps:
        """Return the data of those that are there; one that may not be read is a Failure, and asked for again.

        Raises KubernetesUnavailable.
        """
        wanted = dict.fromkeys(keys)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(key: Key) -> Mapping[str, str] | Failure | None:
            if key in self._data:
                return self._data[key]
            async with limit:
                self._changed.discard(key)
                try:
                    data = await self._api.config_map(key)
                except KubernetesError as error:
                    return Failure("ConfigMapUnreadable", f"The ConfigMap {key.name!r} cannot be read: {error}.")
            if key not in self._changed:  # else it is being read too late to be kept
                self._data[key] = data
            return data

        found = await asyncio.gather(*map(one, wanted))
        return {key: data for key, data in zip(wanted, found, strict=True) if data is not None}
