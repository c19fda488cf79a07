"""How a poison record looks in the dead-letter topic: the original, and why it is there."""

from exactly_once.records import InputRecord, OutputRecord, PoisonRecord


def dead_letter(record: InputRecord, poison: PoisonRecord, *, topic: str, header_prefix: str) -> OutputRecord:
    """The dead letter of a record: its bytes, key, timestamp and headers, followed by our own headers.

    Headers of ours: ``topic``, ``partition``, ``offset`` (where it came from), ``reason`` (a short constant)
    and ``detail`` (a sentence), all UTF-8 text, each with ``header_prefix`` before it.
    """
    timestamp_type, timestamp = record.timestamp()
    origin = (
        ("topic", record.topic()),
        ("partition", record.partition()),
        ("offset", record.offset()),
        ("reason", poison.reason),
        ("detail", poison.detail),
    )
    ours = [(header_prefix + name, str(value).encode()) for name, value in origin]
    return OutputRecord(
        topic=topic,
        value=record.value(),
        key=record.key(),
        headers=[*(record.headers() or ()), *ours],
        timestamp=timestamp if timestamp_type else 0,
    )
