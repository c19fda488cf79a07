"""The command `event-topics` on a real broker and registry, as a pipeline runs it."""

import json
from pathlib import Path

import pytest

from event_topics import load_event_topics, to_yaml
from event_topics.command.main import main
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.operators.topic_cluster import TopicCluster


def test_a_pipeline_plans_applies_and_exports(
    cluster: TopicCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = event_topic(schema=SCHEMA_1, config={"retention.ms": 1000})
    topic = manifest["spec"]["topicName"]
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "topic.yaml").write_text(to_yaml(manifest))
    (tmp_path / "kafka.properties").write_text(
        "".join(f"{key}={value}\n" for key, value in cluster.kafka_config.items())
    )
    where = ["--kafka-config", str(tmp_path / "kafka.properties"), "--registry", str(cluster.registry_config["url"])]

    assert main(["plan", str(definitions), *where]) == 3
    assert f"+ {topic}" in capsys.readouterr().out
    assert main(["apply", str(definitions), *where, "--json"]) == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(step["step"], step["status"]) for step in steps} == {
        ("CreateTopic", "applied"),
        ("RegisterSchema", "applied"),
    }
    assert main(["plan", str(definitions), *where]) == 0

    assert main(["export", "--dir", str(tmp_path / "exported"), "--topic", topic, *where]) == 0
    (exported,) = load_event_topics(tmp_path / "exported").event_topics
    assert exported.topic_name == topic
    assert main(["plan", str(tmp_path / "exported"), *where]) == 0
