"""The ACLs of deploy/strimzi's KafkaUsers: with all of them everything works, and each of them is needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AclBinding, AclOperation, AdminClient, ResourceType
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from event_topics import AddPartitions, AlterConfig, ConfigChange, CreateTopic, Failure, KafkaTopics, TopicAction
from heartzone_cli.cluster.topic_reader import TopicReader
from heartzone_cli.root import heartzone
from heartzone_operator.group_lag.lag_metrics import GroupLagMetrics
from heartzone_operator.group_lag.monitor import GroupLagMonitor, ObservedGroup
from heartzone_testing.ports import free_port
from heartzone_testing.services.environment import as_settings
from heartzone_testing.strimzi.guarded_kafka import GuardedKafka
from heartzone_testing.strimzi.guarded_services import GuardedServices
from heartzone_testing.strimzi.kafkasql_registry import KafkasqlRegistry
from heartzone_testing.strimzi.users import acl_bindings, kafka_users
from heartzone_testing.topics import TOPIC_NAMES
from heartzone_testing.waiting import eventually

READINGS = "BiometricsImported"
ZONES = "HeartRateZoneReached"
UNSEEN = "topic {name} does not exist, or no ACL lets this user see it"


@dataclass(frozen=True)
class Product:
    """Broker, topics, registry and programs, everybody with the rights of deploy/strimzi."""

    kafka: GuardedKafka
    services: GuardedServices


@pytest.fixture(scope="module")
def product(guarded_kafka: GuardedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    registry = KafkasqlRegistry(guarded_kafka, folder)
    try:
        registry.wait_until_ready()
        services = GuardedServices(guarded_kafka, registry.url, folder)
        assert services.apply_topics().failures == ()
        yield Product(guarded_kafka, services)
    finally:
        registry.process.terminate(10)


def test_a_reading_passes_through_api_and_worker_and_helm_test_sees_its_zone(product: Product) -> None:
    with product.services.worker() as worker, product.services.producer() as api:
        worker.wait_until_ready()
        api.wait_until_ready()

        done = product.services.helm_test(api.http_port)

    assert done.returncode == 0, done.stdout
    assert "and its zone 3 is in HeartRateZoneReached" in done.stdout


def test_the_audits_user_may_read_what_it_takes_to_find_that_all_of_it_is_right(product: Product) -> None:
    audited = audit(product)

    assert audited.exit_code == 0, audited.output
    assert "no finding" in audited.stdout
    assert "Schema ids are not checked" not in audited.stderr


def test_who_may_only_read_the_zones_can_watch_them_with_the_heartzone_command(product: Product) -> None:
    connection = product.kafka.connection("heartzone-test")
    with Producer({**product.kafka.super_user}) as producer:
        producer.produce(ZONES, b"a zone")

    with TopicReader(consumer=connection, admin=connection) as reader:
        end = reader.end_offsets(ZONES)
        values = [each.value() for each in reader.read_range(ZONES, {}, end, deadline=monotonic() + 20)]

    assert values[-1] == b"a zone"


def test_the_operators_user_may_grow_change_and_delete_the_products_topics(product: Product) -> None:
    topics = KafkaTopics(product.kafka.connection("heartzone-operator"))

    assert product.services.apply_topics(partitions=2).failures == ()
    assert [failure for _, failure in topics.apply(_alter(name) for name in TOPIC_NAMES)] == [None] * len(TOPIC_NAMES)
    assert topics.delete(TOPIC_NAMES) == dict.fromkeys(TOPIC_NAMES)

    assert product.services.apply_topics().failures == ()


def test_the_operators_user_may_not_touch_a_topic_of_somebody_else(product: Product) -> None:
    topics = KafkaTopics(product.kafka.connection("heartzone-operator"))

    failure = topics.delete(["kafkasql-journal"])["kafkasql-journal"]

    assert failure is not None
    assert "This user lacks Delete on the topic 'kafkasql-journal'" in failure.message


def test_the_operators_user_sees_the_lag_of_the_workers_group_and_its_age(product: Product) -> None:
    with operator_observes_the_lag(product) as lag:
        eventually(lambda: (lag("records") or 0) > 0, "the lag in records")
        eventually(lambda: lag("seconds") is not None, "the lag in seconds")


def test_the_workers_user_may_look_at_its_group_and_move_it(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in as_settings("KAFKA", product.kafka.connection("heartzone-zone-worker")).items():
        monkeypatch.setenv(name, value)

    shown = CliRunner().invoke(heartzone, ["group", "status"])
    moved = CliRunner().invoke(heartzone, ["group", "set-offset", READINGS, "0", "earliest", "--watch", "0"])

    assert (shown.exit_code, moved.exit_code) == (0, 0), shown.output + moved.output
    assert "stands" in moved.stdout


@contextmanager
def operator_observes_the_lag(product: Product) -> Iterator[Callable[[str], float | None]]:
    """Observe the workers' group as the operator's user while something waits; yields how a metric is read."""
    with Producer({**product.kafka.super_user}) as producer:
        producer.produce(READINGS, b"a reading", partition=0)
    connection, registry = product.kafka.connection("heartzone-operator"), CollectorRegistry()
    labels = {"group": "zone-worker", "topic": READINGS, "partition": "0"}
    monitor = GroupLagMonitor(
        [ObservedGroup("zone-worker", READINGS)],
        GroupLagMetrics(registry, max_age=60),
        interval=0.1,
        timeout=2,
        admin=connection,
        consumer=connection,
    )
    with monitor:
        yield lambda unit: registry.get_sample_value(f"heartzone_group_lag_{unit}", labels)


def audit(product: Product) -> Result:
    """Run the audit as the KafkaUser of the chart's."""
    connection = as_settings("KAFKA", product.kafka.connection("heartzone-audit"))
    registry = {"HEARTZONE_SCHEMA_REGISTRY_URL": product.services.registry_url}
    return CliRunner().invoke(heartzone, ["audit"], env={**connection, **registry})


