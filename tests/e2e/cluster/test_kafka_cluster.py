"""The Kafka that releases talk to in these tests is guarded as deploy/strimzi says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from heartzone_testing.kafka_cluster.cluster import KafkaCluster
from heartzone_testing.waiting import eventually

USER = "heartzone-producer"
ITS_OWN, ANOTHER_ONE = "RawBiometricsImported", "SomebodyElses"


@pytest.fixture
def topics(kafka_cluster: KafkaCluster) -> Iterator[None]:
    """A topic that the producer may write, a release's when one is installed already, and one that it may not."""
    admin = AdminClient({**kafka_cluster.super_user})
    missing = [name for name in (ITS_OWN, ANOTHER_ONE) if name not in admin.list_topics(timeout=30).topics]
    for created in admin.create_topics([NewTopic(name, 1) for name in missing]).values():
        created.result()
    yield
    for deleted in admin.delete_topics(missing).values():
        deleted.result()


def written(connection: dict[str, str]) -> dict[str, str | None]:
    """What comes of a record to each of the two topics: the name of the error."""
    producer = Producer({**connection})
    outcomes: dict[str, str | None] = {}

    def note(error: KafkaError | None, message: Message) -> None:
        outcomes[str(message.topic())] = error.name() if error else None

    for topic in (ITS_OWN, ANOTHER_ONE):
        producer.produce(topic, b"", on_delivery=note)
    assert producer.flush(30) == 0
    return outcomes


@pytest.mark.usefixtures("topics")
def test_a_user_with_a_password_may_do_what_its_kafka_user_says_and_nothing_else(kafka_cluster: KafkaCluster) -> None:
    assert written(kafka_cluster.connection(USER)) == {ITS_OWN: None, ANOTHER_ONE: "TOPIC_AUTHORIZATION_FAILED"}


@pytest.mark.usefixtures("topics")
def test_a_user_with_a_certificate_is_the_same_user(kafka_cluster: KafkaCluster, tmp_path: Path) -> None:
    data = kafka_cluster.tls_user_secret(USER)["stringData"]
    for name, content in data.items():
        (tmp_path / name).write_text(content)
    connection = {
        "bootstrap.servers": kafka_cluster.mtls_bootstrap_servers,
        "security.protocol": "SSL",
        "ssl.ca.location": kafka_cluster.super_user["ssl.ca.location"],
        "ssl.certificate.location": str(tmp_path / "user.crt"),
        "ssl.key.location": str(tmp_path / "user.key"),
    }

    assert written(connection) == {ITS_OWN: None, ANOTHER_ONE: "TOPIC_AUTHORIZATION_FAILED"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sasl.password": "wrong"}, id="wrong password"),
        pytest.param({"sasl.username": "nobody"}, id="unknown user"),
    ],
)
def test_wrong_credentials_are_rejected(kafka_cluster: KafkaCluster, change: dict[str, str]) -> None:
    errors: set[str] = set()
    settings: dict[str, Any] = {**kafka_cluster.super_user, **change}
    client = AdminClient(settings | {"error_cb": lambda error: errors.add(error.name())})

    eventually(lambda: client.poll(0.1) is not None and "_AUTHENTICATION" in errors, "the authentication error")


def test_the_registry_responds_under_its_name(kafka_cluster: KafkaCluster) -> None:
    response = httpx2.get(f"{kafka_cluster.registry_url}/subjects", trust_env=False)

    assert response.status_code == 200
