"""The ConfigMaps that schemas are read from: kept while they are used, read again when they change."""

from collections.abc import Iterable, Mapping

from heartzone_operator.kubernetes import KubernetesApi
from heartzone_operator.resources import Key


class ConfigMapTexts:
    """Asks the API server only for ConfigMaps that resources name: the others may be many and large."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._data: dict[Key, Mapping[str, str] | None] = {}

    def forget(self, key: Key) -> None:
        """Read a ConfigMap anew when it is asked for next."""
        self._data.pop(key, None)

    async def read(self, keys: Iterable[Key]) -> dict[tuple[str | None, str], Mapping[str, str]]:
        """Return the data of those that are there, in the form that event_topics takes.

        Raises KubernetesUnavailable, KubernetesError.
        """
        found: dict[tuple[str | None, str], Mapping[str, str]] = {}
        for key in dict.fromkeys(keys):
            if key not in self._data:
                self._data[key] = await self._api.config_map(key)
            data = self._data[key]
            if data is not None:
                found[key] = data
        return found
