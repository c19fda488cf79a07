"""Topics and subjects become what the resources ask for, on a real broker and a real registry."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry, Security
from event_topics.apply import Outcome, Report, apply_event_topics, observe
from event_topics.failures import Failure
from event_topics.kafka_admin import InvalidKafkaConfig
from event_topics.kafka_topics import KafkaTopics
from event_topics.plan import RegisterSchema, SubjectAction, plan
from event_topics.registry_client import InvalidRegistryConfig
from event_topics.resource import Compatibility, SchemaType
from event_topics.schema_subjects import SchemaSubjects
from event_topics.state import DesiredSchema, DesiredTopic, Observed, ObservedSubject, ObservedTopic
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.checkout import ROOT

NOBODY_LISTENS = "127.0.0.1:1"
DRAFT_07 = '"$schema": "http://json-schema.org/draft-07/schema#"'
SCHEMA_1 = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "integer"}}}}, "required": ["a"]}}'
SCHEMA_2 = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "integer"}}}}}}'
INCOMPATIBLE = f'{{{DRAFT_07}, "type": "object", "properties": {{"a": {{"type": "string"}}}}}}'


class Cluster:
    """The broker and the registry, and what is on them by the admin's own view."""

    def __init__(self, kafka: EmbeddedKafka, registry: EmbeddedRegistry) -> None:
        self.kafka_config = kafka.client_config()
        self.registry_config: dict[str, str | int | float] = dict(registry.client_config())
        self.topics = KafkaTopics(self.kafka_config)
        self.subjects = SchemaSubjects(self.registry_config)
        self.registry = SchemaRegistryClient(dict(self.registry_config))

    def apply(self, *desired: DesiredTopic) -> Report:
        return apply_event_topics(desired, kafka_config=self.kafka_config, registry_config=self.registry_config)

    def is_settled(self, *desired: DesiredTopic) -> bool:
        return plan(desired, observe(desired, self.topics, self.subjects)).actions == ()

    def topic(self, name: str) -> ObservedTopic:
        found = self.topics.observe([name])[name]
        assert isinstance(found, ObservedTopic), found
        return found

    def subject(self, name: str) -> ObservedSubject:
        found = self.subjects.observe({name: DesiredSchema("JSON", SCHEMA_1)})[name]
        assert isinstance(found, ObservedSubject), found
        return found


@pytest.fixture(scope="module")
def cluster(embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry) -> Iterator[Cluster]:
    cluster = Cluster(embedded_kafka, embedded_registry)
    with cluster.registry, cluster.subjects:
        yield cluster


def wanted(
    topic: str | None = None,
    *,
    partitions: int = 2,
    replicas: int | None = None,
    config: dict[str, str] | None = None,
    managed: frozenset[str] = frozenset(),
    schema: str | None = None,
    language: SchemaType = "JSON",
    compatibility: Compatibility | None = None,
) -> DesiredTopic:
    """A topic of a fresh name, unless one is given."""
    topic = topic or f"Orders-{uuid4().hex[:8]}"
    return DesiredTopic(
        resource=topic.lower(),
        topic=topic,
        partitions=partitions,
        replicas=replicas,
        config=config or {},
        managed_config=managed,
        value_schema=DesiredSchema(language, schema, compatibility) if schema else None,
    )


def reasons(report: Report) -> list[str]:
    return [outcome.failure.reason for outcome in report.failures if outcome.failure]


def message(report: Report) -> str:
    (outcome,) = report.failures
    assert outcome.failure is not None
    return outcome.failure.message


def test_a_topic_and_its_schema_are_made_and_the_second_time_nothing_is(cluster: Cluster) -> None:
    asked = wanted(config={"retention.ms": "3600000"}, schema=SCHEMA_1, compatibility="BACKWARD")

    assert cluster.apply(asked).by_resource == {asked.resource: "applied"}

    topic, subject = cluster.topic(asked.topic), cluster.subject(f"{asked.topic}-value")
    assert (topic.partitions, topic.replicas, topic.config) == (2, 1, {"retention.ms": "3600000"})
    assert subject.compatibility == "BACKWARD"
    assert subject.latest is not None
    assert (subject.latest.version, subject.latest.text) == (1, SCHEMA_1)
    assert cluster.apply(asked).by_resource == {asked.resource: "unchanged"}


