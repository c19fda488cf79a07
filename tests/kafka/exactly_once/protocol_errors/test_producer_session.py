"""Producers one after the other, on brokers that reject one, or are not there."""

import weakref
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import KafkaError

from exactly_once import (
    ConfigurationError,
    FatalClientError,
    FencedError,
    StopFlag,
    WaitReason,
    WorkerConfig,
)
from exactly_once.clients.producer_session import ProducerSession
from exactly_once.core.signals import ProducerLost, StopRequested, TransactionAborted
from heartzone_testing.brokers.mock_cluster import END_TXN, INIT_PRODUCER_ID, PRODUCE, TXN_OFFSET_COMMIT, MockCluster
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.transactions import run_transaction


class Bench:
    """A session, what it reports, and what is done when it waits."""

    def __init__(self, config: WorkerConfig) -> None:
        self.journal = Journal()
        self.stopping = StopFlag()
        self.waits: list[str] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.config = config
        self.session = ProducerSession(
            lambda: self.config, self.journal, self.stopping, on_wait=self._waits, credentials_error=lambda: None
        )

    def _waits(self, reason: str) -> None:
        self.waits.append(reason)
        self.on_wait()

    def run_transaction(self, group_metadata: bytes) -> None:
        run_transaction(self.session.producer, group_metadata)


Make = Callable[..., Bench]


@pytest.fixture
def make(configure: Callable[..., WorkerConfig]) -> Iterator[Make]:
    made: list[Bench] = []

    def build(**overrides: object) -> Bench:
        made.append(Bench(configure(**overrides)))
        return made[-1]

    yield build
    for bench in made:
        bench.session.close()


def test_a_claim_waits_for_brokers_that_are_not_there_yet(cluster: MockCluster, make: Make) -> None:
    cluster.set_down()
    bench = make()
    bench.on_wait = cluster.set_up

    bench.session.claim()

    assert bench.waits[0] == WaitReason.COORDINATOR
    assert bench.journal.rebuilds == []


def test_wrong_epochs_for_some_seconds_are_waited_out_and_nobody_is_accused(cluster: MockCluster, make: Make) -> None:
    cluster.fail_next(INIT_PRODUCER_ID, *[KafkaError.INVALID_PRODUCER_EPOCH] * 6)
    bench = make()

    bench.session.claim()

    assert len(bench.journal.rebuilds) == 6
    assert len(set(bench.journal.rebuilds)) == 1
    assert len(bench.waits) >= 5  # the first comes at once


def test_wrong_epochs_for_ever_end_the_worker_and_still_accuse_nobody(cluster: MockCluster, make: Make) -> None:
    """A claim always raises the epoch: no other process can fence it."""
    cluster.fail_next(INIT_PRODUCER_ID, *[KafkaError.INVALID_PRODUCER_EPOCH] * 4)
    bench = make(max_rebuilds=3)

    with pytest.raises(FatalClientError, match="failed 4 times in a row, last with"):
        bench.session.claim()


def test_producers_that_are_fenced_one_after_the_other_through_all_waits_have_a_twin(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    cluster.fail_next(END_TXN, *[KafkaError.PRODUCER_FENCED] * 4)
    bench = make(max_rebuilds=3)
    bench.session.claim()

    def lose() -> None:
        with pytest.raises(ProducerLost) as lost:
            bench.run_transaction(group_metadata)
        bench.session.rebuild(lost.value)

    for _ in range(3):
        lose()
    with pytest.raises(FencedError, match=r"fenced 4 times in a row.*another process uses transactional id group-0"):
        lose()


def test_a_transaction_timeout_that_the_brokers_do_not_allow_is_a_mistake_of_the_configuration(
    cluster: MockCluster, make: Make
) -> None:
    cluster.fail_next(INIT_PRODUCER_ID, KafkaError.INVALID_TRANSACTION_TIMEOUT)
    bench = make(transaction_timeout=200.0)

    with pytest.raises(ConfigurationError, match=r"transaction_timeout is 200 s; .* transaction\.max\.timeout\.ms"):
        bench.session.claim()


def test_a_stop_ends_the_wait_before_another_producer(cluster: MockCluster, make: Make) -> None:
    cluster.fail_next(INIT_PRODUCER_ID, *[KafkaError.PRODUCER_FENCED] * 100)
    bench = make(max_rebuilds=1000)
    bench.on_wait = bench.stopping.set

    with pytest.raises(StopRequested):
        bench.session.claim()


def test_a_lost_producer_is_followed_by_one_that_works(cluster: MockCluster, make: Make, group_metadata: bytes) -> None:
    bench = make()
    bench.session.claim()
    cluster.fail_next(TXN_OFFSET_COMMIT, KafkaError.INVALID_PRODUCER_ID_MAPPING)

    with pytest.raises(ProducerLost) as lost:
        bench.run_transaction(group_metadata)
    bench.session.rebuild(lost.value)

    bench.run_transaction(group_metadata)
    assert bench.journal.rebuilds == ["invalid_producer_id_mapping"]
    assert bench.waits == []


def test_a_commit_that_was_sent_twice_and_a_rejected_record_renew_the_producer(
    cluster: MockCluster, make: Make, group_metadata: bytes
) -> None:
    bench = make()
    bench.session.claim()
    cluster.fail_next(END_TXN, KafkaError._TRANSPORT)
    bench.run_transaction(group_metadata)
    bench.session.renew_if_suspect()

    cluster.fail_next(PRODUCE, KafkaError.INVALID_RECORD)
    with pytest.raises(TransactionAborted):
        bench.run_transaction(group_metadata)
    bench.session.renew_if_suspect()

    bench.run_transaction(group_metadata)
    bench.session.renew_if_suspect()
    assert bench.journal.rebuilds == ["disconnected_while_ending_a_transaction", "sequence_gap"]


@pytest.mark.parametrize(
    ("api_key", "code"),
    [
        pytest.param(END_TXN, KafkaError.PRODUCER_FENCED, id="commit"),
        pytest.param(TXN_OFFSET_COMMIT, KafkaError.INVALID_PRODUCER_ID_MAPPING, id="offsets-and-then-abort"),
    ],
)
def test_the_records_of_a_lost_producer_are_released_however_long_the_next_claim_takes(
    cluster: MockCluster, make: Make, group_metadata: bytes, api_key: int, code: int
) -> None:
    """confluent_kafka never releases what is handled when a call fails: a claim that takes long fails each second."""
    bench = make()
    bench.session.claim()
    cluster.fail_next(api_key, code)
    cluster.delay_next(INIT_PRODUCER_ID, 1_500)

    class Records(list[bytes]):
        """A list that can be watched."""

    def lose() -> "weakref.ref[Records]":
        records = Records()
        try:
            bench.run_transaction(group_metadata)
        except ProducerLost as lost:
            bench.session.rebuild(lost)
        return weakref.ref(records)

    released = lose()

    assert released() is None
    assert WaitReason.COORDINATOR in bench.waits
