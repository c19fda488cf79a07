"""A dead letter is the original, and says where it came from and why."""

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE, Message

from exactly_once import PoisonRecord
from exactly_once.core.dead_letters import DeadLetterTopic

POISON = PoisonRecord("bad_frame", "byte 0 is 0x7b; 0x00 was expected")


def test_bytes_key_timestamp_and_headers_are_kept_and_ours_are_added() -> None:
    record = Message(
        topic="in",
        partition=3,
        offset=42,
        key=b"k",
        value=b"\xff{",
        headers=[("trace", b"1"), ("trace", None)],
        timestamp=(TIMESTAMP_CREATE_TIME, 1_700_000_000_123),
    )

    letters = DeadLetterTopic("in.dlq", "app.dlq.", worker="w-0", version="1.2", clock=lambda: 1_700_000_001.5)
    letter = letters.dead_letter(record, POISON)

    assert letter.topic == "in.dlq"
    assert (letter.key, letter.value, letter.timestamp) == (b"k", b"\xff{", 1_700_000_000_123)
    assert letter.headers == [
        ("trace", b"1"),
        ("trace", None),
        ("app.dlq.topic", b"in"),
        ("app.dlq.partition", b"3"),
        ("app.dlq.offset", b"42"),
        ("app.dlq.reason", b"bad_frame"),
        ("app.dlq.detail", b"byte 0 is 0x7b; 0x00 was expected"),
        ("app.dlq.time", b"2023-11-14T22:13:21.500Z"),
        ("app.dlq.worker", b"w-0"),
        ("app.dlq.version", b"1.2"),
    ]


def test_a_tombstone_without_key_or_timestamp_is_still_a_dead_letter() -> None:
    record = Message(topic="in", partition=0, offset=0, timestamp=(TIMESTAMP_NOT_AVAILABLE, -1))

    letter = DeadLetterTopic("in.dlq", "").dead_letter(record, POISON)

    assert (letter.key, letter.value, letter.timestamp) == (None, None, 0)


def test_without_its_own_timestamp_the_dead_letter_has_the_records_in_a_header() -> None:
    record = Message(topic="in", partition=0, offset=0, timestamp=(TIMESTAMP_CREATE_TIME, 1_700_000_000_123))

    letter = DeadLetterTopic("in.dlq", "dlq.").dead_letter(record, POISON, own_timestamp=False)

    assert letter.timestamp == 0
    assert letter.headers[-1] == ("dlq.timestamp", b"1700000000123")


def test_what_was_a_dead_letter_before_says_each_thing_once_and_keeps_the_headers_of_others() -> None:
    topic = DeadLetterTopic("in.dlq", "dlq.", clock=lambda: 0)
    record = Message(
        topic="in",
        partition=0,
        offset=7,
        headers=[("dlq.reason", b"r"), ("dlq.worker", b"old"), ("dlq.timestamp", b"1"), ("dlq.trace", b"t")],
    )

    names = [name for name, _ in topic.dead_letter(record, PoisonRecord("r", "d")).headers]

    assert names == [
        "dlq.trace", "dlq.topic", "dlq.partition", "dlq.offset", "dlq.reason", "dlq.detail", "dlq.time",
    ]  # fmt: skip
