"""The search for the records whose outputs the brokers reject.

Brokers abort a whole transaction for one record and do not name it (too large for its topic, say). So the number of
records in a transaction is halved until one is alone: that one is rejected, and becomes a dead letter. Each commit
doubles the number again. The client itself rejects some outputs before they are sent; then the record is known at once.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from exactly_once.core.reasons import AbortCause, DeadLetterReason, KafkaErrorName, kafka_error_name
from exactly_once.core.records import InputRecord, Partition, PoisonRecord
from exactly_once.core.signals import DeadLetterImpossible

RecordId: TypeAlias = tuple[str, int, int]
"""Topic, partition and offset."""

RecordT = TypeVar("RecordT", bound=InputRecord)

_RAISE_LIMITS = "raise message.max.bytes of the producer and max.message.bytes of the topic"
_INVALID_TIMESTAMP = kafka_error_name("INVALID_TIMESTAMP")

REJECTS_A_RECORD: dict[KafkaErrorName, str] = {
    kafka_error_name("MSG_SIZE_TOO_LARGE"): _RAISE_LIMITS,
    kafka_error_name("RECORD_LIST_TOO_LARGE"): _RAISE_LIMITS,
    kafka_error_name(
        "INVALID_RECORD"
    ): "a compacted topic takes no record without a key: use one with cleanup.policy delete",
    _INVALID_TIMESTAMP: "let message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic admit the"
    " time of this process' clock",
}
"""Errors of the brokers with which the same batch would be rejected again and again, and what a dead-letter topic needs
that rejects a dead letter with one."""


def record_id(record: InputRecord) -> RecordId:
    """The identity of a record; what Kafka returns always has all three parts."""
    return record.topic() or "", record.partition() or 0, record.offset() or 0


class RejectedRecordSearch:
    """State of the search over the transactions of one worker.

    For n records of which k are rejected, in the same order each time, it takes at most (k + 1) · (4 · log₂ n + 5)
    transactions; in any order it ends, because ``limit`` reaches 1.
    """

    def __init__(self, max_records: int) -> None:
        self.limit = max_records
        """Records of the next transaction at most."""
        self.rejected: dict[RecordId, PoisonRecord | DeadLetterImpossible] = {}
        """Records found so far that are not committed yet, with what their dead letters say, or why there are none."""
        self.untimed: set[RecordId] = set()
        """Those of which a topic rejects the timestamp: their dead letters, of whatever reason, carry another one."""
        self._max_records = max_records

    def next_records(self, records: Sequence[RecordT]) -> Sequence[RecordT]:
        """The first of these records, as many as the next transaction may hold."""
        return records[: self.limit]

    def transaction_aborted(self, records: Sequence[InputRecord], cause: AbortCause) -> None:
        """A transaction over these records was aborted.

        When the brokers reject one of them, the search is narrowed, or ends when one is alone: its dead letter is tried
        without its timestamp, where that is what is rejected, then the record becomes a dead letter in any case. Any
        other cause leaves the search as it is.
        """
        if cause not in REJECTS_A_RECORD:
            return
        self.limit = max(1, len(records) // 2)
        if len(records) > 1:
            return
        record = record_id(records[0])
        if cause == _INVALID_TIMESTAMP and record not in self.untimed:
            # Perhaps that of its dead letter, which is tried without: so its reason stays the true one.
            self.untimed.add(record)
        else:
            self._reject(record, f"rejected by the brokers: {cause}", REJECTS_A_RECORD[KafkaErrorName(cause)])

    def record_rejected(self, record: RecordId, detail: str) -> None:
        """The client rejects an output of this record, which becomes a dead letter in the next transaction.

        When the rejected output was the dead letter itself, the record stops its partition instead.
        """
        self._reject(record, detail, _RAISE_LIMITS)

    def committed(self, next_offsets: Mapping[Partition, int]) -> None:
        """A transaction up to these offsets was committed: forget its rejected records, let the next one be larger."""
        self.limit = min(self._max_records, self.limit * 2)
        if self.rejected or self.untimed:
            self.rejected = {record: why for record, why in self.rejected.items() if _is_due(record, next_offsets)}
            self.untimed = {record for record in self.untimed if _is_due(record, next_offsets)}

    def _reject(self, record: RecordId, detail: str, remedy: str) -> None:
        _topic, _partition, offset = record
        if record in self.rejected:
            self.rejected[record] = DeadLetterImpossible(
                f"offset {offset} cannot be written to the dead-letter topic either ({detail}); {remedy}"
            )
        else:
            self.rejected[record] = PoisonRecord(
                DeadLetterReason.UNPRODUCIBLE, f"an output of the record cannot be written: {detail}"
            )

    def forget(self, partition: Partition) -> None:
        """This partition goes on elsewhere: what was found in it may be of another topic, or is passed over."""
        self.rejected = {record: why for record, why in self.rejected.items() if record[:2] != partition}
        self.untimed = {record for record in self.untimed if record[:2] != partition}


def _is_due(record: RecordId, next_offsets: Mapping[Partition, int]) -> bool:
    """Return True for a record that these committed offsets do not cover."""
    topic, partition, offset = record
    return offset >= next_offsets.get((topic, partition), 0)
