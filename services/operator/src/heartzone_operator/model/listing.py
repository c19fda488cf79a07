"""A list of resources as the API server returned it, and how old that knowledge is."""

from collections.abc import Mapping
from dataclasses import dataclass

from heartzone_operator.model.resource import Key


@dataclass(frozen=True, slots=True)
class Listing:
    """The resources of a namespace (None: of all) as of `version`, which counts as their `resource_version` does.

    While a list is made, the watch goes on: of a resource whose version is later, the list says nothing.
    """

    namespace: str | None
    version: int
    uids: Mapping[Key, str]

    def covers(self, key: Key) -> bool:
        """Return whether the resource would be in the list if it existed."""
        return self.namespace in (None, key.namespace)
