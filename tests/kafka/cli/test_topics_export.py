"""`heartzone topics export` on a real broker and registry: applying its definitions changes nothing."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from click.testing import CliRunner, Result
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_cli.root import heartzone

JSON_SCHEMA = '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","title":"Order"}'
AVRO_SCHEMA = '{"type":"record","name":"Key","fields":[{"name":"id","type":"string"}]}'
PROTO_SCHEMA = 'syntax = "proto3";\n\nmessage Order {\n  string id = 1;\n}\n'
MakeTopic = Callable[..., str]

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture
def prefix() -> str:
    """The prefix of the names of a test's topics, for --topic."""
    return f"Export{uuid4().hex[:8]}"


@pytest.fixture
def make_topic(embedded_kafka: EmbeddedKafka, prefix: str) -> MakeTopic:
    def create(name: str = "Orders", *, partitions: int = 1, config: dict[str, str] | None = None) -> str:
        topic = f"{prefix}{name}"
        admin = AdminClient({**embedded_kafka.client_config()})
        admin.create_topics([NewTopic(topic, num_partitions=partitions, config=config or {})])[topic].result(30)
        return topic

    return create


@pytest.fixture
def registry(embedded_registry: EmbeddedRegistry) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient(dict(embedded_registry.client_config())) as client:
        yield client


