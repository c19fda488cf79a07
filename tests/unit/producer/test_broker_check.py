"""What counts as a broker that is away: not one that is only slow to list its topics."""

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
NOBODY = KafkaException(KafkaError(KafkaError._TRANSPORT))
THERE = {"Topic": TopicMetadata()}


class Writer(RecordWriter):
    """A writer whose broker answers as the test says: the topics, or how it did not."""

    def __init__(self, *answers: Mapping[str, TopicMetadata] | KafkaException) -> None:
        super().__init__({"bootstrap.servers": "127.0.0.1:1"}, metrics=WriterMetrics(CollectorRegistry()))
        self.answers = list(answers)
        self.meanwhile: Callable[[], None] = lambda: None

    def topics(self, timeout: float) -> Mapping[str, TopicMetadata]:
        self.meanwhile()
        answer = self.answers.pop(0)
        if isinstance(answer, KafkaException):
            raise answer
        return answer

    def acknowledge(self) -> None:
        self.acknowledged_at = monotonic()


def test_one_late_answer_is_none() -> None:
    assert check_broker(Writer(LATE, THERE), ["Topic"]) is None


def test_two_late_answers_are_a_broker_that_cannot_be_reached() -> None:
    assert "cannot be reached" in (check_broker(Writer(LATE, LATE), ["Topic"]) or "")


def test_when_nobody_is_there_it_is_told_at_once() -> None:
    assert "cannot be reached" in (check_broker(Writer(NOBODY), ["Topic"]) or "")


@pytest.mark.parametrize("answers", [(LATE, LATE), (NOBODY,)])
def test_a_broker_that_acknowledges_records_meanwhile_is_not_away(answers: tuple[KafkaException, ...]) -> None:
    writer = Writer(*answers)
    writer.meanwhile = writer.acknowledge

    assert check_broker(writer, ["Topic"]) is None


def test_acknowledgements_of_before_say_nothing() -> None:
    writer = Writer(LATE, LATE)
    writer.acknowledge()

    assert "cannot be reached" in (check_broker(writer, ["Topic"]) or "")


def test_a_topic_that_is_missing_is_named_however_late_the_answer() -> None:
    assert "topic Other does not exist" in (check_broker(Writer(LATE, THERE), ["Topic", "Other"]) or "")
