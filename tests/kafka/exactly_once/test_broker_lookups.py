"""Lookups of topics and offsets, whose client outlives brokers."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicCollection

from exactly_once import WorkerConfig
from exactly_once.clients.broker_lookups import BrokerLookups
from exactly_once.clients.renewed_admin import RenewedAdmin
from heartzone_testing.chaos.brokers import Brokers


def test_a_lookup_that_failed_is_repeated_over_another_connection(tmp_path: Path) -> None:
    """The one of before leads nowhere, as when its broker has died; librdkafka would keep to it for a minute."""
    with Brokers(1, tmp_path) as brokers:
        [source] = brokers.kafka.create_topics("in")
        config = WorkerConfig(
            input_topics=[source], group_id="group", transactional_id="id", connection=brokers.connection
        )
        lookups = BrokerLookups(config)
        known = {source: brokers.kafka.topic_id(source)}
        assert lookups.topic_ids().result(30) == known

        brokers.proxies[0].silence()
        with pytest.raises(KafkaException):
            lookups.topic_ids().result(30)
        assert lookups.topic_ids().result(30) == known


@dataclass
class Owing:
    """A client whose broker has fallen silent before it responded to the last request."""

    admin: RenewedAdmin
    topic: str
    response: Future[Any]

    def ask(self, timeout: float) -> Future[Any]:
        """Ask once more."""
        return self.admin.describe_topics(TopicCollection([self.topic]), timeout)[self.topic]


@pytest.fixture
def owing(tmp_path: Path) -> Iterator[Owing]:
    with Brokers(1, tmp_path) as brokers:
        [source] = brokers.kafka.create_topics("in")
        admin, asked = RenewedAdmin(brokers.connection), TopicCollection([source])
        admin.describe_topics(asked, 30)[source].result()
        brokers.proxies[0].silence()
        yield Owing(admin, source, admin.describe_topics(asked, 300)[source])
        admin.close()


def test_what_a_client_was_asked_for_fails_when_another_takes_its_place(owing: Owing) -> None:
    """librdkafka drops what it has not handed over by then: who waits for it would wait for ever."""
    with pytest.raises(KafkaException):
        owing.ask(1).result(30)

    owing.ask(30).result()
    with pytest.raises(KafkaException):
        owing.response.result(30)


def test_what_is_asked_fails_when_the_client_is_closed(owing: Owing) -> None:
    owing.admin.close()

    with pytest.raises(KafkaException):
        owing.response.result(0)
    with pytest.raises(KafkaException):
        owing.ask(30)
