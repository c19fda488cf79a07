"""A real Kafka cluster (KRaft) of one or more combined nodes, as a context manager."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from embedded_kafka.broker import data_dir as data
from embedded_kafka.broker.distribution import kafka_program
from embedded_kafka.broker.formatting import format_storage
from embedded_kafka.broker.node import STOP_GRACE_S, KafkaNode
from embedded_kafka.broker.probe import ClusterProbe
from embedded_kafka.broker.properties import PLAINTEXT, NodePorts, node_properties
from embedded_kafka.broker.scram import create_scram_users
from embedded_kafka.broker.security import Mechanism, Protocol, Security
from embedded_kafka.certificates import Certificates, ensure_certificates
from embedded_kafka.distributions.progress import Progress
from embedded_kafka.errors import StartError
from embedded_kafka.jvm.command import JvmProfile
from embedded_kafka.jvm.diagnosis import start_failure
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.jvm.properties_format import render
from embedded_kafka.jvm.runtime import java_executable
from embedded_kafka.processes.embedded import Embedded
from embedded_kafka.processes.ports import LOOPBACK, start_on_ports
from embedded_kafka.processes.readiness import NotReadyError, await_ready
from embedded_kafka.processes.work_dir import WorkDir

START_TIMEOUT_S = 120.0  # a machine full of other work takes ten times the usual two seconds


class EmbeddedKafka(Embedded):
    """A Kafka cluster on loopback that lives as long as this process, at most.

    `data_dir` keeps the data: the next start on it goes on where this one ended. Without it they live in a temporary
    directory, which is removed at the end, or kept when the ``with`` block ends in an exception. `port` is that of the
    first node's plaintext listener, further nodes take the following ones; 0 means free ones. `security` adds TLS and
    SASL listeners on free ports. `broker_properties` win over the defaults made for tests; a function is given those of
    each node, and returns what wins there. `log_dir` receives one log file per node (default: inside the data
    directory). `heap_mb` is the Java heap of each node. `jvm` is what their JVMs are tuned for: "throughput", or
    "startup" for a cluster that lives for a test.

    Raises, when it starts: PortInUseError, DataDirInUseError, DamagedDataDirError, DownloadError,
    UnsupportedPlatformError, StartError.
    """

    def __init__(
        self,
        *,
        nodes: int = 1,
        data_dir: Path | str | None = None,
        port: int = 0,
        broker_properties: Mapping[str, str] | Callable[[Mapping[str, str]], Mapping[str, str]] | None = None,
        security: Security | None = None,
        log_dir: Path | str | None = None,
        heap_mb: int = 384,
        jvm: JvmProfile = "throughput",
        progress: Progress | None = None,
    ) -> None:
        if nodes < 1:
            raise ValueError(f"nodes is {nodes}: a cluster has at least one")
        super().__init__("embedded Kafka", data_dir=data_dir, log_dir=log_dir)
        self.nodes: Sequence[KafkaNode] = ()
        self.cluster_id = ""
        self._count = nodes
        self._fixed_ports = [port + i for i in range(nodes)] if port else []
        self._broker_properties = broker_properties or {}
        self._security = security
        self._heap_mb = heap_mb
        self._jvm: JvmProfile = jvm
        self._progress = progress
        self._ports: Sequence[NodePorts] = ()
        self._certificates: Certificates | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The plaintext addresses of all nodes, separated by commas."""
        return self._addresses(PLAINTEXT)

    def client_config(
        self, protocol: Protocol = "PLAINTEXT", *, username: str | None = None, mechanism: Mechanism = "PLAIN"
    ) -> dict[str, str]:
        """The librdkafka properties with which a client reaches a listener; `username` None is the first user.

        Raises ValueError for a protocol or user that `security` does not have.
        """
        if protocol == PLAINTEXT:
            return {"bootstrap.servers": self.bootstrap_servers, "security.protocol": PLAINTEXT}
        if self._security is None or self._certificates is None:
            raise ValueError(f"there is no {protocol} listener: pass security=Security(…)")
        properties = self._security.client_properties(
            protocol, self._certificates, username=username, mechanism=mechanism
        )
        return {"bootstrap.servers": self._addresses(protocol), **properties}

    def start(self) -> None:
        """Start every node and wait until all of them serve."""
        java_executable()  # before anything is downloaded for a machine that cannot run it
        program = kafka_program(self._progress)
        work_dir = self._open_work_dir("embedded-kafka-")
        program = program.with_temporary_files(work_dir.temporary_files)
        protocols: tuple[Protocol, ...] = ()
        if self._security is not None:
            self._certificates = ensure_certificates(work_dir.path / "certificates")
            protocols = self._security.protocols
        random_count = self._count * (len(protocols) + (1 if self._fixed_ports else 2))
        try:
            start_on_ports(
                self._fixed_ports,
                random_count,
                lambda ports: self._start_nodes(work_dir, program, self._assign(ports, protocols)),
            )
            self._create_scram_users()
        except BaseException as error:
            self.stop(keep=isinstance(error, StartError))
            raise

    def stop(self, *, keep: bool = False) -> None:
        """Stop every node; temporary data are removed unless `keep`. Nothing happens when it does not run."""
        if self._work_dir is None:
            return
        if not self._work_dir.is_temporary:
            # All at once: the last one of a cluster would wait in vain for a quorum to tell that it leaves.
            for node in self.nodes:
                node.resume()
                node.request_stop()
            for node in self.nodes:
                node.stop(STOP_GRACE_S)
        for node in self.nodes:
            node.kill()
        self._close_work_dir(keep=keep)

    def _assign(self, ports: Sequence[int], protocols: Sequence[Protocol]) -> list[NodePorts]:
        """Deal the ports out: first the plaintext one of each node, as they may be fixed, then the rest."""
        columns = [ports[i : i + self._count] for i in range(0, len(ports), self._count)]
        names = [PLAINTEXT, *protocols]
        return [
            NodePorts(controller=columns[-1][i], listeners={name: columns[j][i] for j, name in enumerate(names)})
            for i in range(self._count)
        ]

    def _start_nodes(self, work_dir: WorkDir, program: JavaProgram, ports: Sequence[NodePorts]) -> None:
        self._ports = ports
        found = data.read_cluster_id(work_dir.path, self._count)
        self.cluster_id = found or data.new_cluster_id()
        properties = [self._properties(work_dir, node_id) for node_id in range(1, self._count + 1)]
        if found is None:
            data.create(
                work_dir.path,
                self._count,
                self.cluster_id,
                lambda directory: format_storage(directory, self.cluster_id, program=program, properties=properties[0]),
            )
        self.nodes = tuple(
            KafkaNode(
                node_id,
                program=program,
                profile=self._jvm,
                data_dir=data.node_dir(work_dir.path, node_id),
                config=_write_config(work_dir.path / "config", f"node-{node_id}.properties", content),
                log_file=work_dir.log_dir / f"kafka-{node_id}.log",
                heap_mb=self._heap_mb,
                await_ready=lambda node: self._await([node]),
            )
            for node_id, content in enumerate(properties, start=1)
        )
        try:
            for node in self.nodes:
                node.launch()
            self._await(self.nodes)
        except BaseException:
            for node in self.nodes:
                node.kill()
            raise

    def _properties(self, work_dir: WorkDir, node_id: int) -> dict[str, str]:
        security: dict[str, str] = {}
        if self._security is not None and self._certificates is not None:
            security = self._security.broker_properties(self._certificates)
        own = self._broker_properties
        directory = data.node_dir(work_dir.path, node_id)
        if not callable(own):
            return node_properties(node_id, self._ports, directory, security=security, overrides=own)
        defaults = node_properties(node_id, self._ports, directory, security=security, overrides={})
        return {**defaults, **own(defaults)}

    def _await(self, nodes: Sequence[KafkaNode]) -> None:
        probes = [ClusterProbe({"bootstrap.servers": self._address(node, PLAINTEXT)}) for node in nodes]
        wanted = [node.node_id for node in nodes]
        try:
            await_ready(
                lambda: all(probe.sees(self.cluster_id, wanted) for probe in probes),
                lambda: next((code for node in nodes if (code := node.exit_code) is not None), None),
                START_TIMEOUT_S,
            )
        except NotReadyError as reason:
            culprit = next((node for node in nodes if node.exit_code is not None), nodes[0])
            raise start_failure(
                f"Kafka node {culprit.node_id}",
                reason.exit_code,
                culprit.log(),
                data=culprit.data_dir,
                timeout=START_TIMEOUT_S,
            ) from None

    def _create_scram_users(self) -> None:
        if self._security is not None and self._security.users:
            create_scram_users({"bootstrap.servers": self.bootstrap_servers}, self._security.users)

    def _address(self, node: KafkaNode, protocol: str) -> str:
        return f"{LOOPBACK}:{self._ports[node.node_id - 1].listeners[protocol]}"

    def _addresses(self, protocol: str) -> str:
        return ",".join(self._address(node, protocol) for node in self.nodes)


def _write_config(directory: Path, name: str, properties: Mapping[str, str]) -> Path:
    """Passwords are in it: readable by the owner only."""
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / name
    path.touch(mode=0o600)
    path.write_text(render(properties))
    return path
