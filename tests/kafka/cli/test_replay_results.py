"""Reading a replay from Kafka: its records, the workers' committed offsets, and the zone events."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import msgspec
import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient

from exactly_once import InputRecord, OutputRecord, Worker, WorkerConfig
from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached, encode
from heartzone.settings import TopicSettings
from heartzone.wire import frame_prefix, unframe
from heartzone.zones import zone_of
from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.cluster.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.replay.recordings import Sample
from heartzone_cli.replay.results import Results
from heartzone_cli.replay.tally import ZoneCounter
from heartzone_cli.replay.workout import Reading, Workout, rfc3339, timed
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.threads import running
from heartzone_testing.waiting import eventually

START = datetime(2022, 12, 2, 13, 50, tzinfo=UTC)
DEVICE = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
TIMEOUT = 30.0


@dataclass
class Pipeline:
    """New topics, and the services that use them."""

    kafka: Testbed
    cluster: Cluster

    def send(self, device_id: str, *requests: tuple[Reading, ...]) -> None:
        """Produce as the web API does: one record a request."""
        records = [
            (
                device_id.encode(),
                frame_prefix(1)
                + encode(Biometrics(device_id, [HeartRate(rfc3339(r.time), r.heart_rate) for r in readings], 200)),
            )
            for readings in requests
        ]
        self.kafka.send(self.cluster.topics.biometrics, *records)

    def worker(self) -> Worker:
        """A worker with the zone worker's transform, without the registry."""
        return Worker(
            WorkerConfig(
                input_topics=[self.cluster.topics.biometrics],
                group_id=self.cluster.group_id,
                transactional_id=self.cluster.group_id,
                connection=self.kafka.connection,
            ),
            self._zones,
            watchdog=None,
        )

    def _zones(self, record: InputRecord) -> list[OutputRecord]:
        _, payload = unframe(record.value())
        message = msgspec.json.decode(payload, type=Biometrics)
        return [
            OutputRecord(
                self.cluster.topics.zones,
                frame_prefix(2)
                + encode(
                    HeartRateZoneReached(
                        message.device_id, int(zone), reading.date_time, reading.value, message.max_heart_rate
                    )
                ),
                message.device_id.encode(),
            )
            for reading in message.heart_rates
            if (zone := zone_of(reading.value, message.max_heart_rate))
        ]


@pytest.fixture
def pipeline(kafka: Testbed) -> Pipeline:
    (biometrics,) = kafka.create_topics("biometrics", partitions=3)
    (zones,) = kafka.create_topics("zones", partitions=3)
    return Pipeline(
        kafka,
        Cluster(
            consumer=dict(kafka.connection),
            producer=dict(kafka.connection),
            admin=dict(kafka.connection),
            topics=TopicSettings(biometrics=biometrics, zones=zones),
            group_id=f"group-{biometrics}",
            bootstrap_servers=kafka.connection["bootstrap.servers"],
            origin="the test",
        ),
    )


@pytest.fixture
def reader(kafka: Testbed) -> Iterator[TopicReader]:
    with TopicReader(consumer=kafka.connection, admin=kafka.connection) as reader:
        yield reader


def readings(*heart_rates: int) -> tuple[Reading, ...]:
    return timed([Sample(START + timedelta(seconds=i), value) for i, value in enumerate(heart_rates)])


def test_zones_are_counted_from_the_output_topic_once_the_workers_have_passed_the_replay(
    pipeline: Pipeline, reader: TopicReader
) -> None:
    sent = readings(90, 110, 130, 150, 170, 190)
    pipeline.send(DEVICE, sent)  # an earlier run, which must not count
    with running(pipeline.worker()) as failures:
        eventually(lambda: len(pipeline.kafka.read(pipeline.cluster.topics.zones)) == 5, "the earlier run is through")
        results = Results(reader, pipeline.cluster)
        pipeline.send(OTHER, sent)
        pipeline.send(DEVICE, sent[:4], sent[4:])

        records = results.sent_records({DEVICE})
        left = results.wait_until_processed(records, timeout=TIMEOUT, stop=threading.Event())
        counter = ZoneCounter([Workout(Path("a.fit"), DEVICE, 200, sent)])
        results.count_zones(counter, {DEVICE})

    assert failures == []
    assert [record.samples for record in records] == [4, 2]
    assert left == []
    assert counter.tally.samples == {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}
    assert counter.tally.seconds == {1: 1, 2: 1, 3: 1, 4: 1, 5: 0}
    assert (counter.tally.unexpected, counter.tally.invalid) == (0, 0)