def test_many_resources_are_settled_by_one_run(cluster: Cluster) -> None:
    many = [wanted(schema=SCHEMA_1, partitions=1) for _ in range(50)]
    seen: list[Outcome] = []

    report = apply_event_topics(
        many, kafka_config=cluster.kafka_config, registry_config=cluster.registry_config, on_outcome=seen.append
    )

    assert set(report.by_resource.values()) == {"applied"}
    assert tuple(seen) == report.outcomes
    assert len(seen) == 100
    assert cluster.is_settled(*many)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"min.cleanable.dirty.ratio": "0.50"}, id="a number with a zero too many"),
        pytest.param({"preallocate": "FALSE"}, id="a boolean in capitals"),
        pytest.param({"cleanup.policy": "compact, delete"}, id="a list with a space"),
        pytest.param({"retention.ms": "0100000"}, id="a number with a zero in front"),
        pytest.param({"compression.type": "zstd", "max.message.bytes": "1048588"}, id="the broker's default, said"),
    ],
)
def test_a_config_value_that_the_broker_spells_otherwise_settles(cluster: Cluster, config: dict[str, str]) -> None:
    asked = wanted(config=config)

    cluster.apply(asked)

    assert cluster.is_settled(asked)


def test_partitions_grow_and_config_changes_and_strangers_keys_stay(cluster: Cluster) -> None:
    before = wanted(config={"retention.ms": "1000", "segment.ms": "60000", "max.message.bytes": "2000"})
    cluster.apply(before)

    report = cluster.apply(
        wanted(before.topic, partitions=5, config={"retention.ms": "2000"}, managed=frozenset({"segment.ms"}))
    )

    topic = cluster.topic(before.topic)
    assert report.by_resource == {before.resource: "applied"}
    assert topic.partitions == 5
    assert topic.config == {"retention.ms": "2000", "max.message.bytes": "2000"}


def test_what_cannot_be_done_is_refused_and_the_topic_stays_as_it_was(cluster: Cluster) -> None:
    before = wanted(partitions=3)
    cluster.apply(before)
    topic = cluster.topic(before.topic)

    report = cluster.apply(wanted(before.topic, partitions=1, replicas=2))

    assert reasons(report) == ["FewerPartitions", "ReplicasChanged"]
    assert cluster.topic(before.topic) == topic


@pytest.mark.parametrize(
    ("asked", "reason", "words"),
    [
        pytest.param(
            wanted(config={"nonsense": "1"}), "InvalidConfig", "Unknown topic config name: nonsense", id="key"
        ),
        pytest.param(wanted(config={"retention.ms": "abc"}), "InvalidConfig", "Invalid value abc", id="value"),
        pytest.param(wanted(replicas=7), "InvalidReplicas", "only 1 broker", id="more replicas than brokers"),
    ],
)
def test_what_the_broker_refuses_is_said_in_its_words(
    cluster: Cluster, asked: DesiredTopic, reason: str, words: str
) -> None:
    fine = wanted()

    report = cluster.apply(asked, fine)

    assert report.by_resource == {asked.resource: "failed", fine.resource: "applied"}
    assert reasons(report) == [reason]
    assert words in message(report)


def test_a_bad_value_for_a_topic_that_is_there_changes_none_of_its_keys(cluster: Cluster) -> None:
    before = wanted(config={"retention.ms": "1000"})
    cluster.apply(before)

    report = cluster.apply(wanted(before.topic, config={"retention.ms": "2000", "segment.ms": "soon"}))

    assert reasons(report) == ["InvalidConfig"]
    assert cluster.topic(before.topic).config == {"retention.ms": "1000"}


def test_a_topic_that_somebody_else_made_meanwhile_is_a_failure_of_this_run_only(
    cluster: Cluster, kafka_topic: Callable[..., str]
) -> None:
    asked = wanted(partitions=1)
    planned = plan([asked], observe([asked], cluster.topics, cluster.subjects))
    cluster.apply(asked)

    ((_, failure),) = cluster.topics.carry_out([action for action in planned.actions if action.half == "topic"])  # type: ignore[misc]

    assert failure is not None
    assert failure.reason == "TopicAlreadyExists"
    assert cluster.apply(asked).by_resource == {asked.resource: "unchanged"}


def test_another_layout_of_the_schema_makes_no_version(cluster: Cluster) -> None:
    first = wanted(schema=SCHEMA_1)
    cluster.apply(first)

    again = wanted(first.topic, schema=SCHEMA_1.replace(" ", "\n  "))

    assert cluster.apply(again).by_resource == {first.resource: "unchanged"}


