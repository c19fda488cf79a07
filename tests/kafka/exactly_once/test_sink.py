"""Records into a system outside Kafka: at least once, in order, and effectively once with an idempotent write."""

import json
import sqlite3
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded_kafka.processes import ChildProcess
from exactly_once import HaltReason, InputRecord
from exactly_once.sink import SinkConfig, SinkWorker, WriteReason
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.waiting import eventually

PROGRAM = """
import json, os, signal, sqlite3, sys
from exactly_once import BatchLimits
from exactly_once.sink import SinkConfig, SinkWorker

settings, database, kill_after = json.loads(sys.argv[1]), sqlite3.connect(sys.argv[2]), int(sys.argv[3])
writes = 0

def write(records):
    global writes
    rows = [(each.topic(), each.partition(), each.offset(), each.value()) for each in records]
    with database:
        database.executemany("insert or replace into records values (?, ?, ?, ?)", rows)
        database.executemany("insert into calls values (?, ?, ?, ?)", rows)
    writes += 1
    if writes == kill_after:
        os.kill(os.getpid(), signal.SIGKILL)

worker = SinkWorker(SinkConfig(**settings, limits=BatchLimits(max_records=300)), write)
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""


def settings(kafka: Testbed, source: str) -> dict[str, Any]:
    return {
        "input_topics": [source],
        "group_id": f"group-{uuid.uuid4().hex[:8]}",
        "connection": kafka.connection,
        "consumer": {"session.timeout.ms": 6000},
        "idle": 0.1,
        "lag_interval": 0.2,
    }


class Store:
    """A system that keeps what it is given, or rejects it."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.batches: list[list[bytes | None]] = []

    def write(self, records: Sequence[InputRecord]) -> None:
        self.batches.append([each.value() for each in records])
        if self.failures:
            self.failures -= 1
            raise OSError("the database is down")


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_records_are_written_in_order_and_their_offsets_committed_with_the_topics_id(
    kafka: Testbed, protocol: str
) -> None:
    [source] = kafka.create_topics("in")
    values = [b"%d" % n for n in range(1000)]
    kafka.send(source, *values)
    consumer = {"group.protocol": "consumer"} if protocol == "consumer" else {"session.timeout.ms": 6000}
    config, store, journal = SinkConfig(**{**settings(kafka, source), "consumer": consumer}), Store(), Journal()
    worker = SinkWorker(config, store.write, observer=journal, watchdog=None)

    with running(worker) as failures:
        eventually(lambda: kafka.group_offsets(config.group_id, source) == {0: 1000}, "the offset")
        eventually(lambda: journal.lags and journal.lags[-1] == {(source, 0): 0}, "the lag of an idle worker")
        assert worker.unready_reason is None

    assert failures == []
    assert [value for batch in store.batches for value in batch] == values
    assert journal.transactions == [len(batch) for batch in store.batches]
    assert kafka.group_metadata_texts(config.group_id, source)[0].startswith("topic-id=")


def test_a_write_that_fails_is_repeated_until_it_succeeds_and_only_then_committed(kafka: Testbed) -> None:
    [source] = kafka.create_topics("in")
    kafka.send(source, b"a", b"b")
    config, store, journal = SinkConfig(**settings(kafka, source)), Store(failures=3), Journal()
    worker = SinkWorker(config, store.write, observer=journal, watchdog=None)

    with running(worker) as failures:
        eventually(lambda: journal.transactions, "a write that succeeds")
        assert kafka.group_offsets(config.group_id, source) == {0: 2}

    assert failures == []
    assert store.batches[:3] == [[b"a", b"b"]] * 3
    assert [value for batch in store.batches[3:] for value in batch] == [b"a", b"b"]
    assert journal.aborts == [WriteReason.FAILED] * 3


def test_a_sink_that_is_down_makes_the_worker_unready_and_does_not_keep_it_from_stopping(kafka: Testbed) -> None:
    [source] = kafka.create_topics("in")
    kafka.send(source, b"a")
    config, store = SinkConfig(**settings(kafka, source)), Store(failures=10**9)
    worker = SinkWorker(config, store.write, watchdog=None)

    with running(worker) as failures:
        eventually(lambda: worker.unready_reason == WriteReason.FAILED, "the reason")

    assert failures == []
    assert kafka.group_offsets(config.group_id, source)[0] <= 0, "where it started, at most"


def test_a_topic_that_does_not_exist_is_named_until_it_is_created(
    kafka: Testbed, caplog: pytest.LogCaptureFixture
) -> None:
    source = f"in-{uuid.uuid4().hex[:8]}"
    config, store = SinkConfig(**settings(kafka, source)), Store()
    worker = SinkWorker(config, store.write, watchdog=None)

    with running(worker) as failures:
        missing = f"topic {source} does not exist, or no ACL lets this user see it"
        eventually(lambda: worker.unready_reason == missing, "the topic's name")
        eventually(lambda: any(missing in each for each in caplog.messages), "a word about it in the log")
        admin = AdminClient({**kafka.connection})
        admin.create_topics([NewTopic(source, 1, 1)])[source].result()
        kafka.send(source, b"a")
        eventually(lambda: store.batches, "the record")
        eventually(lambda: worker.unready_reason is None, "the worker to be ready")

    assert failures == []


def test_an_offset_that_is_gone_halts_its_partition(kafka: Testbed) -> None:
    [source] = kafka.create_topics("in")
    config, store, journal = SinkConfig(**settings(kafka, source)), Store(), Journal()
    kafka.set_group_offset(config.group_id, source, 10)

    with running(SinkWorker(config, store.write, observer=journal, watchdog=None)) as failures:
        eventually(lambda: journal.halts, "the halt")
        assert journal.halts[source, 0][0] is HaltReason.OFFSET_OUT_OF_RANGE

    assert (failures, store.batches) == ([], [])


def test_a_worker_killed_between_write_and_commit_repeats_and_loses_nothing(kafka: Testbed, tmp_path: Path) -> None:
    [source] = kafka.create_topics("in", partitions=2)
    values = [b"%d" % n for n in range(2000)]
    kafka.send(source, *((value, value) for value in values))
    file = tmp_path / "rows.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("create table records (topic, partition, number, value, unique (topic, partition, number))")
        database.execute("create table calls (topic, partition, number, value)")
    script = tmp_path / "sink.py"
    script.write_text(PROGRAM)
    config = settings(kafka, source)

    def rows(query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(file) as reader:
            return reader.execute(query).fetchall()

    def start(kill_after: int) -> ChildProcess:
        command = [sys.executable, str(script), json.dumps(config), str(file), str(kill_after)]
        return ChildProcess.start(command, log_file=tmp_path / f"sink-{kill_after}.log")

    killed = start(3)
    eventually(lambda: killed.poll() is not None, "the kill")
    assert killed.poll() == -9, killed.tail(20)
    successor = start(0)
    try:
        eventually(lambda: sum(kafka.group_offsets(config["group_id"], source, 2).values()) == 2000, "the offsets")
    finally:
        code = successor.terminate(20)

    assert code == 0, successor.tail(20)
    assert sorted(value for [value] in rows("select value from records")) == sorted(values)
    calls = rows("select topic, partition, number from calls order by rowid")
    assert len(calls) > 2000, "what the killed one had written and not committed is written again"
    for partition in (0, 1):
        numbers = [number for _, of, number in calls if of == partition]
        firsts = list(dict.fromkeys(numbers))
        assert firsts == sorted(firsts), "new records come in order"
