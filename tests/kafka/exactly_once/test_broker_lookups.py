"""Lookups of topics and offsets, whose client outlives brokers."""

from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from exactly_once import WorkerConfig
from exactly_once.clients.broker_lookups import BrokerLookups
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