def audit_ends(message: str) -> Callable[[Product, AclBinding], None]:
    def attempt(product: Product, binding: AclBinding) -> None:
        audited = audit(product)
        assert audited.exit_code == 2, audited.output
        assert message.format(name=binding.name) in audited.stderr

    return attempt


def api_does_not_become_ready(product: Product, binding: AclBinding) -> None:
    with product.services.producer() as api:
        reason = UNSEEN.format(name=binding.name)
        eventually(lambda: reason in api.get("/readyz").text, "the reason on /readyz")
        assert api.get("/readyz").status == 503


def worker_waits_for_the_topic(product: Product, binding: AclBinding) -> None:
    with product.services.worker() as worker:
        reason = UNSEEN.format(name=binding.name)
        eventually(lambda: reason in worker.get("/readyz").text, "the reason on /readyz")
        assert worker.get("/readyz").status == 503


def worker_ends(message: str) -> Callable[[Product, AclBinding], None]:
    def attempt(product: Product, binding: AclBinding) -> None:
        with product.services.worker() as worker:
            assert worker.process.wait(60) == 1
            assert message in worker.process.log()

    return attempt


def operator_is_unauthorized(right: str, action: Callable[[str], TopicAction]) -> Callable[[Product, AclBinding], None]:
    def attempt(product: Product, binding: AclBinding) -> None:
        topics = KafkaTopics(product.kafka.connection("heartzone-operator"))
        [(_, failure)] = topics.apply([action(binding.name)])
        assert_missing(failure, right, binding.name)

    return attempt


def operator_does_not_know_the_age_of_the_lag(product: Product, binding: AclBinding) -> None:
    with capture_logs() as logs, operator_observes_the_lag(product) as lag:
        eventually(lambda: _reasons(logs, binding.name), "the reason in the log")
        assert lag("seconds") is None
        assert (lag("records") or 0) > 0
    assert "Topic authorization failed" in _reasons(logs, binding.name)[0]


def operator_does_not_know_the_lag(product: Product, binding: AclBinding) -> None:
    with capture_logs() as logs, operator_observes_the_lag(product) as lag:
        eventually(lambda: _reasons(logs, READINGS), "the reason in the log")
        assert lag("records") is None
    (reason, *_) = _reasons(logs, READINGS)
    assert f"The committed offsets of the group {binding.name} cannot be read" in reason
    assert "Group authorization failed" in reason


