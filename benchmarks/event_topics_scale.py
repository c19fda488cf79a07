"""Costs of 10,000 EventTopics to an operator: memory, and processor and requests while others use the registry.

`python -m benchmarks.event_topics_scale [RESOURCES]`. They take about a quarter of an hour on two slow cores to be
created.
"""

import json
import re
import sys
import threading
import time

from benchmarks.operator_stage import SETTINGS, costs, megabytes, resource, stage
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from embedded_kafka import EmbeddedRegistry
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1
from heartzone_testing.services.service_process import ServiceProcess

RESOURCES = 10_000
CREATED_AT_ONCE = 1_000
OTHERS = 20  # subjects that somebody else registers versions in
IDLE_S = 300
SETTLE_S = 150


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else RESOURCES
    with stage() as on_stage:
        bench, registry = on_stage.bench, on_stage.registry
        with bench.operator(SETTINGS) as operator:
            create(bench, operator, number)
            report(operator, f"{number} EventTopics, all Ready")
            time.sleep(SETTLE_S)
            edit(bench, number)
            measure(operator, "idle", registry, busy=False)
            measure(operator, "beside a busy registry", registry, busy=True)
        with bench.operator(SETTINGS) as operator:
            time.sleep(SETTLE_S)
            report(operator, "after a restart")
            measure(operator, "after a restart, beside a busy registry", registry, busy=True)


def create(bench: OperatorBench, operator: ServiceProcess, number: int) -> None:
    """Create the resources, some at once: the operator follows meanwhile."""
    began = time.perf_counter()
    for first in range(0, number, CREATED_AT_ONCE):
        items = [resource(f"scale-{each:05}", each) for each in range(first, min(first + CREATED_AT_ONCE, number))]
        file = bench.folder / "items.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        bench.kubectl("create", f"--filename={file}", timeout=1800)
        while ready(operator) < first + len(items):
            time.sleep(2)
        print(f"  {first + len(items)} are Ready after {time.perf_counter() - began:.0f} s", flush=True)


def edit(bench: OperatorBench, number: int) -> None:
    """Print how long it takes from an edit of the newest and the oldest until they are Ready for it."""
    for each in (number - 1, 0):
        name = f"scale-{each:05}"
        began = time.perf_counter()
        bench.kubectl("patch", "et", name, "--type=merge", '--patch={"spec": {"config": {"retention.ms": "7200000"}}}')
        bench.settled(name)
        print(f"  an edit of {name} is Ready after {time.perf_counter() - began:.1f} s", flush=True)


def ready(operator: ServiceProcess) -> float:
    """How many are Ready."""
    sample = re.search(
        r'^heartzone_eventtopics\{condition="Ready",status="True"\} (\S+)', operator.get("/metrics").text, re.MULTILINE
    )
    return float(sample[1]) if sample else 0


def measure(operator: ServiceProcess, when: str, registry: EmbeddedRegistry, *, busy: bool) -> None:
    """Print requests and processor time of `IDLE_S` seconds."""
    stop = threading.Event()
    others = threading.Thread(target=use_registry, args=(registry, stop))
    if busy:
        others.start()
    asked, cpu = costs(operator, IDLE_S)
    print(f"  {when}: {asked:.1f} requests a minute (below 30)")
    print(f"  {when}: {cpu:.1f} % of a core (below 3)")
    stop.set()
    if busy:
        others.join()
    report(operator, when)


def use_registry(registry: EmbeddedRegistry, stop: threading.Event) -> None:
    """Register a version a second in subjects of others, until told to stop."""
    with SchemaRegistryClient(dict(registry.client_config())) as client:
        version = 0
        while not stop.wait(1.0):
            version += 1
            schema = Schema(SCHEMA_1.replace('"a"', f'"b{version}"'), "JSON")
            client.register_schema(f"others-{version % OTHERS}-value", schema)


def report(operator: ServiceProcess, when: str) -> None:
    """Print the memory of the operator."""
    print(f"  {when}: {megabytes(operator):.0f} MB (below 300)", flush=True)


if __name__ == "__main__":
    main()
