"""A broker is unavailable when it cannot be reached, and not when it is only slow to list its topics."""

from collections.abc import Callable, Mapping
from time import monotonic

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import TopicMetadata
from prometheus_client import CollectorRegistry

from heartzone_producer.metrics import WriterMetrics
from heartzone_producer.writing.broker_check import check_broker
from heartzone_producer.writing.record_writer import RecordWriter

LATE = KafkaException(KafkaError(KafkaError._TIMED_OUT))
UNREACHABLE = KafkaException(KafkaError(KafkaError._TRANSPORT))
THERE = {"Topic": TopicMetadata()}


class Writer(RecordWriter):
    """A writer whose broker responds as the test says: with its topics, or with an error."""

    def __init__(self, *responses: Mapping[str, TopicMetadata] | KafkaException) -> None:
        super().__init__({"bootstrap.servers": "127.0.0.1:1"}, metrics=WriterMetrics(CollectorRegistry()))
        self.responses = list(responses)
        self.meanwhile: Callable[[], None] = lambda: None

    def topics(self, timeout: float) -> Mapping[str, TopicMetadata]:
        self.meanwhile()
        response = self.responses.pop(0)
        if isinstance(response, KafkaException):
            raise response
        return response

    def acknowledge(self) -> None:
        self.acknowledged_at = monotonic()


def test_one_late_response_is_no_problem() -> None:
    assert check_broker(Writer(LATE, THERE), ["Topic"]) is None


def test_two_late_responses_are_a_broker_that_cannot_be_reached() -> None:
    assert "cannot be reached" in (check_broker(Writer(LATE, LATE), ["Topic"]) or "")


def test_a_connection_that_ends_while_its_broker_is_asked_is_no_problem() -> None:
    assert check_broker(Writer(UNREACHABLE, THERE), ["Topic"]) is None


def test_two_connections_that_end_are_a_broker_that_cannot_be_reached() -> None:
    assert "cannot be reached" in (check_broker(Writer(UNREACHABLE, UNREACHABLE), ["Topic"]) or "")


@pytest.mark.parametrize("responses", [(LATE, LATE), (UNREACHABLE, UNREACHABLE)])
def test_a_broker_that_acknowledges_records_meanwhile_is_available(responses: tuple[KafkaException, ...]) -> None:
    writer = Writer(*responses)
    writer.meanwhile = writer.acknowledge

    assert check_broker(writer, ["Topic"]) is None


def test_earlier_acknowledgements_do_not_count() -> None:
    writer = Writer(LATE, LATE)
    writer.acknowledge()

    assert "cannot be reached" in (check_broker(writer, ["Topic"]) or "")


def test_a_topic_that_is_missing_is_named_however_late_the_response() -> None:
    assert "topic Other does not exist" in (check_broker(Writer(LATE, THERE), ["Topic", "Other"]) or "")
