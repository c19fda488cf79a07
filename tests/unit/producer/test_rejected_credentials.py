"""Rejections of the credentials by one broker, while another one may be connected."""

import json

import pytest
from confluent_kafka import KafkaError

from heartzone_producer.writing import rejected_credentials
from heartzone_producer.writing.rejected_credentials import LASTING, REPEATED, RejectedCredentials

NAME = "sasl_ssl://kafka-1:9093/1"
REJECTION = KafkaError(KafkaError._AUTHENTICATION, f"{NAME}: SASL authentication error")


class Clock:
    """The monotonic clock, which a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rejected_credentials, "monotonic", clock)
    return clock


def statistics(name: str) -> str:
    return json.dumps({"brokers": {name: {"state": "UP", "nodename": name.rpartition("/")[0].partition("//")[2]}}})


def test_a_rejection_is_the_cause_at_once_and_lasting_after_a_while(clock: Clock) -> None:
    rejected = RejectedCredentials()

    assert rejected.failed(REJECTION)
    assert not rejected.failed(REJECTION), "told once"
    rejected.saw(statistics("sasl_ssl://kafka-2:9093/2"))

    assert rejected.current() is REJECTION
    assert rejected.lasting() is None
    clock.now += LASTING + 1
    assert rejected.lasting() is REJECTION


def test_it_ends_when_the_broker_is_connected_or_is_not_tried_any_more(clock: Clock) -> None:
    connected, forgotten = RejectedCredentials(), RejectedCredentials()
    connected.failed(REJECTION)
    forgotten.failed(REJECTION)

    connected.saw(statistics(NAME))
    assert connected.current() is None
    clock.now += REPEATED + 1
    assert forgotten.lasting() is None


@pytest.mark.parametrize(
    "error",
    [
        KafkaError(KafkaError._TRANSPORT, f"{NAME}: Connection refused"),
        KafkaError(KafkaError._AUTHENTICATION, "Failed to acquire SASL OAUTHBEARER token: no connection"),
    ],
)
def test_other_errors_are_no_broker_s_rejection(error: KafkaError) -> None:
    rejected = RejectedCredentials()

    assert not rejected.failed(error)
    assert rejected.current() is None