def test_without_workers_every_sample_is_missing_at_the_timeout(pipeline: Pipeline, reader: TopicReader) -> None:
    results = Results(reader, pipeline.cluster)
    pipeline.send(DEVICE, readings(90, 110, 130))

    records = results.sent_records({DEVICE})
    left = results.wait_until_processed(records, timeout=0.2, stop=threading.Event())

    assert sum(record.samples for record in left) == 3


def test_records_of_other_programs_are_not_counted(pipeline: Pipeline, reader: TopicReader) -> None:
    results = Results(reader, pipeline.cluster)
    pipeline.kafka.send(pipeline.cluster.topics.biometrics, (DEVICE.encode(), b"no frame"), b"no key")
    pipeline.kafka.send(pipeline.cluster.topics.zones, (DEVICE.encode(), frame_prefix(2) + b"{}"), b"no key")

    records = results.sent_records({DEVICE})
    counter = ZoneCounter([])
    results.count_zones(counter, {DEVICE})

    assert [record.samples for record in records] == [0]
    assert counter.tally.invalid == 1


def test_reading_a_range_waits_for_an_open_transaction_and_leaves_an_aborted_one_out(
    pipeline: Pipeline, reader: TopicReader
) -> None:
    topic = pipeline.cluster.topics.zones
    start = reader.end_offsets(topic)
    with Producer({**pipeline.kafka.connection, "transactional.id": topic}) as producer:
        producer.init_transactions(10)
        producer.begin_transaction()
        producer.produce(topic, b"aborted", b"key")
        producer.flush(10)
        producer.abort_transaction(10)
        producer.begin_transaction()
        producer.produce(topic, b"committed", b"key")
        producer.flush(10)
        end = reader.end_offsets(topic)
        with pytest.raises(TopicUnavailableError, match="took too long"):
            list(reader.read_range(topic, start, end, deadline=monotonic() + 0.5))
        producer.commit_transaction(10)

        found = list(reader.read_range(topic, start, end, deadline=monotonic() + 30))

    assert [message.value() for message in found] == [b"committed"]


def test_an_empty_range_is_read_at_once(pipeline: Pipeline, reader: TopicReader) -> None:
    end = reader.end_offsets(pipeline.cluster.topics.zones)

    assert list(reader.read_range(pipeline.cluster.topics.zones, end, end, deadline=0)) == []


def collected(batches: Iterator[list[Message]], count: int) -> list[bytes]:
    """The values of the first `count` records that come."""
    values: list[bytes] = []

    def take() -> bool:
        values.extend(message.value() or b"" for message in next(batches))
        return len(values) >= count

    eventually(take, f"{count} records")
    return values


def test_following_shows_what_comes_after_the_start_and_from_the_beginning_everything(
    pipeline: Pipeline, reader: TopicReader
) -> None:
    topic = pipeline.cluster.topics.zones
    pipeline.kafka.send(topic, b"before")
    following = reader.follow(topic, from_beginning=False)
    assert next(following) == []
    pipeline.kafka.send(topic, b"after")

    assert collected(following, 1) == [b"after"]
    with TopicReader(consumer=pipeline.kafka.connection, admin=pipeline.kafka.connection) as another:
        assert sorted(collected(another.follow(topic, from_beginning=True), 2)) == [b"after", b"before"]


def test_a_missing_topic_is_reported_with_the_command_that_creates_it(reader: TopicReader) -> None:
    with pytest.raises(TopicUnavailableError, match="no-such-topic does not exist; `heartzone topics apply` creates"):
        reader.end_offsets("no-such-topic")


def test_following_leaves_no_group_behind(pipeline: Pipeline, reader: TopicReader) -> None:
    pipeline.kafka.send(pipeline.cluster.topics.zones, b"a record")
    following = reader.follow(pipeline.cluster.topics.zones, from_beginning=True)
    eventually(lambda: next(following), "the record")

    admin = AdminClient({**pipeline.kafka.connection})
    groups = admin.list_consumer_groups().result().valid

    assert "heartzone-command" not in {group.group_id for group in groups}
