"""The zone worker's metrics after each kind of fault, compared with an audit: an independent read of the topics.

The worker `steady` runs from the first record to the last, so that its counters hold all that other workers, which
count for themselves, have not done. Whatever a fault makes it repeat is counted once in what was processed, and each
failed attempt as an abort.

One inequality is honest. An abort that is counted may be of a transaction of which the coordinator had heard nothing
yet, so the coordinator may have ended fewer; never more, as long as nobody is killed.
"""

import itertools
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from embedded_kafka.broker.node import KafkaNode
from exactly_once import move_offset
from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached, encode
from heartzone.wire import frame_prefix, unframe
from heartzone.zones import Zone, zone_of
from heartzone_testing.brokers.frame_proxy import END_TXN, INIT_PRODUCER_ID, FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.brokers.transaction_log import End, ended_transactions
from heartzone_testing.ports import free_port
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

SETTINGS = {
    "HEARTZONE_TRANSACTION_MAX_RECORDS": "50",
    "HEARTZONE_TRANSACTION_TIMEOUT": "4",
    "HEARTZONE_SCHEMA_PATIENCE": "1",
}
COUNTERS = {
    "heartzone_readings_total": "zone",
    "heartzone_dead_letters_total": "reason",
    "heartzone_transaction_records_sum": None,
    "heartzone_transaction_records_count": None,
    "heartzone_transaction_duration_seconds_count": None,
    "heartzone_transactions_committed_total": None,
}
RECORDS = "heartzone_transaction_records_sum", ""
COMMITTED = "heartzone_transactions_committed_total"
ABORTED = "heartzone_transactions_aborted_total"
HALTED = "heartzone_partitions_halted"
WAITING = "heartzone_partitions_waiting"
LAG = "heartzone_consumer_lag_records"
REBALANCES = "heartzone_rebalances_total"
REBUILDS = "heartzone_producer_rebuilds_total"
LONG = 180  # seconds until recovery from what takes timeouts of its own
# Seldom: a scrape takes longer than the step of `eventually`.
until = partial(eventually, every=0.2)

Counts = Counter[tuple[str, str]]


