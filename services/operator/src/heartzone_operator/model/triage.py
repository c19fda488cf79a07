"""Triage of a batch: which resources are reconciled, and which are paused, in conflict or being deleted."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from heartzone_operator.model.index import Index
from heartzone_operator.model.resource import Resource
from heartzone_operator.model.scope import Scope


@dataclass(slots=True)
class Triage:
    """Each resource is in one of these, or in none when there is nothing to do for it.

    `left` are those that another operator serves; `unserved` has beside each why its namespace cannot be listed, so
    that nobody knows what was deleted there; `conflicting` the owner of the topic; `deleting` whether topic and
    subjects are deleted with it.
    """

    left: list[Resource] = field(default_factory=list)
    unserved: list[tuple[Resource, str]] = field(default_factory=list)
    paused: list[Resource] = field(default_factory=list)
    conflicting: list[tuple[Resource, Resource]] = field(default_factory=list)
    deleting: list[tuple[Resource, bool]] = field(default_factory=list)
    wrong_finalizer: list[Resource] = field(default_factory=list)
    ready: list[Resource] = field(default_factory=list)


def triage(resources: Iterable[Resource], index: Index, scope: Scope) -> Triage:
    """Assign the resources of a batch."""
    result = Triage()
    for resource in resources:
        # Another operator may not know of this resource, and acts on its own whichever is older.
        owner = index.owner(resource.topic, comes_first=scope.rivals.have) or resource
        if scope.rivals.have(resource):
            result.left.append(resource)
        elif (problem := scope.problem_of(resource.key.namespace)) is not None:
            result.unserved.append((resource, problem))
        elif resource.is_paused:
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
