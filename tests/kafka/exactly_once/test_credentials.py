"""Wrong credentials of either client end the worker with a sentence, as long as nothing has worked; later it waits, and
goes on with those that `reconnect` gives it.
"""

import uuid
from collections.abc import Iterator

import pytest

from embedded_kafka import EmbeddedKafka
from embedded_kafka.broker.scram import create_scram_users
from embedded_kafka.broker.security import Security
from exactly_once import AuthenticationError, Deduplication, Worker, WorkerConfig
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.journal import Journal
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to, worker_on
from heartzone_testing.waiting import eventually

PASSWORD = "right-Pa55word"
WRONG = {"sasl.password": "wrong-Pa55word"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    security = Security(users={"heartzone": PASSWORD, "rotated": PASSWORD})
    with EmbeddedKafka(security=security, log_dir=tmp_path_factory.mktemp("secured-kafka")) as kafka:
        yield kafka


@pytest.fixture(scope="module")
def secured_kafka(broker: EmbeddedKafka) -> Testbed:
    return Testbed(broker.client_config("SASL_SSL"))


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("side", ["consumer", "producer"])
def test_credentials_that_one_client_is_rejected_with_end_the_worker(
    secured_kafka: Testbed, side: str, protocol: str
) -> None:
    source, target = secured_kafka.create_topics("in", "out")
    sides: dict[str, dict[str, str]] = {"consumer": {"group.protocol": protocol}, "producer": {}}
    sides[side] |= WRONG
    group = f"group-{uuid.uuid4().hex[:8]}"
    config = WorkerConfig(
        input_topics=[source],
        group_id=group,
        transactional_id=group,
        connection=secured_kafka.connection,
        consumer=sides["consumer"],
        producer=sides["producer"],
    )
    with running(Worker(config, copy_to(target), watchdog=None)) as failures:
        eventually(lambda: failures, "the worker's end")

    assert isinstance(failures[0], AuthenticationError)
    assert PASSWORD not in str(failures[0])


def test_a_worker_goes_on_with_the_credentials_of_reconnect_and_loses_and_doubles_nothing(
    broker: EmbeddedKafka, secured_kafka: Testbed
) -> None:
    source, target = secured_kafka.create_topics("in", "out", partitions=3)
    connection = broker.client_config("SASL_SSL", username="rotated", mechanism="SCRAM-SHA-512")
    journal = Journal()
    worker = worker_on(
        Testbed(connection),
        source,
        copy_to(target),
        observer=journal,
        deduplication=Deduplication(key=lambda record: record.value(), window=600),
    )
    values = [b"%d" % number for number in range(3_000)]
    with running(worker) as failures:
        secured_kafka.send(source, *values[:1_000])
        eventually(lambda: journal.transactions or failures, "a first transaction")

        create_scram_users(broker.client_config(), {"rotated": "new-Pa55word"})
        worker.reconnect({**connection, "sasl.password": "new-Pa55word"})
        secured_kafka.send(source, *values[1_000:2_000])
        eventually(lambda: "reconnected" in journal.rebuilds or failures, "a new producer")
        eventually(lambda: sum(journal.transactions) == 2_000 or failures, "all records")

        worker.reconnect(connection)
        eventually(lambda: worker.unready_reason or failures, "the old password to be rejected")
        secured_kafka.send(source, *values[2_000:])
        worker.reconnect({**connection, "sasl.password": "new-Pa55word"})
        eventually(lambda: sum(journal.transactions) == 3_000 or failures, "all records")
        assert worker.unready_reason is None

    assert failures == []
    assert sorted(each or b"" for each in secured_kafka.values(target)) == sorted(values)
