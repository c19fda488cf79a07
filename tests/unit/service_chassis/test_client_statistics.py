"""Statistics of real clients, against the brokers that librdkafka can play itself (`test.mock.num.brokers`)."""

from collections.abc import Callable
from functools import partial

import pytest
from confluent_kafka import Consumer, Producer
from prometheus_client import CollectorRegistry

from heartzone_testing.waiting import eventually
from service_chassis.telemetry.librdkafka import ClientStatistics

PREFIX = "thing_librdkafka_"


def poll_until(poll: Callable[[float], object], done: Callable[[], bool]) -> None:
    def done_or_polled() -> bool:
        if done():
            return True
        poll(0.05)
        return False

    eventually(done_or_polled, "statistics that tell it", every=0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def statistics(registry: CollectorRegistry) -> ClientStatistics:
    return ClientStatistics(registry, prefix="thing_")


def test_a_transactional_producer(registry: CollectorRegistry, statistics: ClientStatistics) -> None:
    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(PREFIX + name, {"client": "producer", **labels})

    producer = Producer(
        {
            "test.mock.num.brokers": 2,
            "transactional.id": "example",
            "statistics.interval.ms": 50,
            "stats_cb": statistics.callback("producer"),
        }
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce("topic", b"value", partition=0)
    poll_until(producer.poll, lambda: bool(value("transmitted_messages_total")))
    poll_until(producer.poll, lambda: value("transaction_state", state="InTransaction") == 1)

    assert value("queue_messages") is not None
    assert (value("requests_total") or 0) > 0
    assert (value("responses_total") or 0) > 0
    assert (value("transmitted_bytes_total") or 0) > 0
    assert (value("received_bytes_total") or 0) > 0
    assert {value("broker_up", broker="1"), value("broker_up", broker="2")} <= {0.0, 1.0}
    assert 0 < max(value("broker_rtt_seconds", broker=broker, quantile="0.99") or 0 for broker in "12") < 20
    producer.abort_transaction(20)


def test_a_consumer_has_the_lag_of_its_assigned_partitions(
    registry: CollectorRegistry, statistics: ClientStatistics
) -> None:
    brokers = Producer({"test.mock.num.brokers": 1})
    brokers.produce("topic", b"value", partition=0)
    brokers.flush(20)
    consumer = Consumer(
        {
            "bootstrap.servers": ",".join(
                str(broker).split("/")[0] for broker in brokers.list_topics().brokers.values()
            ),
            "group.id": "example",
            "auto.offset.reset": "earliest",
            "statistics.interval.ms": 50,
            "stats_cb": statistics.callback("consumer"),
        }
    )

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(PREFIX + name, {"client": "consumer", **labels})

    consumer.subscribe(["topic"])
    poll_until(consumer.poll, lambda: value("consumer_lag_records", topic="topic", partition="0") == 0)

    assert value("high_watermark_offset", topic="topic", partition="0") == 1
    assert value("fetch_queue_messages") == 0
    assert value("fetch_queue_bytes") == 0
    assert (value("group_rebalances_total") or 0) > 0
    assert value("transaction_state", state="Init") is None
    consumer.close()


def test_two_clients_have_their_own_labels(registry: CollectorRegistry, statistics: ClientStatistics) -> None:
    producers = [
        Producer({"test.mock.num.brokers": 1, "statistics.interval.ms": 50, "stats_cb": statistics.callback(client)})
        for client in ("first", "second")
    ]
    for client, producer in zip(("first", "second"), producers, strict=True):
        requests = partial(registry.get_sample_value, f"{PREFIX}requests_total", {"client": client})
        poll_until(producer.poll, lambda: bool(requests()))  # noqa: B023 called before the next round


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"msg_cnt":null}'])
def test_unreadable_statistics_do_no_harm(registry: CollectorRegistry, statistics: ClientStatistics, text: str) -> None:
    statistics.callback("odd")(text)

    list(registry.collect())
