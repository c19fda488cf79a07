"""The example of the README runs."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from heartzone_testing.checkout import ROOT
from heartzone_testing.operators.topic_cluster import TopicCluster


def test_the_example_of_the_readme_runs(
    cluster: TopicCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
