"""One Kafka node as a child process, to be killed, stopped, frozen and started again."""

from collections.abc import Callable
from pathlib import Path

from embedded_kafka.java import java_command
from embedded_kafka.processes import ChildProcess
from embedded_kafka.restartable import Restartable

STOP_GRACE_S = 8.0  # a controlled shutdown takes 0.3 s; without a quorum it waits for one in vain

LOGGING = (
    ("org.slf4j.simpleLogger.showDateTime", "true"),
    ("org.slf4j.simpleLogger.dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSZ"),
    ("org.slf4j.simpleLogger.defaultLogLevel", "info"),
    # At level info it prints every setting of every client and broker at each start.
    ("org.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig", "warn"),
)


class KafkaNode(Restartable):
    """A node of the cluster; keeps its port, its data and its log over restarts."""

    def __init__(
        self,
        node_id: int,
        *,
        classpath: str,
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
        self._command = kafka_command(classpath, "kafka.Kafka", config, heap_mb=heap_mb)
        self._await_ready = await_ready

    def launch(self) -> None:
        """Start the process without waiting for it to be ready; nothing when it runs."""
        if not self.is_running:
            self._process = ChildProcess.start(self._command, log_file=self.log_file)

    def start(self) -> None:
        """Start the node and wait until it serves. Raises StartFailed."""
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


def kafka_command(classpath: str, main_class: str, *arguments: str | Path, heap_mb: int) -> list[str]:
    """The argv of one of Kafka's programs."""
    return java_command(["-cp", classpath, main_class, *arguments], heap_mb=heap_mb, system_properties=LOGGING)
