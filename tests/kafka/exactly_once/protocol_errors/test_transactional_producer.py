"""The truth table of errors: each row one response of a broker, and what the transactional producer makes of it."""

import threading
from collections.abc import Callable, Sequence

import pytest
from confluent_kafka import KafkaError

from exactly_once import AbortReason, BatchLimits, OutputRecord, RebuildReason
from exactly_once.clients.transactional_producer import TransactionalProducer
from exactly_once.core.reasons import kafka_error_name
from exactly_once.core.signals import ProducerLost, TransactionAborted
from heartzone_testing.brokers.mock_cluster import (
    ADD_OFFSETS_TO_TXN,
    ADD_PARTITIONS_TO_TXN,
    END_TXN,
    PRODUCE,
    TXN_OFFSET_COMMIT,
    MockCluster,
)
from heartzone_testing.engine.transactions import OFFSETS, run_transaction
from heartzone_testing.waiting import eventually

Make = Callable[..., TransactionalProducer]

TRANSACTION_ABORTABLE = 120  # KIP-890; the binding has no constant for it yet


@pytest.mark.parametrize(
    ("api_key", "codes"),
    [
        pytest.param(TXN_OFFSET_COMMIT, [KafkaError.COORDINATOR_LOAD_IN_PROGRESS], id="group-coordinator-loads"),
        pytest.param(ADD_PARTITIONS_TO_TXN, [KafkaError.CONCURRENT_TRANSACTIONS], id="partitions-before-markers"),
        pytest.param(ADD_OFFSETS_TO_TXN, [KafkaError.CONCURRENT_TRANSACTIONS], id="offsets-before-markers"),
        pytest.param(PRODUCE, [KafkaError.NOT_LEADER_FOR_PARTITION], id="leader-has-moved"),
    ],
)
def test_what_librdkafka_retries_by_itself_is_committed(
    cluster: MockCluster, make: Make, group_metadata: bytes, api_key: int, codes: Sequence[int]
) -> None:
    producer = make()
    cluster.fail_next(api_key, *codes)

    run_transaction(producer, group_metadata)

    assert producer.renewal_reason() is None


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param([KafkaError.CONCURRENT_TRANSACTIONS] * 3, id="concurrent-transactions"),
        pytest.param([KafkaError.COORDINATOR_NOT_AVAILABLE] * 2, id="coordinator-not-available"),
        pytest.param([KafkaError.NOT_COORDINATOR], id="not-coordinator"),
        pytest.param([KafkaError._TRANSPORT], id="connection-lost"),
    ],
)
def test_a_commit_that_librdkafka_sends_again_happens_and_is_not_clean(
    cluster: MockCluster, make: Make, group_metadata: bytes, codes: Sequence[int]
) -> None:
    producer = make()
    cluster.fail_next(END_TXN, *codes)

    run_transaction(producer, group_metadata)

    assert producer.renewal_reason() is RebuildReason.DISCONNECTED


@pytest.mark.parametrize(
    ("api_key", "code"),
    [
        pytest.param(TXN_OFFSET_COMMIT, KafkaError.ILLEGAL_GENERATION, id="generation"),
        pytest.param(TXN_OFFSET_COMMIT, KafkaError.UNKNOWN_MEMBER_ID, id="member"),
        pytest.param(TXN_OFFSET_COMMIT, TRANSACTION_ABORTABLE, id="abortable-offsets"),
        pytest.param(END_TXN, TRANSACTION_ABORTABLE, id="abortable-end"),
    ],
)
def test_an_abortable_error_aborts_and_the_same_producer_goes_on(
    cluster: MockCluster, make: Make, group_metadata: bytes, api_key: int, code: int
) -> None:
    producer = make()
    cluster.fail_next(api_key, code)

    with pytest.raises(TransactionAborted) as aborted:
        run_transaction(producer, group_metadata)

    assert aborted.value.cause == kafka_error_name(KafkaError(code).name())
    run_transaction(producer, group_metadata)


@pytest.mark.parametrize("api_key", [ADD_PARTITIONS_TO_TXN, ADD_OFFSETS_TO_TXN, TXN_OFFSET_COMMIT, END_TXN])
@pytest.mark.parametrize(
    "code",
    [KafkaError.INVALID_PRODUCER_ID_MAPPING, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED],
    ids=["id-mapping", "epoch", "fenced"],
)
def test_an_error_that_a_producer_never_gets_over_loses_it_at_once(
    cluster: MockCluster, make: Make, group_metadata: bytes, api_key: int, code: int
) -> None:
    producer = make()
    cluster.fail_next(api_key, code)

    with pytest.raises(ProducerLost) as lost:
        run_transaction(producer, group_metadata)

    assert lost.value.outcome_unknown == (api_key == END_TXN)
    assert cluster.requests(END_TXN) == (api_key == END_TXN)