def test_a_compatible_schema_becomes_the_next_version(cluster: Cluster) -> None:
    first = wanted(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(first)

    report = cluster.apply(wanted(first.topic, schema=SCHEMA_2, compatibility="BACKWARD"))

    assert report.failures == ()
    latest = cluster.subject(f"{first.topic}-value").latest
    assert latest is not None
    assert (latest.version, latest.text) == (2, SCHEMA_2)


def test_an_incompatible_schema_is_refused_in_the_registrys_words_and_the_old_version_stays(cluster: Cluster) -> None:
    first = wanted(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(first)
    subject = cluster.subject(f"{first.topic}-value")

    report = cluster.apply(wanted(first.topic, schema=INCOMPATIBLE, compatibility="BACKWARD"))

    assert reasons(report) == ["IncompatibleSchema"]
    assert re.match(r"The registry says: [^.]*Incompatible", message(report)), "without a Java class in front"
    assert cluster.subject(f"{first.topic}-value") == subject


def test_a_looser_rule_lets_the_schema_of_the_same_run_in(cluster: Cluster) -> None:
    first = wanted(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(first)

    report = cluster.apply(wanted(first.topic, schema=INCOMPATIBLE, compatibility="NONE"))

    assert report.failures == ()
    assert cluster.subject(f"{first.topic}-value").compatibility == "NONE"


def test_an_older_version_asked_for_again_is_refused_and_not_registered(cluster: Cluster) -> None:
    first = wanted(schema=SCHEMA_1)
    cluster.apply(first)
    cluster.apply(wanted(first.topic, schema=SCHEMA_2))

    assert reasons(cluster.apply(first)) == ["SchemaSuperseded"]
    assert cluster.registry.get_versions(f"{first.topic}-value") == [1, 2]


def test_a_schema_that_the_registry_stores_in_other_words_settles(cluster: Cluster) -> None:
    asked = wanted(schema='{"type": "string"}', language="AVRO")

    cluster.apply(asked)

    assert cluster.is_settled(asked)


def test_a_protobuf_schema_is_passed_on(cluster: Cluster) -> None:
    asked = wanted(schema='syntax = "proto3";\n\nmessage Order {\n  string id = 1;\n}\n', language="PROTOBUF")

    assert cluster.apply(asked).by_resource == {asked.resource: "applied"}
    assert cluster.is_settled(asked)


def test_a_schema_that_the_registry_cannot_read_fails_and_the_topic_is_made(cluster: Cluster) -> None:
    asked = wanted(schema="message {", language="PROTOBUF")

    report = cluster.apply(asked)

    assert reasons(report) == ["InvalidSchema"]
    assert cluster.topic(asked.topic).partitions == 2


def test_a_subject_changed_by_hand_is_seen_by_a_client_that_has_looked_before(cluster: Cluster) -> None:
    asked = wanted(schema=SCHEMA_1, compatibility="BACKWARD")
    cluster.apply(asked)
    assert cluster.is_settled(asked)

    cluster.registry.set_compatibility(f"{asked.topic}-value", "FULL")
    assert not cluster.is_settled(asked)
    cluster.registry.register_schema(f"{asked.topic}-value", Schema(SCHEMA_1, "JSON"))
    cluster.registry.delete_subject(f"{asked.topic}-value")

    assert cluster.apply(asked).by_resource == {asked.resource: "applied"}
    assert cluster.is_settled(asked)


def test_records_outlive_every_change(cluster: Cluster, kafka: Testbed) -> None:
    asked = wanted(partitions=1, config={"retention.ms": "-1"})
    cluster.apply(asked)
    kafka.send(asked.topic, b"kept")

    cluster.apply(wanted(asked.topic, partitions=3, config={"cleanup.policy": "delete"}, schema=SCHEMA_1))

    assert kafka.values(asked.topic) == [b"kept"]


def test_while_kafka_is_away_schemas_are_registered(cluster: Cluster) -> None:
    asked = wanted(schema=SCHEMA_1)
    kafka = KafkaTopics({"bootstrap.servers": NOBODY_LISTENS}, timeout=1)

    found = observe([asked], kafka, cluster.subjects)

    away = found.topics[asked.topic]
    assert isinstance(away, Failure)
    assert away.reason == "KafkaUnavailable"
    assert away.transient
    assert "Connection refused" in away.message
    assert [action.half for action in plan([asked], found).actions] == ["valueSchema"]


def test_while_the_registry_is_away_topics_are_made(cluster: Cluster) -> None:
    asked = wanted(schema=SCHEMA_1)

    report = apply_event_topics(
        [asked], kafka_config=cluster.kafka_config, registry_config={"url": f"http://{NOBODY_LISTENS}"}
    )

    assert reasons(report) == ["RegistryUnavailable"]
    assert report.failures[0].failure is not None
    assert report.failures[0].failure.transient
    assert cluster.topic(asked.topic).partitions == 2


def test_an_address_without_the_registrys_api_is_said_to_be_one(cluster: Cluster) -> None:
    elsewhere = str(cluster.registry_config["url"]).replace("/ccompat/", "/elsewhere/")

    report = apply_event_topics(
        [wanted(schema=SCHEMA_1)], kafka_config=cluster.kafka_config, registry_config={"url": elsewhere}
    )

    assert reasons(report) == ["RegistryNotFound"]
    assert elsewhere in message(report)


def test_a_user_whom_the_registry_does_not_know_is_told_apart_from_an_outage(
    cluster: Cluster, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    guarded = embedded_registry_factory(basic_auth=("admin", "s3cret"))
    wrong: dict[str, str | int | float] = {"url": guarded.url, "basic.auth.user.info": "admin:guessed-it"}

    report = apply_event_topics([wanted(schema=SCHEMA_1)], kafka_config=cluster.kafka_config, registry_config=wrong)

    assert reasons(report) == ["RegistryUnauthorized"]
    assert report.failures[0].failure is not None
    assert not report.failures[0].failure.transient
    assert "guessed-it" not in message(report)


def test_a_user_whom_kafka_does_not_know_is_told_apart_from_an_outage(
    embedded_kafka_factory: Callable[..., EmbeddedKafka],
) -> None:
    guarded = embedded_kafka_factory(security=Security(users={"admin": "s3cret"}))
    right = guarded.client_config("SASL_SSL", username="admin")

    found = KafkaTopics(right | {"sasl.password": "guessed-it"}, timeout=2).observe(["Orders"])["Orders"]

    assert isinstance(found, Failure)
    assert (found.reason, found.transient) == ("KafkaUnauthenticated", False)
    assert "guessed-it" not in found.message
    assert KafkaTopics(right).observe(["Orders"]) == {}


def test_properties_that_no_client_takes_are_one_sentence() -> None:
    with pytest.raises(InvalidKafkaConfig, match="nonsense"):
        KafkaTopics({"bootstrap.servers": NOBODY_LISTENS, "nonsense": "1"})
    with pytest.raises(InvalidRegistryConfig, match="nonsense"):
        SchemaSubjects({"url": f"http://{NOBODY_LISTENS}", "nonsense": "1"})


def test_the_example_of_the_readme_runs(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "libs/event-topics/README.md").read_text(encoding="utf-8")
    manifest, program = (
        re.findall(f"```{language}\n(.*?)```", readme, re.DOTALL)[0] for language in ("yaml", "python")
    )
    topic = f"Orders-{uuid4().hex[:8]}"
    (tmp_path / "topics").mkdir()
    # The broker of the tests is alone, so it cannot hold three replicas.
    manifest = manifest.replace("topicName: Orders", f"topicName: {topic}").replace("replicas: 3", "replicas: 1")
    (tmp_path / "topics" / "orders.yaml").write_text(manifest, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    program = program.replace("localhost:9092", cluster.kafka_config["bootstrap.servers"])
    program = program.replace("http://localhost:8081/apis/ccompat/v7", str(cluster.registry_config["url"]))

    exec(compile(program, "README.md", "exec"), {})

    assert capsys.readouterr().out == "orders applied\n"
    assert cluster.topic(topic).partitions == 12
    assert topic in AdminClient({**cluster.kafka_config}).list_topics(timeout=10).topics


def test_more_subjects_than_a_registry_lists_at_once_are_all_seen(
    cluster: Cluster, embedded_registry_factory: Callable[..., EmbeddedRegistry]
) -> None:
    many = [wanted(f"Many-{number:04}", partitions=1, schema=SCHEMA_1) for number in range(1_050)]
    desired = {f"{each.topic}-value": DesiredSchema("JSON", SCHEMA_1) for each in many}
    with SchemaSubjects(dict(embedded_registry_factory().client_config())) as registry:
        actions = [each for each in plan(many, Observed()).actions if isinstance(each, SubjectAction)]
        assert {failure for _, failure in registry.carry_out(actions[:1_000])} == {None}
        names = registry.names()
        assert isinstance(names, tuple)
        assert len(names) == 1_000, "as many as there are in one listing"
        assert {failure for _, failure in registry.carry_out(actions[1_000:])} == {None}

        names, found, before = registry.names(), registry.observe(desired), registry.fingerprint()
        assert isinstance(names, tuple)
        assert len(names) == len(found) == len(many)
        last = actions[-1]
        assert isinstance(last, RegisterSchema)
        (_, failure), *_ = registry.carry_out([replace(last, text=SCHEMA_2)])
        assert failure is None
        assert registry.fingerprint() != before
