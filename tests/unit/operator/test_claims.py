"""Claims: whose a topic is, and which of its keys a resource may reset, whatever times out or others do."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from event_topics import (
    AlterConfig,
    CreateTopic,
    DesiredSchema,
    DesiredTopic,
    Failure,
    FailureReason,
    Observed,
    ObservedTopic,
    SetCompatibility,
    plan,
)
from event_topics.model import ADOPT
from heartzone_operator.model.claims import Claim, after_applying, before_applying, claim_of, objection, seeded
from heartzone_operator.model.resource import Key, Resource, resource_of
from heartzone_operator.model.topic_rules import TopicRules
from heartzone_operator.model.work import Work

SHOP = Key("shop", "orders")
TIMED_OUT = Failure(FailureReason.TOPIC_FAILED, "Kafka did not respond.")
THERE = ObservedTopic(partitions=1, replicas=1, topic_id="t1")


def resource(
    key: Key = SHOP, *, topic: str = "Orders", status: Mapping[str, Any] | None = None, **more: Any
) -> Resource:
    metadata = {
        "namespace": key.namespace,
        "name": key.name,
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "annotations": more.pop("annotations", {}),
    }
    return resource_of({"metadata": metadata, "spec": {"topicName": topic, "partitions": 1, **more}, "status": status})


def work(config: Mapping[str, str] | None = None, *, managed: frozenset[str] = frozenset()) -> Work:
    desired = DesiredTopic(
        resource=str(SHOP), topic="Orders", partitions=1, config=config or {}, managed_config=managed
    )
    return Work(resource(), desired)


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        pytest.param(None, "no EventTopic has made it", id="nobody's"),
        pytest.param(
            Claim(Key("bank", "orders"), "t1"), "it belongs to the EventTopic bank/orders", id="a neighbour's"
        ),
        pytest.param(Claim(SHOP, "t0"), "created another of its name", id="made anew"),
    ],
)
def test_a_topic_that_the_resource_has_not_made_needs_its_consent(claim: Claim | None, says: str) -> None:
    found = objection(work(), THERE, claim, adopts=False)

    assert found is not None
    assert found.reason == "TopicNotAdopted"
    assert says in found.message
    assert ADOPT in found.message
    assert objection(work(), THERE, claim, adopts=True) is None


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(Claim(SHOP, "t1"), id="its own"),
        pytest.param(Claim(SHOP, None), id="its own, whose creation timed out"),
        pytest.param(Claim(Key("shop", "former"), "t1"), id="that of a former resource of the namespace"),
    ],
)
def test_a_topic_that_the_resource_has_made_needs_none(claim: Claim) -> None:
    assert objection(work(), THERE, claim, adopts=False) is None


def test_a_topic_that_does_not_exist_or_cannot_be_observed_needs_none() -> None:
    assert objection(work(), None, None, adopts=False) is None
    assert objection(work(), TIMED_OUT, None, adopts=False) is None


def test_consent_is_an_annotation_or_a_setting() -> None:
    assert TopicRules().adopts(resource(annotations={ADOPT: "true"}))
    assert not TopicRules().adopts(resource(annotations={ADOPT: "yes"}))
    assert TopicRules(["Orders"]).adopts(resource())
    assert TopicRules(["Ord*"]).adopts(resource())
    assert not TopicRules(["Order", "Payments*"]).adopts(resource())


def test_a_namespace_with_prefixes_may_describe_no_other_topics() -> None:
    rules = TopicRules(prefixes={"shop": ["shop.", "orders."]})

    assert rules.objection(resource(topic="orders.paid")) is None
    assert rules.objection(resource(Key("bank", "x"), topic="anything")) is None
    found = rules.objection(resource(topic="bank.accounts"))
    assert found is not None
    assert found.reason == "TopicNotAllowed"
    assert "shop. or orders." in found.message


def test_a_claim_is_recorded_before_a_topic_is_created_and_has_its_id_afterwards() -> None:
    each = work({"a": "1"})
    each.planned.append(creation(each.desired))

    before = before_applying(each, None, None)

    assert before == Claim(SHOP, None, frozenset({"a"}))
    created = replace(THERE, config={"a": "1"})
    assert after_applying(each, created, before, None) == Claim(SHOP, "t1", frozenset({"a"}))


def test_nothing_is_claimed_of_a_topic_that_could_not_be_observed() -> None:
    assert before_applying(work(), TIMED_OUT, None) is None


def test_a_creation_that_was_rejected_leaves_no_claim_and_one_that_timed_out_does() -> None:
    each = work()
    each.planned.append(creation(each.desired))
    before = before_applying(each, None, None)
    assert before is not None

    each.failures["topic"] = [Failure(FailureReason.INVALID_REPLICAS, "only 1 broker")]
    assert after_applying(each, None, before, None) is None
    each.failures["topic"] = [TIMED_OUT]
    assert after_applying(each, None, before, None) == before


def test_a_topic_that_somebody_else_creates_in_between_is_not_claimed() -> None:
    each = work()
    each.planned.append(creation(each.desired))
    before = before_applying(each, None, None)
    assert before is not None
    each.failures["topic"] = [Failure(FailureReason.TOPIC_ALREADY_EXISTS, "it exists")]

    assert after_applying(each, THERE, before, None) is None
    assert after_applying(each, THERE, before, before) == before, "an earlier attempt of its own"


def test_a_subject_that_rejects_the_schema_is_not_claimed() -> None:
    each = work()
    each.desired = replace(
        each.desired, value_schema=DesiredSchema("JSON", "{}"), key_schema=DesiredSchema("JSON", "{}")
    )
    each.failures["valueSchema"] = [Failure(FailureReason.INCOMPATIBLE_SCHEMA, "incompatible")]
    before = before_applying(each, THERE, Claim(SHOP, "t1"))
    assert before is not None

    after = after_applying(each, THERE, before, Claim(SHOP, "t1"))

    assert after is not None
    assert after.schemas == {"key"}


def test_a_level_is_claimed_before_it_is_set_and_until_it_was_reset() -> None:
    each = work()
    set_level = SetCompatibility(
        resource=str(SHOP), topic="Orders", half="valueSchema", subject="Orders-value", before=None, after="FULL"
    )
    each.planned.append(set_level)
    before = before_applying(each, THERE, None)
    assert before is not None
    assert before.managed_levels() == {"valueSchema"}

    each = work()
    each.planned.append(replace(set_level, after=None))
    before = before_applying(each, THERE, before)
    assert before is not None
    timed_out = after_applying(each, THERE, before, before)
    assert timed_out is not None
    assert timed_out.levels == {"value"}, "it may be there still"
    each.applied.append(replace(set_level, after=None))
    reset = after_applying(each, THERE, before, before)
    assert reset is not None
    assert reset.levels == frozenset()


def test_a_claim_is_read_as_it_was_recorded_and_anything_else_is_none() -> None:
    claim = Claim(SHOP, "t1", frozenset({"a"}), frozenset({"value"}), frozenset({"key"}))

    assert claim_of(claim.to_text()) == claim
    for text in ("", "[]", "{}", '{"resource": 3}', "null"):
        assert claim_of(text) is None


def test_what_an_operator_without_a_record_has_reconciled_is_taken_from_its_statuses_once() -> None:
    known = resource(status={"topicId": "t1", "managedConfig": ["a"]}, valueSchema={"type": "JSON", "schema": "{}"})

    assert seeded([known, resource(topic="Other")]) == {
        "Orders": Claim(SHOP, "t1", frozenset({"a"}), frozenset({"value"}))
    }


def creation(desired: DesiredTopic) -> CreateTopic:
    return CreateTopic(
        resource=desired.resource, topic=desired.topic, half="topic", partitions=1, replicas=None, config=desired.config
    )


class Kafka:
    """One topic, whose requests may time out and be carried out all the same."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.topic: ObservedTopic | None = None

    def apply(self, action: CreateTopic | AlterConfig) -> Failure | None:
        times_out = self._chance.random() < 0.5
        if times_out and self._chance.random() < 0.5:
            return TIMED_OUT
        if isinstance(action, CreateTopic):
            self.topic = replace(THERE, config=dict(action.config))
        elif self.topic is not None:
            config = dict(self.topic.config)
            for change in action.changes:
                if change.after is None:
                    config.pop(change.key, None)
                else:
                    config[change.key] = change.after
            self.topic = replace(self.topic, config=config)
        return TIMED_OUT if times_out else None


