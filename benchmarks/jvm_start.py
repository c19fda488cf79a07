"""CPU seconds of JVMs that format a storage, start and stop, with and without an AOT cache and the compiler C2.

CPU seconds of the process (user and system), not seconds on the clock: they say what a start takes from the tests
beside it, and differ little on a busy machine. Each kind is run in turn, in another order each time; printed are
medians and ratios to Java's defaults.

    python -m benchmarks.jvm_start [RUNS]
"""

import random
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from embedded_kafka.broker.data_dir import new_cluster_id
from embedded_kafka.broker.distribution import kafka_program
from embedded_kafka.broker.formatting import format_storage
from embedded_kafka.broker.node import KafkaNode
from embedded_kafka.broker.probe import ClusterProbe
from embedded_kafka.broker.properties import PLAINTEXT, NodePorts, node_properties
from embedded_kafka.broker.training import exchange
from embedded_kafka.jvm.command import JvmProfile
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.ports import LOOPBACK, choose_free
from embedded_kafka.processes.readiness import await_ready
from embedded_kafka.registry.distribution import registry_program
from embedded_kafka.registry.probe import RegistryProbe
from embedded_kafka.registry.properties import registry_properties

RUNS = 5
TIMEOUT_S = 240
BEFORE = "Java's defaults"


@dataclass(frozen=True)
class Kind:
    """How the JVMs are run."""

    profile: JvmProfile
    aot_cache: bool

    def of(self, program: JavaProgram) -> JavaProgram:
        """The program with or without its AOT cache."""
        return program if self.aot_cache else replace(program, options=())


KINDS = {
    BEFORE: Kind("throughput", aot_cache=False),
    "C1, serial": Kind("startup", aot_cache=False),
    "AOT cache": Kind("throughput", aot_cache=True),
    "AOT cache, C1, serial": Kind("startup", aot_cache=True),
}


def cpu_seconds(work: Callable[[], None]) -> float:
    """User and system time of the child processes that ended meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_node(
    program: JavaProgram, profile: JvmProfile, folder: Path, cluster_id: str, port: int, *, busy: bool
) -> None:
    """Start a formatted node, let it work when `busy`, and stop it in order."""
    probe = ClusterProbe({"bootstrap.servers": f"{LOOPBACK}:{port}"})
    node = KafkaNode(
        1,
        program=program,
        profile=profile,
        data_dir=folder / "1",
        config=folder / "node.properties",
        log_file=folder / "node.log",
        heap_mb=384,
        await_ready=lambda node: await_ready(lambda: probe.sees(cluster_id, [1]), lambda: node.exit_code, TIMEOUT_S),
    )
    node.start()
    if busy:
        exchange({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
    node.stop(TIMEOUT_S)


def measure_kafka(kind: Kind, program: JavaProgram) -> dict[str, float]:
    """Format and run a node twice: once only started and stopped, once with work."""
    formatted, idle = measure_node(kind, program, busy=False)
    _, worked = measure_node(kind, program, busy=True)
    return {"format": formatted, "node, start and stop": idle, "node, with 5,000 records": worked}


def measure_node(kind: Kind, program: JavaProgram, *, busy: bool) -> tuple[float, float]:
    """CPU seconds of formatting and of the node."""
    program = kind.of(program)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        storage = folder / "1"
        storage.mkdir()
        port, controller = choose_free(2)
        ports = [NodePorts(controller, {PLAINTEXT: port})]
        properties = node_properties(1, ports, storage, security={}, overrides={})
        (folder / "node.properties").write_text(render(properties))
        cluster_id = new_cluster_id()
        return (
            cpu_seconds(lambda: format_storage(storage, cluster_id, program=program, properties=properties)),
            cpu_seconds(lambda: run_node(program, kind.profile, folder, cluster_id, port, busy=busy)),
        )


def run_registry(program: JavaProgram, profile: JvmProfile, folder: Path) -> None:
    """Start a registry and stop it in order."""
    port, management_port = choose_free(2)
    config = folder / "registry.properties"
    config.write_text(render(registry_properties(port, management_port, nonce="benchmark", basic_auth=None)))
    properties = (("smallrye.config.locations", config.as_uri()),)
    command = program.command(heap_mb=160, profile=profile, system_properties=properties)
    process = ChildProcess.start(command, log_file=folder / "registry.log", cwd=folder)
    probe = RegistryProbe(f"http://{LOOPBACK}:{port}/apis/ccompat/v7", basic_auth=None, certificates=None)
    await_ready(lambda: probe.sees("benchmark"), process.poll, TIMEOUT_S)
    process.terminate(TIMEOUT_S)


def measure_registry(kind: Kind, program: JavaProgram) -> dict[str, float]:
    """Start and stop a registry."""
    with tempfile.TemporaryDirectory() as place:
        return {
            "registry, start and stop": cpu_seconds(lambda: run_registry(kind.of(program), kind.profile, Path(place)))
        }


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    kafka, registry = kafka_program(), registry_program()
    seconds: dict[str, dict[str, list[float]]] = {}
    for number in range(1, runs + 1):
        for name in random.sample(list(KINDS), len(KINDS)):
            kind = KINDS[name]
            taken = {**measure_kafka(kind, kafka), **measure_registry(kind, registry)}
            print(
                f"run {number}, {name}: {', '.join(f'{what} {each:.2f}' for what, each in taken.items())}", flush=True
            )
            for what, each in taken.items():
                seconds.setdefault(what, {}).setdefault(name, []).append(each)
    for what, kinds in seconds.items():
        print(f"{what}: CPU seconds, median of {runs}")
        before = statistics.median(kinds[BEFORE])
        for name in KINDS:
            median = statistics.median(kinds[name])
            print(f"  {name}: {median:.2f}; ratio {median / before:.2f}")


if __name__ == "__main__":
    main()
