"""The configuration of a worker: what is invalid, what is refused, what the clients get."""

import re
from typing import Any

import pytest

from exactly_once import REFUSED_CONSUMER_PROPERTIES, REFUSED_PRODUCER_PROPERTIES, WorkerConfig

BROKERS = {"bootstrap.servers": "kafka:9092"}


def config(**overrides: Any) -> WorkerConfig:
    settings: dict[str, Any] = {"input_topics": ["in"], "group_id": "g", "transactional_id": "g-0"}
    return WorkerConfig(**{**settings, "connection": BROKERS, **overrides})


@pytest.mark.parametrize("name", REFUSED_CONSUMER_PROPERTIES)
def test_a_consumer_property_that_the_promise_rests_on_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(ValueError, match=f"consumer property {name} cannot be set: "):
        config(consumer={name: "anything"})


@pytest.mark.parametrize("name", REFUSED_PRODUCER_PROPERTIES)
def test_a_producer_property_that_the_promise_rests_on_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(ValueError, match=f"producer property {name} cannot be set: "):
        config(producer={name: "anything"})


def test_a_worker_without_an_input_topic_is_invalid() -> None:
    with pytest.raises(ValueError, match="input_topics is empty"):
        config(input_topics=[])


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ({"input_topics": "in"}, "input_topics is the text 'in'; give a list of topics"),
        ({"output_topics": "out"}, "output_topics is the text 'out'; give a list of topics"),
        ({"group_id": ""}, "group_id is empty; give a name"),
        ({"transactional_id": ""}, "transactional_id is empty; give a name"),
    ],
)
def test_an_invalid_value_is_reported_before_any_client_is_made(mistake: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        config(**mistake)


def test_a_worker_without_a_broker_to_start_from_is_invalid() -> None:
    with pytest.raises(ValueError, match=r"connection has no bootstrap\.servers"):
        config(connection={})


def test_properties_of_the_user_win_over_defaults() -> None:
    worker = config(consumer={"session.timeout.ms": 6000}, producer={"compression.type": "gzip"})

    assert worker.consumer_properties()["session.timeout.ms"] == 6000
    assert worker.producer_properties()["compression.type"] == "gzip"


def test_the_new_group_protocol_gets_none_of_the_keys_that_it_rejects() -> None:
    properties = config(consumer={"group.protocol": "consumer"}).consumer_properties()

    assert not {"session.timeout.ms", "partition.assignment.strategy"} & properties.keys()


def test_the_promise_is_in_the_properties() -> None:
    worker = config(transaction_timeout=12.5)

    assert (
        worker.consumer_properties()
        | {
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
        == worker.consumer_properties()
    )
    assert (
        worker.producer_properties()
        | {
            "transactional.id": "g-0",
            "transaction.timeout.ms": 12_500,
            "enable.idempotence": True,
        }
        == worker.producer_properties()
    )
