"""The commands of the runbooks on a broker with TLS, passwords and ACLs, as the KafkaUser of the people on call."""

import json
from collections.abc import Mapping
from functools import partial
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AclBinding, AclOperation, AdminClient, NewTopic, ResourceType

from exactly_once import PoisonRecord
from exactly_once.core.dead_letters import DeadLetterTopic
from heartzone_cli.root import heartzone
from heartzone_testing.services.environment import as_settings
from heartzone_testing.strimzi.guarded_kafka import GuardedKafka
from heartzone_testing.strimzi.users import acl_bindings, on_call
from heartzone_testing.topics import TOPIC_NAMES

USER = "heartzone-on-call"
READINGS, LETTERS = "BiometricsImported", "BiometricsImported.dlq"
BINDINGS = acl_bindings(on_call())


@pytest.fixture(scope="module")
def secured(guarded_kafka: GuardedKafka) -> GuardedKafka:
    """With the product's topics, and the internal ones that a cluster in use has."""
    admin = AdminClient({**guarded_kafka.super_user})
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in TOPIC_NAMES]).values():
        future.result()
    with Producer({**guarded_kafka.super_user, "transactional.id": "another", "log_level": 0}) as producer:
        producer.init_transactions(60)
    return guarded_kafka


def run(kafka: GuardedKafka, *arguments: str) -> Result:
    return CliRunner().invoke(heartzone, arguments, env=as_settings("KAFKA", kafka.connection(USER)))


def write_letter(kafka: GuardedKafka) -> None:
    """Write a dead letter as a worker does."""
    topic = DeadLetterTopic(LETTERS, "heartzone.dlq.", worker="w-0", version="1", clock=partial(float, 1_790_000_000))
    record = Message(topic=READINGS, partition=0, offset=1, key=b"device", value=b"poison", headers=[])
    letter = topic.dead_letter(record, PoisonRecord("bad_frame", "a sentence"))
    with Producer({**kafka.super_user}) as producer:
        producer.produce(LETTERS, letter.value, letter.key, headers=[*letter.headers])


def open_transaction(kafka: GuardedKafka) -> tuple[Producer, str]:
    name = f"zone-worker-{uuid4()}"
    producer = Producer({**kafka.super_user, "transactional.id": name, "log_level": 0})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce("HeartRateZoneReached", b"open")
    assert producer.flush(60) == 0
    return producer, name


def test_dead_letters_are_listed_replayed_and_dropped(secured: GuardedKafka) -> None:
    write_letter(secured)
    listed = run(secured, "dead-letters", "list", "--json")
    replayed = run(secured, "dead-letters", "replay", "--json")
    write_letter(secured)
    dropped = run(secured, "dead-letters", "drop", "--all", "--yes", "--json")

    assert [each.exit_code for each in (listed, replayed, dropped)] == [0, 0, 0], listed.output + replayed.output
    assert json.loads(listed.stdout)["reason"] == "bad_frame"
    assert json.loads(replayed.stdout)["replayed"] == 1
    assert json.loads(dropped.stdout)["dropped"] == 1
    assert json.loads(dropped.stdout)["deleted"] == [{"partition": 0, "before": 2}]


def test_open_transactions_are_listed_and_ended(secured: GuardedKafka) -> None:
    _producer, name = open_transaction(secured)
    listed = run(secured, "transactions", "list", "--json")
    ended = run(secured, "transactions", "abort", name, "--yes", "--json")

    assert (listed.exit_code, ended.exit_code) == (0, 0), listed.output + ended.output
    assert name in [json.loads(line).get("transactional_id") for line in listed.stdout.splitlines()]
    assert json.loads(ended.stdout)["ended"]


def test_the_workers_group_is_shown_and_moved(secured: GuardedKafka) -> None:
    shown = run(secured, "group", "status", "--json")
    moved = run(secured, "group", "set-offset", READINGS, "0", "earliest", "--watch", "0")

    assert (shown.exit_code, moved.exit_code) == (0, 0), shown.output + moved.output
    assert json.loads(shown.stdout)["topic"] == READINGS
    assert "stands" in moved.stdout


# What is said without a right, by kind of resource, name and operation.
SENTENCES: Mapping[tuple[str, str, str], tuple[tuple[str, ...], str]] = {
    ("TOPIC", LETTERS, "DELETE"): (("dead-letters", "drop", "--all", "--yes"), "It takes the right Delete on"),
    ("GROUP", "zone-worker-dead-letters", "READ"): (("dead-letters", "list"), "zone-worker-dead-letters"),
    ("TOPIC", "__transaction_state", "READ"): (("transactions", "list"), "It takes the right Read on it."),
    ("TRANSACTIONAL_ID", "zone-worker-", "WRITE"): (("dead-letters", "replay"), "zone-worker-dead-letters"),
}


@pytest.mark.parametrize("key", SENTENCES, ids="-".join)
def test_a_right_that_is_missing_is_told_in_a_sentence(secured: GuardedKafka, key: tuple[str, str, str]) -> None:
    arguments, sentence = SENTENCES[key]
    (binding,) = (each for each in BINDINGS if key == named(each))
    write_letter(secured)

    with secured.without(binding):
        result = run(secured, *arguments)

    assert result.exit_code in (1, 2), result.output
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def named(binding: AclBinding) -> tuple[str, str, str]:
    return ResourceType(binding.restype).name, binding.name, AclOperation(binding.operation).name
