"""A comparison of the input topics with the ones whose records were fetched.

librdkafka goes on at the same offset in a topic that was deleted and created again, without a word. Kafka gives each
topic an id (KIP-516); so the ids are asked for after a fetch and compared before its records are committed: an id that
is the same at a time after the fetch proves that the records came from that topic. The question is under way while the
records are transformed, and rarely costs a wait.
"""

import time
from collections.abc import Collection

from confluent_kafka import KafkaException

from exactly_once.clients.broker_lookups import BrokerLookups, TopicIds
from exactly_once.clients.partition_flow import PartitionFlow
from exactly_once.core.records import Partition

# Seconds between two comparisons while no records arrive.
INTERVAL = 5.0


class TopicComparison:
    """Compares the topics' ids with those that the positions belong to."""

    def __init__(self, lookups: BrokerLookups, flow: PartitionFlow) -> None:
        self._lookups = lookups
        self._flow = flow
        self._asked: TopicIds | None = None
        self._asked_at = 0.0
        self._topic_ids: dict[str, str | None] = {}

    def begin(self) -> None:
        """Ask for the ids: what is fetched by now is proven by the response."""
        self._asked = self._lookups.topic_ids()
        self._asked_at = time.monotonic()

    def same(self, partitions: Collection[Partition], timeout: float) -> set[Partition]:
        """Those of them that have positions in the topics that there are; those of another topic are located anew.

        Raises:
            KafkaException: the brokers do not say.
            TimeoutError: no response within so many seconds.
        """
        if self._asked is not None:
            self._topic_ids = self._asked.result(timeout)
            self._asked = None
            self._flow.locate(self._flow.assignment.of_another_topic(self._topic_ids))
        positions = self._flow.positions
        return {
            each
            for each in partitions
            if each[0] in self._topic_ids and (each in positions.fetched or each in positions.held)
        }

    def compare_now_and_then(self) -> None:
        """Compare while no records arrive, and without waiting."""
        try:
            if self._asked is not None and self._asked.done:
                self.same((), 0)
        except KafkaException:
            self._asked = None  # before anything is committed, a failure of the next lookup aborts
        if self._asked is None and time.monotonic() - self._asked_at > INTERVAL:
            self.begin()
