"""The zone worker as a process, on a real broker and a real registry."""

import json
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import pytest
from confluent_kafka import Message

from exactly_once import DeadLetterReason
from heartzone.messages import Biometrics, HeartRate, encode
from heartzone.wire import frame_prefix, unframe
from heartzone.zones import Zone, zone_of
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually
from heartzone_zone_worker.reasons import PoisonReason

MakePipeline = Callable[..., Pipeline]
DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def zone_event(message: Message) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(unframe(message.value())[1])
    return event


def header(message: Message, name: str) -> str:
    value = dict(message.headers() or ())[name]
    assert isinstance(value, bytes)
    return value.decode()


def reading(second: int, value: int) -> HeartRate:
    return HeartRate(f"2022-12-02T13:{second // 60 % 60:02}:{second % 60:02}Z", value)


def test_six_readings_give_five_messages_with_zones_one_to_five_in_order(make_pipeline: MakePipeline) -> None:
    """The first test of the original: 90 … 190 of 200; 45 % is in no zone."""
    pipeline = make_pipeline()
    pipeline.send([Biometrics(DEVICE, [reading(n, 90 + 20 * n) for n in range(6)], 200)])

    with pipeline.worker():
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) >= 5, "five messages")

    found = pipeline.kafka.read(pipeline.zones)
    assert [zone_event(message) for message in found] == [
        {
            "DeviceId": DEVICE,
            "Zone": zone,
            "DateTime": f"2022-12-02T13:00:0{zone}Z",
            "HeartRate": 90 + 20 * zone,
            "MaxHeartRate": 200,
        }
        for zone in (1, 2, 3, 4, 5)
    ]
    assert {message.key() for message in found} == {DEVICE.encode()}


def test_with_messages_at_offsets_0_1_2_the_committed_offset_is_3(make_pipeline: MakePipeline) -> None:
    """The second test of the original."""
    pipeline = make_pipeline()
    pipeline.send([Biometrics(DEVICE, [reading(n, 150)], 200) for n in range(3)])

    with pipeline.worker():
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) >= 3, "three messages")
        eventually(lambda: pipeline.kafka.group_offsets(pipeline.group, pipeline.biometrics) == {0: 3}, "offset 3")


def test_poison_is_quarantined_with_its_reason_and_what_is_good_goes_on(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    good = frame_prefix(pipeline.schema_id) + (
        b'{"DeviceId":"%b","HeartRates":[{"DateTime":"2022-12-02T13:50:00Z","Value":150.0}],"MaxHeartRate":2e2}'
        % DEVICE.encode()
    )
    large = frame_prefix(pipeline.schema_id) + b"x" * 999_000
    poison = [
        None,
        b"",
        b"{}",
        frame_prefix(pipeline.schema_id) + b'{"DeviceId":1}',
        frame_prefix(987_654) + b"{}",
        large,
    ]
    pipeline.kafka.send(pipeline.biometrics, good, *poison, good)

    with pipeline.worker(settings={"HEARTZONE_SCHEMA_PATIENCE": "1"}) as worker:
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) >= 2, "both good ones")
        eventually(lambda: worker.metric("heartzone_dead_letters_total") == len(poison), "the dead letters counted")
        counted = counts(worker, "heartzone_dead_letters_total")
        reported = worker.samples("heartzone_dead_letters_total", "reason")

    letters = pipeline.kafka.read(pipeline.dead_letters)
    assert [letter.value() for letter in letters] == poison
    reasons = [header(letter, "heartzone.dlq.reason") for letter in letters]
    assert reasons == ["tombstone", "bad_frame", "bad_frame", "schema_violation", "schema_not_found", "invalid_json"]
    assert {header(letter, "heartzone.dlq.version") for letter in letters} == {version("heartzone-zone-worker")}
    assert counted == Counter(reasons)
    assert set(reported) == {*DeadLetterReason, *PoisonReason}, "each was 0 before, so that an alert sees the first"
    assert len(pipeline.kafka.read(pipeline.zones)) == 2


