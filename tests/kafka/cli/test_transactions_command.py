"""`heartzone transactions` against a real broker."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import KafkaException, Producer

from heartzone_cli.root import heartzone
from heartzone_testing.brokers.testbed import Testbed

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture
def topic(kafka: Testbed, monkeypatch: pytest.MonkeyPatch) -> str:
    """A topic of readings with two partitions."""
    (name,) = kafka.create_topics("biometrics", partitions=2)
    monkeypatch.setenv("HEARTZONE_TOPIC_BIOMETRICS", name)
    return name


@contextmanager
def open_transaction(kafka: Testbed, topic: str, partition: int) -> Iterator[tuple[str, Producer]]:
    """A record in a transaction that is open while the block lasts."""
    name = f"open-{uuid4()}"
    producer = Producer(
        {**kafka.connection, "transactional.id": name, "transaction.timeout.ms": 50_000, "log_level": 0}
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"open", partition=partition)
    assert producer.flush(30) == 0
    yield name, producer


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, ["transactions", *arguments], catch_exceptions=False)


def test_an_open_transaction_is_listed_with_what_it_holds_up_and_ended_by_its_id(kafka: Testbed, topic: str) -> None:
    with open_transaction(kafka, topic, 1) as (name, producer):
        listed = run("list", "--json")
        shown = run("list")
        ended = run("abort", name, "--yes")
        with pytest.raises(KafkaException):
            producer.commit_transaction(30)
    after = run("list", "--json")

    assert listed.exit_code == 0, listed.output
    lines = [json.loads(line) for line in listed.stdout.splitlines()]
    [transaction] = [each for each in lines if each.get("transactional_id") == name]
    assert transaction["state"] == "ongoing"
    assert transaction["timeout_seconds"] == 50
    assert transaction["partitions"] == [{"topic": topic, "partition": 1}]
    assert transaction["age_seconds"] >= 0
    assert transaction["producer_id"] >= 0
    [held] = [each for each in lines if each["type"] == "held_partition" and each["topic"] == topic]
    assert held == {
        "type": "held_partition", "topic": topic, "partition": 1, "last_stable": 0, "end": 1, "hanging": False,
    }  # fmt: skip
    assert f"Readers of {topic} 1 wait at offset 0 of 1.\n" in shown.stdout
    assert (ended.exit_code, ended.stdout) == (
        0,
        f"The transaction of {name} has ended, and its producer is fenced.\n",
    )
    assert name not in after.stdout
    assert kafka.values(topic) == []


def test_only_what_is_open_can_be_ended_so_that_a_typo_makes_no_id(topic: str) -> None:
    result = run("abort", f"no-such-id-{topic}", "--yes")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no open transaction of 'no-such-id-" in result.stderr


def test_without_a_broker_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")

    result = run("list")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "(Kafka at 127.0.0.1:1, from HEARTZONE_KAFKA_BOOTSTRAP_SERVERS)" in result.stderr
