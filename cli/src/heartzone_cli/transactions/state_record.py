"""Records of `__transaction_state`, in which Kafka's transaction coordinators keep every transactional id. Pure.

The formats are those of Kafka's TransactionLogKey.json (version 0) and TransactionLogValue.json (versions 0 and 1, the
latter with compact lengths and tagged fields, KIP-915).
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, error

KEY_VERSION = 0
VALUE_VERSIONS = (0, 1)
COMPACT_VERSION = 1

_INT16, _INT32, _INT64 = Struct(">h"), Struct(">i"), Struct(">q")
_HEAD = Struct(">qhib")  # producer id, epoch, timeout, state


class UnknownFormatError(ValueError):
    """A record of a version that is not known here, or a damaged one."""


class State(IntEnum):
    """States of a transactional id (Kafka's TransactionState)."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7

    @property
    def is_open(self) -> bool:
        """Whether readers of committed records wait for it."""
        return self in (State.ONGOING, State.PREPARE_COMMIT, State.PREPARE_ABORT, State.PREPARE_EPOCH_FENCE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """The state of a transactional id. `partitions` are those that its open transaction writes to."""

    transactional_id: str
    producer_id: int
    epoch: int
    timeout: float
    """Seconds."""
    state: State
    partitions: tuple[tuple[str, int], ...]
    started: float
    """Seconds since the epoch, of its open or last transaction."""


class _Fields:
    """Fields of a record, one after the other."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._at = at

    def int32(self) -> int:
        return int(self.unpack(_INT32)[0])

    def int64(self) -> int:
        return int(self.unpack(_INT64)[0])

    def unpack(self, form: Struct) -> tuple[int, ...]:
        found = form.unpack_from(self._content, self._at)
        self._at += form.size
        return found

    def text(self, *, compact: bool) -> str:
        length = self.varint() - 1 if compact else int(self.unpack(_INT16)[0])
        found = self._content[self._at : self._at + max(0, length)]
        self._at += len(found)
        return found.decode()

    def count(self, *, compact: bool) -> int:
        """The length of an array; 0 for a null one."""
        return max(0, self.varint() - 1 if compact else self.int32())

    def varint(self) -> int:
        value = shift = 0
        while True:
            each = self._content[self._at]
            self._at += 1
            value |= (each & 0x7F) << shift
            shift += 7
            if each < 0x80:
                return value

    def skip_tagged(self) -> None:
        for _ in range(self.varint()):
            self.varint()  # its number
            size = self.varint()
            self._at += size


def transactional_id_of(key: bytes) -> str:
    """Return the transactional id that a record is about. Raises UnknownFormatError."""
    try:
        if _INT16.unpack_from(key)[0] != KEY_VERSION:
            raise UnknownFormatError("a key of another version")
        return _Fields(key, _INT16.size).text(compact=False)
    except (error, IndexError, UnicodeDecodeError) as damage:
        raise UnknownFormatError(str(damage)) from damage


def transaction_of(key: bytes, value: bytes) -> Transaction:
    """Return the state that a record has. Raises UnknownFormatError."""
    try:
        version = _INT16.unpack_from(value)[0]
        if version not in VALUE_VERSIONS:
            raise UnknownFormatError(f"a value of version {version}")
        compact = version >= COMPACT_VERSION
        fields = _Fields(value, _INT16.size)
        producer_id, epoch, timeout, state = fields.unpack(_HEAD)
        partitions = []
        for _ in range(fields.count(compact=compact)):
            topic = fields.text(compact=compact)
            partitions += [(topic, fields.int32()) for _ in range(fields.count(compact=compact))]
            if compact:
                fields.skip_tagged()
        fields.int64()  # when it was last updated
        return Transaction(
            transactional_id=transactional_id_of(key),
            producer_id=producer_id,
            epoch=epoch,
            timeout=timeout / 1000,
            state=State(state),
            partitions=tuple(sorted(partitions)),
            started=fields.int64() / 1000,
        )
    except (error, IndexError, ValueError) as damage:
        raise UnknownFormatError(str(damage)) from damage
