"""Dead letters without a cluster: reading, selection, payload, and the record that is sent again."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE, Message

from exactly_once import Deduplication, InputRecord, OutputRecord, PoisonRecord
from exactly_once.core.dead_letters import DeadLetterTopic
from exactly_once.testing import TransformTestDriver
from heartzone_cli.dead_letters import display
from heartzone_cli.dead_letters.handled import Handled
from heartzone_cli.dead_letters.letter import DeadLetter, Source, read_letter
from heartzone_cli.dead_letters.payload import decode
from heartzone_cli.dead_letters.replaying import LeftOut, reason_to_leave_out, replayed
from heartzone_cli.dead_letters.rules import REASONS
from heartzone_cli.dead_letters.selection import Selection
from heartzone_cli.dead_letters.steps import Step, steps
from heartzone_cli.output import json_line
from heartzone_cli.root import heartzone
from heartzone_zone_worker.record_headers import idempotency_key

WRITTEN = datetime(2026, 11, 29, 22, 0, 0, 250_000, tzinfo=UTC)
SENT = datetime(2026, 11, 29, 21, 0, 0, tzinfo=UTC)
Headers = Sequence[tuple[str, bytes | None]]


def letter_of(headers: Headers = (), value: bytes | None = b"\0\0\0\0\7{}", *, timed: bool = True) -> DeadLetter:
    """A dead letter as a worker writes it and this command reads it, at 1/5 of the dead-letter topic."""
    timestamp = (TIMESTAMP_CREATE_TIME, int(SENT.timestamp() * 1000))
    record = Message(topic="in", partition=3, offset=42, key=b"k", value=value, headers=[*headers], timestamp=timestamp)
    letters = DeadLetterTopic("in.dlq", "heartzone.dlq.", worker="w-0", version="1.2", clock=WRITTEN.timestamp)
    written = letters.dead_letter(record, PoisonRecord("bad_frame", "a sentence"), own_timestamp=timed)
    return read_letter(
        Message(
            topic="in.dlq",
            partition=1,
            offset=5,
            key=written.key,
            value=written.value,
            headers=[*written.headers],
            timestamp=timestamp if timed else (TIMESTAMP_CREATE_TIME, int(WRITTEN.timestamp() * 1000)),
        )
    )


def at(offset: int, **changes: Any) -> DeadLetter:
    return replace(letter_of(), offset=offset, **changes)


def test_what_a_worker_writes_is_read() -> None:
    assert letter_of([("traceparent", b"t"), ("traceparent", None)]) == DeadLetter(
        partition=1,
        offset=5,
        key=b"k",
        value=b"\0\0\0\0\7{}",
        headers=(("traceparent", b"t"), ("traceparent", None)),
        timestamp=SENT,
        source=Source("in", 3, 42),
        reason="bad_frame",
        detail="a sentence",
        time=WRITTEN,
        worker="w-0",
        version="1.2",
        replays=0,
    )


def test_the_timestamp_in_a_header_is_the_one_of_the_record() -> None:
    assert letter_of(timed=False).timestamp == SENT


def test_headers_of_the_worker_win_over_those_that_the_record_had() -> None:
    letter = letter_of([("heartzone.dlq.topic", b"forged"), ("heartzone.dlq.reason", b"forged")])

    assert (letter.source, letter.reason, letter.headers) == (Source("in", 3, 42), "bad_frame", ())


@pytest.mark.parametrize("time", [b"", b"yesterday", b"\xff", b"0001-01-01T00:00:00+23:00"])
def test_a_record_that_no_worker_wrote_is_read_as_far_as_it_goes(time: bytes) -> None:
    letter = read_letter(
        Message(
            topic="in.dlq",
            partition=0,
            offset=9,
            value=None,
            headers=[("heartzone.dlq.time", time), ("heartzone.dlq.timestamp", b"x"), ("heartzone.replays", b"-1")],
            timestamp=(TIMESTAMP_NOT_AVAILABLE, -1),
        )
    )

    assert (letter.source, letter.reason, letter.time, letter.timestamp) == (None, None, None, None)
    assert letter.replays == 0
    assert reason_to_leave_out(letter, topic="in", max_replays=3) is LeftOut.OTHER_TOPIC
    assert display.row(letter) == ("0/9", "-", "-", "-", "0", "")


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (Selection(), True),
        (Selection(reasons={"bad_frame", "tombstone"}), True),
        (Selection(reasons={"tombstone"}), False),
        (Selection(partitions={1}, offsets={5}), True),
        (Selection(partitions={0}), False),
        (Selection(offsets={4}), False),
        (Selection(since=WRITTEN, until=WRITTEN + SECOND), True),
        (Selection(since=WRITTEN + SECOND), False),
        (Selection(until=WRITTEN), False),
        (Selection(reasons={"bad_frame"}, partitions={0}), False),
    ],
)
def test_a_selection_has_what_meets_all_of_its_rules(selection: Selection, selected: bool) -> None:
    assert (letter_of() in selection) is selected
    assert selection.is_everything is (selection == Selection())


def test_a_time_leaves_out_what_has_none() -> None:
    assert at(5, time=None) not in Selection(since=SENT)


@pytest.mark.parametrize(
    ("value", "kind", "content", "schema_id"),
    [
        (None, "none", None, None),
        (b'\0\0\0\0\7{"a": [1]}', "json", {"a": [1]}, 7),
        (b'{"a": 1}', "json", {"a": 1}, None),
        (b"\0\0\0\0\7{", "text", "{", 7),
        (b"\0\0\0\0\7NaN", "text", "NaN", 7),
        (b"\0\0\0\0\7\xff\xfe", "bytes", "fffe", 7),
        (b"\0\0", "text", "\0\0", None),
        (b'{"a": 1e999}', "text", '{"a": 1e999}', None),
        (b'{"a": 1, "a": 2}', "text", '{"a": 1, "a": 2}', None),
        (b"[" * 100_000, "text", "[" * 100_000, None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_payload_is_decoded_as_far_as_it_goes(
    value: bytes | None, kind: str, content: object, schema_id: int | None
) -> None:
    payload = decode(value)

    assert (payload.kind, payload.content, payload.schema_id) == (kind, content, schema_id)


def test_what_is_sent_is_the_original_with_a_count_and_an_idempotency_key_of_its_own() -> None:
    letter = letter_of([("idempotency-key", b"abc/0"), ("traceparent", b"t")])

    assert replayed(letter, topic="in", partitions=range(4)) == OutputRecord(
        "in",
        letter.value,
        b"k",
        [("idempotency-key", b"abc/0/replay-1-42"), ("traceparent", b"t"), ("heartzone.replays", b"1")],
        partition=3,
    )


def test_a_replay_is_no_duplicate_of_its_original_and_is_one_of_the_same_replay() -> None:
    mended = False

    def transform(record: InputRecord) -> list[OutputRecord]:
        if not mended:
            raise PoisonRecord("bad_frame", "not yet")
        return [OutputRecord("out", record.value())]

    driver = TransformTestDriver(
        transform,
        topic="in",
        dead_letter_topic="in.dlq",
        dead_letter_header_prefix="heartzone.dlq.",
        deduplication=Deduplication(key=idempotency_key, window=600),
    )
    now = int(SENT.timestamp() * 1000)
    driver.pipe(b"v", b"device", headers=[("idempotency-key", b"k")], timestamp=now)
    [written] = driver.run_once().dead_letters
    mended = True

    letter = Message(topic="in.dlq", partition=0, offset=0, key=written.key, value=written.value)
    letter.set_headers([*written.headers])
    sent = replayed(read_letter(letter), topic="in", partitions=[0])
    for _ in range(2):
        driver.pipe(sent.value, sent.key, headers=sent.headers, timestamp=now + 1)

    assert [each.value for each in driver.run_once().outputs] == [b"v"]


def test_what_comes_back_and_is_sent_again_has_one_idempotency_key_that_does_not_grow() -> None:
    first = replayed(letter_of([("idempotency-key", b"abc")]), topic="in", partitions=range(4))
    second = replayed(letter_of(first.headers), topic="in", partitions=range(4))

    assert [*second.headers] == [("idempotency-key", b"abc/replay-2-42"), ("heartzone.replays", b"2")]


def test_letters_of_one_idempotency_key_are_no_duplicates_as_the_window_may_have_been_between_them() -> None:
    letter = letter_of([("idempotency-key", b"abc")])
    later = replace(letter, source=Source("in", 3, 43))

    keys = {
        dict(replayed(each, topic="in", partitions=range(4)).headers)["idempotency-key"] for each in (letter, later)
    }

    assert len(keys) == 2


def test_what_is_sent_has_the_time_of_its_replay_so_that_no_latency_or_retention_counts_from_the_original() -> None:
    assert replayed(letter_of(), topic="in", partitions=range(4)).timestamp == 0


def test_the_key_decides_where_the_topic_has_fewer_partitions_now() -> None:
    assert replayed(letter_of(), topic="in", partitions=range(3)).partition == -1


def test_a_letter_that_comes_back_again_and_again_is_left_out() -> None:
    sent = replayed(letter_of([("heartzone.replays", b"1")]), topic="in", partitions=range(4))
    came_back = letter_of(sent.headers)

    assert came_back.replays == 2
    assert [name for name, _ in replayed(came_back, topic="in", partitions=range(4)).headers] == ["heartzone.replays"]
    assert reason_to_leave_out(came_back, topic="in", max_replays=3) is None
    assert reason_to_leave_out(came_back, topic="in", max_replays=2) is LeftOut.TOO_MANY_REPLAYS


def test_a_header_is_no_reason_to_write_to_another_topic() -> None:
    assert reason_to_leave_out(letter_of(), topic="BiometricsImported", max_replays=3) is LeftOut.OTHER_TOPIC


def run_steps(letters: Sequence[DeadLetter], handled: Handled, *, chosen: set[int], size: int = 2) -> list[Step]:
    return list(steps(1, letters, handled, chosen=lambda letter: letter.offset in chosen, size=lambda: size))


def test_letters_in_a_row_are_handled_through_the_offsets_between_them_that_hold_none() -> None:
    found = run_steps([at(0), at(2), at(5), at(6)], Handled(0), chosen={0, 2, 5, 6})

    assert [([each.offset for each in step.letters], step.handled) for step in found] == [
        ([0, 2], Handled(3)),
        ([5, 6], Handled(7)),
    ]


def test_what_is_left_in_between_stays_unhandled_until_its_turn() -> None:
    letters = [at(0), at(2), at(5), at(6)]
    [first] = run_steps(letters, Handled(0), chosen={2, 6})
    [second] = run_steps(letters, first.handled, chosen={0, 2, 5, 6})

    assert first.handled == Handled(0, [(1, 3), (6, 7)])
    assert [each.offset for each in second.letters] == [0, 5]
    assert second.handled == Handled(7)


def test_a_page_has_the_meaning_of_the_reason_and_the_payload() -> None:
    page = display.page(letter_of([("traceparent", b"t\xff")], b'\0\0\0\0\7{"a":1}'), REASONS, handled=False)

    assert page.splitlines()[:6] == [
        "dead letter  1/5",
        "reason       bad_frame",
        "meaning      The value does not begin with byte 0 and a schema id.",
        "remedy       Let the program that writes it use a serializer for the schema registry.",
        "detail       a sentence",
        "time         2026-11-29T22:00:00.250Z",
    ]
    assert page.endswith('header       traceparent: t\\xff\nschema id    7\npayload      json\n{\n  "a": 1\n}')


@pytest.mark.parametrize(
    "payload", [b'{"a": "\\ud800"}', '"\u2028\u0085"'.encode(), b"\xe2\x80\xa8", b"\xff", b"-1e999"]
)
def test_json_is_one_line_that_every_output_takes_whatever_the_payload_is(payload: bytes) -> None:
    line = json_line(display.full_fields(letter_of([("h", b"\xff\xed\xa0\x80")], payload), handled=False))

    assert line.encode("ascii").decode().splitlines() == [line]
    assert json.loads(line, parse_constant=pytest.fail)["payload_is"] in ("json", "text", "bytes")


def test_a_time_without_an_offset_in_a_foreign_header_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        letter = read_letter(
            Message(topic="in.dlq", partition=0, offset=9, headers=[("heartzone.dlq.time", b"2026-11-29T22:00:00")])
        )
    finally:
        monkeypatch.undo()
        time.tzset()

    assert letter.time == datetime(2026, 11, 29, 22, tzinfo=UTC)


def test_a_line_holds_nothing_that_a_terminal_would_act_on() -> None:
    assert display.row(at(5, detail="a\n\x1b[31mred"))[-1] == "a\\n\\x1b[31mred"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["list", "--reason", "typo"], "There is no reason 'typo'; one of bad_frame, invalid_json, schema_not_found"),
        (["list", "--from", "2026-01-02", "--to", "2026-01-01"], "is not after --from 2026-01-02T00:00:00+00:00."),
        (["list", "--from", "noon"], "'noon' is no time; 2026-11-29T22:00:00Z or 2026-11-29 would be right."),
        (["drop", "--yes"], "Say which dead letters to drop"),
        (["drop", "--all", "--partition", "1"], "Say which dead letters to drop"),
        (["drop", "--all", "--json"], "With --json nobody is asked: add --yes."),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_one_sentence(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(heartzone, ["dead-letters", *arguments])

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in " ".join(result.stderr.split())
