"""Census: whether the index has the resources that the API server has, beside what its watch reports."""

import time

from heartzone_operator.kubernetes.api import KubernetesApi
from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import resource_of


class Census:
    """Raises RequestRejectedError and ApiServerUnavailableError."""

    def __init__(self, api: KubernetesApi, index: Index) -> None:
        self._api = api
        self._index = index

    async def compare_number(self, namespace: str | None) -> None:
        """Compare in full unless the number of resources is the same, which costs one small request."""
        if await self._api.number_of_event_topics(namespace) != self._index.number(namespace):
            await self.compare(namespace)

    async def compare(self, namespace: str | None) -> None:
        """Make the index what the API server lists, of one namespace or of all."""
        listing = await self._api.listing(namespace)
        self._index.remove_absent(listing, time.monotonic())
        if self._index.lacks(listing):  # the watch is behind, or has lost it: each resource is known by its next resync
            async for body in self._api.event_topics(namespace):
                self._index.update(resource_of(body), time.monotonic())
