"""`heartzone topics` against a real broker and registry: output for people and programs, and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from event_topics import KafkaTopics, ObservedTopic
from heartzone_cli.cluster import endpoints
from heartzone_cli.root import heartzone

SCHEMA = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "title": "TITLE"}'
Define = Callable[..., str]

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture
def define(tmp_path: Path) -> Define:
    """Write the definition of one topic to schemas/topics, over the one before; return its name."""
    topic = f"Orders-{uuid4().hex[:8]}"
    folder = tmp_path / "schemas" / "topics"
    folder.mkdir(parents=True)

    def write(*, title: str | None = None, **spec: object) -> str:
        manifest = {
            "apiVersion": "heartzone.dev/v1alpha1",
            "kind": "EventTopic",
            "metadata": {"name": topic.lower()},
            "spec": {"topicName": topic, "partitions": 1} | spec,
        }
        if title is not None:
            manifest["spec"]["valueSchema"] = {"type": "JSON", "schema": SCHEMA.replace("TITLE", title)}  # type: ignore[index]
        (folder / "orders.json").write_text(json.dumps(manifest))
        return topic

    return write


def run(*arguments: str) -> Result:
    return CliRunner().invoke(heartzone, ["topics", *arguments], catch_exceptions=False)


def partitions(kafka: EmbeddedKafka, topic: str) -> int:
    found = KafkaTopics(kafka.client_config()).observe([topic])[topic]
    assert isinstance(found, ObservedTopic)
    return found.partitions


def test_apply_carries_out_the_plan_and_then_there_is_nothing_to_do(define: Define) -> None:
    topic = define(title="Order", config={"retention.ms": "1000"})

    planned = run("plan")
    assert planned.exit_code == 3
    assert planned.stdout.splitlines() == [
        f"+ {topic}",
        "    create topic: 1 partitions, replicas: the broker's default",
        "      retention.ms: 1000",
        f"    {topic}-value: register JSON schema, its first",
        "Topics: 1 to create.",
    ]

    applied = run("apply")
    assert applied.exit_code == 0
    assert f"✓ {topic}: create topic: 1 partitions, replicas: the broker's default" in applied.stdout
    assert f"✓ {topic}: {topic}-value: register JSON schema, its first" in applied.stdout

    again = run("plan")
    assert (again.exit_code, again.stdout) == (0, "Topics: 1 unchanged.\n")
    assert run("apply").exit_code == 0


def test_a_changed_schema_is_shown_as_a_diff(define: Define) -> None:
    define(title="Order")
    run("apply")
    define(title="Purchase")

    lines = [line.strip() for line in run("plan").stdout.splitlines()]

    assert '-  "title": "Order"' in lines
    assert '+  "title": "Purchase"' in lines


def test_an_irreversible_step_requires_yes(define: Define, embedded_kafka: EmbeddedKafka) -> None:
    topic = define(partitions=1)
    run("apply")
    define(partitions=2)

    assert "! Keys of" in run("plan").stdout
    rejected = run("apply")
    assert rejected.exit_code == 2
    assert "Nothing was changed: run with --yes" in rejected.stderr
    assert partitions(embedded_kafka, topic) == 1

    assert run("apply", "--yes").exit_code == 0
    assert partitions(embedded_kafka, topic) == 2


def test_json_is_one_object_a_step(define: Define) -> None:
    topic = define(title="Order", partitions=2)

    planned = [json.loads(line) for line in run("plan", "--json").stdout.splitlines()]
    assert [step["step"] for step in planned] == ["CreateTopic", "RegisterSchema"]
    assert {step["topic"] for step in planned} == {topic}

    applied = [json.loads(line) for line in run("apply", "--json").stdout.splitlines()]
    assert sorted(step["step"] for step in applied) == ["CreateTopic", "RegisterSchema"]
    assert {step["status"] for step in applied} == {"applied"}

    define(title="Order", partitions=1)
    (blocked,) = [json.loads(line) for line in run("plan", "--json").stdout.splitlines()]
    assert (blocked["step"], blocked["reason"]) == ("Refusal", "FewerPartitions")


def test_a_blocked_step_ends_plan_and_apply_with_2_and_the_rest_is_done(define: Define) -> None:
    define(partitions=2)
    run("apply")
    topic = define(partitions=1, config={"retention.ms": "-1"})

    planned = run("plan")
    assert planned.exit_code == 2
    assert "FewerPartitions" in planned.stdout
    applied = run("apply")
    assert applied.exit_code == 2
    assert f"✓ {topic}: retention.ms: 604800000 (inherited) → -1" in applied.stdout


def test_a_failure_of_the_broker_is_shown_and_ends_apply_with_2(define: Define) -> None:
    topic = define(config={"nonsense": "1"})

    applied = run("apply")

    assert applied.exit_code == 2
    assert f"✗ {topic}: InvalidConfig: Kafka says: Unknown topic config name: nonsense" in applied.stdout


def test_a_running_up_is_found(
    define: Define,
    tmp_path: Path,
    embedded_kafka: EmbeddedKafka,
    embedded_registry: EmbeddedRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    define(title="Order")
    monkeypatch.delenv("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS")
    monkeypatch.delenv("HEARTZONE_SCHEMA_REGISTRY_URL")
    (tmp_path / ".heartzone").mkdir()
    found = endpoints.Endpoints(
        api="http://127.0.0.1:1",
        kafka=embedded_kafka.bootstrap_servers,
        registry=embedded_registry.url,
        metrics=endpoints.Metrics("http://127.0.0.1:1"),
    )
    endpoints.write(tmp_path / ".heartzone", found)

    assert run("plan").exit_code == 3


def test_an_unavailable_cluster_is_reported_once_and_ends_with_2(
    define: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(title="Order")
    monkeypatch.setenv("HEARTZONE_SCHEMA_REGISTRY_URL", "http://127.0.0.1:1")

    planned = run("plan")

    assert planned.exit_code == 2
    assert planned.stdout.count("The schema registry at http://127.0.0.1:1") == 1
    assert "create topic" in planned.stdout


def test_without_other_definitions_those_of_the_checkout_are_used() -> None:
    # Whether they are to create or exist already depends on other tests on the session's broker.
    assert "Topics: 4 " in run("plan").stdout


@pytest.mark.parametrize(
    ("text", "sentence"), [("a: [", "is not YAML that can be used"), ("kind: Pod", "kind 'Pod' must be")]
)
def test_an_invalid_definition_is_one_sentence(define: Define, text: str, sentence: str) -> None:
    define()
    Path("schemas/topics/bad.yaml").write_text(text)

    result = run("plan")

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
