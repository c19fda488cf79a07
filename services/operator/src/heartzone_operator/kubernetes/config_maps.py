"""The ConfigMaps that schemas are read from: cached while they are used, read again when they change."""

import asyncio
from collections.abc import Collection, Iterable, Mapping

from event_topics.model import ConfigMaps, Failure, FailureReason
from heartzone_operator.kubernetes.api import KubernetesApi, RequestRejectedError
from heartzone_operator.model.resource import Key

_MAX_CONCURRENT_READS = 16


class ConfigMapCache:
    """Requests only ConfigMaps that resources name: the others may be many and large.

    Each is kept with its version, None for one that does not exist.
    """

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._known: dict[Key, tuple[int, Mapping[str, str]] | None] = {}
        self._reading: set[Key] = set()
        self._changed: set[Key] = set()

    def changed(self, key: Key, version: int | None) -> bool:
        """Note the version that a ConfigMap has, None when it was deleted; return whether it is news to its readers."""
        if key in self._reading:
            self._changed.add(key)
        known = self._known.get(key)
        if key in self._known and (known[0] if known else None) == version:
            return False
        self._known.pop(key, None)
        return True

    def keys_as_of(self, version: int) -> list[Key]:
        """Return the ConfigMaps that are kept as they were at that version or before."""
        return [key for key, known in self._known.items() if known is not None and known[0] <= version]

    def keep_only(self, keys: Collection[Key]) -> None:
        """Forget those that no resource names any more."""
        for key in self._known.keys() - set(keys):
            del self._known[key]

    async def read(self, keys: Iterable[Key]) -> ConfigMaps:
        """Return the data of those that exist; one that may not be read is a Failure, and read again the next time.

        Raises ApiServerUnavailableError.
        """
        wanted = dict.fromkeys(keys)
        limit = asyncio.Semaphore(_MAX_CONCURRENT_READS)

        async def one(key: Key) -> Mapping[str, str] | Failure | None:
            if key not in self._known:
                async with limit:
                    try:
                        found = await self._read(key)
                    except RequestRejectedError as error:
                        return Failure(
                            FailureReason.CONFIG_MAP_UNREADABLE, f"The ConfigMap {key.name!r} cannot be read: {error}."
                        )
            else:
                found = self._known[key]
            return None if found is None else found[1]

        results = await asyncio.gather(*map(one, wanted))
        return {key: data for key, data in zip(wanted, results, strict=True) if data is not None}

    async def _read(self, key: Key) -> tuple[int, Mapping[str, str]] | None:
        self._reading.add(key)
        try:
            found = await self._api.config_map(key)
            if key not in self._changed:  # else it has changed while it was read
                self._known[key] = found
        finally:
            self._reading.discard(key)
            self._changed.discard(key)
        return found