class Audited:
    """A pipeline, its workers, and what happens to them."""

    def __init__(self, pipeline: Pipeline, proxy: FrameProxy, node: KafkaNode) -> None:
        self.pipeline = pipeline
        self.kafka = pipeline.kafka
        self.proxy = proxy
        self.node = node
        self.partitions = 4
        self.workers: list[ServiceProcess] = []
        self._counted_by_ended: Counts = Counter()
        self._aborts_of_ended = 0.0
        self._seconds = itertools.count()

    @property
    def steady(self) -> ServiceProcess:
        return self.workers[0]

    @contextmanager
    def worker(self, ordinal: int, **settings: str) -> Iterator[ServiceProcess]:
        """Run a worker while the block lasts; nothing may be left to process at its end."""
        with self.pipeline.worker(ordinal, SETTINGS | settings) as worker:
            self.workers.append(worker)
            yield worker
            self._counted_by_ended += counted(worker)
            self._aborts_of_ended += worker.metric(ABORTED)
            self.workers.remove(worker)

    def transactional_id(self, ordinal: int) -> str:
        return f"{self.pipeline.group}-{ordinal}"

    def send(self, count: int, partition: int = -1) -> None:
        """Write messages of many devices, each with a reading in a zone and one in none."""
        prefix = frame_prefix(self.pipeline.schema_id)
        # Not idempotent: such a producer would wait for the response that a fault may withhold.
        with Producer({**self.kafka.connection}) as producer:
            for second in itertools.islice(self._seconds, count):
                time = f"2022-12-02T13:{second // 60 % 60:02}:{second % 60:02}Z"
                readings = [HeartRate(time, 110 + 20 * (second % 5)), HeartRate(time, 60)]
                message = Biometrics(str(uuid.UUID(int=second % 97)), readings, 200)
                producer.produce(
                    self.pipeline.biometrics, prefix + encode(message), message.device_id.encode(), partition
                )
            assert producer.flush(60) == 0

    def aborts(self) -> float:
        return self._aborts_of_ended + sum(worker.metric(ABORTED) for worker in self.workers)

    def counted(self) -> Counts:
        """What all workers have counted, also those that have ended."""
        return sum(map(counted, self.workers), self._counted_by_ended)

    def lags(self) -> list[tuple[str, float]]:
        """Each series of the lag, by partition; two of a partition would have two owners."""
        return sorted(lag for worker in self.workers for lag in worker.samples(LAG, "partition").items())

    def audit(self) -> Counts:
        """What the topics hold, under the names of the metrics that are to show it."""
        pipeline, kafka = self.pipeline, self.kafka
        prefix = frame_prefix(pipeline.schema_id)
        inputs = kafka.values(pipeline.biometrics)
        messages = [
            msgspec.json.decode(unframe(value)[1], type=Biometrics)
            for value in inputs
            if value is not None and value.startswith(prefix)
        ]
        in_no_zone = sum(
            zone_of(each.value, message.max_heart_rate) is Zone.NONE
            for message in messages
            for each in message.heart_rates
        )
        events = [
            msgspec.json.decode(unframe(value)[1], type=HeartRateZoneReached) for value in kafka.values(pipeline.zones)
        ]
        letters = Counter(
            str(dict(letter.headers() or ())["heartzone.dlq.reason"], "ascii")  # type: ignore[arg-type]
            for letter in kafka.read(pipeline.dead_letters)
        )
        transactions = ended_transactions(kafka, End.COMMIT, self._outputs)
        return Counter(
            {
                ("heartzone_readings_total", "None"): in_no_zone,
                **{
                    ("heartzone_readings_total", f"Zone{n}"): sum(each.zone == n for each in events)
                    for n in range(1, 6)
                },
                **{("heartzone_dead_letters_total", reason): count for reason, count in letters.items()},
                RECORDS: len(inputs),
                ("heartzone_transaction_records_count", ""): transactions,
                ("heartzone_transaction_duration_seconds_count", ""): transactions,
                (COMMITTED, ""): transactions,
            }
        )

    def await_idle(self) -> None:
        """Return when every record is processed and counted, and when the metrics say that nothing is left."""
        written = len(self.kafka.values(self.pipeline.biometrics))
        until(lambda: self.counted()[RECORDS] >= written, f"{written} records to be counted", LONG)
        idle = sorted((str(number), 0.0) for number in range(self.partitions))
        until(lambda: self.lags() == idle, "a lag of 0 of each partition, known to its owner alone", LONG)

    def assert_metrics_are_true(self) -> None:
        """Compare, once nothing is left."""
        self.await_idle()
        biometrics = self.pipeline.biometrics
        ends = {number: self.kafka.end_offset(biometrics, number) for number in range(self.partitions)}
        assert self.kafka.group_offsets(self.pipeline.group, biometrics, self.partitions) == ends
        assert self.counted() == self.audit()
        assert self.aborts() >= ended_transactions(self.kafka, End.ABORT, self._outputs)
        for worker in self.workers:
            until(lambda: worker.metric("heartzone_ready") == 1, "the worker to be ready")  # noqa: B023
            assert worker.samples(HALTED, "partition") == worker.samples(WAITING, "partition") == {}

    @property
    def _outputs(self) -> list[str]:
        return [self.pipeline.zones, self.pipeline.dead_letters]


def counted(worker: ServiceProcess) -> Counts:
    """What a worker's counters show; labels with 0 are left out."""
    return Counter(
        {
            (name, value): int(count)
            for name, label in COUNTERS.items()
            for value, count in worker.samples(name, label).items()
            if count
        }
    )


@pytest.fixture(scope="module")
def proxied_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FrameProxy, KafkaNode]]:
    """A broker that these tests may restart, and the proxy in front of it."""
    port = free_port()
    with FrameProxy(port) as proxy:
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        log_dir = tmp_path_factory.mktemp("proxied-kafka")
        with EmbeddedKafka(port=port, broker_properties=advertised, log_dir=log_dir, jvm="startup") as broker:
            yield proxy, broker.nodes[0]


@pytest.fixture(scope="module")
def make_audited(
    proxied_broker: tuple[FrameProxy, KafkaNode],
    embedded_registry: EmbeddedRegistry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], Audited]:
    proxy, node = proxied_broker
    kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})

    def make() -> Audited:
        folder = tmp_path_factory.mktemp("workers")
        return Audited(Pipeline(kafka, embedded_registry.client_config(), folder, partitions=4), proxy, node)

    return make


