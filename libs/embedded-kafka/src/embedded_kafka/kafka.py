"""A real Kafka cluster (KRaft) of one or more combined nodes, as a context manager."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded_kafka import data_dir as data
from embedded_kafka.broker_properties import PLAINTEXT, NodePorts, node_properties
from embedded_kafka.distributions import kafka_classpath
from embedded_kafka.errors import PortTaken, StartFailed
from embedded_kafka.java_properties import render
from embedded_kafka.node import STOP_GRACE_S, KafkaNode, kafka_command
from embedded_kafka.ports import LOOPBACK, choose_free, is_free, require_free
from embedded_kafka.progress import Progress
from embedded_kafka.readiness import ClusterProbe, NotReady, await_ready

START_TIMEOUT_S = 60.0
PORT_ATTEMPTS = 5


class EmbeddedKafka:
    """A Kafka cluster on loopback that lives as long as this process, at most.

    `data_dir` keeps the data: the next start on it goes on where this one ended. Without it they live in a temporary
    directory, which is removed at the end, or kept when the ``with`` block ends in an exception. `port` is that of the
    first node's plaintext listener, further nodes take the following ones; 0 means free ones. `broker_properties` win
    over the defaults made for tests. `log_dir` receives one log file per node (default: inside the data directory).

    Raises, when it starts: PortTaken, DataDirInUse, DamagedDataDir, DownloadFailed, UnsupportedPlatform, StartFailed.
    """

    def __init__(
        self,
        *,
        nodes: int = 1,
        data_dir: Path | None = None,
        port: int = 0,
        broker_properties: Mapping[str, str] | None = None,
        log_dir: Path | None = None,
        heap_mb: int = 384,
        progress: Progress | None = None,
    ) -> None:
        if nodes < 1:
            raise ValueError(f"nodes is {nodes}: a cluster has at least one")
        self.nodes: Sequence[KafkaNode] = ()
        self._count = nodes
        self._wanted_data_dir = data_dir
        self._port = port
        self._overrides = dict(broker_properties or {})
        self._wanted_log_dir = log_dir
        self._heap_mb = heap_mb
        self._progress = progress
        self._ports: Sequence[NodePorts] = ()
        self._hold: data.Hold | None = None
        self.data_dir = Path()
        self.log_dir = Path()
        self.cluster_id = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failed = isinstance(error, Exception)
        if error is not None and failed:
            error.add_note(f"the logs of embedded Kafka are in {self.log_dir}")
        self.stop(keep=failed)

    @property
    def bootstrap_servers(self) -> str:
        """The plaintext addresses of all nodes, separated by commas."""
        return self._addresses(PLAINTEXT)

    def client_config(self, protocol: str = PLAINTEXT) -> dict[str, str]:
        """The librdkafka properties with which a client reaches the listener of a protocol."""
        return {"bootstrap.servers": self._addresses(protocol), "security.protocol": protocol}

    def start(self) -> None:
        """Start every node and wait until all of them serve."""
        classpath = os.pathsep.join(map(str, kafka_classpath(self._progress)))
        self.data_dir = (
            self._wanted_data_dir.absolute()
            if self._wanted_data_dir
            else Path(tempfile.mkdtemp(prefix="embedded-kafka-"))
        )
        self.log_dir = self._wanted_log_dir.absolute() if self._wanted_log_dir else self.data_dir / "logs"
        self._hold = data.hold(self.data_dir)
        try:
            self._start_on_free_ports(classpath)
        except BaseException as error:
            self.stop(keep=isinstance(error, StartFailed))
            raise

    def stop(self, *, keep: bool = False) -> None:
        """Stop every node; temporary data are removed unless `keep`. Nothing happens when it does not run."""
        if self._wanted_data_dir is None:
            for node in self.nodes:
                node.kill()
        else:
            for node in self.nodes:
                node.request_stop()
            for node in self.nodes:
                node.stop(STOP_GRACE_S)
        if self._hold is not None:
            self._hold.release()
            self._hold = None
            if self._wanted_data_dir is None and not keep:
                shutil.rmtree(self.data_dir, ignore_errors=True)

    def _start_on_free_ports(self, classpath: str) -> None:
        for attempt in range(PORT_ATTEMPTS):
            self._ports = self._choose_ports()
            try:
                self._start_nodes(classpath)
            except StartFailed:
                # Between choosing and listening another program may have come first: a reason to choose again.
                taken = [port for node in self._ports for port in node.listeners.values() if not is_free(port)]
                taken += [node.controller for node in self._ports if not is_free(node.controller)]
                if not taken:
                    raise
                if attempt + 1 == PORT_ATTEMPTS or (self._port and taken[0] in self._fixed_ports()):
                    raise PortTaken(taken[0]) from None
            else:
                return

    def _fixed_ports(self) -> list[int]:
        return [self._port + i for i in range(self._count)] if self._port else []

    def _choose_ports(self) -> list[NodePorts]:
        fixed = self._fixed_ports()
        for port in fixed:
            require_free(port)
        free = iter(choose_free(2 * self._count))
        return [NodePorts(next(free), {PLAINTEXT: fixed[i] if fixed else next(free)}) for i in range(self._count)]

    def _start_nodes(self, classpath: str) -> None:
        found = data.read_cluster_id(self.data_dir, self._count)
        self.cluster_id = found or data.new_cluster_id()
        configs = [self._write_config(node_id) for node_id in range(1, self._count + 1)]
        if found is None:
            data.create(
                self.data_dir,
                self._count,
                self.cluster_id,
                lambda directory: self._format(classpath, directory),
            )
        self.nodes = tuple(
            KafkaNode(
                node_id,
                classpath=classpath,
                config=config,
                log_file=self.log_dir / f"kafka-{node_id}.log",
                heap_mb=self._heap_mb,
                await_ready=self._await_node,
            )
            for node_id, config in enumerate(configs, start=1)
        )
        for node in self.nodes:
            node.launch()
        try:
            self._await(self.nodes)
        except BaseException:
            for node in self.nodes:
                node.kill()
            raise

    def _write_config(self, node_id: int, log_dir: Path | None = None) -> Path:
        directory = self.data_dir / "config"
        directory.mkdir(mode=0o700, exist_ok=True)
        properties = node_properties(
            node_id,
            self._ports,
            log_dir or data.node_dir(self.data_dir, node_id),
            security={},
            overrides=self._overrides,
        )
        path = directory / (f"node-{node_id}.properties" if log_dir is None else "format.properties")
        path.write_text(render(properties))
        return path

    def _format(self, classpath: str, directory: Path) -> None:
        config = self._write_config(1, directory)
        arguments = ("format", "--cluster-id", self.cluster_id, "--config", config)
        command = kafka_command(classpath, "kafka.tools.StorageTool", *arguments, heap_mb=64)
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        config.unlink()
        if done.returncode != 0:
            raise StartFailed(f"Kafka's storage could not be formatted:\n{done.stdout}{done.stderr}".rstrip())

    def _await_node(self, node: KafkaNode) -> None:
        self._await([node])

    def _await(self, nodes: Sequence[KafkaNode]) -> None:
        probes = [ClusterProbe({"bootstrap.servers": self._address(node, PLAINTEXT)}) for node in nodes]
        wanted = [node.node_id for node in nodes]

        def answers() -> bool:
            return all(probe.sees(self.cluster_id, wanted) for probe in probes)

        def ended() -> int | None:
            return next((0 for node in nodes if not node.is_running), None)

        try:
            await_ready(answers, ended, START_TIMEOUT_S)
        except NotReady as reason:
            culprit = next((node for node in nodes if not node.is_running), nodes[0])
            what = "ended while starting" if reason.exit_code is not None else f"did not answer in {START_TIMEOUT_S} s"
            raise StartFailed(f"Kafka node {culprit.node_id} {what}; its last log lines:\n{culprit.tail()}") from None

    def _address(self, node: KafkaNode, protocol: str) -> str:
        return f"{LOOPBACK}:{self._ports[node.node_id - 1].listeners[protocol]}"

    def _addresses(self, protocol: str) -> str:
        return ",".join(self._address(node, protocol) for node in self.nodes)