def _reasons(logs: Sequence[Mapping[str, Any]], topic: str) -> list[str]:
    return [each["reason"] for each in logs if each["event"] == "group_lag_unknown" and each["topic"] == topic]


def operator_cannot_create(product: Product, binding: AclBinding) -> None:
    admin = AdminClient({**product.kafka.super_user})
    admin.delete_topics([binding.name])[binding.name].result()
    operator_is_unauthorized("Create", _create)(product, binding)


def operator_cannot_delete(product: Product, binding: AclBinding) -> None:
    topics = KafkaTopics(product.kafka.connection("heartzone-operator"))
    assert_missing(topics.delete([binding.name])[binding.name], "Delete", binding.name)


def assert_missing(failure: Failure | None, right: str, topic: str) -> None:
    assert failure is not None
    assert failure.reason == "KafkaUnauthorized"
    assert f"This user lacks {right} on the topic '{topic}': add an ACL" in failure.message


def helm_test_is_unauthorized(product: Product, binding: AclBinding) -> None:
    done = product.services.helm_test(free_port())

    assert done.returncode == 1
    assert binding.name in done.stdout
    assert "uthorization failed" in done.stdout


def _create(topic: str) -> CreateTopic:
    return CreateTopic(resource=topic, half="topic", topic=topic, partitions=1, replicas=None, config={})


def _grow(topic: str) -> AddPartitions:
    return AddPartitions(resource=topic, half="topic", topic=topic, before=1, after=2)


def _alter(topic: str) -> AlterConfig:
    change = ConfigChange(key="retention.ms", before=None, after="604800001")
    return AlterConfig(resource=topic, half="topic", topic=topic, changes=(change,))


# What fails without an ACL, by user, kind of resource and operation.
ATTEMPTS: dict[tuple[str, str, str], Callable[[Product, AclBinding], None]] = {
    ("heartzone-producer", "TOPIC", "WRITE"): api_does_not_become_ready,
    ("heartzone-zone-worker", "TOPIC", "READ"): worker_waits_for_the_topic,
    ("heartzone-zone-worker", "TOPIC", "WRITE"): worker_waits_for_the_topic,
    ("heartzone-zone-worker", "GROUP", "READ"): worker_ends("Read on group zone-worker"),
    ("heartzone-zone-worker", "TRANSACTIONAL_ID", "WRITE"): worker_ends(
        "grant Write and Describe on transactional id zone-worker-heartzone-zone-worker-0"
    ),
    ("heartzone-operator", "TOPIC", "CREATE"): operator_cannot_create,
    ("heartzone-operator", "TOPIC", "ALTER"): operator_is_unauthorized("Alter", _grow),
    ("heartzone-operator", "TOPIC", "ALTER_CONFIGS"): operator_is_unauthorized("AlterConfigs", _alter),
    ("heartzone-operator", "TOPIC", "DELETE"): operator_cannot_delete,
    ("heartzone-operator", "TOPIC", "READ"): operator_does_not_know_the_age_of_the_lag,
    ("heartzone-operator", "GROUP", "DESCRIBE"): operator_does_not_know_the_lag,
    ("heartzone-audit", "TOPIC", "READ"): audit_ends("{name}"),
    ("heartzone-audit", "GROUP", "DESCRIBE"): audit_ends("The committed offsets of the group {name} cannot be read"),
    ("heartzone-test", "TOPIC", "READ"): helm_test_is_unauthorized,
}


def _cases() -> Iterator[Any]:
    for name, user in kafka_users().items():
        if name == "heartzone-registry":  # has a file of its own
            continue
        for binding in acl_bindings(user):
            yield pytest.param(name, binding, id=f"{name}-{AclOperation(binding.operation).name}-{binding.name}")


@pytest.mark.parametrize(("user", "binding"), list(_cases()))
def test_without_one_acl_something_fails_and_says_so(product: Product, user: str, binding: AclBinding) -> None:
    attempt = ATTEMPTS[user, ResourceType(binding.restype).name, AclOperation(binding.operation).name]

    with product.kafka.without(binding):
        attempt(product, binding)

    assert product.services.apply_topics().failures == ()