@pytest.fixture(scope="module")
def audited(make_audited: Callable[[], Audited]) -> Iterator[Audited]:
    """One pipeline, and one worker that goes through all faults but its own death."""
    audited = make_audited()
    with audited.worker(0):
        yield audited


def nothing(audited: Audited) -> None:
    """The control."""


def poisoned_records(audited: Audited) -> None:
    unknown_schema = frame_prefix(987_654) + b"{}"
    audited.kafka.send(audited.pipeline.biometrics, b"poison", None, unknown_schema)


def a_fenced_producer(audited: Audited) -> None:
    audited.await_idle()
    before = audited.steady.metric(ABORTED)
    audited.kafka.fence(audited.transactional_id(0))
    audited.send(50)
    until(lambda: audited.steady.metric(ABORTED) > before, "the abort to be counted")


def a_commit_without_a_response(audited: Audited) -> None:
    """It happens; the worker learns it from the group's offsets, once its time has run out."""
    before = audited.steady.samples(REBUILDS, "reason")["commit_timed_out"]
    audited.proxy.withheld = frozenset({END_TXN})
    audited.send(50)
    until(lambda: audited.steady.samples(REBUILDS, "reason")["commit_timed_out"] > before, "the commit's timeout")
    audited.proxy.withheld = frozenset()


def a_broker_that_is_killed_under_load(audited: Audited) -> None:
    before = audited.steady.metric(COMMITTED)
    audited.send(2_000)
    until(lambda: audited.steady.metric(COMMITTED) > before, "work under way")
    audited.node.kill()
    until(lambda: audited.steady.metric("heartzone_ready") == 0, "the metric to say that nothing can be done")
    audited.node.start()


def partitions_that_are_added(audited: Audited) -> None:
    new, audited.partitions = audited.partitions, audited.partitions + 1
    audited.kafka.add_partitions(audited.pipeline.biometrics, audited.partitions)
    audited.send(10, partition=new)
    until(lambda: str(new) in audited.steady.samples(LAG, "partition"), "the lag of the new partition", 30)


def a_halted_partition(audited: Audited) -> None:
    """It halts over too many dead letters; the others go on; its lag grows; a person says to go on nevertheless."""
    biometrics, group = audited.pipeline.biometrics, audited.pipeline.group
    audited.kafka.send(biometrics, *[None] * 300, partition=3)
    until(lambda: audited.steady.samples(HALTED, "partition") == {"3": 1}, "the halted partition")
    assert audited.steady.samples(HALTED, "reason") == {"too_many_dead_letters": 1}
    until(
        lambda: audited.steady.metric("heartzone_ready") == 1,
        "the worker to be ready, with a producer made anew or not",
    )
    committed = audited.kafka.group_offsets(group, biometrics, 4)[3]
    audited.send(100, partition=0)
    end = audited.kafka.end_offset(biometrics, 0)
    until(lambda: audited.kafka.group_offsets(group, biometrics, 1)[0] == end, "the other partition")
    audited.send(10, partition=3)
    left = audited.kafka.end_offset(biometrics, 3) - committed
    until(lambda: audited.steady.samples(LAG, "partition")["3"] == left, f"a lag of {left} records")

    move_offset(audited.kafka.connection, group, biometrics, 3, committed)
    until(lambda: audited.steady.samples(HALTED, "partition") == {}, "nothing to be halted")


def another_worker_that_joins_and_leaves(audited: Audited) -> None:
    """The partitions that it gets wait for a transaction that somebody else has left open with their offsets."""
    biometrics, group = audited.pipeline.biometrics, audited.pipeline.group
    audited.await_idle()
    offsets = audited.kafka.group_offsets(group, biometrics, audited.partitions)
    nobody = Consumer({**audited.kafka.connection, "group.id": group})
    dead = Producer({**audited.kafka.connection, "transactional.id": f"dead-{group}", "transaction.timeout.ms": 60_000})
    dead.init_transactions(30)
    dead.begin_transaction()
    at = [TopicPartition(biometrics, number, offset) for number, offset in offsets.items()]
    dead.send_offsets_to_transaction(at, nobody.consumer_group_metadata())
    with audited.worker(1) as second:
        until(lambda: second.samples(WAITING, "partition"), "partitions that wait")
        waiting = second.samples(WAITING, "partition").keys()
        assert second.samples(WAITING, "reason").keys() == {"waiting for the committed offsets"}
        assert not waiting & audited.steady.samples(LAG, "partition").keys(), "they are not the first worker's any more"
        audited.send(500)
        dead.abort_transaction(30)
        until(lambda: second.metric(COMMITTED) > 0, "work of the second worker")
        audited.assert_metrics_are_true()
    nobody.close()


