"""Observation of topics: in full, or by a quick check that reads the configuration of some, in turn.

To read the configuration of a topic costs fifty times as much as whether it exists, as what and with how many
partitions: Kafka returns all of its thirty keys, with where each has its value from.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from event_topics import Failure, KafkaTopics, ObservedTopic
from heartzone_operator.cluster.guard import Guard

_CONFIGS_A_CHECK = 1_000


class TopicObserver:
    """Remembers the configuration that it observed."""

    def __init__(self, kafka: KafkaTopics, guard: Guard, *, configs_a_check: int = _CONFIGS_A_CHECK) -> None:
        self._kafka = kafka
        self._guard = guard
        self._configs_a_check = configs_a_check
        self._known: dict[str, ObservedTopic] = {}
        self._turn = 0

    def forget(self, topic: str) -> None:
        """Observe a topic anew the next time, since it is about to change."""
        self._known.pop(topic, None)

    def keep_only(self, topics: Collection[str]) -> None:
        """Forget all others."""
        for name in self._known.keys() - set(topics):
            del self._known[name]

    def observe_in_full(self, topics: Sequence[str]) -> dict[str, ObservedTopic | Failure]:
        """Observe topics; absent ones are left out."""
        for name in topics:
            self.forget(name)
        return self._observe(topics)

    def quick_check(self, topics: Sequence[str]) -> dict[str, ObservedTopic | Failure]:
        """Observe topics, the configuration of those that are known only if it is their turn."""
        names = sorted(topics)
        for position in range(min(len(names), self._configs_a_check)):
            self.forget(names[(self._turn + position) % len(names)])
        self._turn += self._configs_a_check
        return self._observe(topics)

    def _observe(self, topics: Sequence[str]) -> dict[str, ObservedTopic | Failure]:
        known = {name: self._known[name] for name in topics if name in self._known}
        observed = self._guard.call(topics, lambda: self._kafka.observe(topics, known=known))
        for name in topics:
            each = observed.get(name)
            if isinstance(each, ObservedTopic):
                # Without what the topic inherits, which only tells what a change is from.
                self._known[name] = each if name in known else replace(each, defaults={})
            elif each is None:
                self.forget(name)
        return observed
