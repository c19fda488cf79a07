"""A transaction that hangs, on a real broker: open in a partition, while no coordinator knows of it (KIP-664).

Brokers of Kafka 4 verify with the coordinator that a partition is part of a transaction before they append to it
(KIP-890). Where that is turned off, and in brokers before 3.6, a record of a transaction that has ended, or that never
got the partition, opens one that nobody ends.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer

from embedded_kafka import EmbeddedKafka
from heartzone_cli.root import heartzone
from heartzone_testing.brokers.frame_proxy import FrameProxy
from heartzone_testing.brokers.kafka_tools import run_kafka_tool
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.ports import free_port

TRANSACTIONS = "org.apache.kafka.tools.TransactionsCommand"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[FrameProxy]:
    """In front of a broker that appends what it is sent."""
    port = free_port()
    with FrameProxy(port) as proxy:
        properties = {
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}",
            "transaction.partition.verification.enable": "false",
        }
        with EmbeddedKafka(port=port, broker_properties=properties, jvm="startup", log_dir=tmp_path):
            yield proxy


def test_a_hanging_transaction_is_told_from_an_open_one_and_the_command_that_is_shown_ends_it(
    proxy: FrameProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
    source, target, letters = kafka.create_topics("in", "out", "dlq")
    for name, value in {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.connection["bootstrap.servers"],
        "TOPIC_BIOMETRICS": source,
        "TOPIC_ZONES": target,
        "TOPIC_DEAD_LETTERS": letters,
    }.items():
        monkeypatch.setenv(f"HEARTZONE_{name}", value)
    producer = Producer({**kafka.connection, "transactional.id": "zone-worker-0", "log_level": 0})
    producer.init_transactions(60)
    producer.begin_transaction()
    proxy.swallows_partitions = True
    producer.produce(target, b"late")
    assert producer.flush(60) == 0

    listed = run("transactions", "list")
    audited = run("audit", "--json", "--transaction-timeout", "1")

    assert listed.exit_code == 1, listed.output
    assert "There are no open transactions." in listed.stdout
    assert (
        f"Readers of {target} 0 wait at offset 0 of 1, and no coordinator knows of the transaction there: it hangs."
        in listed.stdout
    )
    assert audited.exit_code == 1, audited.output
    (found, _) = map(json.loads, audited.stdout.splitlines())
    assert (found["finding"], found["topic"], found["offset"]) == ("hanging_transaction", target, 0)
    command = re.search("`kafka-transactions.sh (.*)` ends it", listed.stdout)
    assert command is not None
    run_kafka_tool(TRANSACTIONS, kafka.connection["bootstrap.servers"], *command[1].split())
    assert run("transactions", "list").exit_code == 0
    assert run("audit").exit_code == 0


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, arguments, catch_exceptions=False)
