"""`heartzone audit` against a real broker: right logs, damaged ones, ranges, and transactions that hang."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Message, Producer
from prometheus_client import CollectorRegistry

from embedded_kafka import EmbeddedRegistry
from heartzone.wire import IDEMPOTENCY_KEY_HEADER
from heartzone_cli.audit import lockstep
from heartzone_cli.audit.findings import Finding
from heartzone_cli.audit.follow import Follower
from heartzone_cli.audit.metrics import AuditMetrics
from heartzone_cli.audit.scope import Options
from heartzone_cli.audit.settings import AuditSettings
from heartzone_cli.cluster.connection import read_cluster
from heartzone_cli.root import heartzone
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.traffic.logs import LogRecord, biometrics, events_of
from heartzone_testing.waiting import eventually
from service_chassis.schema_registry import SchemaRegistry

pytestmark = pytest.mark.usefixtures("connected")

DEVICES = [f"3fa85f64-5717-4562-b3fc-2c963f66afa{number}" for number in range(6)]
START = int(time.time() * 1000) - 600_000
"""Milliseconds: of the first record's timestamp. Not long ago, or retention would delete it."""


@dataclass
class Scribe:
    """Writes a pipeline's topics by hand, as its parts would."""

    pipeline: Pipeline
    output_prefix: bytes

    def send(self, records: Sequence[LogRecord]) -> None:
        """Write records of the input; their places are ignored, the partition is that of the key."""
        with Producer({**self.pipeline.kafka.connection}) as producer:
            for each in records:
                producer.produce(
                    self.pipeline.biometrics,
                    each.its_value,
                    each.its_key,
                    timestamp=each.time,
                    headers=list(each.its_headers),
                )

    def inputs(self) -> list[Message]:
        return self.pipeline.kafka.read(self.pipeline.biometrics)

    def events(self) -> list[tuple[bytes, bytes]]:
        """Key and value of the events of all records of the input, in order."""
        return [
            (key, self.output_prefix + value[5:])
            for each in self.inputs()
            for key, value in events_of(LogRecord((0, 0), each.key(), each.value()))
        ]

    def write(self, events: Sequence[tuple[bytes | None, bytes | None]], partition: int = -1) -> None:
        """Write events in a transaction, after one that is aborted."""
        with self.transaction() as producer:
            producer.produce(self.pipeline.zones, b"aborted", b"key", partition)
            producer.flush()
            producer.abort_transaction()
            producer.begin_transaction()
            for key, value in events:
                producer.produce(self.pipeline.zones, value, key, partition)
            producer.commit_transaction()

    @contextmanager
    def transaction(self) -> Iterator[Producer]:
        with Producer({**self.pipeline.kafka.connection, "transactional.id": f"hand-{uuid4()}"}) as producer:
            producer.init_transactions(30)
            producer.begin_transaction()
            yield producer

    def commit(self, offsets: dict[int, int] | None = None) -> None:
        """Set the group's offsets; by default, behind all records."""
        kafka = self.pipeline.kafka
        for partition in range(2):
            end = kafka.end_offset(self.pipeline.biometrics, partition)
            offset = (offsets or {}).get(partition, end)
            kafka.set_group_offset(self.pipeline.group, self.pipeline.biometrics, offset, partition=partition)


@pytest.fixture
def scribe(
    make_pipeline: Callable[..., Pipeline], embedded_registry: EmbeddedRegistry, monkeypatch: pytest.MonkeyPatch
) -> Scribe:
    pipeline = make_pipeline(partitions=2)
    for name, value in {**pipeline.topics, "HEARTZONE_GROUP_ID": pipeline.group}.items():
        monkeypatch.setenv(name, value)
    with SchemaRegistry(embedded_registry.client_config()) as registry:
        latest = registry.latest(f"{pipeline.zones}-value")
    return Scribe(pipeline, b"\0" + latest.id.to_bytes(4))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, ["audit", *arguments], catch_exceptions=False)