def test_a_worker_waits_unready_for_a_subject_that_is_missing(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()

    with pipeline.worker(settings={"HEARTZONE_TOPIC_ZONES": f"absent-{uuid.uuid4().hex[:8]}"}) as worker:
        eventually(lambda: "is not registered yet" in worker.get("/readyz").text, "the reason on /readyz")
        assert worker.get("/readyz").status == 503
        assert worker.get("/livez").status == 200


def test_an_offset_that_is_gone_halts_its_partition_alone(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(partitions=2)
    pipeline.kafka.set_group_offset(pipeline.group, pipeline.biometrics, 1_000)

    with pipeline.worker() as worker:
        eventually(lambda: worker.events("partition_halted"), "the halt to be told")
        value = frame_prefix(pipeline.schema_id) + encode(Biometrics(DEVICE, [reading(0, 150)], 200))
        pipeline.kafka.send(pipeline.biometrics, value, partition=1)
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) >= 1, "an event of the other partition")
        assert worker.get("/livez").status == 200
        assert [event["reason"] for event in worker.events("partition_halted")] == ["offset_out_of_range"]
        assert worker.process.terminate(20) == 0


def test_sigterm_finishes_the_current_batch_and_exits_0(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(partitions=3)
    pipeline.send([Biometrics(str(uuid.uuid4()), [reading(n, 150)], 200) for n in range(2_000)])

    with pipeline.worker(settings={"HEARTZONE_TRANSACTION_MAX_RECORDS": "50"}) as worker:
        eventually(lambda: worker.metric("heartzone_transactions_committed_total") >= 3, "work under way")
        assert worker.process.terminate(20) == 0

    offsets = pipeline.kafka.group_offsets(pipeline.group, pipeline.biometrics, 3).values()
    handled = sum(offset for offset in offsets if offset > 0)
    assert len(pipeline.kafka.read(pipeline.zones)) == handled


def test_a_worker_killed_half_way_loses_nothing_doubles_nothing_and_the_metrics_add_up(
    make_pipeline: MakePipeline,
) -> None:
    """Two workers, twelve partitions, 20,000 messages; one is killed with SIGKILL and started again."""
    pipeline = make_pipeline(partitions=12)
    devices = [str(uuid.UUID(int=n)) for n in range(500)]
    messages = [
        Biometrics(devices[n % 500], [reading(n, 60 + n % 7 * 20), reading(n + 1, 190)], 200) for n in range(20_000)
    ]
    expected = sum(zone_of(each.value, 200) is not Zone.NONE for message in messages for each in message.heart_rates)

    limits = {"HEARTZONE_TRANSACTION_MAX_RECORDS": "100"}
    with pipeline.worker(0, limits) as steady:
        with pipeline.worker(1, limits) as victim:
            for worker in (steady, victim):
                eventually(partial(lags, worker), "partitions for each of the two")
            pipeline.kafka.send(pipeline.biometrics, b"poison")
            pipeline.send(messages)
            eventually(lambda: victim.metric("heartzone_transactions_committed_total") >= 5, "the victim at work")
            victim.process.kill()
            written = pipeline.kafka.read(pipeline.zones, beside_open_transactions=True)
            assert len(written) < expected, "killed too late to be half-way"
        with pipeline.worker(1, limits) as successor:
            successor.wait_until_ready()
            eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) >= expected, "all outputs", 120)
            for worker in (steady, successor):
                eventually(partial(idle, worker), "a lag of 0 on the partitions of each")
            assert successor.process.terminate(20) == 0
        assert steady.process.terminate(20) == 0

    audit(pipeline, messages)


def counts(worker: ServiceProcess, counter: str) -> dict[str, float]:
    """What a counter of reasons has counted; reasons that have not come are there too, as 0."""
    return {reason: count for reason, count in worker.samples(counter, "reason").items() if count}


def lags(worker: ServiceProcess) -> dict[str, float]:
    return worker.samples("heartzone_consumer_lag_records", "partition")


def idle(worker: ServiceProcess) -> bool:
    return len(lags(worker)) > 0 and set(lags(worker).values()) == {0}


