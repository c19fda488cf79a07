"""librdkafka's own statistics as metrics: those that people chart, none that grows with the number of devices.

all       heartzone_librdkafka_queue_messages{client}              waiting in the client's queues
          heartzone_librdkafka_queue_bytes{client}
          heartzone_librdkafka_reply_queue_operations{client}      waiting for poll()
          heartzone_librdkafka_requests_total{client}              sent to brokers
          heartzone_librdkafka_responses_total{client}
          heartzone_librdkafka_transmitted_bytes_total{client}
          heartzone_librdkafka_received_bytes_total{client}
          heartzone_librdkafka_transmitted_messages_total{client}
          heartzone_librdkafka_received_messages_total{client}
broker    heartzone_librdkafka_broker_up{client,broker}            1 when connected and authenticated
          heartzone_librdkafka_broker_rtt_seconds{client,broker,quantile}
          heartzone_librdkafka_broker_request_timeouts_total{client,broker}
          heartzone_librdkafka_broker_disconnects_total{client,broker}
consumer  heartzone_librdkafka_consumer_lag_records{client,topic,partition}   as librdkafka counts: control records too
          heartzone_librdkafka_high_watermark_offset{client,topic,partition}    where the next record will be
          heartzone_librdkafka_last_stable_offset{client,topic,partition}       where the first open transaction began
          heartzone_librdkafka_fetch_queue_messages{client}        fetched ahead
          heartzone_librdkafka_fetch_queue_bytes{client}
          heartzone_librdkafka_group_rebalances_total{client}
producer  heartzone_librdkafka_transaction_state{client,state}     1 for the state that it is in

Source of the fields: librdkafka's STATISTICS.md. Its ``txn_stateage`` is left out: librdkafka never sets the time that
it counts from, so it tells how long the machine runs.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "heartzone_librdkafka_"

log = structlog.get_logger(__name__)

_GAUGES = {
    "msg_cnt": ("queue_messages", "Messages in the client's queues"),
    "msg_size": ("queue_bytes", "Bytes of the messages in the client's queues"),
    "replyq": ("reply_queue_operations", "Operations that wait for the application to poll"),
}
_COUNTERS = {
    "tx": ("requests", "Requests sent to brokers"),
    "rx": ("responses", "Responses received from brokers"),
    "tx_bytes": ("transmitted_bytes", "Bytes sent to brokers"),
    "rx_bytes": ("received_bytes", "Bytes received from brokers"),
    "txmsgs": ("transmitted_messages", "Messages sent to brokers"),
    "rxmsgs": ("received_messages", "Messages received from brokers"),
}
_BROKER_COUNTERS = {
    "req_timeouts": ("broker_request_timeouts", "Requests that a broker did not answer in time"),
    "disconnects": ("broker_disconnects", "Connections to a broker that ended"),
}
_PARTITION_GAUGES = {
    "consumer_lag": ("consumer_lag_records", "Records behind the last stable offset, control records included"),
    "hi_offset": ("high_watermark_offset", "Offset of the next record, open transactions included"),
    "ls_offset": ("last_stable_offset", "Offset before which every transaction has ended"),
}
_QUANTILES = {"p50": "0.5", "p99": "0.99"}

Families = dict[str, GaugeMetricFamily | CounterMetricFamily]


class ClientStatistics(Collector):
    """Keeps the latest statistics of each client and makes metrics of them when they are asked for.

    Args:
        registry: where the management port reads its metrics.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._latest: dict[str, str] = {}
        registry.register(self)

    def callback(self, client: str) -> Callable[[str], None]:
        """What to configure a client with as ``stats_cb``, beside ``statistics.interval.ms``.

        It only keeps the text, because librdkafka loses fetched records when a callback raises, and because it runs on
        the thread that moves them.

        Args:
            client: ``consumer``, ``producer`` …: the label of its metrics.
        """

        def keep(statistics: str) -> None:
            self._latest[client] = statistics

        return keep

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: names depend on the kinds of clients."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The metrics of all clients."""
        families: Families = {}
        for client, text in sorted(self._latest.items()):
            try:
                _add_client(families, client, json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError):
                log.warning("librdkafka_statistics_unreadable", client=client, exc_info=True)
        return families.values()


def _add_client(families: Families, client: str, statistics: Mapping[str, Any]) -> None:
    for field, (name, text) in _GAUGES.items():
        _gauge(families, name, text, statistics[field], client=client)
    for field, (name, text) in _COUNTERS.items():
        _counter(families, name, text, statistics[field], client=client)
    for broker in statistics["brokers"].values():
        # Addresses of the bootstrap list and coordinators are connections beside those of the brokers themselves.
        if broker["nodeid"] >= 0:
            _add_broker(families, client, broker)
    if statistics["type"] == "consumer":
        _add_consumer(families, client, statistics)
    if "eos" in statistics:
        _add_transactions(families, client, statistics["eos"])


def _add_broker(families: Families, client: str, broker: Mapping[str, Any]) -> None:
    labels = {"client": client, "broker": str(broker["nodeid"])}
    _gauge(families, "broker_up", "Whether a broker is connected", float(broker["state"] == "UP"), **labels)
    for field, (name, text) in _BROKER_COUNTERS.items():
        _counter(families, name, text, broker[field], **labels)
    for field, quantile in _QUANTILES.items():
        seconds = broker["rtt"][field] / 1e6
        _gauge(families, "broker_rtt_seconds", "Time from request to response", seconds, **labels, quantile=quantile)


def _add_consumer(families: Families, client: str, statistics: Mapping[str, Any]) -> None:
    messages = size = 0
    for topic, partition in _assigned(statistics):
        messages += partition["fetchq_cnt"]
        size += partition["fetchq_size"]
        labels = {"client": client, "topic": topic, "partition": str(partition["partition"])}
        for field, (name, text) in _PARTITION_GAUGES.items():
            # Negative until librdkafka knows it.
            if partition[field] >= 0:
                _gauge(families, name, text, partition[field], **labels)
    _gauge(families, "fetch_queue_messages", "Messages fetched ahead", messages, client=client)
    _gauge(families, "fetch_queue_bytes", "Bytes fetched ahead", size, client=client)
    rebalances = statistics.get("cgrp", {}).get("rebalance_cnt", 0)
    _counter(families, "group_rebalances", "Rebalances of the consumer group", rebalances, client=client)


def _assigned(statistics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for topic in statistics["topics"].values():
        for partition in topic["partitions"].values():
            if partition["fetch_state"] == "active":
                yield topic["topic"], partition


def _add_transactions(families: Families, client: str, eos: Mapping[str, Any]) -> None:
    text = "State of the transaction, 1 for the one that it is in"
    _gauge(families, "transaction_state", text, 1, client=client, state=eos["txn_state"])


def _gauge(families: Families, name: str, text: str, value: float, **labels: str) -> None:
    _family(families, GaugeMetricFamily, name, text, labels).add_metric(list(labels.values()), value)


def _counter(families: Families, name: str, text: str, value: float, **labels: str) -> None:
    _family(families, CounterMetricFamily, name, text, labels).add_metric(list(labels.values()), value)


def _family(
    families: Families,
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    text: str,
    labels: Mapping[str, str],
) -> GaugeMetricFamily | CounterMetricFamily:
    if name not in families:
        families[name] = kind(PREFIX + name, text, labels=list(labels))
    return families[name]