def findings(result: Result) -> list[tuple[str, int, int]]:
    """Kind, partition and offset."""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return sorted((each["finding"], each["partition"], each["offset"]) for each in lines if "finding" in each)


def summary(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])["summary"]
    return found


def readings(number: int, *, keyed: bool = False) -> list[LogRecord]:
    """Records of several devices, a second apart, each with two readings in zones and one below."""
    times = count()
    return [
        LogRecord(
            (0, 0),
            device.encode(),
            biometrics(device, [(f"2026-01-01T00:00:00.{next(times):07}Z", rate) for rate in (110, 90, 190)]),
            START + index * 1000,
            ((IDEMPOTENCY_KEY_HEADER, b"%d" % index),) if keyed else (),
        )
        for index in range(number)
        for device in [DEVICES[index % len(DEVICES)]]
    ]


def test_what_a_real_worker_writes_has_no_finding(scribe: Scribe) -> None:
    pipeline, kafka = scribe.pipeline, scribe.pipeline.kafka
    records = readings(40, keyed=True)
    scribe.send([*records[:20], *records[5:12], LogRecord((0, 0), b"poison", b"{", START), *records[20:]])
    with pipeline.worker():
        eventually(
            lambda: sum(kafka.group_offsets(pipeline.group, pipeline.biometrics, 2).values()) == 48, "all records"
        )

    result = run("--json")

    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    found = summary(result)
    assert (found["readings"], found["duplicates"], found["dead_letters"], found["events"]) == (48, 7, 1, 80)
    assert set(found["unjudged"].values()) == {0}
    assert found["schema_ids_checked"] == 1


def test_right_logs_with_an_aborted_transaction_and_unprocessed_records_have_no_finding(scribe: Scribe) -> None:
    scribe.send(readings(20))
    scribe.write(scribe.events())
    scribe.commit()
    scribe.send(readings(26)[20:])

    result = run("--json")

    assert (result.exit_code, findings(result)) == (0, [])
    assert summary(result)["unjudged"]["not_processed"] == 6
    assert "no finding" in run().stdout


def test_each_damage_is_reported_with_its_partition_and_offset(scribe: Scribe) -> None:
    scribe.send(readings(30))
    events = scribe.events()
    at = {device: [index for index, (key, _) in enumerate(events) if key == device.encode()] for device in DEVICES}
    damaged: list[tuple[bytes | None, bytes | None]] = [*events]
    swapped, other = at[DEVICES[0]][2:4]
    damaged[swapped], damaged[other] = damaged[other], damaged[swapped]
    dropped = at[DEVICES[1]][3]
    damaged[dropped] = (None, None)
    foreign = (DEVICES[2].encode(), (events[0][1]).replace(DEVICES[0].encode(), DEVICES[2].encode()))
    scribe.write([*damaged, events[at[DEVICES[3]][4]], foreign])
    scribe.commit()

    result = run("--json")

    assert result.exit_code == 1
    kinds = [kind for kind, _, _ in findings(result)]
    # The reading whose event was emptied is missing, and what is in its place is no event.
    assert kinds == ["doubled", "misordered", "missing", "unexplained", "wrong_schema"]
    written = {
        each.value(): (each.partition(), each.offset()) for each in scribe.pipeline.kafka.read(scribe.pipeline.zones)
    }
    assert ("doubled", *(written[events[at[DEVICES[3]][4]][1]])) in findings(result)
    assert ("unexplained", *written[foreign[1]]) in findings(result)
    assert ("wrong_schema", *written[None]) in findings(result)
    assert "1 missing: A reading has no zone event" in run().stdout