def test_an_invalid_state_of_the_transaction_loses_the_producer(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    producer = make()
    cluster.fail_next(END_TXN, KafkaError.INVALID_TXN_STATE)

    with pytest.raises(ProducerLost) as lost:
        run_transaction(producer, group_metadata)

    assert (lost.value.cause, lost.value.outcome_unknown) == ("invalid_txn_state", True)


def test_a_commit_that_takes_longer_than_the_transaction_may_is_of_unknown_outcome_and_not_aborted(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    producer = make(transaction_timeout=1.0, limits=BatchLimits(max_age=0.5))
    cluster.delay_next(END_TXN, 20_000)

    with pytest.raises(ProducerLost) as lost:
        run_transaction(producer, group_metadata)

    assert (lost.value.cause, lost.value.outcome_unknown) == (RebuildReason.COMMIT_TIMED_OUT, True)
    assert lost.value.abort_cause is AbortReason.COMMIT_TIMED_OUT


def test_a_slow_commit_is_called_again_until_it_has_happened(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    producer = make()
    cluster.delay_next(END_TXN, 2_500)

    run_transaction(producer, group_metadata)

    assert cluster.requests(END_TXN) == 1
    assert producer.renewal_reason() is None


def test_a_record_outside_of_a_transaction_loses_the_producer(make: Make) -> None:
    producer = make()

    with pytest.raises(ProducerLost) as lost:
        producer.produce([OutputRecord("out", b"value")])

    assert lost.value.cause == "state"


def test_a_transaction_outlives_the_death_of_its_coordinator(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    cluster.set_coordinator("group-0", 1)
    producer = make()
    producer.begin()
    producer.produce([OutputRecord("out", b"value")])

    cluster.set_coordinator("group-0", 2)
    cluster.set_down(1)
    cluster.set_up(1)
    producer.commit(OFFSETS, group_metadata)

    run_transaction(producer, group_metadata)


def test_a_commit_waits_for_a_coordinator_that_is_down(cluster: MockCluster, make: Make, group_metadata: bytes) -> None:
    cluster.set_coordinator("group-0", 1)
    producer = make()
    producer.begin()
    producer.produce([OutputRecord("out", b"value")])
    eventually(lambda: cluster.requests(PRODUCE), "the record to be sent")

    cluster.set_down(1)
    restart = threading.Timer(1.5, cluster.set_up, [1])
    restart.start()
    producer.commit(OFFSETS, group_metadata)

    restart.join()
    run_transaction(producer, group_metadata)


def test_offsets_that_wait_for_a_lost_coordinator_for_ever_lose_the_producer_and_not_the_worker(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    """librdkafka#5456: the call ignores its timeout."""
    cluster.set_coordinator("group-0", 1)
    cluster.set_group_coordinator("group", 2)
    producer = make(transaction_timeout=2)
    producer.begin()
    cluster.set_down(2)

    with pytest.raises(ProducerLost) as lost:
        producer.commit(OFFSETS, group_metadata)

    assert lost.value.cause == "offsets_timed_out"
    assert lost.value.abort_cause == "offsets_timed_out"
    cluster.set_up(2)
    run_transaction(make(), group_metadata)


def test_an_abort_before_the_first_delivery_leaves_a_producer_that_works(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    """librdkafka#4849: what is in flight when the first transaction of a producer is aborted."""
    producer = make()
    cluster.delay_next(PRODUCE, 500)
    producer.begin()
    producer.produce([OutputRecord("out", b"value")])

    with pytest.raises(TransactionAborted):
        producer.abort(AbortReason.UNPRODUCIBLE)

    run_transaction(producer, group_metadata)


def test_an_abort_that_is_rejected_for_good_loses_the_producer_and_keeps_why_it_was_to_abort(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    producer = make()
    producer.begin()
    producer.produce([OutputRecord("out", b"value")])
    eventually(lambda: cluster.requests(ADD_PARTITIONS_TO_TXN), "a transaction that the coordinator knows")
    cluster.fail_next(END_TXN, KafkaError.PRODUCER_FENCED)

    with pytest.raises(ProducerLost) as lost:
        producer.abort(AbortReason.NOT_IN_GROUP)

    assert (lost.value.cause, lost.value.abort_cause) == ("fenced", AbortReason.NOT_IN_GROUP)
    assert not lost.value.outcome_unknown


def test_a_commit_whose_abort_fails_is_of_unknown_outcome(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    producer = make()
    cluster.fail_next(END_TXN, TRANSACTION_ABORTABLE, KafkaError.INVALID_TXN_STATE)

    with pytest.raises(ProducerLost) as lost:
        run_transaction(producer, group_metadata)

    assert (lost.value.cause, lost.value.outcome_unknown) == ("invalid_txn_state", True)
    assert lost.value.abort_cause == "transaction_abortable"


def test_serving_a_fenced_producer_raises_nothing_and_the_next_transaction_does(
    cluster: MockCluster, make: Make
) -> None:
    producer = make()
    producer.begin()
    cluster.fail_next(ADD_PARTITIONS_TO_TXN, KafkaError.PRODUCER_FENCED)
    producer.produce([OutputRecord("out", b"value")])

    def fenced() -> bool:
        producer.serve()
        try:
            producer.produce([OutputRecord("out", b"value")])
        except ProducerLost:
            return True
        return False

    eventually(fenced, "the coordinator's response")
    producer.serve()
    with pytest.raises(ProducerLost) as lost:
        producer.begin()

    assert lost.value.cause == "fenced"
