"""Which resources of a batch are to be looked after, and what keeps the others from it. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from heartzone_operator.fleet import Fleet
from heartzone_operator.resources import Resource


@dataclass(slots=True)
class Triage:
    """Each resource is in one of these, or in none when there is nothing to do for it.

    `conflicting` has the resource that keeps the topic beside each; `deleting` whether topic and subjects go with it.
    """

    paused: list[Resource] = field(default_factory=list)
    conflicting: list[tuple[Resource, Resource]] = field(default_factory=list)
    deleting: list[tuple[Resource, bool]] = field(default_factory=list)
    wrong_finalizer: list[Resource] = field(default_factory=list)
    ready: list[Resource] = field(default_factory=list)


def triage(resources: Iterable[Resource], fleet: Fleet) -> Triage:
    """Sort the resources of a batch."""
    sorted_out = Triage()
    for resource in resources:
        keeper = fleet.keeper(resource.topic) or resource
        if resource.is_paused:
            sorted_out.paused.append(resource)
        elif resource.is_deleting:
            if resource.has_finalizer:
                is_keeper = keeper.key == resource.key
                sorted_out.deleting.append((resource, resource.deletes_topic and is_keeper))
        elif keeper.key != resource.key:
            sorted_out.conflicting.append((resource, keeper))
        elif resource.deletes_topic != resource.has_finalizer:
            sorted_out.wrong_finalizer.append(resource)
        else:
            sorted_out.ready.append(resource)
    return sorted_out
