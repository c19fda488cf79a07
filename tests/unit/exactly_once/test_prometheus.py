"""The observer that sets metrics for Prometheus."""

import subprocess
import sys

import pytest
from confluent_kafka import Message
from prometheus_client import CollectorRegistry

from exactly_once import (
    AbortReason,
    DeadLetterReason,
    HaltReason,
    Partition,
    RebalanceEvent,
    RebuildReason,
    RiskReason,
)
from exactly_once.prometheus import PrometheusObserver

FIRST: Partition = ("in", 0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def observer(registry: CollectorRegistry) -> PrometheusObserver:
    return PrometheusObserver(registry, dead_letter_reasons=["tombstone"], abort_reasons=["write_failed"])


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """Values of a metric by the values of its labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == f"exactly_once_{name}"
    }


def test_each_label_that_is_known_is_0_from_the_start(
    registry: CollectorRegistry, observer: PrometheusObserver
) -> None:
    for name, known in (
        ("transactions_aborted_total", [*AbortReason, "write_failed"]),
        ("dead_letters_total", [*DeadLetterReason, "tombstone"]),
        ("producer_rebuilds_total", RebuildReason),
        ("rebalances_total", RebalanceEvent),
        ("promise_at_risk", RiskReason),
    ):
        assert samples(registry, name) == {(str(value),): 0.0 for value in known}, name


def test_transactions_are_counted_with_their_records_and_times(
    registry: CollectorRegistry, observer: PrometheusObserver
) -> None:
    now = Message(topic="in", partition=0, offset=0, value=b"x", timestamp=(1, 1))
    observer.committed([now] * 1000, outputs=1, seconds=0.2)
    observer.committed([Message(topic="in", partition=0, offset=0, value=b"x", timestamp=(0, 0))], outputs=0, seconds=1)
    observer.aborted("fenced", records=5)
    observer.dead_lettered({"tombstone": 2})
    observer.producer_rebuilt(RebuildReason.DISCONNECTED)

    assert samples(registry, "transactions_committed_total") == {(): 2.0}
    assert samples(registry, "transaction_records_sum") == {(): 1001.0}
    assert samples(registry, "transaction_duration_seconds_sum") == {(): 1.2}
    latencies = samples(registry, "end_to_end_latency_seconds_count")[()]
    assert 31 <= latencies <= 32, "evenly spaced ones of many, and none of a record without a timestamp"
    assert samples(registry, "transactions_aborted_total")["fenced",] == 1
    assert samples(registry, "dead_letters_total")["tombstone",] == 2
    assert samples(registry, "producer_rebuilds_total")["disconnected_while_ending_a_transaction",] == 1


def test_the_lag_of_a_partition_goes_with_it(registry: CollectorRegistry, observer: PrometheusObserver) -> None:
    observer.lag({FIRST: 3, ("in", 1): 0})
    observer.rebalanced(RebalanceEvent.ASSIGNED, [FIRST])
    assert samples(registry, "consumer_lag_records") == {("in", "0"): 3.0, ("in", "1"): 0.0}

    observer.rebalanced(RebalanceEvent.REVOKED, [FIRST, ("in", 9)])
    assert samples(registry, "consumer_lag_records") == {("in", "1"): 0.0}
    assert samples(registry, "rebalances_total")["revoked",] == 1


def test_a_lag_that_is_not_known_any_more_is_not_shown(
    registry: CollectorRegistry, observer: PrometheusObserver
) -> None:
    """As of a partition whose offset is gone while it is processed: its last lag would be shown for ever."""
    observer.lag({FIRST: 3, ("in", 1): 0})

    observer.lag({("in", 1): 0})
    assert samples(registry, "consumer_lag_records") == {("in", "1"): 0.0}

    observer.rebalanced(RebalanceEvent.LOST, [FIRST, ("in", 1)])
    assert samples(registry, "consumer_lag_records") == {}


def test_a_partition_that_is_set_aside_is_shown_with_its_last_reason_alone(
    registry: CollectorRegistry, observer: PrometheusObserver
) -> None:
    observer.partition_waiting(FIRST, "lookup")
    assert samples(registry, "partitions_waiting") == {("in", "0", "lookup"): 1.0}

    observer.partition_halted(FIRST, HaltReason.OFFSET_OUT_OF_RANGE, "a sentence")
    assert samples(registry, "partitions_waiting") == {}
    assert samples(registry, "partitions_halted") == {("in", "0", "offset_out_of_range"): 1.0}

    observer.partition_resumed(FIRST)
    observer.partition_resumed(FIRST)
    assert samples(registry, "partitions_halted") == {}


def test_a_risk_that_is_gone_is_0_again(registry: CollectorRegistry, observer: PrometheusObserver) -> None:
    observer.promise_at_risk({RiskReason.OFFSETS_EXPIRE_BEFORE_RECORDS: "a sentence"})
    assert samples(registry, "promise_at_risk")["offsets_expire_before_records",] == 1

    observer.promise_at_risk({})
    assert set(samples(registry, "promise_at_risk").values()) == {0.0}


def test_the_prefix_can_be_set(registry: CollectorRegistry) -> None:
    PrometheusObserver(registry, prefix="mine_")

    assert {family.name.split("_")[0] for family in registry.collect()} == {"mine"}


def test_the_library_itself_needs_no_client_for_prometheus() -> None:
    program = "import sys, exactly_once; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
