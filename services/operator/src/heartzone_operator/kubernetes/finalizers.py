"""The finalizer of resources: set while `deletionPolicy: Delete` asks for it, removed when the resource may go.

With Retain, nothing ever holds a namespace back.
"""

import time
from collections.abc import Sequence

from heartzone_operator.kubernetes.api import KubernetesApi, RequestRejectedError
from heartzone_operator.kubernetes.status_writer import StatusWriter
from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import FINALIZER, Key, Resource, resource_of


class Finalizers:
    """Sets and removes the finalizer."""

    def __init__(self, api: KubernetesApi, index: Index, writer: StatusWriter) -> None:
        self._api = api
        self._index = index
        self._writer = writer

    async def follow_policy(self, resources: Sequence[Resource]) -> dict[Key, RequestRejectedError]:
        """Set or remove the finalizers as the policy asks; return those that the API server rejected.

        The change makes a resource due again. Raises ApiServerUnavailableError.
        """
        return await self._writer.run_all((each, self._set(each, wanted=each.deletes_topic)) for each in resources)

    async def release(self, resource: Resource) -> None:
        """Remove the finalizer. Raises ApiServerUnavailableError, RequestRejectedError."""
        await self._set(resource, wanted=False)

    async def _set(self, resource: Resource, *, wanted: bool) -> None:
        finalizers = [each for each in resource.finalizers if each != FINALIZER] + ([FINALIZER] if wanted else [])
        try:
            changed = await self._api.set_finalizers(resource.key, finalizers, resource.resource_version)
        except RequestRejectedError as error:
            if error.status not in (404, 409):
                raise
            # Gone, or changed meanwhile, which the watch reports.
            if error.status == 404:
                self._index.remove(resource.key, time.monotonic(), resource.uid)
        else:
            if resource.is_deleting and not finalizers:
                # It was the last finalizer; the watch may have reported the removal already.
                self._index.remove(resource.key, time.monotonic(), resource.uid)
            else:
                self._index.update(resource_of(changed), time.monotonic())
