"""One Kafka node as a child process, to be killed, stopped, frozen and started again."""

from collections.abc import Callable
from pathlib import Path

from embedded_kafka.jvm.command import JvmProfile
from embedded_kafka.jvm.program import JavaProgram
from embedded_kafka.processes import ChildProcess
from embedded_kafka.processes.restartable import Restartable

STOP_GRACE_S = 8.0  # a controlled shutdown takes 0.3 s; without a quorum it waits for one in vain


class KafkaNode(Restartable):
    """A node of the cluster; keeps its port, its data and its log over restarts."""

    def __init__(
        self,
        node_id: int,
        *,
        program: JavaProgram,
        profile: JvmProfile,
        data_dir: Path,
        config: Path,
        log_file: Path,
        heap_mb: int,
        await_ready: Callable[["KafkaNode"], None],
    ) -> None:
        super().__init__()
        self.node_id = node_id
        self.data_dir = data_dir
        self.log_file = log_file
        self._command = program.command("kafka.Kafka", config, heap_mb=heap_mb, profile=profile)
        self._await_ready = await_ready

    def launch(self) -> None:
        """Start the process without waiting for it to be ready; nothing when it runs."""
        if not self.is_running:
            self._process = ChildProcess.start(self._command, log_file=self.log_file)

    def start(self) -> None:
        """Start the node and wait until it serves. Raises StartError."""
        self.launch()
        self._await_ready(self)

    def stop(self, grace: float = STOP_GRACE_S) -> None:
        """Shut down cleanly (SIGTERM), by SIGKILL when that takes longer than `grace` seconds."""
        if self._process is not None:
            self._process.terminate(grace)

    def request_stop(self) -> None:
        """Ask for a clean shutdown without waiting for it."""
        if self._process is not None:
            self._process.request_stop()

    def restart(self) -> None:
        """Stop cleanly, start, and wait until it serves."""
        self.stop()
        self.start()
