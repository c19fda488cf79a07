"""Resources at rest cost nothing; whatever they are judged by wakes them."""

from dataclasses import replace

import pytest

from event_topics.model import (
    DesiredSchema,
    DesiredTopic,
    Failure,
    FailureReason,
    Observed,
    ObservedSubject,
    ObservedTopic,
    SchemaVersion,
)
from heartzone_operator.model.claims import Claim
from heartzone_operator.model.resource import Key, resource_of
from heartzone_operator.model.rest import Rest
from heartzone_operator.model.work import Work

DESIRED = DesiredTopic(resource="shop/o", topic="O", partitions=1, value_schema=DesiredSchema("JSON", "{}"))
TOPIC = ObservedTopic(partitions=1, replicas=1, topic_id="t1", defaults={"a": "1"})
SUBJECT = ObservedSubject(latest=SchemaVersion(7, 1, "JSON"), desired_version=1)
OBSERVED = Observed(topics={"O": TOPIC}, subjects={"O-value": SUBJECT})
CLAIM = Claim(Key("shop", "o"), "t1")
DOWN = Failure(FailureReason.KAFKA_UNAVAILABLE, "Kafka does not respond.")


def work(version: int = 1, desired: DesiredTopic = DESIRED) -> Work:
    metadata = {"namespace": "shop", "name": "o", "uid": "u", "resourceVersion": str(version), "creationTimestamp": ""}
    return Work(resource_of({"metadata": metadata, "spec": {"partitions": 1}}), desired)


def at_rest() -> Rest:
    rest = Rest()
    rest.judged(work(), OBSERVED, CLAIM)
    return rest


def test_what_is_as_it_was_is_at_rest_whatever_the_topic_inherits() -> None:
    rest = at_rest()

    assert rest.includes(work(), OBSERVED, CLAIM)
    assert rest.includes(work(), replace(OBSERVED, topics={"O": replace(TOPIC, defaults={})}), CLAIM)


@pytest.mark.parametrize(
    ("changed", "observed", "claim"),
    [
        pytest.param(work(version=2), OBSERVED, CLAIM, id="the resource"),
        pytest.param(work(desired=replace(DESIRED)), OBSERVED, CLAIM, id="what it desires"),
        pytest.param(work(), OBSERVED, replace(CLAIM), id="the claim"),
        pytest.param(work(), replace(OBSERVED, topics={}), CLAIM, id="no topic"),
        pytest.param(work(), replace(OBSERVED, topics={"O": DOWN}), CLAIM, id="no Kafka"),
        pytest.param(work(), replace(OBSERVED, topics={"O": replace(TOPIC, config={"a": "2"})}), CLAIM, id="a key"),
        pytest.param(work(), replace(OBSERVED, topics={"O": replace(TOPIC, topic_id="t2")}), CLAIM, id="another topic"),
        pytest.param(
            work(), replace(OBSERVED, subjects={"O-value": replace(SUBJECT, desired_version=None)}), CLAIM, id="schema"
        ),
        pytest.param(work(), replace(OBSERVED, subjects={}), CLAIM, id="no subject"),
    ],
)
def test_whatever_changes_wakes_it(changed: Work, observed: Observed, claim: Claim) -> None:
    assert not at_rest().includes(changed, observed, claim)


def test_what_failed_is_not_at_rest_nor_what_it_was_before() -> None:
    rest = at_rest()
    failed = work()
    failed.failures["topic"].append(DOWN)

    rest.judged(failed, OBSERVED, CLAIM)

    assert not rest.includes(work(), OBSERVED, CLAIM)


def test_other_resources_are_forgotten() -> None:
    rest = at_rest()
    rest.keep_only(["another"])

    assert not rest.includes(work(), OBSERVED, CLAIM)
