"""Input and output of a transform, and the two signals that it may raise."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Protocol, TypeAlias

import msgspec

from exactly_once.core.signals import ControlFlow

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

Partition: TypeAlias = tuple[str, int]
"""Topic and number."""


class InputRecord(Protocol):
    """A consumed record, as confluent_kafka.Message presents it; reading a field costs one call, so read it once."""

    def topic(self) -> str | None:
        """Topic the record was read from."""

    def partition(self) -> int | None:
        """Partition the record was read from."""

    def offset(self) -> int | None:
        """Offset of the record in its partition."""

    def key(self) -> bytes | None:
        """Key bytes, None where the record has none."""

    def value(self) -> bytes | None:
        """Value bytes, None for a tombstone."""

    def headers(self) -> Any:
        """Headers as a list of (name, bytes) pairs, None where the record has none."""

    def timestamp(self) -> tuple[int, int]:
        """Timestamp type (0 when there is none) and milliseconds since the epoch."""

    def __len__(self) -> int:
        """Bytes of the value."""


def size_of(record: InputRecord) -> int:
    """Bytes of a record: value, key, names and values of its headers."""
    size = len(record) + len(record.key() or b"")
    for name, value in record.headers() or ():
        size += len(name) + len(value or b"")
    return size


class OutputRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to produce in the transaction of the record that it came from.

    Without a ``timestamp`` (milliseconds since the epoch) it carries the producer's clock: brokers reject
    records that are more than an hour ahead of them (KIP-937), so a device's clock must never get here.
    Without a ``partition`` the producer's partitioner chooses one by the key.
    """

    # A struct of msgspec: made in a sixth of the time of a named tuple, and there are several for each input.
    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    timestamp: int = 0
    partition: int = -1


Transform: TypeAlias = Callable[[InputRecord], Iterable[OutputRecord]]
"""From one record to the records that it gives; without side effects, since an aborted batch is transformed again."""


class PoisonRecord(ControlFlow):
    """Raised by a transform for a record that no retry can make processable: it goes to the dead-letter topic.

    ``reason`` is a short constant for metrics and headers, best a member of a ``Reason`` of your own; ``detail`` is one
    sentence for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Scope(Enum):
    """How much an ``Unavailable`` concerns. What it concerns waits; everything else goes on, and keeps its order."""

    RECORD = "record"
    """This record lacks something. Those behind it in its partition wait, too, and may lack something of the kind."""
    PARTITION = "partition"
    """Nothing of the partition can be processed at present."""
    EVERYTHING = "everything"
    """Nothing at all can be processed at present."""


class Unavailable(ControlFlow):
    """Raised by a transform when something that it needs does not respond: the record is tried again later.

    ``reason`` is a short constant for metrics, best a member of a ``Reason`` of your own. ``ready``, where given,
    returns True once it is worth another try, which then comes at once; without it tries are 0.1 s to 5 s apart. It is
    called often, on the worker's thread, and must neither wait nor raise.
    """

    def __init__(self, reason: str, *, scope: Scope = Scope.RECORD, ready: Callable[[], bool] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = Scope(scope)
        self.ready = ready
