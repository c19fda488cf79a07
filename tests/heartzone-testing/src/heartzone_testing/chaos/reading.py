"""Reading what workers were given and what they wrote, for the audit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from confluent_kafka import Message

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.verdict import Finding, Record, findings
from heartzone_testing.chaos.worker import ORIGIN, Settings

Starts = Mapping[str, Mapping[int, int]]
"""By topic and partition, the offsets from which on an audit reads; without one from 0."""


def audit(
    kafka: Testbed, settings: Settings, *, isolation: str = "read_committed", starts: Starts = MappingProxyType({})
) -> list[Finding]:
    """Everything that is wrong with what a group's workers wrote, as a reader with this isolation level sees it."""

    def read(topic: str) -> Iterator[Message]:
        from_ = starts.get(topic, {})
        for message in kafka.read(topic, isolation=isolation):
            if (message.offset() or 0) >= from_.get(message.partition() or 0, 0):
                yield message

    return findings(
        _by_partition((_place(message), message) for message in kafka.read(settings.source)),
        _by_partition(
            ((message.partition(), int(_header(message, ORIGIN))), message) for message in read(settings.target)
        ),
        _by_partition(
            ((int(_header(message, "dlq.partition")), int(_header(message, "dlq.offset"))), message)
            for message in read(settings.dead_letters)
        ),
    )


def _by_partition(records: Iterable[tuple[tuple[int | None, int | None], Message]]) -> dict[int, list[Record]]:
    """Values by the partition of the input that they came from, each with its offset there."""
    found: dict[int, list[Record]] = defaultdict(list)
    for (partition, offset), message in records:
        assert partition is not None
        assert offset is not None
        found[partition].append((offset, message.value() or b""))
    return found


def _place(message: Message) -> tuple[int | None, int | None]:
    return message.partition(), message.offset()


def _header(message: Message, name: str) -> bytes:
    value = dict(message.headers() or ())[name]
    assert isinstance(value, bytes)
    return value
