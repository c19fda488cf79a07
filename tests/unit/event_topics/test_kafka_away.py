"""A Kafka that is away is told by the failures, once each, and not by the log."""

import logging

import pytest

from event_topics.failures import Failure
from event_topics.kafka_topics import KafkaTopics


def test_a_kafka_that_is_away_is_told_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    found = KafkaTopics({"bootstrap.servers": "127.0.0.1:1"}, timeout=1).observe(["topic"])

    failure = found["topic"]
    assert isinstance(failure, Failure)
    assert "Kafka at 127.0.0.1:1 did not answer" in failure.message
    assert caplog.records == []