def audit(pipeline: Pipeline, messages: list[Biometrics]) -> None:
    """Recompute the outputs from the input and compare: each once, and in order for each device."""
    wanted: dict[str, list[tuple[str, int, int]]] = {}
    for message in messages:
        for each in message.heart_rates:
            zone = zone_of(each.value, message.max_heart_rate)
            if zone is not Zone.NONE:
                wanted.setdefault(message.device_id, []).append((each.date_time, each.value, int(zone)))
    found: dict[str, list[tuple[str, int, int]]] = {}
    for record in pipeline.kafka.read(pipeline.zones):
        event = zone_event(record)
        found.setdefault(event["DeviceId"], []).append((event["DateTime"], event["HeartRate"], event["Zone"]))
    assert found == wanted
    assert len(pipeline.kafka.read(pipeline.dead_letters)) == 1


def test_metrics_report_what_an_audit_counts(make_pipeline: MakePipeline) -> None:
    """One worker from the first record to the last, so that its counters hold all of them."""
    pipeline = make_pipeline(partitions=12)
    messages = [Biometrics(str(uuid.UUID(int=n % 500)), [reading(n, 60 + n % 7 * 20)], 200) for n in range(20_000)]
    pipeline.send(messages)
    pipeline.kafka.send(pipeline.biometrics, b"poison", None)

    with pipeline.worker() as worker:
        eventually(lambda: worker.metric("heartzone_transaction_records_sum") == 20_002, "all records counted")
        eventually(lambda: lags(worker) == {str(number): 0 for number in range(12)}, "a lag of 0 on each partition")
        by_zone = worker.samples("heartzone_readings_total", "zone")
        transactions = worker.metric("heartzone_transactions_committed_total")
        records_in_transactions = worker.metric("heartzone_transaction_records_count")
        dead = counts(worker, "heartzone_dead_letters_total")

    outputs = Counter(f"Zone{zone_event(record)['Zone']}" for record in pipeline.kafka.read(pipeline.zones))
    no_zone = sum(zone_of(each.value, 200) is Zone.NONE for message in messages for each in message.heart_rates)
    assert by_zone == {**dict.fromkeys(["Zone1", "Zone2", "Zone3", "Zone4", "Zone5"], 0), **outputs, "None": no_zone}
    assert sum(by_zone.values()) == 20_000
    assert dead == {"bad_frame": 1, "tombstone": 1}
    assert len(pipeline.kafka.read(pipeline.dead_letters)) == 2
    assert transactions == records_in_transactions


def test_each_committed_transaction_that_is_counted_left_its_control_record_in_the_log(
    make_pipeline: MakePipeline,
) -> None:
    """In a partition that every transaction writes to, what is not a record is a control record."""
    pipeline = make_pipeline()
    pipeline.send([Biometrics(DEVICE, [reading(n, 150)], 200) for n in range(500)])

    with pipeline.worker(settings={"HEARTZONE_TRANSACTION_MAX_RECORDS": "30"}) as worker:
        eventually(lambda: worker.metric("heartzone_transaction_records_sum") == 500, "all records counted")
        committed = worker.metric("heartzone_transactions_committed_total")
        assert worker.metric("heartzone_transactions_aborted_total") == 0

    markers = pipeline.kafka.end_offset(pipeline.zones) - len(pipeline.kafka.read(pipeline.zones))
    assert committed == markers >= 500 / 30


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param(
            {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": ""}, "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS is not set", id="missing"
        ),
        pytest.param(
            {"HEARTZONE_TRANSACTION_MAX_RECORDS": "0"}, "HEARTZONE_TRANSACTION_MAX_RECORDS", id="out-of-range"
        ),
        pytest.param(
            {"HEARTZONE_KAFKA_ISOLATION_LEVEL": "read_uncommitted"}, "isolation.level cannot be set", id="refused"
        ),
        pytest.param({"HEARTZONE_KAFKA_SSL_CA_LOCATION": "/no/such/file"}, "/no/such/file", id="unreadable-file"),
    ],
)
def test_invalid_settings_end_in_one_sentence_and_exit_code_2(
    make_pipeline: MakePipeline, settings: dict[str, str], sentence: str
) -> None:
    with make_pipeline().worker(settings=settings) as worker:
        assert worker.process.wait(30) == 2
        last = worker.process.tail(1)

    assert last.startswith("heartzone-zone-worker: ")
    assert sentence in last
