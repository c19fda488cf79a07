"""The search for the records whose outputs the brokers reject.

Brokers abort a whole transaction for one record and do not name it (too large for its topic, say). So the number of
records in a transaction is halved until one is alone: that one is rejected, and becomes a dead letter. Each commit
doubles the number again. The client itself rejects some outputs before they are sent; then the record is known at once.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from exactly_once.core.reasons import AbortCause, DeadLetterReason, kafka_error_name
from exactly_once.core.records import InputRecord, Partition, PoisonRecord
from exactly_once.core.signals import DeadLetterImpossible

RecordId: TypeAlias = tuple[str, int, int]
"""Topic, partition and offset."""

RecordT = TypeVar("RecordT", bound=InputRecord)

# Errors of the brokers with which the same batch would be rejected again and again.
REJECTS_A_RECORD = frozenset(
    map(kafka_error_name, ("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP"))
)


def record_id(record: InputRecord) -> RecordId:
    """The identity of a record; what Kafka returns always has all three parts."""
    return record.topic() or "", record.partition() or 0, record.offset() or 0


class RejectedRecordSearch:
    """State of the search over the transactions of one worker.

    For n records of which k are rejected, in the same order each time, it takes at most (k + 1) · (4 · log₂ n + 4)
    transactions; in any order it ends, because ``limit`` reaches 1.
    """

    def __init__(self, max_records: int) -> None:
        self.limit = max_records
        """Records of the next transaction at most."""
        self.rejected: dict[RecordId, PoisonRecord | DeadLetterImpossible] = {}
        """Records found so far that are not committed yet, with what their dead letters say, or why there are none."""
        self._max_records = max_records

    def next_records(self, records: Sequence[RecordT]) -> Sequence[RecordT]:
        """The first of these records, as many as the next transaction may hold."""
        return records[: self.limit]

    def transaction_aborted(self, records: Sequence[InputRecord], cause: AbortCause) -> None:
        """A transaction over these records was aborted.

        When the brokers reject one of them, the search is narrowed, or ends when one is alone. Any other cause leaves
        it as it is.
        """
        if cause not in REJECTS_A_RECORD:
            return
        if len(records) == 1:
            self.record_rejected(record_id(records[0]), f"rejected by the brokers: {cause}")
        self.limit = max(1, len(records) // 2)

    def record_rejected(self, record: RecordId, detail: str) -> None:
        """An output of this record is rejected: the record becomes a dead letter in the next transaction.

        When the rejected output was the dead letter itself, the record stops its partition instead.
        """
        _topic, _partition, offset = record
        if record in self.rejected:
            self.rejected[record] = DeadLetterImpossible(
                f"offset {offset} does not fit the dead-letter topic either ({detail}); raise message.max.bytes of the"
                " producer and max.message.bytes of the topic"
            )
        else:
            self.rejected[record] = PoisonRecord(
                DeadLetterReason.UNPRODUCIBLE, f"an output of the record cannot be written: {detail}"
            )

    def forget(self, partition: Partition) -> None:
        """This partition goes on elsewhere: what was found in it may be of another topic, or is passed over."""
        self.rejected = {record: why for record, why in self.rejected.items() if record[:2] != partition}

    def committed(self, next_offsets: Mapping[Partition, int]) -> None:
        """A transaction up to these offsets was committed: forget its rejected records, let the next one be larger."""
        self.limit = min(self._max_records, self.limit * 2)
        if self.rejected:
            self.rejected = {
                (topic, partition, offset): poison
                for (topic, partition, offset), poison in self.rejected.items()
                if offset >= next_offsets.get((topic, partition), 0)
            }
