"""Wrong credentials of either client end the worker with a sentence, as long as nothing has worked."""

import uuid
from collections.abc import Iterator

import pytest

from embedded_kafka import EmbeddedKafka
from embedded_kafka.broker.security import Security
from exactly_once import AuthenticationError, Worker, WorkerConfig
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.engine.threads import running
from heartzone_testing.engine.workers import copy_to
from heartzone_testing.waiting import eventually

PASSWORD = "right-Pa55word"
WRONG = {"sasl.password": "wrong-Pa55word"}


@pytest.fixture(scope="module")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    security = Security(users={"heartzone": PASSWORD})
    with EmbeddedKafka(security=security, log_dir=tmp_path_factory.mktemp("secured-kafka")) as kafka:
        yield Testbed(kafka.client_config("SASL_SSL"))


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
