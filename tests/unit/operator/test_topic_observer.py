"""A quick check of topics sees all of them, and reads the configuration of some in turn."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import cast

from event_topics import Failure, KafkaTopics, ObservedTopic
from heartzone_operator.cluster.guard import Guard
from heartzone_operator.cluster.topic_observer import TopicObserver


class Kafka:
    """Has topics; counts of which the configuration was read."""

    def __init__(self, number: int) -> None:
        self.topics = {
            f"t{each}": ObservedTopic(partitions=1, replicas=1, topic_id=f"id{each}") for each in range(number)
        }
        self.read: list[str] = []

    def observe(
        self, topics: Iterable[str], *, known: Mapping[str, ObservedTopic] = MappingProxyType({})
    ) -> dict[str, ObservedTopic | Failure]:
        found: dict[str, ObservedTopic | Failure] = {}
        for name in set(topics) & self.topics.keys():
            topic = self.topics[name]
            if name in known and known[name].topic_id == topic.topic_id:
                found[name] = replace(topic, config=known[name].config)
            else:
                self.read.append(name)
                found[name] = topic
        return found

    def change(self, name: str, **fields: object) -> None:
        self.topics[name] = replace(self.topics[name], **fields)  # type: ignore[arg-type]


def observer(kafka: Kafka) -> TopicObserver:
    guard = Guard("Kafka", unavailable="kafka_unavailable", recovered="kafka_recovered", clock=lambda: 0.0)
    return TopicObserver(cast("KafkaTopics", kafka), guard, configs_a_check=2)


def test_a_changed_configuration_is_seen_when_it_is_the_turn_of_its_topic() -> None:
    kafka = Kafka(5)
    each = observer(kafka)
    each.observe_in_full(list(kafka.topics))
    for name in kafka.topics:
        kafka.change(name, config={"a": "1"})
    kafka.read.clear()

    changed: set[str] = set()
    for _ in range(3):
        for name, topic in each.quick_check(list(kafka.topics)).items():
            assert isinstance(topic, ObservedTopic)
            changed |= {name} if topic.config else set()

    assert changed == set(kafka.topics)
    assert len(kafka.read) == 6, "two of each check"


def test_a_topic_that_is_gone_or_made_anew_or_has_more_partitions_is_seen_at_once() -> None:
    kafka = Kafka(6)
    each = observer(kafka)
    each.observe_in_full(list(kafka.topics))
    del kafka.topics["t4"]
    kafka.change("t3", topic_id="another", config={"a": "1"})
    kafka.change("t5", partitions=9)

    assert each.quick_check([f"t{number}" for number in range(6)]) == kafka.topics


def test_what_is_about_to_change_is_read_anew() -> None:
    kafka = Kafka(5)
    each = observer(kafka)
    each.observe_in_full(list(kafka.topics))
    kafka.change("t4", config={"a": "1"})

    each.forget("t4")

    assert each.quick_check(list(kafka.topics)) == kafka.topics
