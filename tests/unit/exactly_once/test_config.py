"""The configuration of a worker: what is invalid, what is refused, what the clients get."""

import logging
import re
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from exactly_once import (
    REFUSED_CONSUMER_PROPERTIES,
    REFUSED_PRODUCER_PROPERTIES,
    BatchLimits,
    BreakerPolicy,
    ConfigurationError,
    MissingOffsets,
    OutOfRange,
    State,
    Worker,
    WorkerConfig,
)
from exactly_once.core.client_properties import REJECTED_BY_CONSUMER_PROTOCOL

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
        ({"input_topics": ["in", "in"]}, "input_topics names a topic twice: in, in"),
        ({"dead_letter_topic": "in"}, "dead_letter_topic is 'in'; give a topic that the worker does not read, or None"),
        ({"dead_letter_topic": ""}, "dead_letter_topic is ''; give a topic"),
        ({"idle": 120}, "idle is 120; give seconds above 0 and at most 5"),
        ({"idle": -1}, "idle is -1"),
        ({"missing_offsets": "latst"}, "missing_offsets is 'latst'; give one of earliest, latest, stop"),
        ({"offset_out_of_range": "STOP"}, "offset_out_of_range is 'STOP'; give one of stop, earliest, latest"),
        ({"transactional_id": ""}, "transactional_id is empty; give a name"),
        ({"lag_interval": 0}, "lag_interval is 0; give at least 0.01 seconds"),
        ({"transaction_timeout": 0.5}, "transaction_timeout is 0.5 s; give 1 to 300 seconds"),
        ({"transaction_timeout": 301}, "transaction_timeout is 301 s; give 1 to 300 seconds"),
        (
            {"transaction_timeout": 4, "limits": BatchLimits(max_age=3)},
            "limits.max_age is 3 s; at most half of transaction_timeout (4 s) leaves time to commit",
        ),
        ({"breaker": BreakerPolicy()}, "breaker is set and dead_letter_topic is not"),
        ({"connection": {"bootstrap.servers": ""}}, "connection has no bootstrap.servers; name the brokers"),
        ({"connection": {"bootstrap.servers": " , "}}, "connection has no bootstrap.servers"),
        (
            {"consumer": {"auto.offset.reset": "latest"}},
            "auto.offset.reset cannot be set: missing_offsets says where a partition without a committed offset starts,"
            " and offset_out_of_range",
        ),
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


def test_what_is_fetched_ahead_is_bounded_before_and_after_it_is_decompressed() -> None:
    """A response comes on top of a full queue, and its bytes are counted compressed: one may become ten and more."""
    properties = config().consumer_properties()

    assert properties["max.partition.fetch.bytes"] == 64 * 1024
    assert properties["queued.max.messages.kbytes"] == 4 * 1024


def test_the_queue_of_what_is_fetched_ahead_holds_a_batch_and_is_refilled_while_one_is_processed() -> None:
    """A full queue is left alone for a while: at librdkafka's second, a worker would wait for most of it."""
    worker = config()

    assert worker.consumer_properties()["queued.min.messages"] == worker.limits.max_records
    assert worker.consumer_properties()["fetch.queue.backoff.ms"] == 10


def test_larger_messages_are_allowed_for_by_one_property() -> None:
    """A bound of a whole response would have to follow it, or librdkafka would reject both."""
    Consumer(config(connection=BROKERS | {"message.max.bytes": 8_000_000}).consumer_properties()).close()


def test_outputs_linger_because_a_commit_sends_them_at_once() -> None:
    """Few large requests take a fifth off the worker's processor time and half off the brokers': decision 14."""
    assert config().producer_properties()["linger.ms"] == 100


def test_the_new_group_protocol_gets_none_of_the_keys_that_it_rejects() -> None:
    properties = config(consumer={"group.protocol": "consumer"}).consumer_properties()

    assert not {"session.timeout.ms", "partition.assignment.strategy"} & properties.keys()


CANNOT_WORK: list[tuple[dict[str, Any], str]] = [
    ({"partition.assignment.strategy": "range"}, "partition.assignment.strategy is 'range'; only cooperative-sticky"),
    ({"partition.assignment.strategy": "cooperative-sticky,range"}, "only cooperative-sticky can be used"),
    ({"group.protocol": "CLASSIC"}, "group.protocol is 'CLASSIC'; give classic or consumer"),
    ({"group.protocol": "kip-848"}, "group.protocol is 'kip-848'; give classic or consumer"),
    ({"group.remote.assignor": "uniform"}, "group.remote.assignor cannot be set without group.protocol consumer"),
    *(
        ({"group.protocol": "consumer", name: "any"}, f"{name} cannot be set with group.protocol consumer: ")
        for name in REJECTED_BY_CONSUMER_PROTOCOL
    ),
]