def a_frozen_worker_that_wakes_up_without_its_partitions(audited: Audited) -> None:
    session = {
        "HEARTZONE_KAFKA_CONSUMER_SESSION_TIMEOUT_MS": "3000",
        "HEARTZONE_KAFKA_CONSUMER_HEARTBEAT_INTERVAL_MS": "500",
    }
    with audited.worker(1, **session) as zombie:
        until(lambda: len(zombie.samples(LAG, "partition")) >= 2, "partitions for it")
        audited.send(2_000)
        until(lambda: zombie.metric(COMMITTED) > 0, "it to be at work")
        taken_over = audited.steady.samples(REBALANCES, "event")["assigned"]
        zombie.process.pause()
        try:
            until(lambda: audited.steady.samples(REBALANCES, "event")["assigned"] > taken_over, "another owner", LONG)
        finally:
            zombie.process.resume()
        until(lambda: zombie.samples(REBALANCES, "event")["lost"] > 0, "it to notice", LONG)
        audited.assert_metrics_are_true()


@pytest.mark.parametrize(
    "fault",
    [
        nothing,
        poisoned_records,
        a_fenced_producer,
        a_commit_without_a_response,
        partitions_that_are_added,
        a_halted_partition,
        another_worker_that_joins_and_leaves,
        a_frozen_worker_that_wakes_up_without_its_partitions,
        a_broker_that_is_killed_under_load,
    ],
)
def test_metrics_are_what_an_audit_counts_after(audited: Audited, fault: Callable[[Audited], None]) -> None:
    audited.send(100)
    fault(audited)
    audited.send(100)
    audited.assert_metrics_are_true()


def test_nothing_that_a_killed_worker_had_done_is_counted_again_by_others(make_audited: Callable[[], Audited]) -> None:
    """What it counted after its last scrape died with it: what is counted is at most what was done, and for all that
    was written after its death it is equal.
    """
    audited = make_audited()
    with audited.worker(0), audited.pipeline.worker(1, SETTINGS) as victim:
        for worker in (audited.steady, victim):
            until(lambda worker=worker: len(worker.samples(LAG, "partition")) == 2, "two partitions each")  # type: ignore[misc]
        audited.send(2_000)
        until(lambda: victim.metric(COMMITTED) >= 3, "the victim at work")
        last_scrape = counted(victim)
        victim.process.kill()
        audited.kafka.fence(audited.transactional_id(1))  # as its successor does
        idle = sorted((str(number), 0.0) for number in range(4))
        until(lambda: audited.lags() == idle, "the survivor to have processed the rest", LONG)
        by_survivor, done = counted(audited.steady), audited.audit()
        assert by_survivor + last_scrape <= done
        assert done[RECORDS] == 2_000

        audited.send(200)
        until(lambda: counted(audited.steady)[RECORDS] == by_survivor[RECORDS] + 200, "200 more")
        assert counted(audited.steady) - by_survivor == audited.audit() - done


def test_the_lag_is_known_and_grows_while_the_transactional_id_is_being_claimed(
    make_audited: Callable[[], Audited],
) -> None:
    audited = make_audited()

    def lag() -> float:
        return sum(lag for _partition, lag in audited.lags())

    audited.send(50)
    audited.proxy.withheld = frozenset({INIT_PRODUCER_ID})
    with audited.worker(0) as worker:
        until(lambda: lag() == 50, "the lag before the first claim")
        assert worker.metric("heartzone_ready") == 0
        audited.send(20)
        until(lambda: lag() == 70, "a lag that has grown")
        audited.proxy.withheld = frozenset()
        audited.assert_metrics_are_true()

        audited.kafka.fence(audited.transactional_id(0))
        audited.proxy.withheld = frozenset({INIT_PRODUCER_ID})
        audited.send(30)
        until(lambda: lag() == 30, "the lag while the id is claimed anew")
        audited.send(20)
        until(lambda: lag() == 50, "a lag that has grown")
        audited.proxy.withheld = frozenset()
        audited.assert_metrics_are_true()