def test_damage_beside_the_events_own_order_is_reported_where_it_is(scribe: Scribe) -> None:
    pipeline, kafka = scribe.pipeline, scribe.pipeline.kafka
    poison = LogRecord((0, 0), b"poison", b"{", START)
    scribe.send([*readings(60), poison])
    with pipeline.worker():
        eventually(
            lambda: sum(kafka.group_offsets(pipeline.group, pipeline.biometrics, 2).values()) == 61, "all records"
        )
    assert run().exit_code == 0
    event, other = (each for each in kafka.read(pipeline.zones)[10:12])
    letter = kafka.read(pipeline.dead_letters)[0]
    record = next(each for each in scribe.inputs() if each.value() != b"{")
    value, headers = event.value() or b"", dict(letter.headers() or ())
    of_the_record = {
        "heartzone.dlq.partition": b"%d" % (record.partition() or 0),
        "heartzone.dlq.offset": b"%d" % (record.offset() or 0),
    }
    damage: list[tuple[str, str, int, bytes | None, bytes | None, dict[str, Any]]] = [
        ("wrong_partition", pipeline.zones, 1 - (event.partition() or 0), value, event.key(), {}),
        ("wrong_key", pipeline.zones, event.partition() or 0, value, b"other", {}),
        ("wrong_schema", pipeline.zones, 0, b"\0\0\0\x7f\xff" + value[5:], event.key(), {}),
        ("wrong_schema", pipeline.zones, 0, None, event.key(), {}),
        ("wrong_schema", pipeline.zones, 0, value[:-1], event.key(), {}),
        (
            "unexplained",
            pipeline.zones,
            other.partition() or 0,
            _with_another_zone(other.value() or b""),
            other.key(),
            {},
        ),
        ("doubled", pipeline.dead_letters, letter.partition() or 0, letter.value(), letter.key(), headers),
        ("unexplained", pipeline.dead_letters, 0, b"{", b"poison", {}),
        ("altered", pipeline.dead_letters, 0, b"[", record.key(), {**headers, **of_the_record}),
    ]

    found = []
    for expected, topic, partition, its_value, key, its_headers in damage:
        offset = kafka.end_offset(topic, partition)
        with Producer({**kafka.connection}) as producer:
            producer.produce(topic, its_value, key, partition, headers=list(its_headers.items()))
        found.append((expected, partition, offset))

    result = findings(run("--json"))

    assert [each for each in found if each not in result] == [], result


def _with_another_zone(value: bytes) -> bytes:
    zone = value.index(b'"Zone":') + len(b'"Zone":')
    return value[:zone] + (b"1" if value[zone : zone + 1] != b"1" else b"2") + value[zone + 1 :]


def test_a_transaction_that_hangs_is_found_and_what_lies_behind_it_is_not_judged(scribe: Scribe) -> None:
    scribe.send(readings(12))
    events = scribe.events()
    scribe.write(events[:12])
    with scribe.transaction() as producer:
        producer.produce(scribe.pipeline.zones, b"open", b"k", 0)
        producer.flush()
        scribe.write(events[12:])
        scribe.commit()

        result = run("--json", "--transaction-timeout", "1")
        producer.abort_transaction()

    assert result.exit_code == 1
    assert [(kind, partition) for kind, partition, _ in findings(result)] == [("hanging_transaction", 0)]
    assert summary(result)["unjudged"]["open_transaction"] > 0


def test_a_range_of_time_and_a_partition_are_judged_alone(scribe: Scribe) -> None:
    scribe.send(readings(30))
    events = scribe.events()
    scribe.write(events[2:-2])  # the first and the last record's are missing, of whichever partitions
    scribe.commit()
    first, last = (datetime.fromtimestamp((START + ms) / 1000, UTC).isoformat() for ms in (6_000, 24_000))

    whole = run("--json")
    middle = run("--json", "--from", first, "--to", last)
    halves = [run("--json", "--partition", str(number)) for number in range(2)]

    assert {kind for kind, _, _ in findings(whole)} == {"missing"}
    assert len(findings(whole)) == 4
    assert (middle.exit_code, findings(middle)) == (0, [])
    assert summary(middle)["readings"] == 18
    assert sorted(findings(halves[0]) + findings(halves[1])) == findings(whole)


