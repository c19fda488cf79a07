"""The operator's metrics of a group's lag, on a real broker: no member is needed for them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from embedded_kafka import EmbeddedKafka
from heartzone_operator.group_lag.lag_metrics import GroupLagMetrics
from heartzone_operator.group_lag.monitor import GroupLagMonitor, ObservedGroup
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually


class Observed:
    """A group without members, its topic of three partitions, and the metrics of both."""

    def __init__(self, kafka: Testbed) -> None:
        self.kafka = kafka
        (self.topic,) = kafka.create_topics("biometrics", partitions=3)
        self.group = f"zone-worker-{uuid.uuid4().hex[:8]}"
        self.registry = CollectorRegistry()
        self._metrics = GroupLagMetrics(self.registry, max_age=60)
        self.monitor = self.monitor_of(kafka.connection)

    def monitor_of(self, connection: dict[str, str], timeout: float = 5) -> GroupLagMonitor:
        return GroupLagMonitor(
            [ObservedGroup(self.group, self.topic)],
            self._metrics,
            interval=0.1,
            timeout=timeout,
            admin=connection,
            consumer=connection,
        )

    def send(self, number: int, partition: int) -> None:
        with Producer({**self.kafka.connection}) as producer:
            for _ in range(number):
                producer.produce(self.topic, b"reading", partition=partition)

    def commit(self, *offsets: int) -> None:
        consumer = Consumer({**self.kafka.connection, "group.id": self.group})
        at = [TopicPartition(self.topic, partition, offset) for partition, offset in enumerate(offsets)]
        consumer.commit(offsets=at, asynchronous=False)
        consumer.close()

    def series(self, unit: str) -> list[float | None]:
        """The values by partition, None where there is no series."""
        return [
            self.registry.get_sample_value(
                f"heartzone_group_lag_{unit}", {"group": self.group, "topic": self.topic, "partition": f"{partition}"}
            )
            for partition in range(4)
        ]

    def becomes(self, *records: float | None) -> None:
        """Return once the lag in records is this, by partition, and its age is known."""
        expected = [*records, *[None] * (4 - len(records))]
        eventually(lambda: self.series("records") == expected, f"{expected} instead of {self.series('records')}")
        eventually(
            lambda: [each is None for each in self.series("seconds")] == [each is None for each in expected], "age"
        )


@pytest.fixture
def observed(kafka: Testbed) -> Observed:
    return Observed(kafka)


def test_the_lag_of_a_group_without_members_counts_up_and_is_0_after_a_commit(observed: Observed) -> None:
    with observed.monitor:
        observed.becomes(0, 0, 0)
        assert observed.series("seconds") == [0, 0, 0, None]

        observed.send(3, partition=0)
        observed.send(5, partition=2)
        observed.becomes(3, 0, 5)
        first = observed.series("seconds")
        assert first[1] == 0
        eventually(
            lambda: all((observed.series("seconds")[each] or 0) > (first[each] or 0) for each in (0, 2)), "growing age"
        )

        observed.commit(3, 0, 1)
        observed.becomes(0, 0, 4)
        observed.commit(3, 0, 5)
        observed.becomes(0, 0, 0)
        assert observed.series("seconds") == [0, 0, 0, None]


@contextmanager
def open_transaction(observed: Observed, partition: int) -> Iterator[Producer]:
    """Two records in a transaction that the block ends."""
    producer = Producer({**observed.kafka.connection, "transactional.id": str(uuid.uuid4())})
    producer.init_transactions(30)
    producer.begin_transaction()
    for _ in range(2):
        producer.produce(observed.topic, b"reading", partition=partition)
    assert producer.flush(30) == 0
    yield producer


def test_records_of_an_open_transaction_count_once_it_is_committed(observed: Observed) -> None:
    with observed.monitor:
        observed.send(1, partition=1)
        with open_transaction(observed, partition=1) as producer:
            observed.becomes(0, 1, 0)
            observed.commit(0, 1)
            observed.becomes(0, 0, 0)
            producer.commit_transaction(30)

        observed.becomes(0, 3, 0)  # two records and the control record, as long as the records are left


def test_control_records_and_aborted_ones_are_no_lag(observed: Observed) -> None:
    with open_transaction(observed, partition=0) as producer:
        producer.abort_transaction(30)
    with open_transaction(observed, partition=1) as producer:
        producer.commit_transaction(30)
    observed.commit(0, 2)

    with observed.monitor:
        observed.becomes(0, 0, 0)


def test_records_that_were_deleted_before_they_were_processed_are_no_lag(observed: Observed) -> None:
    observed.send(5, partition=0)
    observed.commit(1)
    with observed.monitor:
        observed.becomes(4, 0, 0)
        at = TopicPartition(observed.topic, 0, 3)
        admin = AdminClient({**observed.kafka.connection})

        admin.delete_records([at])[at].result(30)

        observed.becomes(2, 0, 0)


def test_partitions_that_are_added_are_observed_and_a_deleted_topic_has_no_series(observed: Observed) -> None:
    admin = AdminClient({**observed.kafka.connection})
    with observed.monitor:
        observed.send(1, partition=0)
        observed.becomes(1, 0, 0)

        admin.create_partitions([NewPartitions(observed.topic, 4)])[observed.topic].result(30)
        observed.becomes(1, 0, 0, 0)

        with capture_logs() as logs:
            admin.delete_topics([observed.topic])[observed.topic].result(30)
            observed.becomes(None, None, None)
    unknown = [each for each in logs if each["event"] == "group_lag_unknown"]
    assert unknown
    assert unknown[-1]["topic"] == observed.topic
    assert "Unknown topic" in unknown[-1]["reason"]


def test_an_unavailable_broker_is_logged_once_a_reason_and_there_are_no_series(observed: Observed) -> None:
    with capture_logs() as logs, observed.monitor_of({"bootstrap.servers": f"127.0.0.1:{free_port()}"}, 0.5) as monitor:
        eventually(lambda: monitor.rounds >= 3, "three rounds")
        assert observed.series("records") == [None] * 4

    told = [(each["event"], each["reason"]) for each in logs if each.get("group") == observed.group]
    assert {event for event, _ in told} == {"group_lag_unknown"}
    assert len(set(told)) == len(told), "each reason once: librdkafka has another where the machine is busy"


def test_a_client_that_cannot_be_made_leaves_the_operator_alone(observed: Observed) -> None:
    with (
        capture_logs() as logs,
        observed.monitor_of({"bootstrap.servers": "x", "sasl.mechanism": "NONSENSE"}) as monitor,
    ):
        eventually(lambda: monitor.rounds >= 2, "two rounds")

    (line,) = [each for each in logs if each.get("group") == observed.group]
    assert line["event"] == "group_lag_unknown"


def test_a_broker_that_restarts_takes_the_series_away_until_it_and_the_coordinator_are_back() -> None:
    with EmbeddedKafka(jvm="startup") as broker:
        observed = Observed(Testbed(broker.client_config()))
        with capture_logs() as logs, observed.monitor_of(observed.kafka.connection, timeout=1):
            observed.send(2, partition=1)
            observed.becomes(0, 2, 0)
            for _ in range(2):
                broker.nodes[0].kill()
                observed.becomes(None, None, None)
                broker.nodes[0].start()
                observed.becomes(0, 2, 0)

    events = [each["event"] for each in logs if each.get("group") == observed.group]
    assert events.count("group_lag_unknown") >= 2
    assert events[-1] == "group_lag_known"
