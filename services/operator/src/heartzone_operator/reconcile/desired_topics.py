"""Desired topics of resources, each built once for as long as what it is built from stays the same.

To parse a resource and to validate its schemas costs much more than to see that neither has changed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from event_topics.model import (
    API_VERSION,
    KIND,
    ConfigMaps,
    DesiredTopic,
    Failure,
    desired_topic,
    parse_event_topic,
)
from heartzone_operator.model.claims import Claim
from heartzone_operator.model.resource import Resource


@dataclass(frozen=True, slots=True)
class _Built:
    generation: int
    texts: tuple[Mapping[str, str] | Failure | None, ...]
    claim: Claim | None
    desired: DesiredTopic


class DesiredTopics:
    """Remembers them by the resources' uids."""

    def __init__(self) -> None:
        self._built: dict[str, _Built] = {}

    def of(self, resource: Resource, texts: ConfigMaps, claim: Claim | None) -> DesiredTopic:
        """Return what the resource desires, with `claim` for what it has set before.

        Raises InvalidEventTopicError: the API server accepted the resource, perhaps by an older definition.
        """
        read = tuple(texts.get(key) for key in resource.config_maps())
        known = self._built.get(resource.uid)
        if (
            known is not None
            and known.generation == resource.generation
            and known.claim is claim
            and all(one is other for one, other in zip(known.texts, read, strict=True))
        ):
            return known.desired
        manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": resource.key.name, "namespace": resource.key.namespace},
            "spec": resource.spec,
        }
        desired = desired_topic(
            parse_event_topic(manifest),
            config_maps=texts,
            managed_config=claim.config if claim else frozenset(),
            managed_levels=claim.managed_levels() if claim else frozenset(),
        )
        self._built[resource.uid] = _Built(resource.generation, read, claim, desired)
        return desired

    def keep_only(self, uids: Collection[str]) -> None:
        """Forget those of other resources."""
        for uid in self._built.keys() - set(uids):
            del self._built[uid]
