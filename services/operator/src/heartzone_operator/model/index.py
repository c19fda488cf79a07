"""Index of all resources: by key, by topic with its owner, by ConfigMap, and by the time they are due."""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TypeVar

from heartzone_operator.model.listing import Listing
from heartzone_operator.model.resource import Key, Resource

_Name = TypeVar("_Name", str, Key)

# A response or a list that is older than a deletion is late by seconds, not by as many deletions.
_REMEMBERED_DELETIONS = 10_000


class Index:
    """Times are those of one monotonic clock, in seconds, which the caller reads."""

    def __init__(self) -> None:
        self._resources: dict[Key, Resource] = {}
        self._due: dict[Key, float] = {}
        self._by_topic: defaultdict[str, set[Key]] = defaultdict(set)
        self._by_config_map: defaultdict[Key, set[Key]] = defaultdict(set)
        self._owner_uids: dict[str, str] = {}
        self._deleted_uids: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._resources)

    def get(self, key: Key) -> Resource | None:
        """Return a resource as it was observed last."""
        return self._resources.get(key)

    def number(self, namespace: str | None) -> int:
        """Return how many resources there are in a namespace, None for all."""
        return sum(namespace in (None, key.namespace) for key in self._resources)

    def all(self) -> Collection[Resource]:
        """Return every resource."""
        return self._resources.values()

    def update(self, resource: Resource, now: float) -> None:
        """Store what the API server returned; the resource is due when it desires something new.

        An older version is ignored, also one of a resource that had the name before: versions count across all of them.
        So is one from before the deletion of the resource was reported: a later one is of a resource that a label
        selector selects again.
        """
        if self._deleted_uids.get(resource.uid, 0) >= resource.resource_version:
            return
        known = self._resources.get(resource.key)
        if known is not None and known.resource_version > resource.resource_version:
            return
        if known is not None:
            if known.desires_the_same(resource):
                self._resources[resource.key] = resource
                return
            self._forget_relations(known)
        self._resources[resource.key] = resource
        for config_map in resource.config_maps():
            self._by_config_map[config_map].add(resource.key)
        self._by_topic[resource.topic].add(resource.key)
        self._due[resource.key] = now
        if known is None or known.uid != resource.uid or known.is_deleting != resource.is_deleting:
            self._wake_rivals(resource, now)

    def remove(self, key: Key, now: float, uid: str | None = None) -> None:
        """Remove a resource (only the one with this uid, if given); those that waited for its topic are due."""
        known = self._resources.get(key)
        if known is None or (uid is not None and known.uid != uid):
            return
        del self._resources[key]
        self._due.pop(key, None)
        self._forget_relations(known)
        if self._owner_uids.get(known.topic) == known.uid:
            del self._owner_uids[known.topic]
        self._wake_rivals(known, now)

    def deleted(self, resource: Resource, now: float) -> None:
        """Remove a resource for good: what arrives later of it is older than its deletion."""
        self._deleted_uids[resource.uid] = resource.resource_version
        while len(self._deleted_uids) > _REMEMBERED_DELETIONS:
            del self._deleted_uids[next(iter(self._deleted_uids))]
        self.remove(resource.key, now, resource.uid)

    def remove_absent(self, listing: Listing, now: float) -> None:
        """Remove what the list lacks, unless it is newer than the list."""
        for each in list(self._resources.values()):
            if (
                listing.covers(each.key)
                and listing.uids.get(each.key) != each.uid
                and not self._is_newer(each, listing)
            ):
                self.remove(each.key, now, each.uid)

    def lacks(self, listing: Listing) -> bool:
        """Return whether the list has a resource whose name is not known here, though nobody reported its deletion."""
        return any(
            key not in self._resources and self._deleted_uids.get(uid, 0) <= listing.version
            for key, uid in listing.uids.items()
        )

    def config_map_changed(self, config_map: Key, now: float) -> bool:
        """Make those due whose schemas are read from it; return whether there are any."""
        readers = self._by_config_map.get(config_map, set())
        for key in readers:
            self._due[key] = now
        return bool(readers)

    def owner(self, topic: str, *, comes_first: Callable[[Resource], bool] = lambda _: False) -> Resource | None:
        """Return the resource that the topic belongs to: the oldest of those that name it, unless another comes first.

        Kubernetes counts creation in whole seconds. Of two created in the same second, the owner is the one for which
        the topic was reconciled before, as the status says after a restart, and this index until the status is written.
        Only when neither was, the names decide, so that nobody gets a topic by the choice of a name.
        """
        rivals = [self._resources[key] for key in self._by_topic.get(topic, ())]
        return min(rivals, key=lambda each: (not comes_first(each), *self._seniority(each)), default=None)

    def note_owner(self, resource: Resource) -> None:
        """Record that the topic is reconciled for this resource from now on."""
        self._owner_uids[resource.topic] = resource.uid

    def due_at(self, key: Key, when: float) -> None:
        """Make a resource due at that time, unless it is due earlier."""
        if key in self._resources:
            self._due[key] = min(when, self._due.get(key, when))

    def make_due(self, namespace: str | None, when: float) -> None:
        """Make all resources of a namespace (None: of all) due at that time."""
        for key in self._resources:
            if namespace in (None, key.namespace):
                self.due_at(key, when)

    def config_maps(self) -> Collection[Key]:
        """Return the ConfigMaps that schemas are read from."""
        return self._by_config_map.keys()

    def take_due(self, now: float, limit: int) -> list[Resource]:
        """Return the resources that are due, `limit` at most; they are not due any more."""
        keys = [key for key, when in self._due.items() if when <= now][:limit]
        for key in keys:
            del self._due[key]
        return [self._resources[key] for key in keys]

    def next_due(self) -> float | None:
        """Return when the next resource is due."""
        return min(self._due.values(), default=None)

    @staticmethod
    def _is_newer(resource: Resource, listing: Listing) -> bool:
        return resource.resource_version > listing.version

    def _seniority(self, resource: Resource) -> tuple[str, bool, bool, Key]:
        is_owner = self._owner_uids.get(resource.topic) == resource.uid
        return resource.created, not is_owner, not resource.has_owned_its_topic, resource.key

    def _forget_relations(self, resource: Resource) -> None:
        for config_map in resource.config_maps():
            self._discard(self._by_config_map, config_map, resource.key)
        self._discard(self._by_topic, resource.topic, resource.key)

    @staticmethod
    def _discard(sets: defaultdict[_Name, set[Key]], name: _Name, key: Key) -> None:
        sets[name].discard(key)
        if not sets[name]:
            del sets[name]

    def _wake_rivals(self, resource: Resource, now: float) -> None:
        for key in self._by_topic.get(resource.topic, ()):
            if key != resource.key:
                self._due[key] = now
