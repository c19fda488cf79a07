"""1,000 EventTopics applied at once, against the same topics and subjects made by a loop in a shell.

The loop runs Kafka's own kafka-topics (a JVM for each topic) and curl (twice for each subject: its compatibility, its
schema). It takes most of an hour for a thousand, so some are timed and multiplied. A loop in Python on open connections
is measured too: it shows what is left when no process is started for each topic.

Afterwards the operator is left alone, to see what a thousand resources cost while nothing happens; and killed at random
moments while a thousand more are applied.
"""

import json
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

from benchmarks.operator_stage import SETTINGS, Stage, costs, megabytes, resource, stage
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_testing.brokers.kafka_tools import TOPICS, run_kafka_tool
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, condition_of
from heartzone_testing.waiting import eventually

RESOURCES = 1_000
SAMPLE = 20
PYTHON_SAMPLE = 200
KILLS = 20
IDLE_S = 180


def write_manifests(folder: Path, prefix: str) -> None:
    """One file a resource, as teams keep them."""
    folder.mkdir()
    for number in range(RESOURCES):
        manifest = resource(f"{prefix}-{number:04}", number)
        del manifest["metadata"]["annotations"]
        (folder / f"{number:04}.json").write_text(json.dumps(manifest))


def seconds_by_shell(kafka: EmbeddedKafka, registry: EmbeddedRegistry) -> float:
    """Seconds that kafka-topics and curl take for RESOURCES topics, from a sample."""
    curl = shutil.which("curl")
    assert curl, "this benchmark needs curl"
    began = time.perf_counter()
    for number in range(SAMPLE):
        topic = f"shell-{number:04}"
        options = ["--create", "--topic", topic, "--partitions", "1", "--config", "retention.ms=3600000"]
        run_kafka_tool(TOPICS, kafka.bootstrap_servers, *options)
        for method, path, body in (
            ("PUT", f"config/{topic}-value", {"compatibility": "BACKWARD"}),
            ("POST", f"subjects/{topic}-value/versions", {"schemaType": "JSON", "schema": SCHEMA_1}),
        ):
            header = "Content-Type: application/vnd.schemaregistry.v1+json"
            arguments = ["-sSf", "-X", method, "-H", header, "-d", json.dumps(body), f"{registry.url}/{path}"]
            subprocess.run([curl, *arguments], check=True, capture_output=True, timeout=60)
    return (time.perf_counter() - began) / SAMPLE * RESOURCES


def seconds_by_python(kafka: EmbeddedKafka, registry: EmbeddedRegistry) -> float:
    """Seconds that one topic after the other takes on open connections, from a sample."""
    admin = AdminClient({**kafka.client_config()})
    with SchemaRegistryClient(dict(registry.client_config())) as client:
        began = time.perf_counter()
        for number in range(PYTHON_SAMPLE):
            topic = f"python-{number:04}"
            admin.create_topics([NewTopic(topic, 1, 1, config={"retention.ms": "3600000"})])[topic].result()
            client.set_compatibility(f"{topic}-value", "BACKWARD")
            client.register_schema(f"{topic}-value", Schema(SCHEMA_1, "JSON"))
        return (time.perf_counter() - began) / PYTHON_SAMPLE * RESOURCES


def seconds_by_operator(bench: OperatorBench, folder: Path) -> tuple[float, float]:
    """Seconds until kubectl has applied all, and until all are Ready.

    Seen by listing: `kubectl wait` asks for each resource by itself, a few a second, long after all are Ready.
    """
    began = time.perf_counter()
    bench.kubectl("apply", f"--filename={folder}", timeout=600)
    applied = time.perf_counter() - began
    eventually(lambda: ready_resources(bench) == RESOURCES, "all Ready", 600)
    return applied, time.perf_counter() - began


def ready_resources(bench: OperatorBench) -> int:
    """How many are Ready for what was applied last."""
    return sum(
        condition_of(each.get("status", {}), "Ready").get("status") == "True"
        and each["status"]["observedGeneration"] == each["metadata"]["generation"]
        for each in bench.kubectl.get("et")["items"]
    )


def kill_at_random_moments(bench: OperatorBench, stop: threading.Event) -> int:
    """Kill and start the operator until told to stop, or often enough; return how often."""
    chance = random.Random(5)
    kills = 0
    while kills < KILLS and not stop.is_set():
        operator = bench.start()
        operator.wait_until_ready()
        stop.wait(chance.uniform(0.0, 3.0))
        operator.process.kill()
        kills += 1
    return kills


def main() -> None:
    with stage() as on_stage:
        measure(on_stage)
        kill(on_stage.bench, on_stage.folder)


def measure(on_stage: Stage) -> None:
    bench, topics = on_stage.bench, on_stage.folder / "topics"
    write_manifests(topics, "bench")
    shell = seconds_by_shell(on_stage.kafka, on_stage.registry)
    python = seconds_by_python(on_stage.kafka, on_stage.registry)
    with bench.operator(SETTINGS) as operator:
        applied, ready = seconds_by_operator(bench, topics)
        print(f"{RESOURCES} EventTopics: all Ready {ready:.1f} s after kubectl apply began, which took {applied:.1f} s")
        print(f"  kafka-topics and curl in a loop ({SAMPLE} timed): {shell:.0f} s; ratio {ready / shell:.3f}")
        print(f"  Python in a loop ({PYTHON_SAMPLE} timed): {python:.1f} s; ratio {ready / python:.2f}")
        print(f"  memory of the operator: {megabytes(operator):.0f} MB (at most 150)")
        time.sleep(120)  # the first resync after a change observes every subject in full
        asked, cpu = costs(operator, IDLE_S)
        print(f"  idle: {asked:.1f} requests a minute (below 5)")
        print(f"  idle: {cpu:.1f} % of a core (below 2)")


def kill(bench: OperatorBench, folder: Path) -> None:
    """Kill the operator while another thousand are applied; print what is there afterwards."""
    bench.kubectl("delete", "et", "--all", timeout=300)
    write_manifests(folder / "killed", "killed")
    stop = threading.Event()
    kills: list[int] = []
    killer = threading.Thread(target=lambda: kills.append(kill_at_random_moments(bench, stop)))
    killer.start()
    bench.kubectl("apply", f"--filename={folder / 'killed'}", timeout=600)
    killer.join()
    with bench.operator():
        eventually(lambda: ready_resources(bench) == RESOURCES, "all Ready", 600)
    versions = {f"killed-{number:04}": bench.versions(f"killed-{number:04}") for number in range(RESOURCES)}
    twice = [topic for topic, numbers in versions.items() if numbers != [1]]
    print(f"  killed {kills[0]} times: all Ready; subjects with other than one version: {twice or 'none'}")


if __name__ == "__main__":
    main()
