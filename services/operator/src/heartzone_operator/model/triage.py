"""Triage of a batch: which resources are reconciled, and which are paused, in conflict or being deleted."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import Resource


@dataclass(slots=True)
class Triage:
    """Each resource is in one of these, or in none when there is nothing to do for it.

    `conflicting` has the owner of the topic beside each; `deleting` whether topic and subjects are deleted with it.
    """

    paused: list[Resource] = field(default_factory=list)
    conflicting: list[tuple[Resource, Resource]] = field(default_factory=list)
    deleting: list[tuple[Resource, bool]] = field(default_factory=list)
    wrong_finalizer: list[Resource] = field(default_factory=list)
    ready: list[Resource] = field(default_factory=list)


def triage(resources: Iterable[Resource], index: Index) -> Triage:
    """Assign the resources of a batch."""
    result = Triage()
    for resource in resources:
        owner = index.owner(resource.topic) or resource
        if resource.is_paused:
            result.paused.append(resource)
        elif resource.is_deleting:
            if resource.has_finalizer:
                is_owner = owner.key == resource.key
                result.deleting.append((resource, resource.deletes_topic and is_owner))
        elif owner.key != resource.key:
            result.conflicting.append((resource, owner))
        elif resource.deletes_topic != resource.has_finalizer:
            result.wrong_finalizer.append(resource)
        else:
            result.ready.append(resource)
    return result
