"""A record that the broker rejects, alone and with others behind it."""

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError

from exactly_once import OutputRecord, RebuildReason
from exactly_once.clients.transactional_producer import TransactionalProducer
from exactly_once.core.reasons import kafka_error_name
from exactly_once.core.signals import TransactionAborted
from heartzone_testing.brokers.mock_cluster import ADD_PARTITIONS_TO_TXN, PRODUCE, MockCluster
from heartzone_testing.engine.transactions import OFFSETS, run_transaction
from heartzone_testing.waiting import eventually

Make = Callable[..., TransactionalProducer]


@pytest.mark.parametrize(
    "code",
    [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.INVALID_TIMESTAMP],
    ids=["too-large", "invalid", "timestamp"],
)
def test_a_record_that_the_broker_rejects_aborts_and_leaves_a_producer_with_a_gap(
    cluster: MockCluster, make: Make, group_metadata: bytes, code: int
) -> None:
    """librdkafka skips its sequence number, and the broker takes no later one: another transaction would be lost."""
    producer = make()
    cluster.fail_next(PRODUCE, code)

    with pytest.raises(TransactionAborted) as aborted:
        run_transaction(producer, group_metadata)

    assert aborted.value.cause == kafka_error_name(KafkaError(code).name())
    assert producer.renewal_reason() is RebuildReason.SEQUENCE_GAP


@pytest.mark.parametrize("queue", [{}, {"queue.buffering.max.messages": 3}], ids=["large-queue", "small-queue"])
def test_a_record_that_is_rejected_while_others_wait_behind_it_is_the_cause_of_the_abort_all_the_same(
    cluster: MockCluster, make: Make, queue: dict[str, int]
) -> None:
    """To a further record librdkafka says only that the state is wrong, or that its queue is full."""
    producer = make(producer=queue)
    cluster.fail_next(PRODUCE, KafkaError.INVALID_RECORD)
    producer.begin()

    def aborted() -> str | None:
        try:
            producer.produce([OutputRecord("out", b"value" * 100_000)])
        except TransactionAborted as abort:
            return abort.cause
        return None

    eventually(lambda: aborted() == "invalid_record", "the abort")


def test_records_that_wait_behind_a_rejected_one_do_not_delay_the_abort(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    producer = make(transaction_timeout=300.0)
    cluster.fail_next(PRODUCE, KafkaError.INVALID_RECORD)
    cluster.delay_next(ADD_PARTITIONS_TO_TXN, 500)  # until then, all of them are in the queue
    producer.begin()
    producer.produce([OutputRecord("out", b"value" * 100_000)] * 20)

    with pytest.raises(TransactionAborted) as aborted:
        producer.commit(OFFSETS, group_metadata)

    assert aborted.value.cause == "invalid_record"