def run(*arguments: str | Path, expect: int = 0) -> Result:
    done = CliRunner().invoke(heartzone, ["topics", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == expect, done.output
    return done


def test_an_export_describes_the_cluster_and_planning_with_it_finds_nothing_to_do(
    make_topic: MakeTopic, registry: SchemaRegistryClient, prefix: str
) -> None:
    orders = make_topic("Orders", partitions=3, config={"retention.ms": "1000", "cleanup.policy": "compact,delete"})
    payments = make_topic("_payments.v2")
    registry.register_schema(f"{orders}-key", Schema(AVRO_SCHEMA, "AVRO"))
    registry.register_schema(f"{orders}-value", Schema(JSON_SCHEMA, "JSON"))
    registry.set_compatibility(f"{orders}-value", "FULL")
    registry.register_schema(f"{payments}-value", Schema(PROTO_SCHEMA, "PROTOBUF"))

    run("export", "--dir", "moved", "--topic", f"{prefix}*")

    spec = yaml.safe_load(Path(f"moved/{prefix.lower()}-orders.yaml").read_text())["spec"]
    assert spec | {"valueSchema": None, "keySchema": None} == {
        "topicName": orders,
        "partitions": 3,
        "replicas": 1,
        "config": {"cleanup.policy": "compact,delete", "retention.ms": "1000"},
        "valueSchema": None,
        "keySchema": None,
    }
    assert spec["valueSchema"]["compatibility"] == "FULL"
    assert json.loads(spec["valueSchema"]["schema"]) == json.loads(JSON_SCHEMA)
    assert "compatibility" not in spec["keySchema"]
    assert json.loads(spec["keySchema"]["schema"]) == json.loads(AVRO_SCHEMA)
    assert run("plan", "--dir", "moved").stdout == "Topics: 2 unchanged.\n"


def test_without_a_folder_the_definitions_go_to_the_standard_output(make_topic: MakeTopic, prefix: str) -> None:
    one, two = make_topic("One"), make_topic("Two")

    as_yaml = list(yaml.safe_load_all(run("export", "--topic", f"{prefix}*").stdout))
    as_json = [json.loads(line) for line in run("export", "--json", "--topic", f"{prefix}*").stdout.splitlines()]

    assert [each["spec"]["topicName"] for each in as_yaml] == [one, two]
    assert as_json == as_yaml


def test_everything_is_exported_but_topics_of_kafka_and_of_tools(
    make_topic: MakeTopic, registry: SchemaRegistryClient, prefix: str
) -> None:
    topic = make_topic()
    registry.register_schema(f"{prefix}.by.record.name", Schema(JSON_SCHEMA, "JSON"))

    exported = run("export")

    described = list(yaml.safe_load_all(exported.stdout))
    topics = [each["spec"].get("topicName", each["metadata"]["name"]) for each in described]
    assert topic in topics
    assert not any(name.startswith("_") for name in topics)
    assert "Subjects that belong to no topic are left out: " in exported.stderr


def test_a_changed_file_is_overwritten_only_on_request(make_topic: MakeTopic, prefix: str) -> None:
    topic = make_topic()
    file = Path(f"moved/{prefix.lower()}-orders.yaml")
    export = ("export", "--dir", "moved", "--topic", topic)

    assert run(*export).stdout == f"✓ {topic}: written, {file}\n"
    assert run(*export).stdout == f"= {topic}: unchanged, {file}\n"

    exported = file.read_text()
    file.write_text("# ours\n" + exported)
    failed = run(*export, expect=2)
    assert f"{file} would be overwritten: nothing was written" in failed.stderr
    assert file.read_text().startswith("# ours")

    run(*export, "--yes")
    assert file.read_text() == exported


def test_a_topic_that_another_file_describes_is_not_described_twice(make_topic: MakeTopic, prefix: str) -> None:
    topic = make_topic()
    run("export", "--dir", "moved", "--topic", topic)
    Path(f"moved/{prefix.lower()}-orders.yaml").rename("moved/ours.yaml")

    again = run("export", "--dir", "moved", "--topic", topic, "--json")

    assert json.loads(again.stdout) == {"topic": topic, "file": "moved/ours.yaml", "status": "described already"}
    assert [file.name for file in Path("moved").iterdir()] == ["ours.yaml"]


def test_a_schema_that_refers_to_others_is_written_with_its_references(
    make_topic: MakeTopic, registry: SchemaRegistryClient
) -> None:
    topic = make_topic()
    registry.register_schema(f"{topic}Part", Schema(AVRO_SCHEMA, "AVRO"))
    whole = '{"type":"record","name":"Whole","fields":[{"name":"key","type":"Key"}]}'
    reference = SchemaReference("Key", f"{topic}Part", 1)
    registry.register_schema(f"{topic}-value", Schema(whole, "AVRO", [reference]))

    exported = run("export", "--topic", topic)

    schema = yaml.safe_load(exported.stdout)["spec"]["valueSchema"]
    assert schema["references"] == [{"name": "Key", "subject": f"{topic}Part", "version": 1}]


def test_an_invalid_schema_that_the_registry_accepted_is_left_out_and_reported(
    make_topic: MakeTopic, registry: SchemaRegistryClient
) -> None:
    topic = make_topic()
    registry.register_schema(f"{topic}-value", Schema(JSON_SCHEMA.replace("object", "nonsense"), "JSON"))

    exported = run("export", "--topic", topic, expect=2)

    assert f"✗ {topic}-value: InvalidSchema: " in exported.stderr
    assert "valueSchema" not in yaml.safe_load(exported.stdout)["spec"]


def test_a_pattern_that_no_topic_matches_stops_the_export(make_topic: MakeTopic, prefix: str) -> None:
    make_topic()

    failed = run("export", "--dir", "moved", "--topic", f"{prefix}*", "--topic", "nowhere.*", expect=2)

    assert "No topic matches 'nowhere.*': nothing was written." in failed.stderr
    assert not Path("moved").exists()


@pytest.mark.parametrize("side", ["KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL"])
def test_while_one_side_is_unavailable_nothing_is_written(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unreachable = "127.0.0.1:1" if side.startswith("KAFKA") else "http://127.0.0.1:1/apis/ccompat/v7"
    monkeypatch.setenv(f"HEARTZONE_{side}", unreachable)

    failed = run("export", "--dir", "moved", expect=2)

    assert "127.0.0.1:1" in failed.stderr
    assert not Path("moved").exists()
