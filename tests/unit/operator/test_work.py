"""Which config keys a resource may take back, and what a run of it counts as."""

from event_topics.failures import Failure
from event_topics.plan import AlterConfig, ConfigChange, CreateTopic
from event_topics.state import DesiredTopic
from event_topics.status import EventTopicStatus
from heartzone_operator.resources import Key, Resource
from heartzone_operator.work import Work

AWAY = Failure("KafkaUnavailable", "Kafka did not answer.", transient=True)


def work(*, managed: tuple[str, ...] = (), **config: str) -> Work:
    return Work(
        Resource(
            key=Key("shop", "a"),
            uid="u",
            generation=1,
            resource_version=1,
            created="",
            spec={},
            status=EventTopicStatus(managed_config=managed),
        ),
        DesiredTopic(resource="shop/a", topic="A", partitions=1, config=config),
    )


def created(**config: str) -> CreateTopic:
    return CreateTopic(resource="shop/a", topic="A", half="topic", partitions=1, replicas=None, config=config)


def altered(*changes: ConfigChange) -> AlterConfig:
    return AlterConfig(resource="shop/a", topic="A", half="topic", changes=changes)


def test_keys_of_a_topic_that_was_created_are_managed() -> None:
    each = work(a="1")
    each.done.append(created(a="1"))

    assert each.managed_config == {"a"}


def test_keys_that_were_found_with_the_value_asked_for_are_not() -> None:
    assert work(a="1").managed_config == frozenset()


def test_a_key_that_went_back_to_the_default_is_managed_no_more() -> None:
    each = work(managed=("a", "b"), a="1")
    each.done.append(altered(ConfigChange(key="b", before="2", after=None)))

    assert each.managed_config == {"a"}


def test_while_kafka_is_away_the_keys_to_take_back_are_remembered() -> None:
    each = work(managed=("a", "b"), a="1")
    each.failures["topic"].append(AWAY)

    assert each.managed_config == {"a", "b"}


def test_outcomes() -> None:
    unchanged, applied, refused, waiting = (work() for _ in range(4))
    applied.done.append(created())
    refused.failures["topic"].append(Failure("FewerPartitions", "No."))
    waiting.done.append(created())
    waiting.failures["valueSchema"].append(AWAY)

    assert [each.outcome for each in (unchanged, applied, refused, waiting)] == [
        "unchanged",
        "applied",
        "refused",
        "waiting",
    ]


def test_the_order_of_keys_and_what_is_managed_do_not_make_another_wish() -> None:
    assert work(a="1", b="2").digest == work(b="2", a="1", managed=("a",)).digest
    assert work(a="1").digest != work(a="2").digest