@pytest.mark.parametrize("seed", range(200))
def test_whatever_times_out_and_is_carried_out_a_key_that_leaves_the_spec_is_reset_and_keys_of_others_stay(
    seed: int,
) -> None:
    chance = random.Random(seed)
    kafka, claim = Kafka(chance), None
    others = {"by.hand": "1"}
    for _ in range(6):
        spec = {key: chance.choice("12") for key in "abc" if chance.random() < 0.5}
        for _ in range(chance.randrange(1, 4)):  # several attempts, or none that ends before the spec changes again
            claim = reconciled(kafka, spec, claim, killed=chance.random() < 0.2)
        if kafka.topic is not None:
            kafka.topic = replace(kafka.topic, config={**kafka.topic.config, **others})
    while kafka.topic is None or claim is None or kafka.topic.config != {**spec, **others}:
        claim = reconciled(kafka, spec, claim)
        if kafka.topic is not None and "by.hand" not in kafka.topic.config:
            kafka.topic = replace(kafka.topic, config={**kafka.topic.config, **others})
        foreign = kafka.topic is not None and set(kafka.topic.config) - {*spec, *others}
        assert not foreign or claim is None or foreign <= claim.config, "a key of its own is forgotten"


def reconciled(kafka: Kafka, spec: Mapping[str, str], claim: Claim | None, *, killed: bool = False) -> Claim | None:
    """The claim after one attempt; it may be killed before it observes what it has done."""
    each = work(spec, managed=claim.config if claim else frozenset())
    topics: dict[str, ObservedTopic | Failure] = {} if kafka.topic is None else {"Orders": kafka.topic}
    each.planned.extend(plan([each.desired], Observed(topics=topics)).actions)
    before = before_applying(each, kafka.topic, claim)
    for action in each.planned:
        assert isinstance(action, CreateTopic | AlterConfig)
        if (failure := kafka.apply(action)) is not None:
            each.failures["topic"].append(failure)
    if before is None or killed:
        return before or claim
    return after_applying(each, kafka.topic, before, claim)