@pytest.mark.parametrize("side", ["connection", "consumer"])
@pytest.mark.parametrize(("properties", "sentence"), CANNOT_WORK, ids=[str(each) for each, _ in CANNOT_WORK])
def test_properties_with_which_a_group_can_never_work_are_refused(
    side: str, properties: dict[str, Any], sentence: str
) -> None:
    additions = {"connection": BROKERS | properties} if side == "connection" else {side: properties}

    with pytest.raises(ValueError, match=re.escape(sentence)):
        config(**additions)


def test_the_protocols_of_groups_are_found_over_both_places_of_properties() -> None:
    with pytest.raises(ValueError, match=r"session\.timeout\.ms cannot be set with group\.protocol consumer"):
        config(connection=BROKERS | {"group.protocol": "consumer"}, consumer={"session.timeout.ms": 6000})


@pytest.mark.parametrize("name", REJECTED_BY_CONSUMER_PROTOCOL)
def test_librdkafka_rejects_what_is_refused_with_the_new_group_protocol(name: str) -> None:
    """When it does not any more, neither need we."""
    value = {"partition.assignment.strategy": "range", "group.protocol.type": "mine"}.get(name, 6000)

    with pytest.raises(KafkaException, match=re.escape(name)):
        Consumer({"group.id": "g", "group.protocol": "consumer", name: value})


@pytest.mark.parametrize(
    "properties",
    [
        {"group.instance.id": "g-0", "partition.assignment.strategy": "cooperative-sticky"},
        {"group.protocol": "classic", "session.timeout.ms": 6000},
        {"group.protocol": "consumer", "group.remote.assignor": "range", "group.instance.id": "g-0"},
    ],
)
def test_properties_that_work_reach_the_consumer_as_they_are(properties: dict[str, Any]) -> None:
    assert config(consumer=properties).consumer_properties().items() >= properties.items()


@pytest.mark.parametrize(
    ("properties", "seconds"),
    [({}, 0.01), ({"retry.backoff.ms": "7"}, 0.007), ({"retry.backoff.ms": 500, "retry.backoff.max.ms": 300}, 0.3)],
)
def test_the_back_off_that_proves_a_quick_commit_is_the_one_that_the_producer_gets(
    properties: dict[str, Any], seconds: float
) -> None:
    assert config(producer=properties).producer_retry_backoff == pytest.approx(seconds)


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


def test_policies_may_be_given_as_texts() -> None:
    worker = config(missing_offsets="stop", offset_out_of_range="latest")

    assert worker.missing_offsets is MissingOffsets.STOP
    assert worker.offset_out_of_range is OutOfRange.LATEST


@pytest.mark.parametrize("seconds", [1, 300])
def test_librdkafka_takes_the_shortest_and_the_longest_transaction_timeout(seconds: float) -> None:
    Producer(config(transaction_timeout=seconds, limits=BatchLimits(max_age=0.5)).producer_properties())


def test_each_client_gets_what_it_knows_of_the_connection_so_that_none_warns_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection = {"bootstrap.servers": "localhost:1", "group.protocol": "consumer", "compression.type": "gzip"}
    worker = config(connection=connection)
    clients = {
        Consumer: worker.consumer_properties(),
        Producer: worker.producer_properties(),
        AdminClient: worker.admin_properties() | {"log_level": 6},
    }

    for client, properties in clients.items():
        made = client({**properties, "logger": logging.getLogger("client")})
        made.poll(0)

    assert "group.protocol" in clients[Consumer]
    assert "compression.type" in clients[Producer]
    assert [each for each in caplog.messages if "CONFWARN" in each] == []


def test_a_worker_whose_configuration_is_rejected_is_stopped_and_not_connecting_for_ever() -> None:
    worker = Worker(config(consumer={"no.such.property": 1}), lambda record: [], watchdog=None)

    with pytest.raises(ConfigurationError, match=r"no\.such\.property"):
        worker.run()

    assert (worker.state, worker.unready_reason) == (State.STOPPED, "stopped")
