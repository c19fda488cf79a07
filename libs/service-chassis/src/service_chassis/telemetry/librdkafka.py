"""librdkafka's own statistics as metrics: those that people chart, none that grows with the number of keys.

Each name begins with a prefix of the service's choice:

all       librdkafka_queue_messages{client}              waiting in the client's queues
          librdkafka_queue_bytes{client}
          librdkafka_reply_queue_operations{client}      waiting for poll()
          librdkafka_requests_total{client}              sent to brokers
          librdkafka_responses_total{client}
          librdkafka_transmitted_bytes_total{client}
          librdkafka_received_bytes_total{client}
          librdkafka_transmitted_messages_total{client}
          librdkafka_received_messages_total{client}
broker    librdkafka_broker_up{client,broker}            1 when connected and authenticated
          librdkafka_broker_rtt_seconds{client,broker,quantile}
          librdkafka_broker_request_timeouts_total{client,broker}
          librdkafka_broker_disconnects_total{client,broker}
consumer  librdkafka_consumer_lag_records{client,topic,partition}   as librdkafka counts: control records too
          librdkafka_high_watermark_offset{client,topic,partition}    where the next record will be
          librdkafka_last_stable_offset{client,topic,partition}       where the first open transaction began
          librdkafka_fetch_queue_messages{client}        fetched ahead
          librdkafka_fetch_queue_bytes{client}
          librdkafka_group_rebalances_total{client}
producer  librdkafka_transaction_state{client,state}     1 for the state that it is in

Source of the fields: librdkafka's STATISTICS.md. Its ``txn_stateage`` is left out: librdkafka never sets the time that
it counts from, so its value is the machine's uptime.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

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
    "req_timeouts": ("broker_request_timeouts", "Requests without a response in time"),
    "disconnects": ("broker_disconnects", "Connections to a broker that ended"),
}
_PARTITION_GAUGES = {
    "consumer_lag": ("consumer_lag_records", "Records behind the last stable offset, control records included"),
    "hi_offset": ("high_watermark_offset", "Offset of the next record, open transactions included"),
    "ls_offset": ("last_stable_offset", "Offset before which every transaction has ended"),
}
_QUANTILES = {"p50": "0.5", "p99": "0.99"}


class _Families:
    """Metric families by name, made when they get their first sample."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}

    def gauge(self, name: str, text: str, value: float, **labels: str) -> None:
        self._add(GaugeMetricFamily, name, text, value, labels)

    def counter(self, name: str, text: str, value: float, **labels: str) -> None:
        self._add(CounterMetricFamily, name, text, value, labels)

    def all(self) -> Iterable[Metric]:
        return self._families.values()

    def _add(
        self,
        kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
        name: str,
        text: str,
        value: float,
        labels: Mapping[str, str],
    ) -> None:
        if name not in self._families:
            self._families[name] = kind(f"{self._prefix}librdkafka_{name}", text, labels=list(labels))
        self._families[name].add_metric(list(labels.values()), value)


class ClientStatistics(Collector):
    """Keeps the latest statistics of each client, and makes metrics of them at a scrape.

    Args:
        registry: where the management port reads its metrics.
        prefix: what the metrics' names begin with.
    """

    def __init__(self, registry: CollectorRegistry, *, prefix: str) -> None:
        self._prefix = prefix
        self._latest: dict[str, str] = {}
        registry.register(self)

    def callback(self, client: str) -> Callable[[str], None]:
        """Make the callback to configure a client with as ``stats_cb``, beside ``statistics.interval.ms``.

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
        families = _Families(self._prefix)
        for client, text in sorted(self._latest.items()):
            try:
                _add_client(families, client, json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError):
                log.warning("librdkafka_statistics_unreadable", client=client, exc_info=True)
        return families.all()


def _add_client(families: _Families, client: str, statistics: Mapping[str, Any]) -> None:
    for field, (name, text) in _GAUGES.items():
        families.gauge(name, text, statistics[field], client=client)
    for field, (name, text) in _COUNTERS.items():
        families.counter(name, text, statistics[field], client=client)
    for broker in statistics["brokers"].values():
        # Addresses of the bootstrap list and coordinators are connections beside those of the brokers themselves.
        if broker["nodeid"] >= 0:
            _add_broker(families, client, broker)
    if statistics["type"] == "consumer":
        _add_consumer(families, client, statistics)
    if "eos" in statistics:
        _add_transactions(families, client, statistics["eos"])


def _add_broker(families: _Families, client: str, broker: Mapping[str, Any]) -> None:
    labels = {"client": client, "broker": str(broker["nodeid"])}
    families.gauge("broker_up", "Whether a broker is connected", float(broker["state"] == "UP"), **labels)
    for field, (name, text) in _BROKER_COUNTERS.items():
        families.counter(name, text, broker[field], **labels)
    for field, quantile in _QUANTILES.items():
        seconds = broker["rtt"][field] / 1e6
        families.gauge("broker_rtt_seconds", "Time from request to response", seconds, **labels, quantile=quantile)


def _add_consumer(families: _Families, client: str, statistics: Mapping[str, Any]) -> None:
    messages = size = 0
    for topic, partition in _assigned(statistics):
        messages += partition["fetchq_cnt"]
        size += partition["fetchq_size"]
        labels = {"client": client, "topic": topic, "partition": str(partition["partition"])}
        for field, (name, text) in _PARTITION_GAUGES.items():
            # Negative until librdkafka knows it.
            if partition[field] >= 0:
                families.gauge(name, text, partition[field], **labels)
    families.gauge("fetch_queue_messages", "Messages fetched ahead", messages, client=client)
    families.gauge("fetch_queue_bytes", "Bytes fetched ahead", size, client=client)
    rebalances = statistics.get("cgrp", {}).get("rebalance_cnt", 0)
    families.counter("group_rebalances", "Rebalances of the consumer group", rebalances, client=client)


def _assigned(statistics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for topic in statistics["topics"].values():
        for partition in topic["partitions"].values():
            if partition["fetch_state"] == "active":
                yield topic["topic"], partition


def _add_transactions(families: _Families, client: str, eos: Mapping[str, Any]) -> None:
    text = "State of the transaction, 1 for the one that it is in"
    families.gauge("transaction_state", text, 1, client=client, state=eos["txn_state"])
