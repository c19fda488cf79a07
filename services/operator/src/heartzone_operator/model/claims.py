"""Claims: which topic belongs to which resource, by the operator's own record.

A status is not proof: whoever may write it could name what belongs to others, and a backup may lack it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from event_topics.model import (
    ADOPT,
    AlterConfig,
    CreateTopic,
    Failure,
    FailureReason,
    Half,
    ObservedTopic,
    SetCompatibility,
    SubjectAction,
)
from heartzone_operator.model.conditions import Verdict
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.model.resource import Key, Resource
from heartzone_operator.model.work import Work

_HALVES: Mapping[str, Half] = {"value": "valueSchema", "key": "keySchema"}


@dataclass(frozen=True, slots=True)
class Claim:
    """`topic_id` None: the topic is about to be created; it did not exist before.

    `config` are the keys that the resource may have set, `schemas` the kinds (`value`, `key`) it has had a schema of,
    `levels` those whose compatibility it may have set.
    """

    resource: Key
    topic_id: str | None = None
    config: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()

    def managed_levels(self) -> frozenset[Half]:
        """Return the halves whose compatibility the resource may have set."""
        return frozenset(_HALVES[kind] for kind in self.levels)

    def is_of(self, resource: Key) -> bool:
        """Return whether the claim is the resource's, or that of another in its namespace, which it succeeds."""
        return self.resource.namespace == resource.namespace

    def covers(self, topic: ObservedTopic) -> bool:
        """Return whether this is the topic that was made or adopted, and not one that was made anew."""
        return self.topic_id in (None, topic.topic_id)

    def to_text(self) -> str:
        """Return the claim as it is recorded."""
        fields = {
            "resource": str(self.resource),
            "topicId": self.topic_id,
            "config": sorted(self.config),
            "schemas": sorted(self.schemas),
            "levels": sorted(self.levels),
        }
        return json.dumps({name: each for name, each in fields.items() if each})


def claim_of(text: str) -> Claim | None:
    """Return the claim that was recorded; None when it is none."""
    try:
        fields = json.loads(text)
        namespace, _, name = fields["resource"].partition("/")
        return Claim(
            Key(namespace, name),
            fields.get("topicId"),
            frozenset(fields.get("config", ())),
            frozenset(fields.get("schemas", ())),
            frozenset(fields.get("levels", ())) & _HALVES.keys(),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def objection(
    work: Work, topic: ObservedTopic | Failure | None, claim: Claim | None, *, adopts: bool
) -> Verdict | None:
    """Return why the topic is not the resource's to change; None when it is, or does not exist yet."""
    if adopts or not isinstance(topic, ObservedTopic):
        return None
    if claim is None:
        origin = "no EventTopic has made it"
    elif not claim.is_of(work.resource.key):
        origin = f"it belongs to the EventTopic {claim.resource}"
    elif not claim.covers(topic):
        origin = "somebody has deleted the one of this resource and created another of its name"
    else:
        return None
    return Verdict(
        ConditionReason.TOPIC_NOT_ADOPTED,
        f'The topic {work.desired.topic!r} exists, and {origin}: set the annotation {ADOPT}: "true" on this resource '
        "if it is to be changed to what this resource says.",
    )


def before_applying(work: Work, topic: ObservedTopic | Failure | None, claim: Claim | None) -> Claim | None:
    """Return the claim to record before the actions on the topic are tried; None when there is nothing to claim.

    Before: an operator that is killed in between, or a request that times out and is carried out all the same, must
    leave behind what it did.
    """
    key, intended = work.resource.key, _intended(work)
    if isinstance(topic, ObservedTopic):
        former = claim if claim is not None and claim.is_of(key) and claim.covers(topic) else Claim(key)
        return replace(
            former,
            resource=key,
            topic_id=topic.topic_id,
            config=former.config | intended,
            schemas=former.schemas | _planned_kinds(work),
            levels=former.levels | _planned_levels(work),
        )
    if topic is None and any(isinstance(each, CreateTopic) for each in work.planned):
        return Claim(key, None, intended, _planned_kinds(work), _planned_levels(work))
    return None


def after_applying(
    work: Work, topic: ObservedTopic | Failure | None, before: Claim, former: Claim | None
) -> Claim | None:
    """Return what the claim is once the result was observed; None when nothing is left to claim."""
    if any(failure.reason is FailureReason.TOPIC_ALREADY_EXISTS for failure in work.failures["topic"]):
        # Either an attempt of ours that timed out was carried out, or somebody else was faster.
        return before if former is not None and former.topic_id is None else former
    if isinstance(topic, ObservedTopic):
        # A key is remembered until it is seen that it is not set any more, whatever a request responded.
        kept = {
            key for key in before.config if work.is_topic_in_doubt or key in work.desired.config or key in topic.config
        }
        schemas = (former.schemas if former is not None and former.is_of(before.resource) else frozenset()) | _kinds(
            work
        )
        levels = before.levels - _reset_levels(work)
        return replace(before, topic_id=topic.topic_id, config=frozenset(kept), schemas=schemas, levels=levels)
    if topic is None and not work.is_topic_in_doubt:
        return None
    return before


def seeded(resources: Iterable[Resource]) -> dict[str, Claim]:
    """Return the claims of what an operator that had no record has reconciled, from the statuses."""
    return {
        each.topic: Claim(
            each.key,
            each.status.topic_id,
            frozenset(each.status.managed_config),
            frozenset(kind for kind in ("value", "key") if each.spec.get(f"{kind}Schema")),
        )
        for each in resources
        if each.status.topic_id is not None
    }


def _intended(work: Work) -> frozenset[str]:
    keys: set[str] = set()
    for action in work.planned:
        if isinstance(action, CreateTopic):
            keys |= action.config.keys()
        elif isinstance(action, AlterConfig):
            keys |= {change.key for change in action.changes if change.after is not None}
    return frozenset(keys)


def _planned_kinds(work: Work) -> frozenset[str]:
    return frozenset(_kind(each.half) for each in work.planned if isinstance(each, SubjectAction))


def _planned_levels(work: Work) -> frozenset[str]:
    return frozenset(
        _kind(each.half) for each in work.planned if isinstance(each, SetCompatibility) and each.after is not None
    )


def _reset_levels(work: Work) -> frozenset[str]:
    return frozenset(
        _kind(each.half) for each in work.applied if isinstance(each, SetCompatibility) and each.after is None
    )


def _kinds(work: Work) -> frozenset[str]:
    """Return the kinds whose subject is as desired, or may be: one that rejects the schema is somebody else's."""
    return frozenset(
        _kind(half)
        for half, _, _ in work.desired.schemas()
        if all(failure.transient or failure.reason is FailureReason.SUBJECT_FAILED for failure in work.failures[half])
    )


def _kind(half: Half) -> str:
    return half.removesuffix("Schema")
