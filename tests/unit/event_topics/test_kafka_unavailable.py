"""An unavailable Kafka is reported by failures, once each, and not by the log."""

import logging

import pytest

from event_topics import Failure, KafkaTopics


def test_an_unavailable_kafka_is_reported_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    found = KafkaTopics({"bootstrap.servers": "127.0.0.1:1"}, timeout=1).observe(["topic"])

    failure = found["topic"]
    assert isinstance(failure, Failure)
    assert "Kafka at 127.0.0.1:1 did not respond" in failure.message
    assert caplog.records == []