def test_logs_whose_beginnings_are_deleted_have_no_finding(scribe: Scribe) -> None:
    scribe.send(readings(30))
    scribe.write(scribe.events())
    scribe.commit()
    scribe.pipeline.kafka.delete_records(scribe.pipeline.biometrics, 4)
    assert run().exit_code == 0

    scribe.pipeline.kafka.delete_records(scribe.pipeline.zones, 15)
    assert run().exit_code == 0


def test_a_partition_that_runs_ahead_of_the_others_waits(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockstep, "MAX_PENDING", 8)
    monkeypatch.setattr(lockstep, "LEAST_PENDING", 4)
    monkeypatch.setattr("heartzone_cli.audit.log_reader.MAX_RECORDS", 3)
    scribe.send(readings(24))
    scribe.write(scribe.events())
    scribe.commit()

    result = run("--json")

    assert (result.exit_code, findings(result)) == (0, [])


@pytest.mark.parametrize(
    ("variables", "arguments", "sentence"),
    [
        ({"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, [], "(Kafka at 127.0.0.1:1, from HEARTZONE_KAFKA_"),
        ({"HEARTZONE_TOPIC_ZONES": "nowhere"}, [], "The topic nowhere cannot be read: "),
        ({}, ["--partition", "7"], "has no partition 7; one of 0 to 1 would be right."),
        ({"HEARTZONE_DEDUPLICATION_WINDOW": "x"}, [], "HEARTZONE_DEDUPLICATION_WINDOW is 'x'; a number of seconds"),
    ],
)
def test_where_it_cannot_run_one_sentence_says_why(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], arguments: list[str], sentence: str
) -> None:
    monkeypatch.setattr("heartzone_cli.audit.offsets.CALL_TIMEOUT", 1.0)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_offsets_of_the_group_beyond_the_end_say_nothing_about_what_was_processed(scribe: Scribe) -> None:
    scribe.send(readings(12))
    scribe.write(scribe.events()[:-4])
    scribe.commit({0: 1_000, 1: 1_000})

    result = run("--json")

    assert (result.exit_code, findings(result)) == (0, [])
    assert summary(result)["unjudged"]["not_processed"] == 4
    assert "has no committed offset within partition 1" in result.stderr
    with following() as (follower, registry):
        eventually(lambda: follower.ready().ok, "the first round")
    assert not any(value(registry, "heartzone_audit_findings_total", finding=each) for each in Finding)


def test_an_audit_that_follows_tells_of_a_damage_once_and_of_nothing_that_is_only_late(scribe: Scribe) -> None:
    scribe.send(readings(12))
    scribe.write(scribe.events())
    scribe.commit()
    with following() as (follower, registry):
        eventually(lambda: follower.ready().ok, "the first round")
        before = scribe.events()
        scribe.send(readings(24)[12:])
        late = [each for each in scribe.events() if each not in before]
        scribe.write(late[:-1])
        scribe.commit()
        eventually(lambda: value(registry, "heartzone_audit_findings_total", finding="missing") == 1, "the finding")
        scribe.write(before[:1])  # was there before it began to follow
        eventually(lambda: value(registry, "heartzone_audit_findings_total", finding="unexplained") == 1, "the other")

    found = {each: value(registry, "heartzone_audit_findings_total", finding=each) for each in Finding}
    assert {each: number for each, number in found.items() if number} == {Finding.MISSING: 1, Finding.UNEXPLAINED: 1}


@contextmanager
def following() -> Iterator[tuple[Follower, CollectorRegistry]]:
    registry, stopped = CollectorRegistry(), Event()
    follower = Follower(
        lambda: read_cluster(None),
        Options(),
        AuditSettings(window=600, transaction_limit=60),
        check=lambda _: None,
        metrics=AuditMetrics(registry),
        stopped=stopped,
    )
    thread = Thread(target=follower.run)
    thread.start()
    try:
        yield follower, registry
    finally:
        stopped.set()
        thread.join()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)
