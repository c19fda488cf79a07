"""Lookups of topics and offsets, whose client outlives brokers."""

from pathlib import Path

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


def test_what_a_client_was_asked_for_fails_when_another_takes_its_place(tmp_path: Path) -> None:
    """librdkafka drops what it has not handed over by then: who waits for it would wait for ever."""
    with Brokers(1, tmp_path) as brokers:
        [source] = brokers.kafka.create_topics("in")
        admin = RenewedAdmin(brokers.connection)
        asked = TopicCollection([source])
        admin.describe_topics(asked, 30)[source].result()
        brokers.proxies[0].silence()
        owed = admin.describe_topics(asked, 300)[source]
        with pytest.raises(KafkaException):
            admin.describe_topics(asked, 1)[source].result(30)

        admin.describe_topics(asked, 30)[source].result()
        with pytest.raises(KafkaException):
            owed.result(30)
        admin.close()


def test_what_is_asked_fails_when_the_client_is_closed(tmp_path: Path) -> None:
    with Brokers(1, tmp_path) as brokers:
        [source] = brokers.kafka.create_topics("in")
        admin = RenewedAdmin(brokers.connection)
        asked = TopicCollection([source])
        admin.describe_topics(asked, 30)[source].result()
        brokers.proxies[0].silence()
        owed = admin.describe_topics(asked, 300)[source]

        admin.close()
        with pytest.raises(KafkaException):
            owed.result(0)
        with pytest.raises(KafkaException):
            admin.describe_topics(asked, 30)
