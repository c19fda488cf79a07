"""The form of a poison record in the dead-letter topic: the original, and why it is there."""

from dataclasses import dataclass

from exactly_once.core.records import InputRecord, OutputRecord, PoisonRecord


@dataclass(frozen=True, slots=True)
class DeadLetterTopic:
    """The topic of dead letters; each header that is added begins with ``header_prefix``."""

    name: str
    header_prefix: str

    def dead_letter(self, record: InputRecord, poison: PoisonRecord, *, own_timestamp: bool = True) -> OutputRecord:
        """The dead letter of a record: its bytes, key, timestamp and headers, followed by headers of our own.

        These are ``topic``, ``partition``, ``offset`` (where it came from), ``reason`` (a short constant) and
        ``detail`` (a sentence), all UTF-8 text. Without ``own_timestamp``, which topics may reject, the dead letter has
        the time at which it is written, and a header ``timestamp`` that of the record, in milliseconds since the epoch.
        """
        timestamp_type, timestamp = record.timestamp()
        origin = [
            ("topic", record.topic()),
            ("partition", record.partition()),
            ("offset", record.offset()),
            ("reason", poison.reason),
            ("detail", poison.detail),
        ]
        if not own_timestamp:
            origin.append(("timestamp", timestamp))
        added = [(self.header_prefix + name, str(value).encode()) for name, value in origin]
        return OutputRecord(
            topic=self.name,
            value=record.value(),
            key=record.key(),
            headers=[*(record.headers() or ()), *added],
            timestamp=timestamp if timestamp_type and own_timestamp else 0,
        )
