"""`heartzone dead-letters` against a real broker."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import TIMESTAMP_CREATE_TIME, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from exactly_once import PoisonRecord
from exactly_once.core.dead_letters import DeadLetterTopic
from heartzone_cli.dead_letters import replay
from heartzone_cli.root import heartzone
from heartzone_testing.brokers.testbed import Testbed

pytestmark = pytest.mark.usefixtures("connected")

SENT = int(time.time() * 1000) - 3_600_000  # milliseconds since the epoch, of every original
WRITTEN = 1_790_000_000  # seconds since the epoch, of the letter at offset 0; the next ones are a second apart each

# The process of a replay that is killed in its second transaction.
KILLED = """
import os, signal, sys
from heartzone_cli.dead_letters import replay, transactions
from heartzone_cli.root import heartzone

class Killed(transactions.TransactionalProducer):
    commits = 0
    def commit(self, offsets, group_metadata):
        Killed.commits += 1
        if Killed.commits == 2 and sys.argv[1] == "before_commit":
            self._flush()
            self._send_offsets(offsets, group_metadata)
            os.kill(os.getpid(), signal.SIGKILL)
        super().commit(offsets, group_metadata)
        if Killed.commits == 2:
            os.kill(os.getpid(), signal.SIGKILL)

replay.STEP_SIZE = 4
transactions.TransactionalProducer = Killed
heartzone(["dead-letters", "replay"])
"""


@dataclass(frozen=True)
class Topics:
    """The topic of readings, of two partitions, and its dead-letter topic, of one."""

    kafka: Testbed
    source: str
    letters: str
    group: str

    def write(self, *reasons: str, replays: int = 0) -> None:
        """Write dead letters as a worker does: b"0", b"1" and so on, from both partitions by turns."""
        start = self.kafka.end_offset(self.letters)
        with Producer({**self.kafka.connection}) as producer:
            for number, reason in enumerate(reasons, start):
                topic = DeadLetterTopic(
                    self.letters, "heartzone.dlq.", worker="w-0", version="1", clock=partial(float, WRITTEN + number)
                )
                record = Message(
                    topic=self.source,
                    partition=number % 2,
                    offset=100 + number,
                    key=b"device",
                    value=b"%d" % number,
                    headers=[("traceparent", b"t"), *([("heartzone.replays", b"%d" % replays)] if replays else [])],
                    timestamp=(TIMESTAMP_CREATE_TIME, SENT),
                )
                letter = topic.dead_letter(record, PoisonRecord(reason, "a sentence"))
                producer.produce(
                    letter.topic, letter.value, letter.key, headers=[*letter.headers], timestamp=letter.timestamp
                )

    def sent(self) -> list[Message]:
        """What was replayed, as a read_committed reader sees it: by partition and offset."""
        return self.kafka.read(self.source)

    def values(self) -> list[bytes | None]:
        return [each.value() for each in self.sent()]

    def first_offset(self) -> int:
        at = TopicPartition(self.letters, 0)
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        admin = AdminClient({**self.kafka.connection})  # without a reference it would be gone before the response
        return int(admin.list_offsets({at: earliest})[at].result().offset)


@pytest.fixture
def topics(kafka: Testbed, monkeypatch: pytest.MonkeyPatch) -> Topics:
    (source,) = kafka.create_topics("biometrics", partitions=2)
    (letters,) = kafka.create_topics("letters", config={"retention.ms": "-1"})
    monkeypatch.setenv("HEARTZONE_TOPIC_BIOMETRICS", source)
    monkeypatch.setenv("HEARTZONE_TOPIC_DEAD_LETTERS", letters)
    monkeypatch.setenv("HEARTZONE_GROUP_ID", source)
    return Topics(kafka, source, letters, source)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, ["dead-letters", *arguments], catch_exceptions=False)


def listed(*arguments: str) -> list[int]:
    """The offsets that are listed."""
    return [line["offset"] for line in lines(run("list", "--json", *arguments))]


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def by_number(values: Sequence[bytes | None]) -> list[int]:
    return sorted(int(each or b"") for each in values)


def test_letters_are_listed_by_reason_time_place_and_number_and_shown_in_full(topics: Topics) -> None:
    topics.write("bad_frame", "tombstone", "bad_frame", "invalid_json")

    assert listed() == [0, 1, 2, 3]
    assert listed("--reason", "bad_frame", "--reason", "invalid_json") == [0, 2, 3]
    assert listed("--from", "2026-09-21T14:13:21Z", "--to", "2026-09-21T14:13:23Z") == [1, 2]
    assert listed("--partition", "0", "--offset", "3") == [3]
    assert listed("--limit", "2") == [0, 1]
    table = run("list", "--limit", "1").stdout.splitlines()
    assert table[0].split() == ["letter", "time", "reason", "from", "replays", "detail"]
    assert table[1].split() == [
        "0/0", "2026-09-21T14:13:20.000Z", "bad_frame", topics.source, "0/100", "0", "a", "sentence",
    ]  # fmt: skip
    assert table[2] == ("4 dead letters, of which 1 are listed (--limit): bad_frame 2, invalid_json 1, tombstone 1.")
    [shown] = lines(run("show", "--offset", "1", "--json"))
    assert (shown["payload"], shown["payload_is"], shown["key"], shown["worker"]) == (1, "json", "device", "w-0")
    assert "meaning      The record has no value." in run("show", "--offset", "1").stdout


def test_each_letter_is_replayed_once_whatever_was_selected_before(topics: Topics) -> None:
    topics.write(*["bad_frame", "tombstone", "schema_not_found"] * 3)

    assert "Would replay 9 dead letters" in run("replay", "--dry-run").stdout
    assert topics.sent() == []
    assert run("replay", "--reason", "tombstone", "--limit", "2").stdout == (
        f"Replayed 2 dead letters to {topics.source}: tombstone 2.\n"
    )
    assert by_number(topics.values()) == [1, 4]
    assert listed() == [0, 2, 3, 5, 6, 7, 8]
    assert lines(run("replay", "--json")) == [
        {
            "topic": topics.source,
            "replayed": 7,
            "by_reason": {"bad_frame": 3, "schema_not_found": 3, "tombstone": 1},
            "left_out": {},
            "dry_run": False,
        }
    ]
    assert run("replay").stdout == "There is nothing to replay.\n"

    assert by_number(topics.values()) == list(range(9))
    assert listed() == []
    assert listed("--handled") == list(range(9))
    sent = topics.sent()[0]
    assert (sent.partition(), sent.key()) == (0, b"device")
    assert sent.headers() == [("traceparent", b"t"), ("heartzone.replays", b"1")]
    assert sent.timestamp()[1] > SENT, "its latency is counted from the replay"


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_replay_that_is_killed_and_started_again_sends_each_once(topics: Topics, point: str) -> None:
    topics.write(*["bad_frame"] * 10)

    killed = subprocess.run([sys.executable, "-c", KILLED, point], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    again = run("replay", "--json")

    assert lines(again)[0]["replayed"] == (6 if point == "before_commit" else 2)
    assert by_number(topics.values()) == list(range(10))
    assert [int(each.value() or b"") for each in topics.sent() if each.partition() == 0] == [0, 2, 4, 6, 8]


def test_a_second_replay_fences_the_first_and_none_is_sent_twice(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics.write(*["bad_frame"] * 10)
    monkeypatch.setattr(replay, "sleep", lambda _: topics.kafka.fence(f"{topics.group}-dead-letters"))

    first = run("replay", "--rate", "4")

    assert first.exit_code == 1
    assert "Another `heartzone dead-letters replay` or `drop` has taken over" in first.stderr
    assert by_number(topics.values()) == [0, 1, 2, 3]
    assert lines(run("replay", "--json"))[0]["replayed"] == 6
    assert by_number(topics.values()) == list(range(10))


def test_letters_that_came_back_too_often_are_left_out(topics: Topics) -> None:
    topics.write("bad_frame")
    topics.write("bad_frame", replays=3)

    result = run("replay")

    assert result.exit_code == 1
    assert "Left out: 1 that were replayed 3 times or more (--max-replays)." in result.stdout
    assert listed() == [1]
    assert run("replay", "--max-replays", "4").exit_code == 0
    assert [dict(each.headers() or ())["heartzone.replays"] for each in topics.sent()] == [b"1", b"4"]


def test_dropped_letters_are_not_listed_and_deleted_up_to_the_first_that_is_left(topics: Topics) -> None:
    topics.write("tombstone", "bad_frame", "tombstone", "bad_frame")

    assert CliRunner().invoke(heartzone, ["dead-letters", "drop", "--all"], input="n\n").exit_code == 2
    assert listed() == [0, 1, 2, 3]
    assert lines(run("drop", "--reason", "tombstone", "--yes", "--json")) == [
        {"dropped": 2, "deleted": [{"partition": 0, "before": 1}]}
    ]
    assert topics.first_offset() == 1
    assert listed() == [1, 3]
    assert run("replay", "--offset", "1").exit_code == 0
    assert by_number(topics.values()) == [1]
    asked = CliRunner().invoke(heartzone, ["dead-letters", "drop", "--all"], input="y\n")
    assert "Drop 1 dead letters (bad_frame 1), and delete for good what" in asked.stderr
    assert "keeps its records for ever, the brokers keep the offsets of a group without members for" in asked.stderr
    assert listed("--handled") == []
    assert topics.first_offset() == 4
    assert run("drop", "--all", "--yes").stdout == "There is nothing to drop.\n"


def test_letters_of_a_topic_that_was_made_anew_are_others(topics: Topics) -> None:
    topics.write("bad_frame", "bad_frame")
    topics.kafka.set_group_offset(
        f"{topics.group}-dead-letters", topics.letters, 1, metadata="topic-id=Et3Unhz3RMmjNSwh3ue91g"
    )

    assert listed() == [0, 1]
    assert lines(run("replay", "--json"))[0]["replayed"] == 2


def test_without_a_broker_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    result = run("replay")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "(Kafka at 127.0.0.1:1, from HEARTZONE_KAFKA_BOOTSTRAP_SERVERS)" in result.stderr
