"""Reads the oldest record that a group has still to process, in each partition that it lags in."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, Message, TopicPartition

from service_chassis.consumer_groups.lag import Oldest

_NUMBER = 100  # messages of one call


class OldestRecords:
    """A consumer that is a member of no group: it assigns partitions itself, and commits nothing."""

    def __init__(self, connection: Mapping[str, Any], group: str) -> None:
        """`connection` is librdkafka's properties of a consumer. Raises KafkaException for invalid ones."""
        self._consumer = Consumer(
            {
                **connection,
                "log_level": 0,  # problems are returned, with their reason
                # The client looks for the group's coordinator, which takes the right to describe the group.
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",  # the record may have been deleted meanwhile
                # One record of each partition is enough; a fetch holds one batch of records at least.
                "fetch.message.max.bytes": 1024,
                "queued.min.messages": 1,
                "fetch.wait.max.ms": 50,
            }
        )

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def find(self, topic: str, starts: Mapping[int, int], *, timeout: float) -> tuple[dict[int, Oldest], str]:
        """Return the first committed record from these offsets on, by partition.

        A partition is missing whose record was not found within `timeout` seconds; the reason is returned beside.
        """
        found: dict[int, Oldest] = {}
        problem = f"the oldest record could not be read within {timeout:g} s"
        deadline = monotonic() + timeout
        self._consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in starts.items()])
        try:
            while len(found) < len(starts) and monotonic() < deadline:
                for message in self._consumer.consume(_NUMBER, 0.05):
                    error, partition = message.error(), message.partition()
                    if error is not None and error.code() != KafkaError._PARTITION_EOF:
                        problem = error.str()
                    elif partition is not None and message.topic() == topic:
                        found.setdefault(partition, _oldest(message))
        finally:
            self._consumer.unassign()
        return found, problem if len(found) < len(starts) else ""


def _oldest(message: Message) -> Oldest:
    if message.error() is not None:  # the end of the partition
        return Oldest(exists=False)
    kind, milliseconds = message.timestamp()
    return Oldest(exists=True, written=None if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds / 1000)
