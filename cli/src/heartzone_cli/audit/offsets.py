"""Offsets of topics as the brokers have them: first, last stable, last, of a time, and those that a group committed."""

from collections.abc import Mapping
from typing import Any, Self

from confluent_kafka import IsolationLevel
from confluent_kafka.admin import AdminClient, OffsetSpec

from heartzone_cli.cluster.topic_reader import CALL_TIMEOUT, Offsets, TopicUnavailableError, list_offsets
from service_chassis.consumer_groups.reader import GroupReader, GroupUnreadableError, Topic


class TopicOffsets:
    """Requests of one cluster. A context manager. Every method raises TopicUnavailableError."""

    def __init__(self, *, admin: Mapping[str, str], consumer: Mapping[str, str], group: str) -> None:
        quiet: dict[str, Any] = {"log_level": "0", "error_cb": lambda _: None}
        self._admin = AdminClient({**admin, **quiet})
        self._group = GroupReader(group, admin=admin, consumer=consumer, timeout=CALL_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._group.close()

    def topic(self, name: str) -> Topic:
        """Return a topic as it is now."""
        try:
            return self._group.topic(name)
        except GroupUnreadableError as error:
            raise TopicUnavailableError(str(error)) from error

    def committed(self, topic: Topic) -> Offsets:
        """Return the offsets that the group committed in this topic, not in an earlier one of its name."""
        try:
            found = self._group.committed(topic.name, topic.partitions)
        except GroupUnreadableError as error:
            raise TopicUnavailableError(str(error)) from error
        return {number: at.offset for number, at in found.items() if at.topic_id in (None, topic.id)}

    def first(self, topic: Topic) -> Offsets:
        """Return the offset of the first record of each partition."""
        return self._list(topic, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def last_stable(self, topic: Topic) -> Offsets:
        """Return the last stable offset of each partition."""
        return self._list(topic, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)  # type: ignore[no-untyped-call]

    def end(self, topic: Topic) -> Offsets:
        """Return the high watermark of each partition."""
        return self._list(topic, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def at(self, topic: Topic, time: int) -> Offsets:
        """Return the offset of the first record from a time on (milliseconds), or the end where there is none."""
        found = self._list(topic, OffsetSpec.for_timestamp(time))
        if all(offset >= 0 for offset in found.values()):
            return found
        ends = self.end(topic)
        return {number: offset if offset >= 0 else ends[number] for number, offset in found.items()}

    def _list(
        self, topic: Topic, spec: OffsetSpec, isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED
    ) -> Offsets:
        return list_offsets(self._admin, topic.name, topic.partitions, spec, isolation)
